package dev.weir.broker.partition;

/// How a directory of logs is kept.
///
/// @param durability when bytes count as durable
/// @param syncThreads threads that call fdatasync; 0 when the owner calls [LogDirectory#syncOnce]
///   and [LogDirectory#upkeepOnce] itself
/// @param upkeepIntervalMs between two rounds of retention and checkpoints
/// @param checkpointBytes bytes appended to a partition before its recovery point is moved
/// @param deleteDelayMs how long a deleted segment stays readable to those already reading it
/// @param upkeep what can be changed while the directory is open, as it is at first
public record LogDirectoryConfig(
        Durability durability,
        int syncThreads,
        long upkeepIntervalMs,
        long checkpointBytes,
        long deleteDelayMs,
        UpkeepConfig upkeep) {
    public static final LogDirectoryConfig DEFAULT =
            new LogDirectoryConfig(
                    Durability.FSYNC, 4, 10_000, 64L << 20, 60_000, UpkeepConfig.DEFAULT);

    /// When bytes count as durable.
    public enum Durability {
        /// After an fdatasync: survives power loss.
        FSYNC,
        /// After the write to the page cache: survives the process, not the machine.
        OS
    }

    public LogDirectoryConfig {
        if (syncThreads < 0) {
            throw new IllegalArgumentException("sync threads must not be negative: " + syncThreads);
        }
        if (upkeepIntervalMs < 1) {
            throw new IllegalArgumentException(
                    "upkeep interval must be at least 1 ms: " + upkeepIntervalMs);
        }
    }

    public LogDirectoryConfig withDurability(Durability other) {
        return new LogDirectoryConfig(
                other, syncThreads, upkeepIntervalMs, checkpointBytes, deleteDelayMs, upkeep);
    }

    public LogDirectoryConfig withSyncThreads(int threads) {
        return new LogDirectoryConfig(
                durability, threads, upkeepIntervalMs, checkpointBytes, deleteDelayMs, upkeep);
    }

    public LogDirectoryConfig withUpkeepIntervalMs(long ms) {
        return new LogDirectoryConfig(
                durability, syncThreads, ms, checkpointBytes, deleteDelayMs, upkeep);
    }

    public LogDirectoryConfig withCheckpointBytes(long bytes) {
        return new LogDirectoryConfig(
                durability, syncThreads, upkeepIntervalMs, bytes, deleteDelayMs, upkeep);
    }

    public LogDirectoryConfig withCompaction(long intervalMs, long keyBytes) {
        return new LogDirectoryConfig(
                durability,
                syncThreads,
                upkeepIntervalMs,
                checkpointBytes,
                deleteDelayMs,
                new UpkeepConfig(
                        upkeep.producerExpirationMs(),
                        intervalMs,
                        keyBytes,
                        upkeep.compactionThreads(),
                        upkeep.openingThreads()));
    }
}
