package dev.weir.broker.log;

/// How the records of a log are kept by key, by the names of Kafka's topic configuration.
///
/// @param enabled `cleanup.policy` contains `compact`: of each key the last record is kept
/// @param deleteRetentionMs `delete.retention.ms`: how long a record without a value, which deletes
///   its key, is still shown to readers
/// @param minLagMs `min.compaction.lag.ms`: younger records are left alone
/// @param maxLagMs `max.compaction.lag.ms`: older records are compacted whatever the ratio
/// @param minDirtyRatio `min.cleanable.dirty.ratio`: bytes not compacted yet, as a part of all that
///   could be, from which on it is worth while
public record CompactionConfig(
        boolean enabled,
        long deleteRetentionMs,
        long minLagMs,
        long maxLagMs,
        double minDirtyRatio) {
    public static final CompactionConfig OFF =
            new CompactionConfig(false, 86_400_000, 0, Long.MAX_VALUE, 0.5);

    public CompactionConfig {
        require(deleteRetentionMs >= 0, "delete.retention.ms", deleteRetentionMs);
        require(minLagMs >= 0, "min.compaction.lag.ms", minLagMs);
        require(maxLagMs >= 1, "max.compaction.lag.ms", maxLagMs);
    }

    private static void require(boolean holds, String name, long value) {
        if (!holds) {
            throw new IllegalArgumentException(name + " is too small: " + value);
        }
    }
}
