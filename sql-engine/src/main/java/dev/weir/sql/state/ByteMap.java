package dev.weir.sql.state;

import static dev.weir.sql.state.Arena.NONE;

/// Byte keys to byte values: an open-addressing index with linear probing over an [Arena]. A key
/// without a value (length -1) may be kept: it stands for something known to be absent.
///
/// ```
///  0 head (see Arena)
/// 24 stamp       free for the owner
/// 32 ordinal     number of the key's first record; of a dead record: when it died
/// 40 key, padded to 8 bytes
///  … value, and room to grow
/// ```
final class ByteMap {
    static final int STAMP = 24;
    static final int ORDINAL = 32;
    static final int KEY = 40;

    final Arena arena = new Arena();
    private long[] index = new long[64];
    private int mask = 63;
    private int count;
    private long nextOrdinal = 1;

    /// The record of a key, or NONE.
    int find(int hash, byte[] key, int offset, int length) {
        int at = hash & mask;
        while (true) {
            long slot = index[at];
            if (slot == 0) {
                return NONE;
            }
            if ((int) (slot >>> 32) == hash) {
                int handle = (int) slot - 1;
                byte[] chunk = arena.chunk(handle);
                int record = Arena.offset(handle);
                int keyLength = Words.getInt(chunk, record + Arena.KEY_LENGTH) & Arena.MAX_KEY;
                if (keyLength == length && Words.equal(chunk, record + KEY, key, offset, length)) {
                    return handle;
                }
            }
            at = (at + 1) & mask;
        }
    }

    /// Brings the index slots and records of some hashes into the processor's cache: their loads
    /// wait for memory side by side here, but one after the other in [#find].
    ///
    /// @param scratch as long as `hashes`
    /// @return nothing of use; it keeps the loads from being optimized away
    int warm(int[] hashes, int[] scratch, int size) {
        for (int i = 0; i < size; i++) {
            scratch[i] = (int) index[hashes[i] & mask] - 1;
        }
        int sum = 0;
        for (int i = 0; i < size; i++) {
            int handle = scratch[i];
            if (handle != NONE) {
                sum += arena.touch(handle);
            }
        }
        return sum;
    }

    /// A new record, without value, for a key that is not there.
    ///
    /// @param room bytes that a value may take without moving the record
    int insert(int hash, byte[] key, int offset, int length, int room) {
        int handle = append(hash, key, offset, length, room);
        index(handle);
        return handle;
    }

    /// As [#insert], but the record is not found before [#index] has been called for it.
    int append(int hash, byte[] key, int offset, int length, int room) {
        if (length > Arena.MAX_KEY) {
            throw new IllegalArgumentException("key of " + length + " bytes");
        }
        int handle = newRecord(hash, key, offset, length, room);
        Words.setLong(arena.chunk(handle), Arena.offset(handle) + ORDINAL, nextOrdinal++);
        return handle;
    }

    void index(int handle) {
        if (++count > index.length - (index.length >>> 2) - (index.length >>> 3)) {
            grow();
        }
        add(arena.hash(handle), handle);
    }

    private int newRecord(int hash, byte[] key, int offset, int length, int room) {
        int handle = arena.allocate(Math.addExact(KEY + Words.pad(length), Words.pad(room)));
        byte[] chunk = arena.chunk(handle);
        int record = Arena.offset(handle);
        Words.setInt(chunk, record + Arena.HASH, hash);
        Words.setInt(chunk, record + Arena.KEY_LENGTH, length);
        Words.setInt(chunk, record + Arena.VALUE_LENGTH, -1);
        Words.setInt(chunk, record + Arena.GENERATION, 0);
        Words.setInt(chunk, record + Arena.SLOT, -1);
        Words.setLong(chunk, record + STAMP, Long.MIN_VALUE);
        System.arraycopy(key, offset, chunk, record + KEY, length);
        return handle;
    }

    private void add(int hash, int handle) {
        int at = hash & mask;
        while (index[at] != 0) {
            at = (at + 1) & mask;
        }
        index[at] = entry(hash, handle);
    }

    private static long entry(int hash, int handle) {
        return (long) hash << 32 | ((handle + 1) & 0xFFFF_FFFFL);
    }

    private void grow() {
        long[] old = index;
        index = new long[old.length * 2];
        mask = index.length - 1;
        for (long slot : old) {
            if (slot != 0) {
                int at = (int) (slot >>> 32) & mask;
                while (index[at] != 0) {
                    at = (at + 1) & mask;
                }
                index[at] = slot;
            }
        }
    }

    private int place(int handle) {
        long entry = entry(arena.hash(handle), handle);
        int at = (int) (entry >>> 32) & mask;
        while (index[at] != entry) {
            if (index[at] == 0) {
                throw new IllegalStateException("record is not in the index");
            }
            at = (at + 1) & mask;
        }
        return at;
    }

    /// Takes a record out of the index and marks it dead.
    void remove(int handle) {
        int hole = place(handle);
        int at = hole;
        // Closes the gap: moves back every later record of the run that may sit there.
        while (true) {
            at = (at + 1) & mask;
            long slot = index[at];
            if (slot == 0) {
                break;
            }
            int home = (int) (slot >>> 32) & mask;
            if (((at - home) & mask) >= ((at - hole) & mask)) {
                index[hole] = slot;
                hole = at;
            }
        }
        index[hole] = 0;
        count--;
        kill(handle, NONE);
    }

    /// Copies a record to the end of the arena with room for a longer value; the old one is dead.
    ///
    /// @return the new record
    int move(int handle, int room) {
        byte[] from = arena.chunk(handle);
        int record = Arena.offset(handle);
        int keyLength = arena.keyLength(handle);
        int moved = newRecord(arena.hash(handle), from, record + KEY, keyLength, room);
        byte[] to = arena.chunk(moved);
        int target = Arena.offset(moved);
        int valueLength = arena.valueLength(handle);
        // Flags and key length, value length, generation, slot, stamp and ordinal.
        System.arraycopy(from, record + 8, to, target + 8, KEY - 8);
        if (valueLength > 0) {
            System.arraycopy(
                    from,
                    record + KEY + Words.pad(keyLength),
                    to,
                    target + KEY + Words.pad(keyLength),
                    valueLength);
        }
        arena.unset(moved, Arena.HOLLOW);
        arena.stamp(moved, arena.generationOf(handle));
        index[place(handle)] = entry(arena.hash(handle), moved);
        kill(handle, moved);
        return moved;
    }

    private void kill(int handle, int successor) {
        if (!arena.has(handle, Arena.HOLLOW)) {
            arena.addDead(handle, arena.size(handle));
        }
        arena.set(handle, Arena.DEAD);
        arena.setSlot(handle, successor);
        Words.setLong(arena.chunk(handle), Arena.offset(handle) + ORDINAL, nextOrdinal++);
    }

    /// Where a record's value begins in its chunk.
    int valueOffset(int handle) {
        return Arena.offset(handle) + KEY + Words.pad(arena.keyLength(handle));
    }

    /// Bytes a record's value may take where it is.
    int room(int handle) {
        return arena.size(handle) - KEY - Words.pad(arena.keyLength(handle));
    }

    /// Writes a value, moving the record when it does not fit.
    ///
    /// @return the record, perhaps another than before
    int setValue(int handle, byte[] value, int offset, int length) {
        int at = handle;
        if (length > room(handle)) {
            // Values that grow once tend to grow again; first values are taken as they are.
            int room = arena.valueLength(handle) < 0 ? length : length + (length >>> 1);
            at = move(handle, room);
        }
        System.arraycopy(value, offset, arena.chunk(at), valueOffset(at), length);
        arena.setValueLength(at, length);
        return at;
    }

    long stamp(int handle) {
        return Words.getLong(arena.chunk(handle), Arena.offset(handle) + STAMP);
    }

    void setStamp(int handle, long stamp) {
        Words.setLong(arena.chunk(handle), Arena.offset(handle) + STAMP, stamp);
    }

    long ordinal(int handle) {
        return Words.getLong(arena.chunk(handle), Arena.offset(handle) + ORDINAL);
    }

    long nextOrdinal() {
        return nextOrdinal;
    }

    /// The number of keys, those without a value included.
    int count() {
        return count;
    }

    /// Memory held.
    long bytes() {
        return arena.bytes() + 8L * index.length;
    }
}
