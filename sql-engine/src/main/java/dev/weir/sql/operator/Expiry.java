package dev.weir.sql.operator;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.state.LaneStore;
import dev.weir.sql.state.OrderedState;

import java.util.Arrays;

/// The groups of an operator in the order of the time at which they end, so that those that have
/// ended are found without looking at the others. Each shard has an order of its own: so the entry
/// of a group is kept by the lane that keeps the group.
///
/// ```
/// key   = two bytes that hash to the group's shard, which are the prefix;
///         end, 8 bytes, sign bit flipped; the group's key
/// value = nothing
/// ```
final class Expiry {
    /// Most groups taken at once.
    private static final int SLICE = 1024;

    private static final int SHARDS = 256;
    private static final byte[][] PREFIXES = prefixes();
    private static final byte[] NOTHING = {};

    private final OrderedState state;
    private final OrderedState.Cursor cursor;
    private final ByteSink key = new ByteSink();

    /// No entry of a shard ends before.
    private final long[] earliest = new long[SHARDS];

    private final ByteSink taken = new ByteSink();
    private int[] takenAt = new int[64];
    private int takenCount;

    /// @param state holds nothing else
    /// @param lane one of `lanes`, whose groups these are
    Expiry(OrderedState state, int lane, int lanes) {
        this.state = state;
        this.cursor = state.cursor();
        // What an earlier run has left has not been looked at yet.
        for (int shard = 0; shard < SHARDS; shard++) {
            byte[] prefix = PREFIXES[shard];
            earliest[shard] =
                    LaneStore.laneOf(prefix, 0, prefix.length, lanes) == lane
                            ? Long.MIN_VALUE
                            : Long.MAX_VALUE;
        }
    }

    private static byte[][] prefixes() {
        byte[][] prefixes = new byte[SHARDS][];
        int missing = SHARDS;
        for (int i = 0; missing > 0; i++) {
            byte[] prefix = {(byte) (i >>> 8), (byte) i};
            int shard = LaneStore.laneOf(prefix, 0, prefix.length, SHARDS);
            if (prefixes[shard] == null) {
                prefixes[shard] = prefix;
                missing--;
            }
        }
        return prefixes;
    }

    /// The two bytes that stand for a shard.
    static byte[] prefix(int shard) {
        return PREFIXES[shard].clone();
    }

    void lock() {
        state.lock();
    }

    void unlock() {
        state.unlock();
    }

    /// Takes a group up.
    void add(long end, byte[] group, int offset, int length) {
        int shard = setKey(end, group, offset, length);
        state.put(key.array(), 0, 2, key.size(), NOTHING, 0, 0);
        earliest[shard] = Math.min(earliest[shard], end);
    }

    /// Gives up a group that was taken up with that end.
    void remove(long end, byte[] group, int offset, int length) {
        setKey(end, group, offset, length);
        state.erase(state.find(key.array(), 0, 2, key.size()));
    }

    /// @return the group's shard
    private int setKey(long end, byte[] group, int offset, int length) {
        int shard = LaneStore.laneOf(group, offset, length, SHARDS);
        key.clear();
        key.put(PREFIXES[shard]);
        key.putLong(end ^ Long.MIN_VALUE);
        key.put(group, offset, length);
        return shard;
    }

    /// Takes out some of the groups that end at a time or before, in order for each shard.
    ///
    /// @return how many; none when there are no more
    int take(long through) {
        taken.clear();
        takenCount = 0;
        for (int shard = 0; shard < SHARDS && takenCount < SLICE; shard++) {
            if (earliest[shard] <= through) {
                takeFrom(shard, through);
            }
        }
        return takenCount;
    }

    private void takeFrom(int shard, long through) {
        int first = takenCount;
        long next = Long.MAX_VALUE;
        cursor.seek(PREFIXES[shard], 0, 2);
        while (cursor.next()) {
            long end = Slots.getLong(cursor.keys(), cursor.keyOffset() + 2) ^ Long.MIN_VALUE;
            if (end > through || takenCount == SLICE) {
                next = end;
                break;
            }
            if (takenCount + 1 >= takenAt.length) {
                takenAt = Arrays.copyOf(takenAt, takenAt.length * 2);
            }
            takenAt[takenCount++] = taken.size();
            taken.put(cursor.keys(), cursor.keyOffset(), cursor.keyLength());
            takenAt[takenCount] = taken.size();
        }
        earliest[shard] = next;
        for (int i = first; i < takenCount; i++) {
            state.erase(state.find(taken.array(), takenAt[i], 2, takenAt[i + 1] - takenAt[i]));
        }
    }

    /// The array that holds the groups taken.
    byte[] taken() {
        return taken.array();
    }

    /// When the i-th group taken ends.
    long takenEnd(int i) {
        return Slots.getLong(taken.array(), takenAt[i] + 2) ^ Long.MIN_VALUE;
    }

    /// Where the i-th group taken begins.
    int takenAt(int i) {
        return takenAt[i] + 10;
    }

    int takenLength(int i) {
        return takenAt[i + 1] - takenAt[i] - 10;
    }
}
