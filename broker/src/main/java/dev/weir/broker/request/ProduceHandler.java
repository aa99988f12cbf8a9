package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.SyncCallback;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// Appends what producers send, straight from the frame's buffer.
///
/// `acks=1` is answered after the write, `acks=all` once the records are durable, `acks=0` not at
/// all. Waiting for durability holds no thread and does not hold back the connection's next
/// request.
final class ProduceHandler implements Handler {
    private static final Logger LOGGER = LoggerFactory.getLogger(ProduceHandler.class);

    /// Below version 7 a client would not expect to read zstd.
    private static final short FIRST_WITH_ZSTD = 7;

    private static final short FIRST_WITH_TOPIC_IDS = 13;
    private static final int ZSTD = 4;

    private final Topics topics;
    private final RequestMetrics metrics;

    ProduceHandler(Topics topics, RequestMetrics metrics) {
        this.topics = topics;
        this.metrics = metrics;
    }

    @Override
    public void handle(Exchange exchange) {
        var body = (ProduceRequestData) exchange.request().body();
        short version = exchange.request().version();
        short acks = body.acks();
        if (acks < -1 || acks > 1) {
            throw new BrokerException(
                    ErrorCode.INVALID_REQUIRED_ACKS, "acks must be -1, 0 or 1, not " + acks);
        }
        if (body.transactionalId() != null) {
            throw new BrokerException(
                    ErrorCode.INVALID_TXN_STATE, "transactions are not served by this broker");
        }
        var response = new ProduceResponseData();
        var unsynced = acks == -1 ? new ArrayList<Unsynced>() : null;
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
                        .add(append(topicData, partitionData, version, unsynced));
            }
            response.responses().add(topicResponse);
        }
        if (acks == 0) {
            finishSilently(exchange, response);
        } else if (unsynced == null || unsynced.isEmpty()) {
            exchange.reply(response);
        } else {
            awaitSync(exchange, response, unsynced, body.timeoutMs());
        }
    }

    /// Records that were appended and are not yet known to be durable.
    private record Unsynced(
            Partition partition, long endOffset, PartitionProduceResponse response) {}

    private PartitionProduceResponse append(
            TopicProduceData topicData,
            PartitionProduceData data,
            short version,
            List<Unsynced> unsynced) {
        var response = new PartitionProduceResponse().setIndex(data.index());
        try {
            var topic = topic(topicData, version);
            var partition = topic.partition(data.index());
            var batch = batch(data, version);
            if (topic.isCompacted()) {
                requireKeys(batch);
            }
            int size = batch.remaining();
            var result = partition.append(batch, AppendOrigin.CLIENT);
            metrics.producedBytes.add(size);
            response.setBaseOffset(result.firstOffset())
                    .setLogAppendTimeMs(result.logAppendTimeMs())
                    .setLogStartOffset(result.logStartOffset());
            if (unsynced != null) {
                unsynced.add(new Unsynced(partition, result.lastOffset() + 1, response));
            }
        } catch (BrokerException e) {
            refuse(response, e.code(), e.getMessage());
        } catch (RuntimeException e) {
            // One partition's trouble must not hide from the client what happened to the others.
            LOGGER.error("append to {}-{} failed", topicData.name(), data.index(), e);
            refuse(response, ErrorCode.UNKNOWN_SERVER_ERROR, null);
        }
        return response;
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
        if (BatchHeader.isTransactional(batch, at)) {
            throw new BrokerException(
                    ErrorCode.INVALID_TXN_STATE, "the record batch is of no open transaction");
        }
        if (BatchHeader.codec(batch, at) == ZSTD && version < FIRST_WITH_ZSTD) {
            throw new BrokerException(
                    ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
                    "zstd needs produce requests of version 7 or later");
        }
        return batch;
    }

    /// A record without a key could never be replaced in a compacted topic.
    private static void requireKeys(ByteBuffer batch) {
        int at = batch.position();
        if (!BatchHeader.isIntact(batch, at, batch.limit())) {
            throw new BrokerException(
                    ErrorCode.CORRUPT_MESSAGE, "the record batch does not match its checksum");
        }
        var reader = new RecordBatchReader();
        reader.start(batch.duplicate());
        while (reader.next()) {
            if (reader.keyLength() < 0) {
                throw new BrokerException(
                        ErrorCode.INVALID_RECORD,
                        "a compacted topic cannot take a record without a key");
            }
        }
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
                each.partition.whenSynced(each.endOffset, done);
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
                topicCopy.partitionResponses().add(partitionCopy);
            }
            copy.responses().add(topicCopy);
        }
        return copy;
    }

    private static void refuse(PartitionProduceResponse response, short code, String message) {
        response.setErrorCode(code)
                .setErrorMessage(message)
                .setBaseOffset(-1)
                .setLogAppendTimeMs(-1)
                .setLogStartOffset(-1);
    }
}
