package dev.weir.sql.state;

import dev.weir.sql.codec.ByteSink;

import java.util.Arrays;

/// Keys and values copied out of a map.
final class Rows {
    private final ByteSink bytes = new ByteSink(32 << 10);
    private int[] bounds = new int[1024];
    private int count;

    void clear() {
        bytes.clear();
        count = 0;
    }

    void add(byte[] keys, int key, int keyLength, byte[] values, int value, int valueLength) {
        if (bounds.length < 2 * count + 2) {
            bounds = Arrays.copyOf(bounds, bounds.length * 2);
        }
        bounds[2 * count] = keyLength;
        bounds[2 * count + 1] = valueLength;
        count++;
        bytes.put(keys, key, keyLength);
        bytes.put(values, value, valueLength);
    }

    /// @return false when the visitor wants no more
    boolean visit(RowVisitor visitor) {
        byte[] data = bytes.array();
        int at = 0;
        for (int i = 0; i < count; i++) {
            int value = at + bounds[2 * i];
            int end = value + bounds[2 * i + 1];
            if (!visitor.row(data, at, value - at, data, value, end - value)) {
                return false;
            }
            at = end;
        }
        return true;
    }
}
