package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;

/// Passes the deltas of all inputs on.
public final class UnionOperator implements Operator {
    public UnionOperator(Output output) {}

    @Override
    public void accept(int input, Batch delta) {
        throw new IllegalStateException("being written");
    }

    @Override
    public void endStep() {
        throw new IllegalStateException("being written");
    }
}
