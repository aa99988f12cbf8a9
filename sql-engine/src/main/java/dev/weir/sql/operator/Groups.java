package dev.weir.sql.operator;

import dev.weir.sql.codec.ByteSink;

import java.util.Arrays;

/// The accumulators of an aggregate's groups, which are named by their number in the step.
///
/// ```
/// rows in the group, 8 bytes; latest row time, 8 bytes;
/// the slots of each accumulator, 8 bytes each;
/// then for each accumulator of variable size: length (4 bytes, -1 for none), bytes
/// ```
abstract class Groups {
    static final int ROWS = 0;
    static final int TIME = 8;
    static final int SLOTS = 16;

    private final int variableAt;
    private final byte[] empty;
    private final ByteSink rebuilt = new ByteSink();

    /// @param slots of all accumulators together
    /// @param variables how many accumulators have a part of variable size
    Groups(int slots, int variables) {
        this.variableAt = SLOTS + 8 * slots;
        this.empty = new byte[variableAt + 4 * variables];
        Slots.setLong(empty, TIME, Long.MIN_VALUE);
        for (int i = 0; i < variables; i++) {
            Slots.setInt(empty, variableAt + 4 * i, -1);
        }
    }

    /// What is kept of a group without rows. Not to be written to.
    final byte[] empty() {
        return empty;
    }

    /// The array that holds a group's accumulators, to be changed in place.
    abstract byte[] data(int number);

    /// Where a group's accumulators begin in [#data].
    abstract int at(int number);

    /// How many bytes a group's accumulators take.
    abstract int length(int number);

    /// Where a group's key begins in [#data].
    abstract int keyAt(int number);

    abstract int keyLength(int number);

    /// Gives a group accumulators of another length.
    abstract void replace(int number, byte[] bytes, int length);

    /// Where the n-th part of variable size begins: its length, then its bytes.
    final int variable(byte[] data, int at, int n) {
        int part = at + variableAt;
        for (int i = 0; i < n; i++) {
            part += 4 + Math.max(0, Slots.getInt(data, part));
        }
        return part;
    }

    /// Whether two groups have the same n-th part of variable size.
    final boolean sameVariable(byte[] a, int aAt, byte[] b, int bAt, int n) {
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
    final void setVariable(int number, int n, byte[] bytes, int offset, int length) {
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
        rebuilt.put(data, end, at + length(number) - end);
        replace(number, rebuilt.array(), rebuilt.size());
    }
}
