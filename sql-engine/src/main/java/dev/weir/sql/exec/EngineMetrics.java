package dev.weir.sql.exec;

import java.util.List;

/// A reading of the engine's counters.
///
/// @param queries those kept by the server
/// @param lags how far these are behind the topics they read
public record EngineMetrics(
        long steps,
        long rowsIn,
        long rowsOut,
        long rowsLate,
        long deadLetters,
        long checkpoints,
        long stateBytes,
        List<QueryInfo> queries,
        int pushQueries,
        long lagRecords,
        List<QueryLag> lags) {
    /// Of an engine that does not run.
    public static final EngineMetrics NONE =
            new EngineMetrics(0, 0, 0, 0, 0, 0, 0, List.of(), 0, 0, List.of());

    public EngineMetrics {
        queries = List.copyOf(queries);
        lags = List.copyOf(lags);
    }

    public int persistentQueries() {
        return queries.size();
    }
}
