package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.RowErrors;

/// Filters and projects.
public final class KernelOperator implements Operator {
    public KernelOperator(Kernel kernel, Schema outSchema, RowErrors errors, Output output) {}

    @Override
    public void accept(int input, Batch delta) {
        throw new IllegalStateException("being written");
    }

    @Override
    public void endStep() {
        throw new IllegalStateException("being written");
    }
}
