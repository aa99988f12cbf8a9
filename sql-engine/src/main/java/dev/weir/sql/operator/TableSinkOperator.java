package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.state.PointState;

import java.util.Arrays;

/// Keeps the rows of a derived table and says, at the end of each step, what became of each key.
///
/// The deltas of a step come in any order: a key's rows may be inserted before the old one is
/// retracted. They are added up per key together with the row kept; what remains must be one row of
/// weight 1, or none.
public final class TableSinkOperator implements Operator {
    private static final int BATCH_ROWS = 4096;
    private static final int SLICE_ROWS = 512;
    private static final int NONE = -1;

    private final String table;
    private final PointState rows;
    private final Output changes;
    private final Output output;
    private final TableRows format;
    private final Touched touched;
    private final KeySlice keys;

    // For each key touched: its candidate rows as a list, the latest first, and the one kept
    // before.
    private int[] first = new int[64];
    private int[] kept = new int[64];

    // Candidate rows: bytes (row time first), sum of weights, the next of the same key.
    private final ByteSink bytes = new ByteSink();
    private int[] start = new int[64];
    private int[] length = new int[64];
    private long[] weight = new long[64];
    private int[] next = new int[64];
    private int candidates;

    private final Batch net;
    private final Batch delta;

    /// @param table name for messages
    /// @param rows versioned; keeps the table
    /// @param changes gets each net change in the order of first touch: a row that came or took the
    ///   place of another with weight +1, a row that went with weight -1
    /// @param output gets the same as a delta: old rows with -1, new rows with +1
    public TableSinkOperator(
            String table,
            Schema schema,
            int[] keyColumns,
            PointState rows,
            Output changes,
            Output output) {
        this.table = table;
        this.rows = rows;
        this.changes = changes;
        this.output = output;
        this.format = new TableRows(schema, keyColumns);
        this.keys = format.keySlice(rows);
        this.touched = new Touched(rows);
        this.net = Batch.of(schema);
        this.delta = Batch.of(schema);
    }

    @Override
    public void accept(int input, Batch batch) {
        int size = batch.size();
        rows.lock();
        try {
            for (int from = 0; from < size; from += KeySlice.ROWS) {
                int to = Math.min(size, from + KeySlice.ROWS);
                keys.load(batch, from, to);
                for (int i = from; i < to; i++) {
                    // No room for a value yet: the row may not be the key's last.
                    int entry = keys.entry(keys.key(i - from), 0);
                    int number = touched.find(entry);
                    if (number < 0) {
                        number = touch(entry);
                    }
                    add(number, batch, batch.row(i));
                }
                rows.breathe();
            }
        } finally {
            rows.unlock();
        }
    }

    private int touch(int entry) {
        int number = touched.add(entry);
        if (number == first.length) {
            first = Arrays.copyOf(first, number * 2);
            kept = Arrays.copyOf(kept, number * 2);
        }
        first[number] = NONE;
        kept[number] = NONE;
        int size = rows.valueLength(entry);
        if (size >= 0) {
            int at = bytes.size();
            bytes.put(rows.bytes(entry), rows.valueOffset(entry), size);
            kept[number] = candidate(number, at, 1);
        }
        return number;
    }

    private int candidate(int number, int at, long initialWeight) {
        if (candidates == start.length) {
            int size = candidates * 2;
            start = Arrays.copyOf(start, size);
            length = Arrays.copyOf(length, size);
            weight = Arrays.copyOf(weight, size);
            next = Arrays.copyOf(next, size);
        }
        start[candidates] = at;
        length[candidates] = bytes.size() - at;
        weight[candidates] = initialWeight;
        next[candidates] = first[number];
        first[number] = candidates;
        return candidates++;
    }

    private void add(int number, Batch batch, int row) {
        int at = bytes.size();
        format.writeValue(batch, row, bytes);
        byte[] data = bytes.array();
        int size = bytes.size() - at;
        for (int c = first[number]; c != NONE; c = next[c]) {
            if (length[c] == size
                    && Arrays.equals(
                            data,
                            start[c] + TableRows.ROW,
                            start[c] + size,
                            data,
                            at + TableRows.ROW,
                            at + size)) {
                weight[c] = Math.addExact(weight[c], batch.weight(row));
                if (c != kept[number] && Slots.getLong(data, start[c]) < batch.rowTime(row)) {
                    Slots.setLong(data, start[c], batch.rowTime(row));
                }
                bytes.truncate(at);
                return;
            }
        }
        candidate(number, at, batch.weight(row));
    }

    @Override
    public void endStep() {
        for (int number = 0; number < touched.size(); number++) {
            // From now on `first` is the row the key ends up with.
            first[number] = outcome(number);
        }
        int number = 0;
        while (number < touched.size()) {
            rows.lock();
            try {
                int slice = Math.min(touched.size(), number + SLICE_ROWS);
                for (; number < slice; number++) {
                    apply(number);
                }
            } finally {
                rows.unlock();
            }
            if (delta.size() >= BATCH_ROWS) {
                emit();
            }
        }
        touched.clear();
        bytes.clear();
        candidates = 0;
        emit();
    }

    /// The candidate that remains, or NONE.
    private int outcome(int number) {
        int remaining = NONE;
        long latest = Long.MIN_VALUE;
        for (int c = first[number]; c != NONE; c = next[c]) {
            latest = Math.max(latest, Slots.getLong(bytes.array(), start[c]));
            if (weight[c] == 0) {
                continue;
            }
            if (weight[c] < 0) {
                throw new IllegalStateException(
                        "a row of table \"" + table + "\" was retracted that was never there");
            }
            if (weight[c] > 1 || remaining != NONE) {
                throw new SqlException(
                        SqlState.INVALID_TABLE_DEFINITION,
                        null,
                        "more than one row for the same key of table \"" + table + "\"",
                        "Select columns that identify the row as its key, or aggregate with GROUP"
                                + " BY.");
            }
            remaining = c;
        }
        if (remaining == NONE && kept[number] != NONE) {
            // A deletion happens at the latest time that had a part in it.
            Slots.setLong(bytes.array(), start[kept[number]], latest);
        }
        return remaining;
    }

    private void apply(int number) {
        int before = kept[number];
        int after = first[number];
        if (before == after) {
            return;
        }
        byte[] data = bytes.array();
        int entry = touched.entry(number);
        if (before != NONE) {
            format.read(data, start[before], delta, -1);
        }
        if (after == NONE) {
            rows.erase(entry);
            format.read(data, start[before], net, -1);
        } else {
            rows.set(entry, data, start[after], length[after]);
            format.read(data, start[after], delta, 1);
            format.read(data, start[after], net, 1);
        }
    }

    private void emit() {
        if (net.isEmpty()) {
            return;
        }
        changes.emit(net);
        output.emit(delta);
        net.clear();
        delta.clear();
    }
}
