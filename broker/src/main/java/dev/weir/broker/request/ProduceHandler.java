package dev.weir.broker.request;

import dev.weir.broker.coordinator.TransactionCheck;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.AppendResult;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.SyncCallback;
import dev.weir.broker.partition.SyncTurn;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.protocol.WireRequest;
import dev.weir.broker.record.Allotment;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/// Appends what producers send, straight from the frame's buffer.
///
/// `acks=1` is answered after the write, `acks=all` once the records are durable, `acks=0` not at
/// all. Waiting for durability holds no thread and does not hold back the connection's next
/// request.
///
/// The first batch of a transaction in a partition waits until the coordinator of transactions has
/// agreed, and holds back the connection's next requests, so that nothing overtakes it. The batches
/// after it are appended like any other.
///
/// Compressed batches are looked through, and some are compressed anew, on the event loop. A
/// request that has more of them than [#TURN_BYTES] is served in several turns, between which other
/// clients of the event loop have theirs. It is never refused for that, and holds back the
/// connection's next requests until it is done.
final class ProduceHandler implements Handler {
    private static final Logger LOGGER = LoggerFactory.getLogger(ProduceHandler.class);

    /// Below version 7 a client would not expect to read zstd.
    private static final short FIRST_WITH_ZSTD = 7;

    private static final short FIRST_WITH_TOPIC_IDS = 13;
    private static final int ZSTD = 4;

    /// What comes out of compressed batches in one turn: some tenths of a second. A request of 1
    /// MiB, the most that producers send unless told otherwise, has more only if it shrank to a
    /// sixty-fourth of its size.
    static final long TURN_BYTES = 64L << 20;

    /// Batches of a partition that are given to it at once.
    private static final int MAX_TOGETHER = 1024;

    private final Topics topics;
    private final TransactionCheck transactions;
    private final RequestMetrics metrics;

    ProduceHandler(Topics topics, TransactionCheck transactions, RequestMetrics metrics) {
        this.topics = topics;
        this.transactions = transactions;
        this.metrics = metrics;
    }

    @Override
    public void handle(Exchange exchange) {
        var round = new Round(exchange.syncTurn());
        round.add(exchange);
        round.append();
        round.finish(exchange);
    }

    /// Whether a request can be served in a round with others: it never holds them back.
    static boolean canShare(WireRequest request) {
        return request.body() instanceof ProduceRequestData body && body.transactionalId() == null;
    }

    /// Requests of one connection that arrived together. What they have for a partition is written
    /// to it together. Event loop only: [#add] for each, [#append] once, [#finish] for each.
    final class Round {
        private final IdentityHashMap<Exchange, Call> calls = new IdentityHashMap<>();
        private final Map<Partition, Queue> queues = new LinkedHashMap<>();
        private final List<Exchange> unfinished =
                new ArrayList<>(); // while there is more to append
        private final SyncTurn syncTurn;

        Round(SyncTurn syncTurn) {
            this.syncTurn = syncTurn;
        }

        /// Takes a request in.
        ///
        /// @throws BrokerException if the request as a whole fails
        void add(Exchange exchange) {
            var body = (ProduceRequestData) exchange.request().body();
            short version = exchange.request().version();
            short acks = body.acks();
            if (acks < -1 || acks > 1) {
                throw new BrokerException(
                        ErrorCode.INVALID_REQUIRED_ACKS, "acks must be -1, 0 or 1, not " + acks);
            }
            var call =
                    new Call(
                            new ProduceResponseData(),
                            acks == -1 ? new ArrayList<>() : null,
                            new Sender(version, body.transactionalId(), new ArrayList<>()));
            for (var topicData : body.topicData()) {
                var topicResponse = new TopicProduceResponse();
                if (version >= FIRST_WITH_TOPIC_IDS) {
                    topicResponse.setTopicId(topicData.topicId());
                } else {
                    topicResponse.setName(topicData.name());
                }
                for (var partitionData : topicData.partitionData()) {
                    topicResponse
                            .partitionResponses()
                            .add(accept(topicData, partitionData, call, this));
                }
                call.response.responses().add(topicResponse);
            }
            calls.put(exchange, call);
        }

        private void queue(
                Partition partition,
                ByteBuffer batch,
                PartitionProduceResponse response,
                List<Unsynced> unsynced) {
            queues.computeIfAbsent(partition, Queue::new)
                    .add(new Accepted(batch, response, unsynced));
        }

        /// Appends what was taken in, or as much of it as may be done in one turn. Of the rest a
        /// copy is made: the requests' bytes are gone when it is appended.
        void append() {
            appendSome();
            queues.values().forEach(Queue::copyRest);
        }

        private void appendSome() {
            var allotment = new Allotment(TURN_BYTES);
            var each = queues.values().iterator();
            while (each.hasNext() && !allotment.isSpent()) {
                var queue = each.next();
                while (!queue.isEmpty() && !allotment.isSpent()) {
                    ProduceHandler.this.append(queue, syncTurn, allotment);
                }
                if (queue.isEmpty()) {
                    each.remove();
                }
            }
        }

        /// Goes on in another turn.
        private void appendRest() {
            appendSome();
            if (queues.isEmpty()) {
                unfinished.forEach(this::answer);
            } else {
                inAnotherTurn(unfinished.getFirst(), this::appendRest);
            }
        }

        /// Answers a request: at once, when the rest of the round was appended, or when its records
        /// are durable. One that [#add] refused is passed over.
        void finish(Exchange exchange) {
            if (!calls.containsKey(exchange)) {
                return;
            }
            if (queues.isEmpty()) {
                answer(exchange);
                return;
            }
            exchange.holdFollowing();
            if (unfinished.isEmpty()) {
                inAnotherTurn(exchange, this::appendRest);
            }
            unfinished.add(exchange);
        }

        private void answer(Exchange exchange) {
            var call = calls.get(exchange);
            if (call.sender.unverified.isEmpty()) {
                ProduceHandler.finish(exchange, call.response, call.unsynced);
            } else {
                verify(exchange, call.response, call.sender, call.unsynced);
            }
        }
    }

    /// Goes on when others were served. Event loops do many tasks in a row before they look for
    /// what clients have sent, but look at what is due only once in between.
    private static void inAnotherTurn(Exchange exchange, Runnable task) {
        var _ = exchange.runAfter(1, task);
    }

    /// A request being served.
    ///
    /// @param unsynced what must be durable before it is answered, null if it does not ask for that
    private record Call(ProduceResponseData response, List<Unsynced> unsynced, Sender sender) {}

    /// What a partition will be given.
    private static final class Queue {
        final Partition partition;
        private final List<Accepted> accepted = new ArrayList<>();
        private int done; // how many of them it was given

        Queue(Partition partition) {
            this.partition = partition;
        }

        void add(Accepted each) {
            accepted.add(each);
        }

        boolean isEmpty() {
            return done == accepted.size();
        }

        /// The next ones, as many as are given to a partition at once.
        List<Accepted> next() {
            return accepted.subList(done, Math.min(accepted.size(), done + MAX_TOGETHER));
        }

        void remove(int count) {
            done += count;
        }

        void copyRest() {
            accepted.subList(0, done).clear();
            done = 0;
            accepted.replaceAll(
                    each -> new Accepted(copy(each.batch), each.response, each.unsynced));
        }
    }

    /// A batch that will be appended.
    private record Accepted(
            ByteBuffer batch, PartitionProduceResponse response, List<Unsynced> unsynced) {}

    private static ByteBuffer copy(ByteBuffer batch) {
        return ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
    }

    private void append(Queue queue, SyncTurn syncTurn, Allotment allotment) {
        var accepted = queue.next();
        int done = accepted.size();
        try {
            var outcomes =
                    queue.partition.appendEach(
                            accepted.stream().map(Accepted::batch).toList(),
                            accepted.stream().anyMatch(each -> each.unsynced != null)
                                    ? syncTurn
                                    : null,
                            allotment);
            done = outcomes.size();
            for (int i = 0; i < done; i++) {
                var each = accepted.get(i);
                var outcome = outcomes.get(i);
                if (outcome.refusal() != null) {
                    refuse(each.response, outcome.refusal());
                } else {
                    appended(
                            queue.partition,
                            each.batch.remaining(),
                            outcome.appended(),
                            each.response,
                            each.unsynced,
                            !outcome.appended().duplicate());
                }
            }
        } catch (BrokerException e) {
            accepted.forEach(each -> refuse(each.response, e));
        } catch (RuntimeException e) {
            // One partition's trouble must not hide from the client what happened to the others.
            LOGGER.error("append to {} failed", queue.partition, e);
            accepted.forEach(each -> refuse(each.response, ErrorCode.UNKNOWN_SERVER_ERROR, null));
        } finally {
            queue.remove(done);
        }
    }

    private static void finish(
            Exchange exchange, ProduceResponseData response, List<Unsynced> unsynced) {
        var body = (ProduceRequestData) exchange.request().body();
        if (body.acks() == 0) {
            finishSilently(exchange, response);
        } else if (unsynced == null || unsynced.isEmpty()) {
            exchange.reply(response);
        } else {
            awaitSync(exchange, response, unsynced, body.timeoutMs());
        }
    }

    /// Who sends.
    ///
    /// @param unverified what was found not to be part of an open transaction yet
    private record Sender(short version, String transactionalId, List<Unverified> unverified) {}

    /// A batch that begins a transaction in its partition.
    ///
    /// @param batch a copy; the request's bytes are gone when the coordinator answers
    private record Unverified(
            Partition partition,
            long verification,
            ByteBuffer batch,
            PartitionProduceResponse response) {}

    private void verify(
            Exchange exchange,
            ProduceResponseData response,
            Sender sender,
            List<Unsynced> unsynced) {
        exchange.holdFollowing();
        var mode = TransactionCheck.Mode.ofProduce(sender.version);
        var answers = new ArrayList<CompletableFuture<Void>>();
        for (var each : sender.unverified) {
            int at = each.batch.position();
            answers.add(
                    transactions
                            .check(
                                    new TopicPartition(
                                            each.partition.topic(), each.partition.index()),
                                    sender.transactionalId,
                                    BatchHeader.producerId(each.batch, at),
                                    BatchHeader.producerEpoch(each.batch, at),
                                    mode)
                            .handle((_, failure) -> {
                                if (failure != null) {
                                    refuse(exchange, each.response, failure, mode);
                                }
                                return null;
                            }));
        }
        var _ =
                CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                        .thenRun(() ->
                                exchange.runLater(() ->
                                        appendVerified(
                                                exchange,
                                                sender.unverified.iterator(),
                                                mode,
                                                response,
                                                unsynced)));
    }

    /// Appends what was verified, as much of it as may be done in one turn, and the rest in others.
    private void appendVerified(
            Exchange exchange,
            Iterator<Unverified> rest,
            TransactionCheck.Mode mode,
            ProduceResponseData response,
            List<Unsynced> unsynced) {
        var allotment = new Allotment(TURN_BYTES);
        while (rest.hasNext()) {
            var each = rest.next();
            if (each.response.errorCode() == ErrorCode.NONE) {
                appendVerified(each, mode, unsynced);
            }
            if (allotment.isSpent() && rest.hasNext()) {
                inAnotherTurn(
                        exchange, () -> appendVerified(exchange, rest, mode, response, unsynced));
                return;
            }
        }
        finish(exchange, response, unsynced);
    }

    private static void refuse(
            Exchange exchange,
            PartitionProduceResponse response,
            Throwable failure,
            TransactionCheck.Mode mode) {
        var error = Answers.error(exchange, failure);
        var message = Answers.cause(failure).getMessage();
        switch (error) {
            case CONCURRENT_TRANSACTIONS,
                    COORDINATOR_LOAD_IN_PROGRESS,
                    COORDINATOR_NOT_AVAILABLE,
                    NOT_COORDINATOR -> {
                // Producers know how to wait for replicas; only those that add by writing know how
                // to wait for a transaction.
                boolean known =
                        mode == TransactionCheck.Mode.ADD
                                && error == Errors.CONCURRENT_TRANSACTIONS;
                refuse(response, (known ? error : Errors.NOT_ENOUGH_REPLICAS).code(), message);
            }
            default -> refuse(response, error.code(), message);
        }
    }

    private void appendVerified(
            Unverified each, TransactionCheck.Mode mode, List<Unsynced> unsynced) {
        long verified =
                switch (mode) {
                    case ADD -> Partition.ADDED;
                    case VERIFY, VERIFY_OLD -> each.verification;
                };
        try {
            append(each.partition, each.batch, verified, each.response, unsynced);
        } catch (BrokerException e) {
            refuse(each.response, e);
        } catch (RuntimeException e) {
            LOGGER.error("append to {} failed", each.partition, e);
            refuse(each.response, ErrorCode.UNKNOWN_SERVER_ERROR, null);
        }
    }

    private void append(
            Partition partition,
            ByteBuffer batch,
            long verification,
            PartitionProduceResponse response,
            List<Unsynced> unsynced) {
        int size = batch.remaining();
        var result = partition.append(batch, AppendOrigin.CLIENT, verification);
        appended(partition, size, result, response, unsynced, false);
    }

    private void appended(
            Partition partition,
            int size,
            AppendResult result,
            PartitionProduceResponse response,
            List<Unsynced> unsynced,
            boolean awaited) {
        metrics.producedBytes.add(size);
        if (!result.duplicate()) {
            partition.traffic().produced(size, result.lastOffset() - result.firstOffset() + 1);
        }
        response.setBaseOffset(result.firstOffset())
                .setLogAppendTimeMs(result.logAppendTimeMs())
                .setLogStartOffset(result.logStartOffset());
        if (unsynced != null) {
            unsynced.add(new Unsynced(partition, result.lastOffset() + 1, response, awaited));
        }
    }

    /// Records that were appended and are not yet known to be durable.
    ///
    /// @param awaited whether they were appended as awaited, so that their sync is on its way
    private record Unsynced(
            Partition partition,
            long endOffset,
            PartitionProduceResponse response,
            boolean awaited) {}

    /// Checks what a request has for a partition and puts it into the round, or notes that it must
    /// be verified first.
    private PartitionProduceResponse accept(
            TopicProduceData topicData, PartitionProduceData data, Call call, Round round) {
        var response = new PartitionProduceResponse().setIndex(data.index());
        var sender = call.sender;
        try {
            var topic = topic(topicData, sender.version);
            var partition = topic.partition(data.index());
            var batch = batch(data, sender.version);
            if (BatchHeader.isTransactional(batch, batch.position())) {
                var needed = verification(partition, batch, sender);
                if (needed.isPresent()) {
                    sender.unverified.add(
                            new Unverified(partition, needed.getAsLong(), copy(batch), response));
                    return response;
                }
            }
            round.queue(partition, batch, response, call.unsynced);
        } catch (BrokerException e) {
            refuse(response, e);
        } catch (RuntimeException e) {
            // One partition's trouble must not hide from the client what happened to the others.
            LOGGER.error("append to {}-{} failed", topicData.name(), data.index(), e);
            refuse(response, ErrorCode.UNKNOWN_SERVER_ERROR, null);
        }
        return response;
    }

    private static OptionalLong verification(Partition partition, ByteBuffer batch, Sender sender) {
        if (sender.transactionalId == null) {
            throw new BrokerException(
                    ErrorCode.INVALID_REQUEST,
                    "a transactional record batch in a request without transactional id");
        }
        int at = batch.position();
        if (!BatchHeader.isIntact(batch, at, batch.limit())) {
            throw new BrokerException(
                    ErrorCode.CORRUPT_MESSAGE, "the record batch does not match its checksum");
        }
        return partition.beginVerification(
                batch,
                TransactionCheck.Mode.ofProduce(sender.version) == TransactionCheck.Mode.ADD);
    }

    private Topic topic(TopicProduceData data, short version) {
        Topic topic;
        if (version >= FIRST_WITH_TOPIC_IDS) {
            topic =
                    topics.find(TopicIds.fromWire(data.topicId()))
                            .orElseThrow(() ->
                                    new BrokerException(
                                            ErrorCode.UNKNOWN_TOPIC_ID,
                                            "no topic has id " + data.topicId()));
        } else {
            topic = topics.get(data.name());
        }
        if (topic.isInternal()) {
            throw new BrokerException(
                    ErrorCode.INVALID_TOPIC_EXCEPTION,
                    "topic \"" + topic.name() + "\" is written by the broker alone");
        }
        return topic;
    }

    /// The batch that a request holds for a partition, checked as far as only the wire's rules go;
    /// the partition checks the rest.
    private static ByteBuffer batch(PartitionProduceData data, short version) {
        if (!(data.records() instanceof MemoryRecords records)
                || records.sizeInBytes() < BatchHeader.BYTES) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD, "a produce request must hold a record batch");
        }
        var batch = records.buffer();
        int at = batch.position();
        if (BatchHeader.magic(batch, at) != BatchHeader.MAGIC) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD,
                    "record batch of format " + BatchHeader.magic(batch, at) + ", 2 is required");
        }
        if (BatchHeader.codec(batch, at) == ZSTD && version < FIRST_WITH_ZSTD) {
            throw new BrokerException(
                    ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
                    "zstd needs produce requests of version 7 or later");
        }
        return batch;
    }

    /// Without acknowledgement a closed connection is the only way to say that something went
    /// wrong.
    private static void finishSilently(Exchange exchange, ProduceResponseData response) {
        for (var topic : response.responses()) {
            for (var partition : topic.partitionResponses()) {
                if (partition.errorCode() != ErrorCode.NONE) {
                    exchange.close(
                            "records sent with acks=0 were refused: " + partition.errorMessage());
                    return;
                }
            }
        }
        exchange.replyNothing();
    }

    private static void awaitSync(
            Exchange exchange,
            ProduceResponseData response,
            List<Unsynced> unsynced,
            int timeoutMs) {
        // The count starts one too high, so that the answer leaves only after the loop.
        var waiting = new AtomicInteger(unsynced.size() + 1);
        exchange.expireAfter(timeoutMs, () -> exchange.reply(timedOut(response)));
        for (var each : unsynced) {
            SyncCallback done =
                    failure -> {
                        if (failure != null) {
                            refuse(each.response, failure.code(), failure.getMessage());
                        }
                        if (waiting.decrementAndGet() == 0) {
                            exchange.reply(response);
                        }
                    };
            try {
                if (each.awaited) {
                    each.partition.awaitSynced(each.endOffset, done);
                } else {
                    each.partition.whenSynced(each.endOffset, done);
                }
            } catch (BrokerException e) {
                // The partition was deleted or closed since the append.
                done.done(e);
            }
        }
        if (waiting.decrementAndGet() == 0) {
            exchange.reply(response);
        }
    }

    /// A copy that says nobody knows yet, for records that may still become durable.
    private static ProduceResponseData timedOut(ProduceResponseData response) {
        var copy = new ProduceResponseData();
        for (var topic : response.responses()) {
            var topicCopy =
                    new TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
            for (var partition : topic.partitionResponses()) {
                var partitionCopy = new PartitionProduceResponse().setIndex(partition.index());
                short code = partition.errorCode();
                refuse(
                        partitionCopy,
                        code == ErrorCode.NONE ? ErrorCode.REQUEST_TIMED_OUT : code,
                        code == ErrorCode.NONE
                                ? "the records were not on disk within the time given"
                                : partition.errorMessage());
                partitionCopy.setRecordErrors(partition.recordErrors());
                topicCopy.partitionResponses().add(partitionCopy);
            }
            copy.responses().add(topicCopy);
        }
        return copy;
    }

    private static void refuse(PartitionProduceResponse response, BrokerException reason) {
        refuse(response, reason.code(), reason.getMessage());
        for (var each : reason.recordErrors()) {
            response.recordErrors()
                    .add(
                            new BatchIndexAndErrorMessage()
                                    .setBatchIndex(each.index())
                                    .setBatchIndexErrorMessage(each.message()));
        }
    }

    private static void refuse(PartitionProduceResponse response, short code, String message) {
        response.setErrorCode(code)
                .setErrorMessage(message)
                .setBaseOffset(-1)
                .setLogAppendTimeMs(-1)
                .setLogStartOffset(-1);
    }
}
