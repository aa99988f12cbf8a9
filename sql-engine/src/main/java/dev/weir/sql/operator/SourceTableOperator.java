package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.state.PointState;

/// Upserts to deltas.
public final class SourceTableOperator implements Operator {
    public SourceTableOperator(
            Schema schema, int[] keyColumns, PointState rows, RowErrors errors, Output output) {}

    @Override
    public void accept(int input, Batch delta) {
        throw new IllegalStateException("being written");
    }

    /// Takes tombstones.
    ///
    /// @param keys rows of the key columns only, in key order, with row times
    public void delete(Batch keys) {
        throw new IllegalStateException("being written");
    }

    @Override
    public void endStep() {
        throw new IllegalStateException("being written");
    }
}
