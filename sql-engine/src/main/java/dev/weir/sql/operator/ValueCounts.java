package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.state.OrderedState;

/// The values of one aggregate function in each group, with how often they are there, in order.
///
/// ```
/// key   = the group's key, which is the prefix; number of the function, 2 bytes;
///         the value as KeyCodec has it, all bits flipped for the descending order
/// value = how often, 8 bytes
/// ```
final class ValueCounts {
    private final OrderedState state;
    private final int function;
    private final KeyCodec codec;
    private final boolean descending;
    private final OrderedState.Cursor cursor;
    private final ByteSink key = new ByteSink();
    private final byte[] count = new byte[8];
    private int head;

    /// @param state may be shared by functions with different numbers
    ValueCounts(OrderedState state, int function, Schema in, int column, boolean descending) {
        this.state = state;
        this.function = function;
        this.codec = new KeyCodec(in, new int[] {column});
        this.descending = descending;
        this.cursor = state.cursor();
    }

    static void flip(byte[] data, int from, int to) {
        for (int at = from; at < to; at++) {
            data[at] = (byte) ~data[at];
        }
    }

    /// Writes what a group's keys begin with.
    ///
    /// @return how much of it is the prefix
    private int begin(Groups groups, int number) {
        key.clear();
        key.put(groups.data(number), groups.keyAt(number), groups.keyLength(number));
        int prefix = key.size();
        key.put(function >>> 8);
        key.put(function);
        head = key.size();
        return prefix;
    }

    /// Adds to how often a row's value is there.
    ///
    /// @return how often it was there before
    long add(Groups groups, int number, Batch in, int row, long weight) {
        int prefix = begin(groups, number);
        codec.write(in, row, key);
        if (descending) {
            flip(key.array(), head, key.size());
        }
        int entry = state.find(key.array(), 0, prefix, key.size());
        if (entry == OrderedState.NONE) {
            Slots.setLong(count, 0, weight);
            state.put(key.array(), 0, prefix, key.size(), count, 0, count.length);
            return 0;
        }
        long before = Slots.getLong(state.bytes(entry), state.valueOffset(entry));
        if (before + weight == 0) {
            state.erase(entry);
        } else {
            Slots.setLong(state.edit(entry), state.valueOffset(entry), before + weight);
        }
        return before;
    }

    /// Goes before a group's first value. Nothing may be added until the last [#next].
    void seek(Groups groups, int number) {
        int prefix = begin(groups, number);
        cursor.seek(key.array(), 0, prefix, head);
    }

    /// Goes to the next value that is there.
    boolean next() {
        while (cursor.next()) {
            if (count() > 0) {
                return true;
            }
        }
        return false;
    }

    /// How often the value is there.
    long count() {
        return Slots.getLong(cursor.values(), cursor.valueOffset());
    }

    /// The array that holds the value as it is kept: flipped in the descending order.
    byte[] bytes() {
        return cursor.keys();
    }

    int valueAt() {
        return cursor.keyOffset() + head;
    }

    int valueLength() {
        return cursor.keyLength() - head;
    }

    /// Erases all values of a group.
    void clear(Groups groups, int number) {
        while (true) {
            seek(groups, number);
            if (!cursor.next()) {
                return;
            }
            key.clear();
            key.put(cursor.keys(), cursor.keyOffset(), cursor.keyLength());
            state.erase(state.find(key.array(), 0, groups.keyLength(number), key.size()));
        }
    }
}
