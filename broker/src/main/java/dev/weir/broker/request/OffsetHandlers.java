package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.OffsetAtTimestamp;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.SyncCallback;
import dev.weir.broker.protocol.WireErrors;
import dev.weir.broker.topic.Topic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.message.ListOffsetsRequestData;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsPartitionResponse;
import org.apache.kafka.common.message.ListOffsetsResponseData.ListOffsetsTopicResponse;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// Where partitions begin, end and were at a time, and the deletion of their oldest records.
record OffsetHandlers(Topics topics) {
    private static final Logger LOGGER = LoggerFactory.getLogger(OffsetHandlers.class);

    private static final int SYNC_TIMEOUT_MS = 10_000;
    private static final int LATEST = -1;
    private static final int EARLIEST = -2;
    private static final int MAX_TIMESTAMP = -3;
    private static final int EARLIEST_LOCAL = -4;
    private static final int LATEST_TIERED = -5;
    private static final int EARLIEST_PENDING_UPLOAD = -6;

    private static final short FIRST_WITH_EPOCH = 4;
    private static final byte READ_COMMITTED = 1;

    /// Whether a list-offsets request must look into logs, which may wait for the disk.
    static boolean searches(Exchange exchange) {
        var body = (ListOffsetsRequestData) exchange.request().body();
        for (var topic : body.topics()) {
            for (var partition : topic.partitions()) {
                if (partition.timestamp() >= 0 || partition.timestamp() == MAX_TIMESTAMP) {
                    return true;
                }
            }
        }
        return false;
    }

    /// Serves a request that [#searches] nothing, once everything is durable that was appended
    /// before it: who was told of a record by `acks=1` expects the latest offset to be behind it.
    /// Event loop only.
    void listEnds(Exchange exchange) {
        var unsynced = unsynced((ListOffsetsRequestData) exchange.request().body());
        if (unsynced.isEmpty()) {
            listOffsets(exchange);
            return;
        }
        var waiting = new AtomicInteger(unsynced.size());
        exchange.expireAfter(SYNC_TIMEOUT_MS, () -> listOffsets(exchange));
        for (var partition : unsynced) {
            SyncCallback done =
                    _ -> {
                        if (waiting.decrementAndGet() == 0) {
                            exchange.runLater(() -> listOffsets(exchange));
                        }
                    };
            try {
                partition.whenSynced(partition.logEndOffset(), done);
            } catch (BrokerException e) {
                done.done(e); // it says so itself when it is asked
            }
        }
    }

    /// Serves a request that [#searches] something, likewise. Waits for the disk.
    void search(Exchange exchange) {
        for (var partition : unsynced((ListOffsetsRequestData) exchange.request().body())) {
            try {
                partition.syncNow();
            } catch (BrokerException e) {
                LOGGER.debug("{} could not be synced before a search", partition, e);
            }
        }
        listOffsets(exchange);
    }

    private List<Partition> unsynced(ListOffsetsRequestData body) {
        var unsynced = new ArrayList<Partition>();
        for (var topic : body.topics()) {
            for (var wanted : topic.partitions()) {
                if (wanted.timestamp() >= 0
                        || wanted.timestamp() == LATEST
                        || wanted.timestamp() == MAX_TIMESTAMP) {
                    topics.find(topic.name())
                            .map(Topic::partitions)
                            .filter(all ->
                                    wanted.partitionIndex() >= 0
                                            && wanted.partitionIndex() < all.size())
                            .map(all -> all.get(wanted.partitionIndex()))
                            .filter(OffsetHandlers::isUnsynced)
                            .ifPresent(unsynced::add);
                }
            }
        }
        return unsynced;
    }

    private static boolean isUnsynced(Partition partition) {
        try {
            return partition.highWatermark() < partition.logEndOffset();
        } catch (BrokerException e) {
            return false; // offline
        }
    }

    void listOffsets(Exchange exchange) {
        var body = (ListOffsetsRequestData) exchange.request().body();
        short version = exchange.request().version();
        boolean committed = body.isolationLevel() == READ_COMMITTED;
        var response = new ListOffsetsResponseData();
        for (var topic : body.topics()) {
            var result = new ListOffsetsTopicResponse().setName(topic.name());
            for (var wanted : topic.partitions()) {
                result.partitions().add(listOffset(topic.name(), wanted, committed, version));
            }
            response.topics().add(result);
        }
        exchange.reply(response);
    }

    void offsetForLeaderEpoch(Exchange exchange) {
        var body = (OffsetForLeaderEpochRequestData) exchange.request().body();
        var response = new OffsetForLeaderEpochResponseData();
        for (var topic : body.topics()) {
            var result = new OffsetForLeaderTopicResult().setTopic(topic.topic());
            for (var wanted : topic.partitions()) {
                result.partitions().add(endOffset(topic.topic(), wanted));
            }
            response.topics().add(result);
        }
        exchange.reply(response);
    }

    private ListOffsetsPartitionResponse listOffset(
            String topic, ListOffsetsPartition wanted, boolean committed, short version) {
        var response =
                new ListOffsetsPartitionResponse().setPartitionIndex(wanted.partitionIndex());
        try {
            checkKind(wanted.timestamp(), version);
            var partition = topics.partition(topic, wanted.partitionIndex());
            LeaderEpochs.check(partition, wanted.currentLeaderEpoch());
            var found = find(partition, wanted.timestamp(), committed);
            response.setOffset(found.offset()).setTimestamp(found.timestampMs());
            if (version >= FIRST_WITH_EPOCH) {
                response.setLeaderEpoch(found.leaderEpoch());
            }
        } catch (BrokerException e) {
            response.setErrorCode(e.code()).setOffset(-1).setTimestamp(-1);
        } catch (RuntimeException e) {
            LOGGER.error("offset lookup in {}-{} failed", topic, wanted.partitionIndex(), e);
            response.setErrorCode(ErrorCode.UNKNOWN_SERVER_ERROR).setOffset(-1).setTimestamp(-1);
        }
        return response;
    }

    /// Refuses what a client of this version cannot have meant, before its partition is looked for,
    /// as Kafka 4.3.1 does: each version of the request but few brought another kind of offset.
    private static void checkKind(long timestamp, short version) {
        if (timestamp >= 0) {
            return;
        }
        int first =
                switch ((int) Math.max(timestamp, Integer.MIN_VALUE)) {
                    case LATEST, EARLIEST -> 1;
                    case MAX_TIMESTAMP -> 7;
                    case EARLIEST_LOCAL -> 8;
                    case LATEST_TIERED -> 9;
                    case EARLIEST_PENDING_UPLOAD -> 11;
                    default -> Integer.MAX_VALUE;
                };
        if (version < first) {
            throw new BrokerException(
                    WireErrors.UNSUPPORTED_VERSION,
                    "version " + version + " has no kind of offset " + timestamp);
        }
    }

    private static OffsetAtTimestamp find(Partition partition, long timestamp, boolean committed) {
        long end = committed ? partition.lastStableOffset() : partition.highWatermark();
        if (timestamp == LATEST) {
            return at(partition, end);
        }
        if (timestamp == EARLIEST || timestamp == EARLIEST_LOCAL) {
            return at(partition, partition.logStartOffset());
        }
        if (timestamp == LATEST_TIERED || timestamp == EARLIEST_PENDING_UPLOAD) {
            return OffsetAtTimestamp.NONE;
        }
        var found =
                timestamp == MAX_TIMESTAMP
                        ? partition.maxTimestampOffset()
                        : partition.offsetForTimestamp(timestamp);
        // A record that readers cannot see yet is not there for them.
        return found.offset() < end ? found : OffsetAtTimestamp.NONE;
    }

    private static OffsetAtTimestamp at(Partition partition, long offset) {
        return new OffsetAtTimestamp(offset, -1, partition.leaderEpoch());
    }

    private EpochEndOffset endOffset(String topic, OffsetForLeaderPartition wanted) {
        var response = new EpochEndOffset().setPartition(wanted.partition());
        try {
            var partition = topics.partition(topic, wanted.partition());
            LeaderEpochs.check(partition, wanted.currentLeaderEpoch());
            // There has been one leader only, so every known epoch ends where the log ends.
            if (wanted.leaderEpoch() >= 0 && wanted.leaderEpoch() <= partition.leaderEpoch()) {
                response.setLeaderEpoch(wanted.leaderEpoch())
                        .setEndOffset(partition.logEndOffset());
            }
        } catch (BrokerException e) {
            response.setErrorCode(e.code());
        }
        return response;
    }
}
