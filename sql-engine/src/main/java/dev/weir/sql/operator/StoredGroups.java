package dev.weir.sql.operator;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.state.PointState;

import java.util.Arrays;

/// The groups of an aggregate: their accumulators in a point state, and the images from before the
/// step of those that the step has touched. Groups are named by their number in the step.
///
/// ```
/// key   = the group columns, as KeyCodec has them
/// value = the accumulators, as Groups has them
/// ```
final class StoredGroups extends Groups {
    final PointState state;
    private final Touched touched;
    private final ByteSink images = new ByteSink(1024);
    private int[] imageAt = new int[64];
    private int[] imageLength = new int[64];

    /// @param slots of all accumulators together
    /// @param variables how many accumulators have a part of variable size
    StoredGroups(PointState state, int slots, int variables) {
        super(slots, variables);
        this.state = state;
        this.touched = new Touched(state);
    }

    /// The number of the group with a key, made if need be.
    int number(KeySlice keys, int key) {
        int entry = keys.entry(key, empty().length);
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
        int entry = state.entry(empty(), 0, 0, empty().length);
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
            touched.moved(number, state.set(entry, empty(), 0, empty().length));
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

    @Override
    byte[] data(int number) {
        return state.bytes(touched.entry(number));
    }

    @Override
    int at(int number) {
        return state.valueOffset(touched.entry(number));
    }

    @Override
    int length(int number) {
        return state.valueLength(touched.entry(number));
    }

    @Override
    void replace(int number, byte[] bytes, int length) {
        touched.moved(number, state.set(touched.entry(number), bytes, 0, length));
    }

    @Override
    int keyAt(int number) {
        return state.keyOffset(touched.entry(number));
    }

    @Override
    int keyLength(int number) {
        return state.keyLength(touched.entry(number));
    }

    void erase(int number) {
        state.erase(touched.entry(number));
    }

    void clear() {
        touched.clear();
        images.clear();
    }
}
