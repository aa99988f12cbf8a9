package dev.weir.sql.exec;

import dev.weir.sql.batch.Schema;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// A never-ending result, taken step by step. One thread polls; any thread may close.
public interface PushQuery extends AutoCloseable {
    String id();

    Schema schema();

    /// True when rows may be retracted later (a table); false for a stream of facts.
    boolean isTable();

    /// The columns that identify a row of a table; none of them when it has at most one row. Empty
    /// when no such columns are known: then rows may be equal, and a deletion carries a whole row.
    default Optional<List<Integer>> key() {
        return Optional.empty();
    }

    /// The next journalled step with rows, waiting at most that long.
    ///
    /// @return null when nothing came in time; a step with `end` set once LIMIT is reached or the
    ///   query was ended
    /// @throws dev.weir.sql.error.SqlException when the query failed or was cancelled, or when the
    ///   reader is so slow that its buffer ran full
    Step poll(Duration wait) throws InterruptedException;

    @Override
    void close();

    /// The change of one committed step.
    ///
    /// @param token identifies the step
    /// @param rows changes in order
    /// @param end true when no further step will come
    record Step(long token, List<Change> rows, boolean end) {
        public Step {
            rows = List.copyOf(rows);
        }
    }

    /// A row that came (+), or for a table the key of a row that went (-; value columns are null).
    record Change(boolean deleted, Object[] values, long rowTime) {}
}
