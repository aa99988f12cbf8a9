package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.state.OrderedState;

/// Inner equi-join: input 0 left, input 1 right.
public final class JoinOperator implements Operator {
    public JoinOperator(
            Schema left,
            int[] leftKeys,
            Schema right,
            int[] rightKeys,
            Kernel residual,
            Schema outSchema,
            OrderedState leftIndex,
            OrderedState rightIndex,
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
