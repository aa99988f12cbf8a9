package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.state.PointState;

/// Nets the deltas of a step per key.
public final class TableSinkOperator implements Operator {
    public TableSinkOperator(
            String table,
            Schema schema,
            int[] keyColumns,
            PointState rows,
            Output changes,
            Output output) {}

    @Override
    public void accept(int input, Batch delta) {
        throw new IllegalStateException("being written");
    }

    @Override
    public void endStep() {
        throw new IllegalStateException("being written");
    }
}
