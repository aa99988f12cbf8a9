package dev.weir.sql.exec;

import java.util.List;
import java.util.Optional;

/// A continuous query as SHOW QUERIES tells it.
///
/// @param kind PERSISTENT or PUSH
/// @param sinks names of the relations it writes
/// @param sources names of the relations it reads
/// @param state RUNNING, BACKFILLING or FAILED
/// @param error why it failed
public record QueryInfo(
        String id,
        Kind kind,
        String sql,
        List<String> sinks,
        List<String> sources,
        State state,
        Optional<String> error,
        long rowsIn,
        long rowsOut) {
    /// Kept by the server, or by a session.
    public enum Kind {
        PERSISTENT,
        PUSH
    }

    /// How the query is doing.
    public enum State {
        BACKFILLING,
        RUNNING,
        FAILED
    }
}
