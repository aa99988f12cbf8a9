package dev.weir.sql.operator;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.state.PointState;

import java.util.Arrays;

/// The sessions that a step is about, by their number in the step: those that its rows make, and
/// those from before that they meet. Each has a key, and the sessions of a key are found from it.
/// All of it is in memory, and forgotten when the step ends.
final class StepSessions extends Groups {
    private static final int NONE = -1;

    private byte[] bytes = new byte[1024];
    private int size;
    private int count;
    private int[] at = new int[64];
    private int[] length = new int[64];
    private long[] start = new long[64];
    private long[] end = new long[64];

    /// The session of the same key that came before it, or NONE.
    private int[] before = new int[64];

    private final ByteSink keys = new ByteSink();
    private int keyCount;
    private int[] keyAt = new int[65];
    private int[] keyHash = new int[64];

    /// The latest session of a key.
    private int[] last = new int[64];

    /// Open addressing with linear probing: 1 + the number of a key, or 0.
    private int[] index = new int[128];

    StepSessions(int slots, int variables) {
        super(slots, variables);
    }

    int keys() {
        return keyCount;
    }

    /// The array that holds all keys.
    byte[] keyBytes() {
        return keys.array();
    }

    int keyStart(int key) {
        return keyAt[key];
    }

    int keySize(int key) {
        return keyAt[key + 1] - keyAt[key];
    }

    /// The number of a key, made if need be.
    int key(byte[] data, int offset, int size) {
        int hash = PointState.hash(data, offset, size);
        int mask = index.length - 1;
        int slot = hash & mask;
        while (index[slot] != 0) {
            int key = index[slot] - 1;
            if (keyHash[key] == hash
                    && Arrays.equals(
                            keys.array(),
                            keyAt[key],
                            keyAt[key + 1],
                            data,
                            offset,
                            offset + size)) {
                return key;
            }
            slot = (slot + 1) & mask;
        }
        int key = keyCount++;
        if (key == last.length) {
            keyAt = Arrays.copyOf(keyAt, 2 * key + 1);
            keyHash = Arrays.copyOf(keyHash, 2 * key);
            last = Arrays.copyOf(last, 2 * key);
        }
        keys.put(data, offset, size);
        keyAt[key + 1] = keys.size();
        keyHash[key] = hash;
        last[key] = NONE;
        index[slot] = key + 1;
        if (2 * keyCount > index.length) {
            index = new int[index.length * 2];
            indexAll();
        }
        return key;
    }

    private void indexAll() {
        int mask = index.length - 1;
        for (int key = 0; key < keyCount; key++) {
            int slot = keyHash[key] & mask;
            while (index[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            index[slot] = key + 1;
        }
    }

    /// The session of a key that takes a row: the latest, if the row is near, or else a new one.
    /// They may turn out to be near each other when all are known.
    int take(int key, long time, long gapMs) {
        int number = last[key];
        if (number != NONE
                && time >= SessionOperator.minus(start[number], gapMs)
                && time <= SessionOperator.plus(end[number], gapMs)) {
            start[number] = Math.min(start[number], time);
            end[number] = Math.max(end[number], time);
            return number;
        }
        number = add(time, time, empty(), 0, empty().length);
        before[number] = last[key];
        last[key] = number;
        return number;
    }

    /// A session with its accumulators, of no key.
    int add(long from, long to, byte[] data, int offset, int size) {
        int number = count++;
        if (number == at.length) {
            at = Arrays.copyOf(at, 2 * number);
            length = Arrays.copyOf(length, 2 * number);
            start = Arrays.copyOf(start, 2 * number);
            end = Arrays.copyOf(end, 2 * number);
            before = Arrays.copyOf(before, 2 * number);
        }
        start[number] = from;
        end[number] = to;
        append(number, data, offset, size);
        return number;
    }

    private void append(int number, byte[] data, int offset, int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.addExact(Math.max(2 * bytes.length, size), more));
        }
        System.arraycopy(data, offset, bytes, size, more);
        at[number] = size;
        length[number] = more;
        size += more;
    }

    /// The sessions of a key that its rows made, in the order of their start.
    ///
    /// @param into made longer where it is too short
    int[] ofKey(int key, int[] into) {
        int found = 0;
        for (int number = last[key]; number != NONE; number = before[number]) {
            found++;
        }
        int[] numbers = into.length <= found ? new int[2 * found + 1] : into;
        int to = found;
        boolean sorted = true;
        for (int number = last[key]; number != NONE; number = before[number]) {
            numbers[--to] = number;
            sorted &= to + 1 == found || start[number] <= start[numbers[to + 1]];
        }
        if (!sorted) {
            int[] ordered =
                    Arrays.stream(numbers, 0, found)
                            .boxed()
                            .sorted((a, b) -> Long.compare(start[a], start[b]))
                            .mapToInt(Integer::intValue)
                            .toArray();
            System.arraycopy(ordered, 0, numbers, 0, found);
        }
        numbers[found] = NONE;
        return numbers;
    }

    long start(int number) {
        return start[number];
    }

    long end(int number) {
        return end[number];
    }

    @Override
    byte[] data(int number) {
        return bytes;
    }

    @Override
    int at(int number) {
        return at[number];
    }

    @Override
    int length(int number) {
        return length[number];
    }

    @Override
    void replace(int number, byte[] data, int more) {
        append(number, data, 0, more);
    }

    @Override
    int keyAt(int number) {
        throw new IllegalStateException("no function of sessions keeps values elsewhere");
    }

    @Override
    int keyLength(int number) {
        throw new IllegalStateException("no function of sessions keeps values elsewhere");
    }

    void clear() {
        size = 0;
        count = 0;
        keyCount = 0;
        keys.clear();
        Arrays.fill(index, 0);
    }
}
