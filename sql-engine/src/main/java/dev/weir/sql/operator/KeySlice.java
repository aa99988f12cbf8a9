package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.state.PointState;

import java.util.Arrays;

/// The keys of a slice of a batch, written before any is looked up: so the state can fetch their
/// entries from memory side by side. Rows with the same key that come together share it.
final class KeySlice {
    /// Most rows in a slice.
    static final int ROWS = 1024;

    private final KeyCodec codec;
    private final PointState state;
    private final ByteSink bytes = new ByteSink(16 << 10);
    private final int[] keyOfRow = new int[ROWS];
    private final int[] starts = new int[ROWS + 1];
    private final int[] hashes = new int[ROWS];
    private final int[] scratch = new int[ROWS];

    KeySlice(KeyCodec codec, PointState state) {
        this.codec = codec;
        this.state = state;
    }

    /// Takes the visible rows `from` to `to`.
    void load(Batch in, int from, int to) {
        bytes.clear();
        int count = 0;
        int before = -1;
        for (int i = from; i < to; i++) {
            int start = bytes.size();
            codec.write(in, in.row(i), bytes);
            byte[] data = bytes.array();
            int end = bytes.size();
            if (before >= 0 && Arrays.equals(data, before, start, data, start, end)) {
                bytes.truncate(start);
            } else {
                before = start;
                starts[count] = start;
                hashes[count++] = PointState.hash(data, start, end - start);
            }
            keyOfRow[i - from] = count - 1;
        }
        starts[count] = bytes.size();
        state.announce(hashes, scratch, count);
    }

    /// The key of the i-th row of the slice.
    int key(int i) {
        return keyOfRow[i];
    }

    /// The entry of a key, made if need be.
    int entry(int key, int room) {
        return state.entry(
                hashes[key], bytes.array(), starts[key], starts[key + 1] - starts[key], room);
    }
}
