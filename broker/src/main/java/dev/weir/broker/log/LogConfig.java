package dev.weir.broker.log;

import dev.weir.broker.record.StoredCompression;

/// The settings of one partition's log, named as in Kafka's topic configuration.
///
/// @param segmentBytes `segment.bytes`: a segment is closed before it would grow beyond this
/// @param segmentMs `segment.ms`: a segment is closed when a record is this much younger than its
///   first one
/// @param retentionBytes `retention.bytes`: total size above which old segments go; -1 is unlimited
/// @param retentionMs `retention.ms`: age beyond which old segments go; -1 is unlimited
/// @param indexIntervalBytes `index.interval.bytes`: log bytes between two index entries
/// @param maxMessageBytes `max.message.bytes`: largest batch accepted from clients
/// @param logAppendTime `message.timestamp.type=LogAppendTime`: batches are stamped on arrival
/// @param timestamps which timestamps clients' records may have where they are not stamped
/// @param compression which codec batches are stored with
/// @param compaction how records are kept by key
public record LogConfig(
        int segmentBytes,
        long segmentMs,
        long retentionBytes,
        long retentionMs,
        int indexIntervalBytes,
        int maxMessageBytes,
        boolean logAppendTime,
        TimestampBounds timestamps,
        StoredCompression compression,
        CompactionConfig compaction) {
    public static final LogConfig DEFAULT =
            new LogConfig(
                    1 << 30,
                    7L * 86_400_000,
                    -1,
                    7L * 86_400_000,
                    4096,
                    1_048_588,
                    false,
                    TimestampBounds.DEFAULT,
                    StoredCompression.AS_SENT,
                    CompactionConfig.OFF);

    public LogConfig {
        require(segmentBytes >= 14, "segment.bytes must be at least 14, got " + segmentBytes);
        require(segmentMs >= 1, "segment.ms must be at least 1, got " + segmentMs);
        require(retentionBytes >= -1, "retention.bytes must be at least -1, got " + retentionBytes);
        require(retentionMs >= -1, "retention.ms must be at least -1, got " + retentionMs);
        require(
                indexIntervalBytes >= 0,
                "index.interval.bytes must not be negative, got " + indexIntervalBytes);
        require(
                maxMessageBytes >= 0,
                "max.message.bytes must not be negative, got " + maxMessageBytes);
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    public LogConfig withSegmentBytes(int bytes) {
        return new LogConfig(
                bytes,
                segmentMs,
                retentionBytes,
                retentionMs,
                indexIntervalBytes,
                maxMessageBytes,
                logAppendTime,
                timestamps,
                compression,
                compaction);
    }

    public LogConfig withSegmentMs(long ms) {
        return new LogConfig(
                segmentBytes,
                ms,
                retentionBytes,
                retentionMs,
                indexIntervalBytes,
                maxMessageBytes,
                logAppendTime,
                timestamps,
                compression,
                compaction);
    }

    public LogConfig withRetention(long bytes, long ms) {
        return new LogConfig(
                segmentBytes,
                segmentMs,
                bytes,
                ms,
                indexIntervalBytes,
                maxMessageBytes,
                logAppendTime,
                timestamps,
                compression,
                compaction);
    }

    public LogConfig withIndexIntervalBytes(int bytes) {
        return new LogConfig(
                segmentBytes,
                segmentMs,
                retentionBytes,
                retentionMs,
                bytes,
                maxMessageBytes,
                logAppendTime,
                timestamps,
                compression,
                compaction);
    }

    public LogConfig withMaxMessageBytes(int bytes) {
        return new LogConfig(
                segmentBytes,
                segmentMs,
                retentionBytes,
                retentionMs,
                indexIntervalBytes,
                bytes,
                logAppendTime,
                timestamps,
                compression,
                compaction);
    }

    public LogConfig withLogAppendTime(boolean stamped) {
        return new LogConfig(
                segmentBytes,
                segmentMs,
                retentionBytes,
                retentionMs,
                indexIntervalBytes,
                maxMessageBytes,
                stamped,
                timestamps,
                compression,
                compaction);
    }

    public LogConfig withTimestamps(TimestampBounds bounds) {
        return new LogConfig(
                segmentBytes,
                segmentMs,
                retentionBytes,
                retentionMs,
                indexIntervalBytes,
                maxMessageBytes,
                logAppendTime,
                bounds,
                compression,
                compaction);
    }

    public LogConfig withCompression(StoredCompression other) {
        return new LogConfig(
                segmentBytes,
                segmentMs,
                retentionBytes,
                retentionMs,
                indexIntervalBytes,
                maxMessageBytes,
                logAppendTime,
                timestamps,
                other,
                compaction);
    }

    public LogConfig withCompaction(CompactionConfig other) {
        return new LogConfig(
                segmentBytes,
                segmentMs,
                retentionBytes,
                retentionMs,
                indexIntervalBytes,
                maxMessageBytes,
                logAppendTime,
                timestamps,
                compression,
                other);
    }
}
