package dev.weir.sql.batch;

import java.util.Arrays;

/// Booleans (0 or 1), integers, dates, times and timestamps as longs.
public final class LongColumn implements Column {
    private final NullMask nulls = new NullMask();
    private long[] values = new long[16];
    private int size;

    public void append(long value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
    }

    public long get(int row) {
        return values[row];
    }

    /// The backing array: rows 0 to size-1 are valid until the next append. NULL rows hold 0.
    public long[] values() {
        return values;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean isNull(int row) {
        return nulls.isNull(row);
    }

    @Override
    public boolean hasNoNulls() {
        return nulls.none();
    }

    @Override
    public void appendNull() {
        nulls.setNull(size);
        append(0);
    }

    @Override
    public void appendFrom(Column source, int row) {
        LongColumn from = (LongColumn) source;
        if (from.isNull(row)) {
            appendNull();
        } else {
            append(from.values[row]);
        }
    }

    @Override
    public void appendFrom(Column source, int[] rows, int count) {
        LongColumn from = (LongColumn) source;
        if (values.length - size < count) {
            values = Arrays.copyOf(values, Math.max(values.length * 2, size + count));
        }
        if (!from.nulls.none()) {
            for (int i = 0; i < count; i++) {
                if (from.isNull(rows[i])) {
                    nulls.setNull(size + i);
                }
            }
        }
        long[] read = from.values;
        for (int i = 0; i < count; i++) {
            values[size + i] = read[rows[i]];
        }
        size += count;
    }

    @Override
    public void clear() {
        size = 0;
        nulls.clear();
    }
}
