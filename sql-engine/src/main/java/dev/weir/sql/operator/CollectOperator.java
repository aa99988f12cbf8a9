package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.RowCodec;
import dev.weir.sql.state.PointState;
import dev.weir.sql.state.StateStore;

/// Consolidates the delta of a step: equal rows become one, with the sum of their weights and the
/// latest of their row times; those that cancel out vanish. Emitted in the order of first
/// appearance.
public final class CollectOperator implements Operator {
    private static final int BATCH_ROWS = 4096;
    private static final int WEIGHT_AND_TIME = 16;

    private final RowCodec rows;
    private final Output output;
    private final Batch out;
    private final ByteSink row = new ByteSink();
    private final byte[] fresh = new byte[WEIGHT_AND_TIME];
    private PointState sums;
    private Touched touched;

    public CollectOperator(Schema schema, Output output) {
        this.rows = new RowCodec(schema);
        this.output = output;
        this.out = Batch.of(schema);
        reset();
    }

    private void reset() {
        sums = StateStore.inMemory().point(0, false);
        touched = new Touched(sums);
    }

    @Override
    public void accept(int input, Batch delta) {
        for (int i = 0; i < delta.size(); i++) {
            int at = delta.row(i);
            row.clear();
            rows.write(delta, at, row);
            int entry = sums.entry(row.array(), 0, row.size(), WEIGHT_AND_TIME);
            if (touched.find(entry) < 0) {
                Slots.setLong(fresh, 8, delta.rowTime(at));
                entry = sums.set(entry, fresh, 0, WEIGHT_AND_TIME);
                touched.add(entry);
            }
            byte[] data = sums.edit(entry);
            int value = sums.valueOffset(entry);
            Slots.setLong(data, value, Math.addExact(Slots.getLong(data, value), delta.weight(at)));
            Slots.setLong(
                    data, value + 8, Math.max(Slots.getLong(data, value + 8), delta.rowTime(at)));
        }
    }

    @Override
    public void endStep() {
        if (touched.size() == 0) {
            return;
        }
        for (int i = 0; i < touched.size(); i++) {
            int entry = touched.entry(i);
            byte[] data = sums.bytes(entry);
            int value = sums.valueOffset(entry);
            long weight = Slots.getLong(data, value);
            if (weight != 0) {
                rows.read(data, sums.keyOffset(entry), out);
                out.endRow(weight, Slots.getLong(data, value + 8));
                if (out.size() == BATCH_ROWS) {
                    output.emit(out);
                    out.clear();
                }
            }
        }
        reset();
        if (!out.isEmpty()) {
            output.emit(out);
            out.clear();
        }
    }
}
