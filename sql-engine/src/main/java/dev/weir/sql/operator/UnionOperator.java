package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;

/// UNION ALL: passes the deltas of all inputs on.
public final class UnionOperator implements Operator {
    private final Output output;

    public UnionOperator(Output output) {
        this.output = output;
    }

    @Override
    public void accept(int input, Batch delta) {
        output.emit(delta);
    }

    @Override
    public void endStep() {}
}
