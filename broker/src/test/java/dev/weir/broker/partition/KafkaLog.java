package dev.weir.broker.partition;

import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;

import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.FileRecords.TimestampAndOffset;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.Scheduler;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.FetchDataInfo;
import org.apache.kafka.storage.internals.log.LogAppendInfo;
import org.apache.kafka.storage.internals.log.LogCleanerManager;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogSegment;
import org.apache.kafka.storage.internals.log.LogStartOffsetIncrementReason;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.PreCleanStats;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.RecordValidationException;
import org.apache.kafka.storage.internals.log.RollParams;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.DigestException;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// Apache Kafka's own log of one partition, `UnifiedLog` of `kafka-storage`, called the way its
/// broker calls it. What it would do later it does at once.
final class KafkaLog {
    private static final int PRODUCER_EXPIRATION_MS =
            Math.toIntExact(UpkeepConfig.DEFAULT.producerExpirationMs());

    private final Path directory;
    private final LongSupplier nowMs;
    private UnifiedLog log;

    private KafkaLog(Path directory, LongSupplier nowMs) {
        this.directory = directory;
        this.nowMs = nowMs;
    }

    /// Opens a new directory, named `<topic>-<partition>`.
    static KafkaLog open(Path directory, LogConfig config, LongSupplier nowMs) throws IOException {
        var opened = new KafkaLog(directory, nowMs);
        opened.open(config, 0, 0, true);
        return opened;
    }

    /// Opens a directory that was closed, with what the broker notes beside it.
    static KafkaLog reopen(
            Path directory, LogConfig config, long start, long recoveryPoint, LongSupplier nowMs)
            throws IOException {
        var opened = new KafkaLog(directory, nowMs);
        opened.open(config, start, recoveryPoint, true);
        return opened;
    }

    /// Opens a directory as after a crash.
    static KafkaLog recover(
            Path directory, LogConfig config, long start, long recoveryPoint, LongSupplier nowMs)
            throws IOException {
        var opened = new KafkaLog(directory, nowMs);
        opened.open(config, start, recoveryPoint, false);
        return opened;
    }

    private void open(LogConfig config, long start, long recoveryPoint, boolean clean)
            throws IOException {
        log =
                UnifiedLog.create(
                        directory.toFile(),
                        kafkaConfig(config),
                        start,
                        recoveryPoint,
                        new AtOnce(),
                        new BrokerTopicStats(),
                        new Clock(nowMs),
                        60_000,
                        new ProducerStateManagerConfig(PRODUCER_EXPIRATION_MS, false),
                        Integer.MAX_VALUE,
                        new LogDirFailureChannel(10),
                        clean,
                        Optional.empty());
    }

    /// The same settings for Kafka's log.
    static org.apache.kafka.storage.internals.log.LogConfig kafkaConfig(LogConfig config) {
        Map<String, Object> settings = new HashMap<>();
        // The public name of it takes no less than a megabyte.
        settings.put(
                org.apache.kafka.storage.internals.log.LogConfig.INTERNAL_SEGMENT_BYTES_CONFIG,
                config.segmentBytes());
        settings.put(TopicConfig.SEGMENT_MS_CONFIG, config.segmentMs());
        settings.put(TopicConfig.SEGMENT_INDEX_BYTES_CONFIG, 12 * 8192);
        settings.put(TopicConfig.RETENTION_BYTES_CONFIG, config.retentionBytes());
        settings.put(TopicConfig.RETENTION_MS_CONFIG, config.retentionMs());
        settings.put(TopicConfig.INDEX_INTERVAL_BYTES_CONFIG, config.indexIntervalBytes());
        settings.put(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, config.maxMessageBytes());
        settings.put(TopicConfig.FILE_DELETE_DELAY_MS_CONFIG, 0L);
        settings.put(
                TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG,
                config.logAppendTime() ? "LogAppendTime" : "CreateTime");
        settings.put(
                TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG,
                config.timestamps().beforeMaxMs());
        settings.put(
                TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG,
                config.timestamps().afterMaxMs());
        var compression = config.compression();
        var level = compression.level();
        switch (compression.codec()) {
            case null -> {}
            case NONE -> settings.put(TopicConfig.COMPRESSION_TYPE_CONFIG, "uncompressed");
            case SNAPPY -> settings.put(TopicConfig.COMPRESSION_TYPE_CONFIG, "snappy");
            case GZIP, LZ4, ZSTD -> {
                var codec = compression.codec().name;
                settings.put(TopicConfig.COMPRESSION_TYPE_CONFIG, codec);
                settings.put("compression." + codec + ".level", level);
            }
        }
        var compaction = config.compaction();
        settings.put(
                TopicConfig.CLEANUP_POLICY_CONFIG, compaction.enabled() ? "compact" : "delete");
        settings.put(TopicConfig.DELETE_RETENTION_MS_CONFIG, compaction.deleteRetentionMs());
        settings.put(TopicConfig.MIN_COMPACTION_LAG_MS_CONFIG, compaction.minLagMs());
        settings.put(TopicConfig.MAX_COMPACTION_LAG_MS_CONFIG, compaction.maxLagMs());
        settings.put(TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, compaction.minDirtyRatio());
        return new org.apache.kafka.storage.internals.log.LogConfig(settings);
    }

    /// The log itself, for what is only read of it.
    UnifiedLog log() {
        return log;
    }

    /// Appends a batch as a client sent it.
    ///
    /// @throws ApiException with the error that the client would get
    LogAppendInfo append(ByteBuffer batch) {
        try {
            return log.appendAsLeader(
                    MemoryRecords.readableRecords(batch),
                    0,
                    AppendOrigin.CLIENT,
                    RequestLocal.noCaching(),
                    VerificationGuard.SENTINEL,
                    TransactionVersion.TV_1.featureLevel());
        } catch (RecordValidationException e) {
            throw e.invalidException();
        }
    }

    /// Begins to ask whether a transactional batch is part of a transaction.
    ///
    /// @return whether there is no need to, as the transaction is open here
    boolean beginVerification(ByteBuffer batch, boolean bumping) {
        return VerificationGuard.SENTINEL.equals(
                log.maybeStartTransactionVerification(
                        BatchHeader.producerId(batch, 0),
                        BatchHeader.baseSequence(batch, 0),
                        BatchHeader.producerEpoch(batch, 0),
                        bumping));
    }

    LogAppendInfo appendMarker(
            long producerId,
            short epoch,
            boolean commit,
            int coordinatorEpoch,
            boolean bumping,
            long timestampMs) {
        var type = commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
        return log.appendAsLeader(
                MemoryRecords.withEndTransactionMarker(
                        timestampMs,
                        producerId,
                        epoch,
                        new EndTransactionMarker(type, coordinatorEpoch)),
                0,
                AppendOrigin.COORDINATOR,
                RequestLocal.noCaching(),
                VerificationGuard.SENTINEL,
                (bumping ? TransactionVersion.TV_2 : TransactionVersion.TV_1).featureLevel());
    }

    /// Whether appending this would begin a new segment, even if it is refused then.
    boolean beginsSegment(int bytes, long timestampMs) throws IOException {
        var config = log.config();
        return log.activeSegment()
                .shouldRoll(
                        new RollParams(
                                config.maxSegmentMs(),
                                config.segmentSize(),
                                timestampMs,
                                log.logEndOffset(),
                                bytes,
                                nowMs.getAsLong()));
    }

    void highWatermark(long offset) throws IOException {
        var _ = log.updateHighWatermark(offset);
    }

    FetchDataInfo read(long offset, int maxBytes, ReadLimit limit, boolean wholeFirstBatch)
            throws IOException {
        var isolation =
                switch (limit) {
                    case LOG_END -> FetchIsolation.LOG_END;
                    case HIGH_WATERMARK -> FetchIsolation.HIGH_WATERMARK;
                    case LAST_STABLE_OFFSET -> FetchIsolation.TXN_COMMITTED;
                };
        return log.read(offset, maxBytes, isolation, wholeFirstBatch);
    }

    static List<FetchResponseData.AbortedTransaction> aborted(FetchDataInfo read) {
        return read.abortedTransactions.orElse(List.of());
    }

    Optional<TimestampAndOffset> offsetForTimestamp(long timestamp) {
        return log.fetchOffsetByTimestamp(timestamp, Optional.empty()).timestampAndOffsetOpt();
    }

    /// As its broker does for DeleteRecords.
    long deleteRecordsBefore(long offset) {
        var _ =
                log.maybeIncrementLogStartOffset(
                        offset, LogStartOffsetIncrementReason.ClientRecordDeletion);
        return log.logStartOffset();
    }

    /// As its broker does every ten minutes.
    void forgetIdleProducers() {
        log.removeExpiredProducers(nowMs.getAsLong());
    }

    /// Rounds of retention until nothing more goes.
    void applyRetention() throws IOException {
        while (log.deleteOldSegments() > 0) {
            // One round judges by size first, then by time; each may make room for the other.
        }
    }

    List<Long> segmentBases() {
        return log.logSegments().stream().map(LogSegment::baseOffset).toList();
    }

    void close() {
        log.close();
    }

    /// As when the process dies: nothing is written any more.
    void kill() {
        log.closeHandlers();
    }

    /// Begins a new segment.
    void roll() throws IOException {
        var _ = log.roll();
    }

    /// Compacts with a map large enough for all keys.
    ///
    /// @return the first offset that was not compacted
    long compact(long firstDirty, long firstUncleanable) throws IOException {
        return clean(new LogToClean(log, firstDirty, firstUncleanable, false));
    }

    private long clean(LogToClean what) throws IOException {
        var clock = new Clock(nowMs);
        try {
            var cleaner =
                    new Cleaner(
                            0,
                            new SkimpyOffsetMap(1 << 16),
                            1 << 16,
                            1 << 20,
                            0.75,
                            new Throttler(Double.MAX_VALUE, Long.MAX_VALUE, "m", "u", clock),
                            clock,
                            _ -> {});
            return cleaner.clean(what).getKey();
        } catch (NoSuchAlgorithmException | DigestException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Compacts if Kafka's cleaner would find it worth while now. Where it came to is noted beside
    /// the directory.
    ///
    /// @return whether it did
    boolean compactWhenDue() throws IOException {
        var clock = new Clock(nowMs);
        var parent = log.parentDirFile();
        var logs = new ConcurrentHashMap<>(Map.of(log.topicPartition(), log));
        var manager = new LogCleanerManager(List.of(parent), logs, new LogDirFailureChannel(10));
        var due = manager.grabFilthiestCompactedLog(clock, new PreCleanStats());
        if (due.isPresent()) {
            manager.doneCleaning(log.topicPartition(), parent, clean(due.get()));
        }
        return due.isPresent();
    }

    static short code(ApiException failure) {
        return Errors.forException(failure).code();
    }

    record Clock(LongSupplier nowMs) implements Time {
        @Override
        public long milliseconds() {
            return nowMs.getAsLong();
        }

        @Override
        public long nanoseconds() {
            return TimeUnit.MILLISECONDS.toNanos(nowMs.getAsLong());
        }

        @Override
        public void sleep(long ms) {
            throw new IllegalStateException("nothing here waits");
        }

        @Override
        public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
            throw new IllegalStateException("nothing here waits");
        }
    }

    /// Does at once what is to be done once, and never what is to be repeated. What a new segment
    /// leaves behind is not made durable: nothing here loses power.
    private static final class AtOnce implements Scheduler {
        @Override
        public void startup() {}

        @Override
        public void shutdown() {}

        @Override
        public ScheduledFuture<?> schedule(
                String name, Runnable task, long delayMs, long periodMs) {
            if (periodMs < 0 && !name.equals("flush-log")) {
                task.run();
            }
            return new Done();
        }

        @Override
        public void resizeThreadPool(int size) {}
    }

    private static final class Done extends FutureTask<Void> implements ScheduledFuture<Void> {
        Done() {
            super(() -> null);
        }

        @Override
        public long getDelay(TimeUnit unit) {
            return 0;
        }

        @Override
        public int compareTo(java.util.concurrent.Delayed other) {
            return 0;
        }
    }
}
