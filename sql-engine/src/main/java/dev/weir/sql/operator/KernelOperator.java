package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.RowErrors;

/// Filters and projects. Linear: a delta in, a delta out.
public final class KernelOperator implements Operator {
    private final Kernel kernel;
    private final RowErrors errors;
    private final Output output;
    private final Batch out;

    public KernelOperator(Kernel kernel, Schema outSchema, RowErrors errors, Output output) {
        this.kernel = kernel;
        this.errors = errors;
        this.output = output;
        this.out = Batch.of(outSchema);
    }

    @Override
    public void accept(int input, Batch delta) {
        out.clear();
        kernel.run(delta, out, errors);
        if (!out.isEmpty()) {
            output.emit(out);
        }
    }

    @Override
    public void endStep() {}
}
