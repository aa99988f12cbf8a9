package dev.weir.sql.exec;

/// A reading of the engine's counters.
public record EngineMetrics(
        long steps,
        long rowsIn,
        long rowsOut,
        long rowsLate,
        long deadLetters,
        long checkpoints,
        long stateBytes,
        int persistentQueries,
        int pushQueries,
        long lagRecords) {}
