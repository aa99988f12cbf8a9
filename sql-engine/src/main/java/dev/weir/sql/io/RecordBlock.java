package dev.weir.sql.io;

import java.util.Arrays;

/// Raw records of one partition in columns: one byte arena, and for each record its offset,
/// timestamp and where its key and value lie in the arena. Reused; no object per record.
///
/// A length of -1 means a null key or value (a tombstone).
public final class RecordBlock {
    private byte[] arena = new byte[1 << 12];
    private int used;
    private int count;
    private int appended;
    private long[] offsets = new long[64];
    private long[] timestamps = new long[64];
    private int[] keyAt = new int[64];
    private int[] keyLength = new int[64];
    private int[] valueAt = new int[64];
    private int[] valueLength = new int[64];

    /// Appends a record; a null array with length -1 is a null key or value.
    ///
    /// @param offset the record's offset, or -1 when it is still to be assigned
    /// @param timestampMs milliseconds since the epoch
    public void append(
            long offset,
            long timestampMs,
            byte[] key,
            int keyOffset,
            int keySize,
            byte[] value,
            int valueOffset,
            int valueSize) {
        if (count == offsets.length) {
            grow();
        }
        offsets[count] = offset;
        timestamps[count] = timestampMs;
        keyAt[count] = copy(key, keyOffset, keySize);
        keyLength[count] = keySize;
        valueAt[count] = copy(value, valueOffset, valueSize);
        valueLength[count] = valueSize;
        count++;
    }

    /// Appends a record of whole arrays, either of which may be null.
    public void append(long offset, long timestampMs, byte[] key, byte[] value) {
        append(
                offset,
                timestampMs,
                key,
                0,
                key == null ? -1 : key.length,
                value,
                0,
                value == null ? -1 : value.length);
    }

    private int copy(byte[] source, int offset, int length) {
        if (length <= 0) {
            return used;
        }
        if (arena.length - used < length) {
            arena = Arrays.copyOf(arena, Math.max(arena.length * 2, Math.addExact(used, length)));
        }
        System.arraycopy(source, offset, arena, used, length);
        int at = used;
        used += length;
        return at;
    }

    private void grow() {
        int capacity = count * 2;
        offsets = Arrays.copyOf(offsets, capacity);
        timestamps = Arrays.copyOf(timestamps, capacity);
        keyAt = Arrays.copyOf(keyAt, capacity);
        keyLength = Arrays.copyOf(keyLength, capacity);
        valueAt = Arrays.copyOf(valueAt, capacity);
        valueLength = Arrays.copyOf(valueLength, capacity);
    }

    public void clear() {
        used = 0;
        count = 0;
        appended = 0;
    }

    /// How many of the records, from the first on, have been appended to their partition: where an
    /// append that failed on the way goes on when it is tried again.
    public int appended() {
        return appended;
    }

    /// Notes that the records below this one have been appended.
    public void appendedTo(int record) {
        appended = record;
    }

    public int count() {
        return count;
    }

    public boolean isEmpty() {
        return count == 0;
    }

    /// Bytes of keys and values held.
    public int bytes() {
        return used;
    }

    /// The bytes of all keys and values; valid until the next append.
    public byte[] arena() {
        return arena;
    }

    public long offset(int record) {
        return offsets[record];
    }

    public long timestamp(int record) {
        return timestamps[record];
    }

    public int keyAt(int record) {
        return keyAt[record];
    }

    /// The key's length, -1 when it is null.
    public int keyLength(int record) {
        return keyLength[record];
    }

    public int valueAt(int record) {
        return valueAt[record];
    }

    /// The value's length, -1 when it is null.
    public int valueLength(int record) {
        return valueLength[record];
    }

    /// A copy of the key, or null.
    public byte[] key(int record) {
        return keyLength[record] < 0
                ? null
                : Arrays.copyOfRange(arena, keyAt[record], keyAt[record] + keyLength[record]);
    }

    /// A copy of the value, or null.
    public byte[] value(int record) {
        return valueLength[record] < 0
                ? null
                : Arrays.copyOfRange(arena, valueAt[record], valueAt[record] + valueLength[record]);
    }
}
