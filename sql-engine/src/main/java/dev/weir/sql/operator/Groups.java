package dev.weir.sql.operator;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.state.PointState;

import java.util.Arrays;

/// The groups of an aggregate: their accumulators in a point state, and the images from before the
/// step of those that the step has touched. Groups are named by their number in the step.
///
/// ```
/// key   = the group columns, as KeyCodec has them
/// value = rows in the group, 8 bytes; latest row time, 8 bytes;
///         the slots of each accumulator, 8 bytes each;
///         then for each accumulator of variable size: length (4 bytes, -1 for none), bytes
/// ```
final class Groups {
    static final int ROWS = 0;
    static final int TIME = 8;
    static final int SLOTS = 16;

    final PointState state;
    private final Touched touched;
    private final byte[] empty;
    private final int variableAt;
    private final ByteSink images = new ByteSink(1024);
    private final ByteSink rebuilt = new ByteSink();
    private int[] imageAt = new int[64];
    private int[] imageLength = new int[64];

    /// @param slots of all accumulators together
    /// @param variables how many accumulators have a part of variable size
    Groups(PointState state, int slots, int variables) {
        this.state = state;
        this.touched = new Touched(state);
        this.variableAt = SLOTS + 8 * slots;
        this.empty = new byte[variableAt + 4 * variables];
        Slots.setLong(empty, TIME, Long.MIN_VALUE);
        for (int i = 0; i < variables; i++) {
            Slots.setInt(empty, variableAt + 4 * i, -1);
        }
    }

    /// The number of the group with a key, made if need be.
    int number(KeySlice keys, int key) {
        int entry = keys.entry(key, empty.length);
        int number = touched.find(entry);
        return number >= 0 ? number : touch(entry);
    }

    /// The number of a group that is there, or -1.
    int find(byte[] key, int offset, int length) {
        int entry = state.find(key, offset, length);
        if (entry == PointState.NONE) {
            return -1;
        }
        int number = touched.find(entry);
        return number >= 0 ? number : touch(entry);
    }

    /// The number of the group without group columns.
    int everything() {
        int entry = state.entry(empty, 0, 0, empty.length);
        int number = touched.find(entry);
        return number >= 0 ? number : touch(entry);
    }

    /// Fetches some groups from memory ahead of their use.
    void announce(int from, int to) {
        for (int number = from; number < to; number++) {
            state.announce(touched.entry(number));
        }
    }

    private int touch(int entry) {
        int number = touched.add(entry);
        if (number == imageAt.length) {
            imageAt = Arrays.copyOf(imageAt, number * 2);
            imageLength = Arrays.copyOf(imageLength, number * 2);
        }
        int length = state.valueLength(entry);
        imageAt[number] = images.size();
        imageLength[number] = length;
        if (length < 0) {
            touched.moved(number, state.set(entry, empty, 0, empty.length));
        } else {
            images.put(state.bytes(entry), state.valueOffset(entry), length);
            state.edit(entry);
        }
        return number;
    }

    int size() {
        return touched.size();
    }

    /// Whether the group was there before the step.
    boolean wasThere(int number) {
        return imageLength[number] >= 0;
    }

    /// The array that holds the accumulators as of before the step.
    byte[] images() {
        return images.array();
    }

    int imageAt(int number) {
        return imageAt[number];
    }

    /// The array that holds a group's accumulators, to be changed in place.
    byte[] data(int number) {
        return state.bytes(touched.entry(number));
    }

    /// Where a group's accumulators begin in [#data].
    int at(int number) {
        return state.valueOffset(touched.entry(number));
    }

    /// Where a group's key begins in [#data].
    int keyAt(int number) {
        return state.keyOffset(touched.entry(number));
    }

    int keyLength(int number) {
        return state.keyLength(touched.entry(number));
    }

    void erase(int number) {
        state.erase(touched.entry(number));
    }

    /// Where the n-th part of variable size begins: its length, then its bytes.
    int variable(byte[] data, int at, int n) {
        int part = at + variableAt;
        for (int i = 0; i < n; i++) {
            part += 4 + Math.max(0, Slots.getInt(data, part));
        }
        return part;
    }

    /// Whether two groups have the same n-th part of variable size.
    boolean sameVariable(byte[] a, int aAt, byte[] b, int bAt, int n) {
        int x = variable(a, aAt, n);
        int y = variable(b, bAt, n);
        return Arrays.equals(
                a,
                x,
                x + 4 + Math.max(0, Slots.getInt(a, x)),
                b,
                y,
                y + 4 + Math.max(0, Slots.getInt(b, y)));
    }

    /// Replaces the n-th part of variable size.
    ///
    /// @param length -1 for none
    void setVariable(int number, int n, byte[] bytes, int offset, int length) {
        byte[] data = data(number);
        int at = at(number);
        int part = variable(data, at, n);
        int old = Slots.getInt(data, part);
        if (old == length) {
            System.arraycopy(bytes, offset, data, part + 4, Math.max(0, length));
            return;
        }
        int end = part + 4 + Math.max(0, old);
        rebuilt.clear();
        rebuilt.put(data, at, part - at);
        rebuilt.putInt(length);
        rebuilt.put(bytes, offset, Math.max(0, length));
        int entry = touched.entry(number);
        rebuilt.put(data, end, at + state.valueLength(entry) - end);
        touched.moved(number, state.set(entry, rebuilt.array(), 0, rebuilt.size()));
    }

    void clear() {
        touched.clear();
        images.clear();
    }
}
