package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.state.PointState;
import dev.weir.sql.state.StateSnapshot;

/// Reads the rows that a [SourceTableOperator] or [TableSinkOperator] keeps, as of a snapshot.
public final class TableReader {
    public TableReader(Schema schema, int[] keyColumns, PointState rows) {}

    /// Emits all rows, in batches, with weight +1.
    public void scan(StateSnapshot snapshot, Output output) {
        throw new IllegalStateException("being written");
    }

    /// Appends the row with the key that the key columns of `keys` (only those, in key order) have
    /// at `row`, with weight +1.
    ///
    /// @return false when there is none
    public boolean lookup(StateSnapshot snapshot, Batch keys, int row, Batch into) {
        throw new IllegalStateException("being written");
    }
}
