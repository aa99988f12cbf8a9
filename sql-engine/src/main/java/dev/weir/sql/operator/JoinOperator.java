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
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Join of two Z-sets, inner or outer; input 0 is the left side, input 1 the right.
///
/// Bilinear: each delta is joined with what the other side holds at that moment and then added to
/// its own side, so whatever the order of the deltas the step adds up to the change of the join.
/// Both sides are kept in ordered states: {join key, row} to {weight, row time}. A join key with a
/// NULL matches nothing and is not kept. Row time is the later of the two.
///
/// A side that an outer join keeps also has, for each row, the weight of the rows it matches, and
/// the weight with which it stands in the result with NULLs for the other side. The first follows
/// every delta of either side; the second is settled at the end of the step, for the rows the step
/// has touched: so a row that lost one match and found another tells nothing in between.
public final class JoinOperator implements Operator {
    private static final int BATCH_ROWS = 4096;
    private static final int SLICE_ROWS = 256;

    // Values of the state: weight and row time; on a kept side also what it matches, the weight
    // that came out with NULLs, and whether the step has touched the row.
    private static final int WEIGHT = 0;
    private static final int TIME = 8;
    private static final int PLAIN_VALUE = 16;
    private static final int MATCHES = 16;
    private static final int ALONE = 24;
    private static final int TOUCHED = 32;
    private static final int KEPT_VALUE = 33;

    private final Kernel residual;
    private final RowErrors errors;
    private final Output output;
    private final Side left;
    private final Side right;
    private final Schema leftKeySchema;
    private final Schema rightKeySchema;
    private final Batch joined;
    private final Batch passed;
    private final Batch passedRows;
    private final Batch alone;
    private final byte[] value = new byte[KEPT_VALUE];

    // The slice of a delta that is being taken in: row i's join key is at start[i] to keyEnd[i] of
    // bytes and its row follows up to start[i + 1]; keyEnd is -1 when the key has a NULL.
    private final ByteSink bytes = new ByteSink();
    private final int[] start = new int[SLICE_ROWS + 1];
    private final int[] keyEnd = new int[SLICE_ROWS];
    private final long[] matches = new long[SLICE_ROWS];

    // The pairs in `joined`, while somebody counts them: the row of the slice, both weights, and
    // where the other row's key ends in pairKeys.
    private final int[] pairRow = new int[BATCH_ROWS];
    private final long[] pairOwn = new long[BATCH_ROWS];
    private final long[] pairOther = new long[BATCH_ROWS];
    private final int[] pairPrefix = new int[BATCH_ROWS];
    private final int[] pairEnd = new int[BATCH_ROWS];
    private final ByteSink pairKeys = new ByteSink();

    /// One side: its index, how to read and write it, and its columns of the output.
    private static final class Side {
        final boolean kept;
        final int[] keyColumns;
        final KeyCodec keys;
        final RowCodec rows;
        final OrderedState index;
        final OrderedState.Cursor cursor;
        final Column[] columns;
        final Column[] aloneColumns;

        // Rows whose place in the result is to be settled: length of the join key, length of the
        // whole, both.
        final ByteSink touched = new ByteSink();

        Side(
                Schema schema,
                int[] keyColumns,
                boolean kept,
                OrderedState index,
                Batch joined,
                Batch alone,
                int firstColumn) {
            this.kept = kept;
            this.keyColumns = keyColumns.clone();
            this.keys = new KeyCodec(schema, keyColumns);
            this.rows = new RowCodec(schema);
            this.index = index;
            this.cursor = index.cursor();
            this.columns = new Column[schema.size()];
            this.aloneColumns = new Column[schema.size()];
            for (int i = 0; i < columns.length; i++) {
                columns[i] = joined.column(firstColumn + i);
                aloneColumns[i] = alone.column(firstColumn + i);
            }
        }

        /// Remembers the row at that entry for the end of the step.
        void touch(int entry, byte[] key, int offset, int prefix, int length) {
            byte[] data = index.edit(entry);
            int at = index.valueOffset(entry);
            if (data[at + TOUCHED] == 0) {
                data[at + TOUCHED] = 1;
                touched.putInt(prefix);
                touched.putInt(length);
                touched.put(key, offset, length);
            }
        }
    }

    /// @param keepLeft whether left rows without a match come out with NULLs
    /// @param keepRight the same for right rows
    /// @param residual a filter over [#residualSchema], or null
    /// @param outSchema the left columns, then the right
    public JoinOperator(
            Schema left,
            int[] leftKeys,
            Schema right,
            int[] rightKeys,
            boolean keepLeft,
            boolean keepRight,
            Kernel residual,
            Schema outSchema,
            OrderedState leftIndex,
            OrderedState rightIndex,
            RowErrors errors,
            Output output) {
        this.residual = residual;
        this.errors = errors;
        this.output = output;
        Schema numbered = residualSchema(outSchema);
        this.joined = Batch.of(residual == null ? outSchema : numbered);
        this.passed = residual == null ? null : Batch.of(numbered);
        this.passedRows =
                residual == null
                        ? null
                        : passed.view(outSchema, IntStream.range(0, outSchema.size()).toArray());
        this.alone = Batch.of(outSchema);
        leftKeySchema = comparable(left, leftKeys, right, rightKeys);
        rightKeySchema = comparable(right, rightKeys, left, leftKeys);
        this.left = new Side(leftKeySchema, leftKeys, keepLeft, leftIndex, joined, alone, 0);
        this.right =
                new Side(
                        rightKeySchema,
                        rightKeys,
                        keepRight,
                        rightIndex,
                        joined,
                        alone,
                        left.size());
    }

    /// What a residual condition is compiled over, and passes on as it is: the joined columns, and
    /// behind them a number by which the pairs it kept are known again.
    public static Schema residualSchema(Schema joined) {
        List<Field> fields = new ArrayList<>(joined.fields());
        fields.add(new Field("pair", Primitive.BIGINT));
        return new Schema(fields);
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
    static Schema comparable(Schema schema, int[] keys, Schema other, int[] otherKeys) {
        List<Field> fields = new ArrayList<>(schema.fields());
        for (int i = 0; i < keys.length; i++) {
            SqlType mine = schema.type(keys[i]);
            SqlType its = other.type(otherKeys[i]);
            if (mine == Primitive.INT && its == Primitive.BIGINT) {
                fields.set(keys[i], new Field(schema.field(keys[i]).name(), Primitive.BIGINT));
            } else if (!SqlType.areComparable(mine, its)) {
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
            encode(own, delta, from, to);
            // The other side's rows only change on the other input: probing needs no lock.
            for (int i = from; i < to; i++) {
                if (keyEnd[i - from] >= 0) {
                    probe(own, other, delta, delta.row(i), i - from);
                }
            }
            settlePairs(own, other);
            own.index.lock();
            try {
                for (int i = from; i < to; i++) {
                    if (keyEnd[i - from] >= 0) {
                        index(own, delta, delta.row(i), i - from);
                    }
                }
            } finally {
                own.index.unlock();
            }
        }
        emitAlone();
    }

    private void encode(Side own, Batch delta, int from, int to) {
        bytes.clear();
        for (int i = from; i < to; i++) {
            int row = delta.row(i);
            int n = i - from;
            start[n] = bytes.size();
            matches[n] = 0;
            if (hasNull(own, delta, row)) {
                keyEnd[n] = -1;
                if (own.kept) {
                    standAlone(own, delta, row);
                }
            } else {
                own.keys.write(delta, row, bytes);
                keyEnd[n] = bytes.size();
                own.rows.write(delta, row, bytes);
            }
        }
        start[to - from] = bytes.size();
    }

    private static boolean hasNull(Side side, Batch delta, int row) {
        for (int column : side.keyColumns) {
            if (delta.column(column).isNull(row)) {
                return true;
            }
        }
        return false;
    }

    private void probe(Side own, Side other, Batch delta, int row, int n) {
        int prefix = keyEnd[n] - start[n];
        OrderedState.Cursor cursor = other.cursor;
        cursor.seek(bytes.array(), start[n], prefix);
        while (cursor.next()) {
            byte[] values = cursor.values();
            long weight = Slots.getLong(values, cursor.valueOffset() + WEIGHT);
            if (weight == 0) {
                // Gone, but its place in the result is not settled yet.
                continue;
            }
            int pair = joined.size();
            pairRow[pair] = n;
            pairOwn[pair] = delta.weight(row);
            pairOther[pair] = weight;
            if (other.kept) {
                pairKeys.put(cursor.keys(), cursor.keyOffset(), cursor.keyLength());
                pairPrefix[pair] = prefix;
                pairEnd[pair] = pairKeys.size();
            }
            for (int c = 0; c < own.columns.length; c++) {
                own.columns[c].appendFrom(delta.column(c), row);
            }
            other.rows.read(cursor.keys(), cursor.keyOffset() + prefix, other.columns);
            if (residual != null) {
                joined.longs(joined.schema().size() - 1).append(pair);
            }
            joined.endRow(
                    Math.multiplyExact(delta.weight(row), weight),
                    Math.max(
                            delta.rowTime(row),
                            Slots.getLong(values, cursor.valueOffset() + TIME)));
            if (joined.size() == BATCH_ROWS && other.kept) {
                // Counting changes the other side, which would disturb the cursor.
                int at = pairEnd[pair];
                byte[] last = Arrays.copyOfRange(pairKeys.array(), pairStart(pair), at);
                settlePairs(own, other);
                seekBehind(cursor, last, prefix);
            } else if (joined.size() == BATCH_ROWS) {
                settlePairs(own, other);
            }
        }
    }

    /// Goes on behind a key that a cursor has shown.
    private static void seekBehind(OrderedState.Cursor cursor, byte[] key, int prefix) {
        byte[] next = Arrays.copyOf(key, key.length + 1);
        cursor.seekFrom(next, 0, prefix, next.length);
    }

    private int pairStart(int pair) {
        return pair == 0 ? 0 : pairEnd[pair - 1];
    }

    /// Hands on the pairs that meet the condition, and counts them on the kept sides.
    private void settlePairs(Side own, Side other) {
        if (joined.isEmpty()) {
            return;
        }
        boolean counts = own.kept || other.kept;
        if (residual == null) {
            if (counts) {
                int pairs = joined.size();
                other.index.lock();
                try {
                    for (int pair = 0; pair < pairs; pair++) {
                        count(own, other, pair);
                    }
                } finally {
                    other.index.unlock();
                }
            }
            output.emit(joined);
        } else {
            passed.clear();
            residual.run(joined, passed, errors);
            if (!passed.isEmpty()) {
                if (counts) {
                    countPassed(own, other);
                }
                output.emit(passedRows);
            }
        }
        joined.clear();
        pairKeys.clear();
    }

    private void countPassed(Side own, Side other) {
        other.index.lock();
        try {
            int numbers = passed.schema().size() - 1;
            for (int i = 0; i < passed.size(); i++) {
                count(own, other, (int) passed.longs(numbers).get(passed.row(i)));
            }
        } finally {
            other.index.unlock();
        }
    }

    private void count(Side own, Side other, int pair) {
        if (own.kept) {
            matches[pairRow[pair]] = Math.addExact(matches[pairRow[pair]], pairOther[pair]);
        }
        if (other.kept) {
            int from = pairStart(pair);
            int length = pairEnd[pair] - from;
            int entry = other.index.find(pairKeys.array(), from, pairPrefix[pair], length);
            if (entry == OrderedState.NONE) {
                throw new IllegalStateException("a row that was just met is gone");
            }
            byte[] data = other.index.edit(entry);
            int at = other.index.valueOffset(entry) + MATCHES;
            Slots.setLong(data, at, Math.addExact(Slots.getLong(data, at), pairOwn[pair]));
            other.touch(entry, pairKeys.array(), from, pairPrefix[pair], length);
        }
    }

    private void index(Side side, Batch delta, int row, int n) {
        OrderedState index = side.index;
        int prefix = keyEnd[n] - start[n];
        int length = start[n + 1] - start[n];
        long weight = delta.weight(row);
        int entry = index.find(bytes.array(), start[n], prefix, length);
        if (entry == OrderedState.NONE) {
            Slots.setLong(value, WEIGHT, weight);
            Slots.setLong(value, TIME, delta.rowTime(row));
            Slots.setLong(value, MATCHES, matches[n]);
            Slots.setLong(value, ALONE, 0);
            value[TOUCHED] = 0;
            index.put(
                    bytes.array(),
                    start[n],
                    prefix,
                    length,
                    value,
                    0,
                    side.kept ? KEPT_VALUE : PLAIN_VALUE);
            if (side.kept) {
                entry = index.find(bytes.array(), start[n], prefix, length);
                side.touch(entry, bytes.array(), start[n], prefix, length);
            }
            return;
        }
        long sum =
                Math.addExact(
                        Slots.getLong(index.bytes(entry), index.valueOffset(entry) + WEIGHT),
                        weight);
        if (sum == 0 && !side.kept) {
            index.erase(entry);
            return;
        }
        byte[] data = index.edit(entry);
        int at = index.valueOffset(entry);
        Slots.setLong(data, at + WEIGHT, sum);
        if (weight > 0) {
            Slots.setLong(
                    data, at + TIME, Math.max(Slots.getLong(data, at + TIME), delta.rowTime(row)));
        }
        if (side.kept) {
            // While its weight was 0 the row was not counted for.
            Slots.setLong(data, at + MATCHES, matches[n]);
            side.touch(entry, bytes.array(), start[n], prefix, length);
        }
    }

    /// A row whose key has a NULL: it never finds a match.
    private void standAlone(Side own, Batch delta, int row) {
        for (int c = 0; c < own.aloneColumns.length; c++) {
            own.aloneColumns[c].appendFrom(delta.column(c), row);
        }
        endAlone(own, delta.weight(row), delta.rowTime(row));
    }

    private void endAlone(Side own, long weight, long rowTime) {
        Side other = own == left ? right : left;
        for (Column column : other.aloneColumns) {
            column.appendNull();
        }
        alone.endRow(weight, rowTime);
        if (alone.size() == BATCH_ROWS) {
            emitAlone();
        }
    }

    private void emitAlone() {
        if (!alone.isEmpty()) {
            output.emit(alone);
            alone.clear();
        }
    }

    @Override
    public void endStep() {
        settleAlone(left);
        settleAlone(right);
        emitAlone();
    }

    /// Lets the touched rows of a kept side stand alone, or no longer.
    private void settleAlone(Side side) {
        if (!side.kept) {
            return;
        }
        byte[] touched = side.touched.array();
        int end = side.touched.size();
        int at = 0;
        while (at < end) {
            side.index.lock();
            try {
                for (int i = 0; i < SLICE_ROWS && at < end; i++) {
                    int prefix = Slots.getInt(touched, at);
                    int length = Slots.getInt(touched, at + 4);
                    settleAlone(side, touched, at + 8, prefix, length);
                    at += 8 + length;
                }
            } finally {
                side.index.unlock();
            }
        }
        side.touched.clear();
    }

    private void settleAlone(Side side, byte[] key, int offset, int prefix, int length) {
        OrderedState index = side.index;
        int entry = index.find(key, offset, prefix, length);
        byte[] data = index.edit(entry);
        int at = index.valueOffset(entry);
        long weight = Slots.getLong(data, at + WEIGHT);
        long now = Slots.getLong(data, at + MATCHES) == 0 ? weight : 0;
        long change = now - Slots.getLong(data, at + ALONE);
        if (change != 0) {
            side.rows.read(key, offset + prefix, side.aloneColumns);
            endAlone(side, change, Slots.getLong(data, at + TIME));
        }
        if (weight == 0) {
            index.erase(entry);
        } else {
            Slots.setLong(data, at + ALONE, now);
            data[at + TOUCHED] = 0;
        }
    }
}
