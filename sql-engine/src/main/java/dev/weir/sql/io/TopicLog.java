package dev.weir.sql.io;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The log as the engine sees it. Thread-safe. Failures are thrown as
/// [dev.weir.sql.error.SqlException] with a state that says whether to retry.
public interface TopicLog {
    List<TopicInfo> topics();

    Optional<TopicInfo> topic(String name);

    /// The id in what [#topic] answers, for those who ask often.
    Optional<String> topicId(String name);

    /// The groups of consumers that read topics: the one of that name, or all, by name. May wait a
    /// moment for their coordinator.
    List<ConsumerGroup> consumerGroups(Optional<String> name);

    /// Creates a topic. Fails with DUPLICATE_OBJECT if it exists, INVALID_PARAMETER if the name or
    /// a setting is not allowed.
    void createTopic(String name, int partitions, Map<String, String> config);

    void deleteTopic(String name);

    /// The first offset that can be read.
    long startOffset(TopicPartition partition);

    /// One past the last offset that may be read: synced to disk and below any open transaction of
    /// somebody else. The engine's own open step does not hold it back.
    long endOffset(TopicPartition partition);

    /// Reads committed records from `offset` up to, not including, `upTo` into `block` (appending),
    /// until about `maxRecords` or `maxBytes` are in it. Control batches, aborted records and, if
    /// `skipProducer` is not -1, batches of that producer id are passed over.
    ///
    /// @return the offset to go on from; equals `upTo` when all was read
    long read(
            TopicPartition partition,
            long offset,
            long upTo,
            long skipProducer,
            RecordBlock block,
            int maxRecords,
            int maxBytes);

    /// Appends records as one plain batch, not yet synced.
    ///
    /// @return one past the last offset written
    long append(TopicPartition partition, RecordBlock records);

    /// Appends records as part of an open transaction of the engine's producer `producerId`: nobody
    /// who reads committed sees them before [#mark]. When the disk is full (`DISK_FULL`) it may be
    /// called again with the same block, and goes on behind [RecordBlock#appended].
    ///
    /// @return where they are
    Written appendOpen(TopicPartition partition, long producerId, RecordBlock records);

    /// Ends the producer's open transaction on the partition with a commit or abort marker. Does
    /// nothing when none is open.
    ///
    /// @return one past the marker's offset
    long mark(TopicPartition partition, long producerId, boolean commit);

    /// The first offset of the producer's open transaction on the partition, if one is open, and
    /// one past its last record.
    Optional<OpenTransaction> openTransaction(TopicPartition partition, long producerId);

    /// Where the producer's open transaction on the partition begins, or `Long.MAX_VALUE` when none
    /// is open. Cheap: asked at every step.
    long openFrom(TopicPartition partition, long producerId);

    /// Makes everything appended to these partitions so far durable; returns when it is.
    void sync(Collection<TopicPartition> partitions);

    /// Removes records before `offset`, as far as pins allow.
    void trim(TopicPartition partition, long offset);

    /// Keeps everything from `offset` on until the pin is moved or closed.
    Pin pin(TopicPartition partition, long offset);

    /// A producer id nobody else has, under which nobody else can write or end transactions.
    /// Durable: never given again after a restart.
    long newProducerId();

    /// Calls `signal` (any thread, cheap) whenever a topic's readable end may have moved.
    Registration onMore(String topic, Runnable signal);

    /// A hold on a partition's bytes.
    interface Pin extends AutoCloseable {
        void move(long offset);

        @Override
        void close();
    }

    /// Undoes a registration.
    interface Registration extends AutoCloseable {
        @Override
        void close();
    }

    /// Where appended records are. Records of others may lie among them when they took more than
    /// one batch.
    ///
    /// @param first the first offset
    /// @param end one past the last
    record Written(long first, long end) {}

    /// Records appended by a producer whose fate is open.
    record OpenTransaction(long firstOffset, long endOffset) {}
}
