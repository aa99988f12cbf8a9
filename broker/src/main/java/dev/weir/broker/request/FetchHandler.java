package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.partition.ReadResult;
import dev.weir.broker.partition.Registration;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.protocol.WireErrors;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.AbortedTransaction;
import org.apache.kafka.common.message.FetchResponseData.FetchableTopicResponse;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

/// Hands out batches, waiting for them if there are fewer than asked for.
///
/// A fetch that cannot be answered at once is parked: it listens to its partitions and to the
/// clock, and is read again on its connection's event loop when either calls. Fetch sessions are
/// answered with session 0, which tells clients to name all their partitions in each request.
final class FetchHandler implements Handler {
    private static final Logger LOGGER = LoggerFactory.getLogger(FetchHandler.class);

    private static final short FIRST_WITH_TOPIC_IDS = 13;
    private static final int FULL_FETCH_EPOCH = 0;
    private static final int FINAL_EPOCH = -1;
    private static final byte READ_COMMITTED = 1;

    /// The most one response carries, whatever the client allows.
    private static final int MAX_RESPONSE_BYTES = 55 * 1024 * 1024;

    private final Topics topics;
    private final RequestMetrics metrics;

    FetchHandler(Topics topics, RequestMetrics metrics) {
        this.topics = topics;
        this.metrics = metrics;
    }

    @Override
    public void handle(Exchange exchange) {
        var body = (FetchRequestData) exchange.request().body();
        if (body.sessionEpoch() != FULL_FETCH_EPOCH && body.sessionEpoch() != FINAL_EPOCH) {
            exchange.reply(
                    new FetchResponseData().setErrorCode(WireErrors.FETCH_SESSION_ID_NOT_FOUND));
            return;
        }
        var fetch = new Fetch(exchange, body);
        if (!fetch.answerIf(false)) {
            fetch.park();
        }
    }

    /// One fetch request. Owned by its event loop.
    private final class Fetch {
        private final Exchange exchange;
        private final FetchRequestData body;
        private final boolean byId;
        private final ReadLimit limit;
        private final int minBytes;
        private final AtomicBoolean wakeUpPending = new AtomicBoolean();
        private final List<Registration> registrations = new ArrayList<>();
        private Future<?> deadline;
        private boolean done;

        private final List<Partition> waitingFor = new ArrayList<>();
        private long readableSeen;

        Fetch(Exchange exchange, FetchRequestData body) {
            this.exchange = exchange;
            this.body = body;
            this.byId = exchange.request().version() >= FIRST_WITH_TOPIC_IDS;
            this.limit =
                    body.isolationLevel() == READ_COMMITTED
                            ? ReadLimit.LAST_STABLE_OFFSET
                            : ReadLimit.HIGH_WATERMARK;
            this.minBytes =
                    Math.min(body.minBytes(), Math.min(body.maxBytes(), MAX_RESPONSE_BYTES));
        }

        /// Reads and, if there is enough or nothing to wait for, answers.
        ///
        /// @param now whether to answer in any case
        boolean answerIf(boolean now) {
            if (done) {
                return true;
            }
            waitingFor.clear();
            readableSeen = 0;
            var response = new FetchResponseData();
            int left = Math.min(body.maxBytes(), MAX_RESPONSE_BYTES);
            int total = 0;
            boolean failed = false;
            for (var topic : body.topics()) {
                var topicResponse = new FetchableTopicResponse();
                if (byId) {
                    topicResponse.setTopicId(topic.topicId());
                } else {
                    topicResponse.setTopic(topic.topic());
                }
                for (var wanted : topic.partitions()) {
                    var data = new PartitionData().setPartitionIndex(wanted.partition());
                    try {
                        var partition = find(topic, wanted.partition());
                        int bytes = read(partition, wanted, data, left, total == 0);
                        left = Math.max(0, left - bytes);
                        total += bytes;
                    } catch (BrokerException e) {
                        failed = true;
                        refuse(data, e.code());
                    } catch (RuntimeException e) {
                        LOGGER.error("read of {}-{} failed", topic.topic(), wanted.partition(), e);
                        failed = true;
                        refuse(data, ErrorCode.UNKNOWN_SERVER_ERROR);
                    }
                    topicResponse.partitions().add(data);
                }
                response.responses().add(topicResponse);
            }
            if (!now
                    && !failed
                    && total < minBytes
                    && body.maxWaitMs() > 0
                    && !waitingFor.isEmpty()) {
                return false;
            }
            finish();
            metrics.fetchedBytes.add(total);
            exchange.reply(response);
            return true;
        }

        /// Waits for the partitions to grow or the time to pass.
        void park() {
            for (var partition : waitingFor) {
                registrations.add(partition.onAdvance(true, this::wakeUp));
            }
            exchange.finishEarly(() -> answerIf(true));
            deadline = exchange.runAfter(body.maxWaitMs(), () -> answerIf(true));
            long readable = 0;
            for (var partition : waitingFor) {
                readable += readableEnd(partition);
            }
            if (readable != readableSeen) {
                // It grew after it was read and before its listener was there.
                wakeUp();
            }
        }

        /// Called by whichever thread moved a partition's readable end.
        private void wakeUp() {
            if (wakeUpPending.compareAndSet(false, true)) {
                exchange.runLater(() -> {
                    wakeUpPending.set(false);
                    answerIf(false);
                });
            }
        }

        private void finish() {
            done = true;
            registrations.forEach(Registration::close);
            registrations.clear();
            if (deadline != null) {
                deadline.cancel(false);
            }
        }

        private Partition find(FetchRequestData.FetchTopic wanted, int index) {
            if (byId) {
                return topics.find(TopicIds.fromWire(wanted.topicId()))
                        .orElseThrow(() ->
                                new BrokerException(
                                        ErrorCode.UNKNOWN_TOPIC_ID,
                                        "no topic has id " + wanted.topicId()))
                        .partition(index);
            }
            return topics.partition(wanted.topic(), index);
        }

        private int read(
                Partition partition,
                FetchPartition wanted,
                PartitionData data,
                int left,
                boolean wholeFirstBatch) {
            checkLeaderEpoch(partition, wanted.currentLeaderEpoch());
            waitingFor.add(partition);
            readableSeen += readableEnd(partition);
            var result =
                    partition.read(
                            wanted.fetchOffset(),
                            Math.max(0, Math.min(left, wanted.partitionMaxBytes())),
                            limit,
                            wholeFirstBatch);
            data.setHighWatermark(result.highWatermark())
                    .setLastStableOffset(result.lastStableOffset())
                    .setLogStartOffset(result.logStartOffset())
                    .setAbortedTransactions(
                            limit == ReadLimit.LAST_STABLE_OFFSET ? aborted(result) : null)
                    .setRecords(
                            result.slice().length() == 0
                                    ? MemoryRecords.EMPTY
                                    : new SliceRegion(result.slice()));
            return result.slice().length();
        }

        private long readableEnd(Partition partition) {
            if (partition.offlineReason() != null) {
                return -1;
            }
            return limit == ReadLimit.LAST_STABLE_OFFSET
                    ? partition.lastStableOffset()
                    : partition.highWatermark();
        }
    }

    /// Refuses a client that knows a leader we are not, or not yet.
    static void checkLeaderEpoch(Partition partition, int claimed) {
        int epoch = partition.leaderEpoch();
        if (claimed >= 0 && claimed < epoch) {
            throw new BrokerException(
                    ErrorCode.FENCED_LEADER_EPOCH,
                    "leader epoch " + claimed + " is over, " + epoch + " is current");
        }
        if (claimed > epoch) {
            throw new BrokerException(
                    ErrorCode.UNKNOWN_LEADER_EPOCH,
                    "leader epoch " + claimed + " is yet to come, " + epoch + " is current");
        }
    }

    private static List<AbortedTransaction> aborted(ReadResult result) {
        var list = new ArrayList<AbortedTransaction>(result.aborted().size());
        for (var each : result.aborted()) {
            list.add(
                    new AbortedTransaction()
                            .setProducerId(each.producerId())
                            .setFirstOffset(each.firstOffset()));
        }
        return list;
    }

    private static void refuse(PartitionData data, short code) {
        data.setErrorCode(code)
                .setHighWatermark(-1)
                .setLastStableOffset(-1)
                .setLogStartOffset(-1)
                .setAbortedTransactions(null)
                .setRecords(MemoryRecords.EMPTY);
    }
}
