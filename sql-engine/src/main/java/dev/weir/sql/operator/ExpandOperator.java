package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;

/// Each row with each of some constant rows. Linear: a delta in, a delta out.
public final class ExpandOperator implements Operator {
    private static final int BATCH_ROWS = 4096;

    private final Batch constants;
    private final Output output;
    private final Batch out;

    /// @param outSchema the input's columns, then the constants'
    public ExpandOperator(Batch constants, Schema outSchema, Output output) {
        this.constants = constants;
        this.output = output;
        this.out = Batch.of(outSchema);
    }

    @Override
    public void accept(int input, Batch delta) {
        int width = delta.schema().size();
        out.clear();
        for (int i = 0; i < delta.size(); i++) {
            int row = delta.row(i);
            for (int constant = 0; constant < constants.size(); constant++) {
                for (int c = 0; c < width; c++) {
                    out.column(c).appendFrom(delta.column(c), row);
                }
                for (int c = 0; c < constants.schema().size(); c++) {
                    out.column(width + c).appendFrom(constants.column(c), constant);
                }
                out.endRow(delta.weight(row), delta.rowTime(row));
            }
            if (out.size() >= BATCH_ROWS) {
                output.emit(out);
                out.clear();
            }
        }
        if (!out.isEmpty()) {
            output.emit(out);
        }
    }

    @Override
    public void endStep() {}
}
