package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.Arrays;

/// ORDER BY, OFFSET and LIMIT over a whole result, which it keeps in memory: for pull queries.
/// Stable. A row of weight n comes n times.
public final class SortOperator implements Operator {
    private static final int BATCH_ROWS = 4096;

    private final int[] columns;
    private final boolean[] descending;
    private final boolean[] nullsFirst;
    private final long offset;
    private final long limit;
    private final Output output;
    private final KeyCodec[] codecs;
    private final Batch rows;
    private final Batch out;
    private final CollectOperator consolidate;
    private boolean retracted;

    /// @param limit most rows to emit, or -1
    public SortOperator(
            Schema schema,
            int[] columns,
            boolean[] descending,
            boolean[] nullsFirst,
            long offset,
            long limit,
            Output output) {
        this.columns = columns.clone();
        this.descending = descending.clone();
        this.nullsFirst = nullsFirst.clone();
        this.offset = offset;
        this.limit = limit;
        this.output = output;
        this.codecs = new KeyCodec[columns.length];
        for (int i = 0; i < columns.length; i++) {
            codecs[i] = new KeyCodec(schema, new int[] {columns[i]});
        }
        this.rows = Batch.of(schema);
        this.out = Batch.of(schema);
        this.consolidate = new CollectOperator(schema, this::append);
    }

    @Override
    public void accept(int input, Batch delta) {
        append(delta);
    }

    private void append(Batch delta) {
        for (int i = 0; i < delta.size(); i++) {
            int row = delta.row(i);
            retracted |= delta.weight(row) < 0;
            rows.appendRow(delta, row, delta.weight(row));
        }
    }

    @Override
    public void endStep() {
        if (retracted) {
            consolidate.accept(0, rows);
            rows.clear();
            retracted = false;
            consolidate.endStep();
            if (retracted) {
                throw new IllegalStateException("a row was retracted that was never there");
            }
        }
        int[] order = sort();
        long skip = offset;
        long left = limit < 0 ? Long.MAX_VALUE : limit;
        for (int i = 0; i < order.length && left > 0; i++) {
            long copies = rows.weight(order[i]);
            long skipped = Math.min(skip, copies);
            skip -= skipped;
            for (copies = Math.min(copies - skipped, left); copies > 0; copies--) {
                out.appendRow(rows, order[i], 1);
                left--;
                if (out.size() == BATCH_ROWS) {
                    output.emit(out);
                    out.clear();
                }
            }
        }
        if (!out.isEmpty()) {
            output.emit(out);
            out.clear();
        }
        rows.clear();
    }

    private int[] sort() {
        int[] order = new int[rows.size()];
        Arrays.setAll(order, i -> i);
        if (columns.length == 0) {
            return order;
        }
        ByteSink keys = new ByteSink(1 << 16);
        int[] bounds = new int[order.length + 1];
        for (int i = 0; i < order.length; i++) {
            writeKey(i, keys);
            bounds[i + 1] = keys.size();
            if (keys.size() > Integer.MAX_VALUE / 2) {
                throw new SqlException(
                        SqlState.LIMIT_EXCEEDED,
                        null,
                        "result is too large to be sorted in memory",
                        "Narrow it with WHERE, or leave out ORDER BY.");
            }
        }
        mergeSort(order, new int[order.length], 0, order.length, keys.array(), bounds);
        return order;
    }

    /// Bytes whose unsigned order is the order asked for.
    private void writeKey(int row, ByteSink keys) {
        for (int c = 0; c < columns.length; c++) {
            int start = keys.size();
            codecs[c].write(rows, row, keys);
            byte[] data = keys.array();
            boolean isNull = rows.column(columns[c]).isNull(row);
            if (descending[c]) {
                for (int at = start + 1; at < keys.size(); at++) {
                    data[at] = (byte) ~data[at];
                }
            }
            data[start] = (byte) (isNull == nullsFirst[c] ? 0 : 1);
        }
    }

    private static void mergeSort(
            int[] order, int[] scratch, int from, int to, byte[] keys, int[] bounds) {
        if (to - from < 2) {
            return;
        }
        int middle = (from + to) >>> 1;
        mergeSort(order, scratch, from, middle, keys, bounds);
        mergeSort(order, scratch, middle, to, keys, bounds);
        if (compare(order[middle - 1], order[middle], keys, bounds) <= 0) {
            return;
        }
        System.arraycopy(order, from, scratch, from, middle - from);
        int left = from;
        int right = middle;
        for (int at = from; left < middle; at++) {
            if (right == to || compare(scratch[left], order[right], keys, bounds) <= 0) {
                order[at] = scratch[left++];
            } else {
                order[at] = order[right++];
            }
        }
    }

    private static int compare(int a, int b, byte[] keys, int[] bounds) {
        return Arrays.compareUnsigned(
                keys, bounds[a], bounds[a + 1], keys, bounds[b], bounds[b + 1]);
    }
}
