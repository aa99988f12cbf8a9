package dev.weir.sql.state;

import java.util.Arrays;

/// Records in chunks, allocated one after the other and never moved. A handle is the place of a
/// record: its chunk and its word within the chunk.
///
/// Every record starts with the head that the maps share:
///
/// ```
///  0 size        bytes of the whole record, a multiple of 8
///  4 hash        of the key (point), or height of the tower (ordered)
///  8 key length  lower 24 bits; upper 8 bits: flags
/// 12 value length, -1 when the key has no value
/// 16 generation of the last change
/// 20 slot       free for the owner; of a dead record: the handle that replaced it
/// ```
final class Arena {
    static final int NONE = -1;

    static final int SIZE = 0;
    static final int HASH = 4;
    static final int KEY_LENGTH = 8;
    static final int VALUE_LENGTH = 12;
    static final int GENERATION = 16;
    static final int SLOT = 20;

    /// Replaced by another record, or unlinked: nobody finds it any more.
    static final int DEAD = 1 << 24;

    /// Read or changed since the cleaner last came by.
    static final int USED = 1 << 25;

    /// RocksDB has, or will have after the checkpoint under way, something under this key.
    static final int ON_DISK = 1 << 26;

    /// Counted in [#dead] although still found: a deleted key.
    static final int HOLLOW = 1 << 27;

    static final int MAX_KEY = DEAD - 1;

    private static final int WORD_BITS = 15;
    private static final int WORD_MASK = (1 << WORD_BITS) - 1;
    private static final int CHUNK_BYTES = 8 << WORD_BITS;
    private static final int FIRST_CHUNK_BYTES = 4096;

    private byte[][] chunks = new byte[4][];
    private int[] used = new int[4];
    private int[] dead = new int[4];
    private int[] generation = new int[4];
    private long[] order = new long[4];
    private int current = -1;
    private int made;
    private long nextOrder;
    private long bytes;

    byte[] chunk(int handle) {
        return chunks[handle >>> WORD_BITS];
    }

    static int offset(int handle) {
        return (handle & WORD_MASK) << 3;
    }

    static int handle(int chunk, int offset) {
        return chunk << WORD_BITS | offset >>> 3;
    }

    static int chunkOf(int handle) {
        return handle >>> WORD_BITS;
    }

    /// Room for a record; its bytes are not cleared.
    int allocate(int size) {
        if (current < 0 || chunks[current].length - used[current] < size) {
            addChunk(size);
        }
        int at = used[current];
        used[current] = at + size;
        Words.setInt(chunks[current], at + SIZE, size);
        return handle(current, at);
    }

    private void addChunk(int size) {
        int index = 0;
        while (index < made && chunks[index] != null) {
            index++;
        }
        if (index == chunks.length) {
            int length = index * 2;
            chunks = Arrays.copyOf(chunks, length);
            used = Arrays.copyOf(used, length);
            dead = Arrays.copyOf(dead, length);
            generation = Arrays.copyOf(generation, length);
            order = Arrays.copyOf(order, length);
        }
        if (index >= 1 << (31 - WORD_BITS)) {
            throw new IllegalStateException("more than 16 GiB of state in one map");
        }
        made = Math.max(made, index + 1);
        // Small maps stay small: chunks double up to their full size.
        int length = Math.min(CHUNK_BYTES, FIRST_CHUNK_BYTES << Math.min(10, nextOrder));
        chunks[index] = new byte[Math.max(length, size)];
        used[index] = 0;
        dead[index] = 0;
        generation[index] = 0;
        order[index] = nextOrder++;
        bytes += chunks[index].length;
        current = index;
    }

    void free(int chunk) {
        bytes -= chunks[chunk].length;
        chunks[chunk] = null;
        if (chunk == current) {
            current = -1;
        }
    }

    /// Empties this arena into another one, which then has its records under the same handles.
    Arena detach() {
        Arena detached = new Arena();
        detached.chunks = chunks;
        detached.used = used;
        detached.dead = dead;
        detached.generation = generation;
        detached.order = order;
        detached.made = made;
        chunks = new byte[4][];
        used = new int[4];
        dead = new int[4];
        generation = new int[4];
        order = new long[4];
        made = 0;
        current = -1;
        nextOrder = 0;
        bytes = 0;
        return detached;
    }

    /// Memory held.
    long bytes() {
        return bytes;
    }

    /// The chunk allocated from, or -1.
    int current() {
        return current;
    }

    /// The chunks in use, oldest first.
    int[] chunksByAge() {
        long[] byAge = new long[made];
        int count = 0;
        for (int i = 0; i < made; i++) {
            if (chunks[i] != null) {
                byAge[count++] = order[i] << 16 | i;
            }
        }
        Arrays.sort(byAge, 0, count);
        int[] result = new int[count];
        for (int i = 0; i < count; i++) {
            result[i] = (int) byAge[i] & 0xFFFF;
        }
        return result;
    }

    int used(int chunk) {
        return used[chunk];
    }

    int dead(int chunk) {
        return dead[chunk];
    }

    long deadBytes() {
        long sum = 0;
        for (int i = 0; i < made; i++) {
            if (chunks[i] != null) {
                sum += dead[i];
            }
        }
        return sum;
    }

    void addDead(int handle, int size) {
        dead[handle >>> WORD_BITS] += size;
    }

    /// The newest generation that changed something in the chunk.
    int generation(int chunk) {
        return generation[chunk];
    }

    int generationOf(int handle) {
        return Words.getInt(chunk(handle), offset(handle) + GENERATION);
    }

    void stamp(int handle, int changedIn) {
        Words.setInt(chunk(handle), offset(handle) + GENERATION, changedIn);
        int chunk = handle >>> WORD_BITS;
        if (generation[chunk] < changedIn) {
            generation[chunk] = changedIn;
        }
    }

    int size(int handle) {
        return Words.getInt(chunk(handle), offset(handle) + SIZE);
    }

    /// Loads a record's first two cache lines; the result is of no use.
    int touch(int handle) {
        byte[] chunk = chunk(handle);
        int at = offset(handle);
        return chunk[at] + chunk[Math.min(at + 64, chunk.length - 1)];
    }

    int hash(int handle) {
        return Words.getInt(chunk(handle), offset(handle) + HASH);
    }

    int keyLength(int handle) {
        return Words.getInt(chunk(handle), offset(handle) + KEY_LENGTH) & MAX_KEY;
    }

    int valueLength(int handle) {
        return Words.getInt(chunk(handle), offset(handle) + VALUE_LENGTH);
    }

    void setValueLength(int handle, int length) {
        Words.setInt(chunk(handle), offset(handle) + VALUE_LENGTH, length);
    }

    int slot(int handle) {
        return Words.getInt(chunk(handle), offset(handle) + SLOT);
    }

    void setSlot(int handle, int slot) {
        Words.setInt(chunk(handle), offset(handle) + SLOT, slot);
    }

    boolean has(int handle, int flag) {
        return (Words.getInt(chunk(handle), offset(handle) + KEY_LENGTH) & flag) != 0;
    }

    void set(int handle, int flag) {
        byte[] chunk = chunk(handle);
        int at = offset(handle) + KEY_LENGTH;
        Words.setInt(chunk, at, Words.getInt(chunk, at) | flag);
    }

    void unset(int handle, int flag) {
        byte[] chunk = chunk(handle);
        int at = offset(handle) + KEY_LENGTH;
        Words.setInt(chunk, at, Words.getInt(chunk, at) & ~flag);
    }
}
