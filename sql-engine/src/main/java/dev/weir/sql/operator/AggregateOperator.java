package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.state.OrderedState;
import dev.weir.sql.state.PointState;

import java.util.List;

/// GROUP BY.
public final class AggregateOperator implements Operator {
    public AggregateOperator(
            Schema in,
            int[] groupColumns,
            List<AggregateFunction> functions,
            Schema outSchema,
            boolean appendOnly,
            boolean rowWhenEmpty,
            PointState groups,
            OrderedState extremes,
            RowErrors errors,
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
