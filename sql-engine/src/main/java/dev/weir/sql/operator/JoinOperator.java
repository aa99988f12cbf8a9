package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.codec.RowCodec;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.state.OrderedState;

import java.util.ArrayList;
import java.util.List;

/// Inner equi-join; input 0 is the left side, input 1 the right.
///
/// Bilinear: each delta is joined with what the other side holds at that moment and then added to
/// its own side, so whatever the order of the deltas the step adds up to the change of the join.
/// Both sides are kept in ordered states: {join key, row} to {weight, row time}. A join key with a
/// NULL matches nothing and is not kept. Row time is the later of the two.
public final class JoinOperator implements Operator {
    private static final int BATCH_ROWS = 4096;
    private static final int SLICE_ROWS = 256;
    private static final int WEIGHT_AND_TIME = 16;

    private final Kernel residual;
    private final RowErrors errors;
    private final Output output;
    private final Side left;
    private final Side right;
    private final Schema leftKeySchema;
    private final Schema rightKeySchema;
    private final Batch joined;
    private final Batch passed;
    private final ByteSink key = new ByteSink();
    private final byte[] weightAndTime = new byte[WEIGHT_AND_TIME];

    /// One side: its index, how to read and write it, and its columns of the output.
    private static final class Side {
        final int[] keyColumns;
        final KeyCodec keys;
        final RowCodec rows;
        final OrderedState index;
        final OrderedState.Cursor cursor;
        final Column[] columns;

        Side(Schema schema, int[] keyColumns, OrderedState index, Batch joined, int firstColumn) {
            this.keyColumns = keyColumns.clone();
            this.keys = new KeyCodec(schema, keyColumns);
            this.rows = new RowCodec(schema);
            this.index = index;
            this.cursor = index.cursor();
            this.columns = new Column[schema.size()];
            for (int i = 0; i < columns.length; i++) {
                columns[i] = joined.column(firstColumn + i);
            }
        }
    }

    /// @param residual a filter over the joined columns, or null
    /// @param outSchema the left columns, then the right
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
            Output output) {
        this.residual = residual;
        this.errors = errors;
        this.output = output;
        this.joined = Batch.of(outSchema);
        this.passed = residual == null ? null : Batch.of(outSchema);
        leftKeySchema = comparable(left, leftKeys, right, rightKeys);
        rightKeySchema = comparable(right, rightKeys, left, leftKeys);
        this.left = new Side(leftKeySchema, leftKeys, leftIndex, joined, 0);
        this.right = new Side(rightKeySchema, rightKeys, rightIndex, joined, left.size());
    }

    /// The left columns, with the types under which keys of both sides are the same bytes.
    public Schema leftKeySchema() {
        return leftKeySchema;
    }

    /// The right columns, with the types under which keys of both sides are the same bytes.
    public Schema rightKeySchema() {
        return rightKeySchema;
    }

    /// The schema with INT keys that are compared with BIGINT ones written as those are.
    private static Schema comparable(Schema schema, int[] keys, Schema other, int[] otherKeys) {
        List<Field> fields = new ArrayList<>(schema.fields());
        for (int i = 0; i < keys.length; i++) {
            SqlType mine = schema.type(keys[i]);
            SqlType its = other.type(otherKeys[i]);
            if (mine == Primitive.INT && its == Primitive.BIGINT) {
                fields.set(keys[i], new Field(schema.field(keys[i]).name(), Primitive.BIGINT));
            } else if (!mine.equals(its)
                    && !(mine == Primitive.BIGINT && its == Primitive.INT)
                    && !(mine instanceof SqlType.Decimal && its instanceof SqlType.Decimal)) {
                throw new IllegalArgumentException("join of " + mine.sql() + " with " + its.sql());
            }
        }
        return new Schema(fields);
    }

    @Override
    public void accept(int input, Batch delta) {
        Side own = input == 0 ? left : right;
        Side other = input == 0 ? right : left;
        int size = delta.size();
        for (int from = 0; from < size; from += SLICE_ROWS) {
            int to = Math.min(size, from + SLICE_ROWS);
            // The other side only changes on the other input: probing needs no lock.
            for (int i = from; i < to; i++) {
                probe(own, other, delta, delta.row(i));
            }
            own.index.lock();
            try {
                for (int i = from; i < to; i++) {
                    index(own, delta, delta.row(i));
                }
            } finally {
                own.index.unlock();
            }
        }
        emit();
    }

    private void probe(Side own, Side other, Batch delta, int row) {
        if (!writeKey(own, delta, row)) {
            return;
        }
        OrderedState.Cursor cursor = other.cursor;
        cursor.seek(key.array(), 0, key.size());
        while (cursor.next()) {
            for (int c = 0; c < own.columns.length; c++) {
                own.columns[c].appendFrom(delta.column(c), row);
            }
            other.rows.read(cursor.keys(), cursor.keyOffset() + key.size(), other.columns);
            byte[] values = cursor.values();
            joined.endRow(
                    Math.multiplyExact(
                            delta.weight(row), Slots.getLong(values, cursor.valueOffset())),
                    Math.max(delta.rowTime(row), Slots.getLong(values, cursor.valueOffset() + 8)));
            if (joined.size() == BATCH_ROWS) {
                emit();
            }
        }
    }

    private boolean writeKey(Side side, Batch delta, int row) {
        for (int column : side.keyColumns) {
            if (delta.column(column).isNull(row)) {
                return false;
            }
        }
        key.clear();
        side.keys.write(delta, row, key);
        return true;
    }

    private void index(Side side, Batch delta, int row) {
        if (!writeKey(side, delta, row)) {
            return;
        }
        int prefix = key.size();
        side.rows.write(delta, row, key);
        OrderedState index = side.index;
        long weight = delta.weight(row);
        int entry = index.find(key.array(), 0, prefix, key.size());
        if (entry == OrderedState.NONE) {
            Slots.setLong(weightAndTime, 0, weight);
            Slots.setLong(weightAndTime, 8, delta.rowTime(row));
            index.put(key.array(), 0, prefix, key.size(), weightAndTime, 0, WEIGHT_AND_TIME);
            return;
        }
        long sum =
                Math.addExact(Slots.getLong(index.bytes(entry), index.valueOffset(entry)), weight);
        if (sum == 0) {
            index.erase(entry);
            return;
        }
        byte[] data = index.edit(entry);
        int at = index.valueOffset(entry);
        Slots.setLong(data, at, sum);
        if (weight > 0) {
            Slots.setLong(data, at + 8, Math.max(Slots.getLong(data, at + 8), delta.rowTime(row)));
        }
    }

    private void emit() {
        if (joined.isEmpty()) {
            return;
        }
        if (residual == null) {
            output.emit(joined);
        } else {
            passed.clear();
            residual.run(joined, passed, errors);
            if (!passed.isEmpty()) {
                output.emit(passed);
            }
        }
        joined.clear();
    }

    @Override
    public void endStep() {}
}
