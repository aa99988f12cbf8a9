package dev.weir.sql.batch;

import java.util.Arrays;

/// Values that have no flat form: `BigDecimal`, `List` (arrays and structs), `Map`.
public final class ObjectColumn implements Column {
    private Object[] values = new Object[16];
    private int size;
    private int nulls;

    /// @param value the value, or null for NULL
    public void append(Object value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, size * 2);
        }
        values[size++] = value;
        if (value == null) {
            nulls++;
        }
    }

    public Object get(int row) {
        return values[row];
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public boolean isNull(int row) {
        return values[row] == null;
    }

    @Override
    public boolean hasNoNulls() {
        return nulls == 0;
    }

    @Override
    public void appendNull() {
        append(null);
    }

    @Override
    public void appendFrom(Column source, int row) {
        append(((ObjectColumn) source).values[row]);
    }

    @Override
    public void appendFrom(Column source, int[] rows, int count) {
        ObjectColumn from = (ObjectColumn) source;
        for (int i = 0; i < count; i++) {
            append(from.values[rows[i]]);
        }
    }

    @Override
    public void clear() {
        Arrays.fill(values, 0, size, null);
        size = 0;
        nulls = 0;
    }
}
