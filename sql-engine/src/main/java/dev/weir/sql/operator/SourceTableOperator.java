package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.state.PointState;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Turns the upserts and deletions of a table's topic into a delta: at the end of the step, for
/// each key in the order of first touch, the row before (-1) and the row after (+1), unless they
/// are equal. Row times are not compared.
public final class SourceTableOperator implements Operator {
    private static final int BATCH_ROWS = 4096;

    private final Schema schema;
    private final int[] keyColumns;
    private final PointState rows;
    private final RowErrors errors;
    private final Output output;
    private final TableRows format;
    private final KeyCodec bareKeys;
    private final int[] bareKeyColumns;
    private final KeySlice slice;
    private final Touched touched;
    private final ByteSink key = new ByteSink();
    private final ByteSink value = new ByteSink();

    // The rows before the step, one after the other; touched key n's begins at before[n], or -1.
    private final ByteSink images = new ByteSink();
    private int[] before = new int[64];
    private int[] beforeLength = new int[64];
    private final Batch out;
    private final Batch history;
    private Output versions;

    /// @param rows versioned; keeps the table
    public SourceTableOperator(
            Schema schema, int[] keyColumns, PointState rows, RowErrors errors, Output output) {
        this.schema = schema;
        this.keyColumns = keyColumns.clone();
        this.rows = rows;
        this.errors = errors;
        this.output = output;
        this.format = new TableRows(schema, keyColumns);
        this.bareKeyColumns = IntStream.range(0, keyColumns.length).toArray();
        List<Field> keyFields = Arrays.stream(keyColumns).mapToObj(schema::field).toList();
        this.bareKeys = new KeyCodec(new Schema(keyFields), bareKeyColumns);
        this.slice = format.keySlice(rows);
        this.touched = new Touched(rows);
        this.out = Batch.of(schema);
        this.history = Batch.of(schema);
    }

    /// Sends each version of each row, as it comes, to `to` from now on: the row before (-1) and
    /// the row after (+1), both with the time of the change. Null for no longer.
    public void versions(Output to) {
        versions = to;
    }

    /// Takes upserts, in order: all columns, weight +1.
    @Override
    public void accept(int input, Batch delta) {
        int size = delta.size();
        rows.lock();
        try {
            for (int from = 0; from < size; from += KeySlice.ROWS) {
                int to = Math.min(size, from + KeySlice.ROWS);
                slice.load(delta, from, to);
                for (int i = from; i < to; i++) {
                    int row = delta.row(i);
                    if (hasKey(delta, row, keyColumns)) {
                        upsert(delta, row, slice.key(i - from));
                    }
                }
                rows.breathe();
            }
        } finally {
            rows.unlock();
        }
        emitVersions();
    }

    private void emitVersions() {
        if (!history.isEmpty()) {
            versions.emit(history);
            history.clear();
        }
    }

    /// Puts aside what a change makes of the row of an entry.
    private void note(int entry, long rowTime) {
        if (versions != null && rows.valueLength(entry) >= 0) {
            format.read(rows.bytes(entry), rows.valueOffset(entry), history, -1);
            long[] times = history.rowTimes().values();
            times[history.physicalRows() - 1] = rowTime;
        }
    }

    /// Whether a row of all columns has a whole key; if not, it is reported.
    public boolean hasKey(Batch batch, int row) {
        return hasKey(batch, row, keyColumns);
    }

    private boolean hasKey(Batch batch, int row, int[] columns) {
        for (int i = 0; i < columns.length; i++) {
            if (batch.column(columns[i]).isNull(row)) {
                errors.failed(
                        batch,
                        row,
                        new SqlException(
                                SqlState.NOT_NULL_VIOLATION,
                                "key column \""
                                        + schema.field(keyColumns[i]).name()
                                        + "\" is null"));
                return false;
            }
        }
        return true;
    }

    private void upsert(Batch delta, int row, int key) {
        value.clear();
        format.writeValue(delta, row, value);
        int entry = slice.entry(key, value.size());
        int number = touch(entry);
        if (!sameRow(
                rows.bytes(entry),
                rows.valueOffset(entry),
                rows.valueLength(entry),
                value.array(),
                0,
                value.size())) {
            note(entry, delta.rowTime(row));
            if (versions != null) {
                history.appendRow(delta, row, 1);
            }
            touched.moved(number, rows.set(entry, value.array(), 0, value.size()));
        }
    }

    private static boolean sameRow(
            byte[] a, int aOffset, int aLength, byte[] b, int bOffset, int bLength) {
        int rowOffset = TableRows.ROW;
        return aLength == bLength
                && (aLength < 0
                        || Arrays.equals(
                                a,
                                aOffset + rowOffset,
                                aOffset + aLength,
                                b,
                                bOffset + rowOffset,
                                bOffset + bLength));
    }

    /// The entry's number in this step; at first touch its row is put aside.
    private int touch(int entry) {
        int number = touched.find(entry);
        if (number >= 0) {
            return number;
        }
        number = touched.add(entry);
        if (number == before.length) {
            before = Arrays.copyOf(before, number * 2);
            beforeLength = Arrays.copyOf(beforeLength, number * 2);
        }
        before[number] = images.size();
        beforeLength[number] = rows.valueLength(entry);
        if (beforeLength[number] > 0) {
            images.put(rows.bytes(entry), rows.valueOffset(entry), beforeLength[number]);
        }
        return number;
    }

    /// Takes tombstones, in order with the upserts.
    ///
    /// @param keys rows of the key columns only, in key order
    public void delete(Batch keys) {
        rows.lock();
        try {
            for (int i = 0; i < keys.size(); i++) {
                int row = keys.row(i);
                if (!hasKey(keys, row, bareKeyColumns)) {
                    continue;
                }
                key.clear();
                bareKeys.write(keys, row, key);
                int entry = rows.find(key.array(), 0, key.size());
                if (entry != PointState.NONE) {
                    touch(entry);
                    note(entry, keys.rowTime(row));
                    rows.erase(entry);
                }
            }
        } finally {
            rows.unlock();
        }
        emitVersions();
    }

    @Override
    public void endStep() {
        byte[] images = this.images.array();
        for (int number = 0; number < touched.size(); number++) {
            int entry = touched.entry(number);
            byte[] data = rows.bytes(entry);
            int length = rows.valueLength(entry);
            int at = rows.valueOffset(entry);
            if (sameRow(images, before[number], beforeLength[number], data, at, length)) {
                continue;
            }
            if (beforeLength[number] >= 0) {
                format.read(images, before[number], out, -1);
            }
            if (length >= 0) {
                format.read(data, at, out, 1);
            }
            if (out.size() >= BATCH_ROWS) {
                output.emit(out);
                out.clear();
            }
        }
        touched.clear();
        this.images.clear();
        if (!out.isEmpty()) {
            output.emit(out);
            out.clear();
        }
    }
}
