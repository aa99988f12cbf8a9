package dev.weir.sql.state;

import dev.weir.sql.codec.ByteSink;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// An operator's map of byte keys to byte values, iterated in the keys' unsigned order within a
/// prefix.
///
/// A key is a prefix and a rest; the prefix decides the shard, so all keys of a prefix lie
/// together. In memory it is a skip list (Pugh, CACM 1990) in an [Arena]; once it has outgrown
/// memory, iteration merges it with RocksDB: what the list says of a key hides what RocksDB says.
///
/// ```
/// 0 head (see Arena); the hash field is the height of the tower
/// 24 tower: height × 4 bytes, handle of the next record on each level, padded to 8
///  … shard, key; padded to 8
///  … value, and room to grow
/// ```
///
/// Owned by its lane, which holds [#lock] meanwhile. Handles hold until the next change.
public final class OrderedState extends StateMap {
    /// No such key.
    public static final int NONE = Arena.NONE;

    private static final int TOWER = 24;
    private static final int MAX_HEIGHT = 16;
    private static final int OPERATOR = 4;

    private final int[] head = new int[MAX_HEIGHT];
    private final int[] before = new int[MAX_HEIGHT];
    private final List<Disk.DiskScan> diskScans = new ArrayList<>();
    private byte[] probe = new byte[64];
    private int probeEnd;
    private long random = 0x2545F4914F6CDD1DL;
    private long rebuilds;

    OrderedState(Shared shared, int operator, Shards shards) {
        super(shared, operator, shards, Disk.ORDERED, new Arena());
        Arrays.fill(head, NONE);
    }

    /// The entry of a key, or NONE.
    ///
    /// @param prefixLength how much of the key is its prefix
    public int find(byte[] key, int offset, int prefixLength, int length) {
        setProbe(key, offset, prefixLength, length);
        int handle = search();
        if (handle == NONE && spilled) {
            byte[] value = shared.disk.get(Disk.ORDERED, probe, probeEnd);
            if (value != null) {
                handle = link(value.length);
                arena.set(handle, Arena.ON_DISK);
                arena.setValueLength(handle, value.length);
                System.arraycopy(value, 0, arena.chunk(handle), valueOffset(handle), value.length);
            }
        }
        return handle == NONE || arena.valueLength(handle) < 0 ? NONE : handle;
    }

    /// The array that holds an entry's key and value. Not to be written to.
    public byte[] bytes(int handle) {
        return arena.chunk(handle);
    }

    /// Where the value begins in [#bytes].
    @Override
    public int valueOffset(int handle) {
        return key(handle) + Words.pad(arena.keyLength(handle));
    }

    /// The value's length.
    public int valueLength(int handle) {
        return arena.valueLength(handle);
    }

    /// The array that holds an entry's value, which the caller is about to change in place.
    public byte[] edit(int handle) {
        changing(handle);
        return arena.chunk(handle);
    }

    /// Gives a key a value.
    public void put(
            byte[] key,
            int offset,
            int prefixLength,
            int length,
            byte[] value,
            int valueOffset,
            int valueLength) {
        setProbe(key, offset, prefixLength, length);
        int handle = search();
        if (handle == NONE) {
            handle = link(valueLength);
            if (spilled) {
                // Perhaps not, but then one deletion too many is written later.
                arena.set(handle, Arena.ON_DISK);
            }
        } else if (arena.size(handle) + Arena.offset(handle) - valueOffset(handle) < valueLength) {
            changing(handle);
            boolean onDisk = arena.has(handle, Arena.ON_DISK);
            unlink(handle);
            handle = link(valueLength + (valueLength >>> 1));
            if (onDisk) {
                arena.set(handle, Arena.ON_DISK);
            }
        } else if (arena.has(handle, Arena.HOLLOW)) {
            arena.unset(handle, Arena.HOLLOW);
            arena.addDead(handle, -arena.size(handle));
        }
        changing(handle);
        System.arraycopy(value, valueOffset, arena.chunk(handle), valueOffset(handle), valueLength);
        arena.setValueLength(handle, valueLength);
    }

    /// Removes a key found just before.
    public void erase(int handle) {
        changing(handle);
        if (arena.has(handle, Arena.ON_DISK)) {
            arena.setValueLength(handle, -1);
            hollow(handle);
            return;
        }
        byte[] chunk = arena.chunk(handle);
        probeEnd = OPERATOR;
        extendProbe(chunk, key(handle), arena.keyLength(handle));
        search();
        unlink(handle);
    }

    /// A new way to iterate; to be kept and used again.
    public Cursor cursor() {
        return new Cursor();
    }

    private void setProbe(byte[] key, int offset, int prefixLength, int length) {
        Disk.putOperator(probe, operator);
        probe[OPERATOR] = (byte) Words.shard(Words.hash(key, offset, prefixLength));
        probeEnd = Disk.HEAD;
        extendProbe(key, offset, length);
    }

    private void extendProbe(byte[] key, int offset, int length) {
        if (probe.length - probeEnd < length) {
            probe = Arrays.copyOf(probe, (probeEnd + length) * 2);
        }
        System.arraycopy(key, offset, probe, probeEnd, length);
        probeEnd += length;
    }

    private static int key(int offset, int height) {
        return offset + TOWER + Words.pad(4 * height);
    }

    /// Where shard and key begin.
    private int key(int handle) {
        return key(Arena.offset(handle), arena.hash(handle));
    }

    private int next(int handle, int level) {
        return handle == NONE
                ? head[level]
                : Words.getInt(arena.chunk(handle), Arena.offset(handle) + TOWER + 4 * level);
    }

    private void setNext(int handle, int level, int next) {
        if (handle == NONE) {
            head[level] = next;
        } else {
            Words.setInt(arena.chunk(handle), Arena.offset(handle) + TOWER + 4 * level, next);
        }
    }

    private int compare(int handle) {
        byte[] chunk = arena.chunk(handle);
        int at = key(handle);
        return Arrays.compareUnsigned(
                chunk, at, at + arena.keyLength(handle), probe, OPERATOR, probeEnd);
    }

    /// The record whose key is the probe, or NONE; [#before] becomes its predecessors.
    private int search() {
        int at = NONE;
        int compared = NONE;
        int found = NONE;
        for (int level = MAX_HEIGHT - 1; level >= 0; level--) {
            int next = next(at, level);
            while (next != NONE && next != compared) {
                int order = compare(next);
                if (order >= 0) {
                    // Known not to be smaller: no need to compare it on the levels below.
                    compared = next;
                    found = order == 0 ? next : NONE;
                    break;
                }
                at = next;
                next = next(at, level);
            }
            before[level] = at;
        }
        return found;
    }

    /// The first record not below the probe.
    private int ceiling() {
        search();
        return next(before[0], 0);
    }

    private int nextHeight() {
        random ^= random << 13;
        random ^= random >>> 7;
        random ^= random << 17;
        int height = 1 + Long.numberOfTrailingZeros(random | 1L << (2 * (MAX_HEIGHT - 1))) / 2;
        return Math.min(height, MAX_HEIGHT);
    }

    /// Inserts a record for the probe after [#before], without value.
    private int link(int room) {
        int keyLength = probeEnd - OPERATOR;
        if (keyLength > Arena.MAX_KEY) {
            throw new IllegalArgumentException("key of " + keyLength + " bytes");
        }
        checkMine(probe[OPERATOR] & 0xFF);
        int height = nextHeight();
        int handle = newRecord(height, probe, OPERATOR, keyLength, room);
        for (int level = 0; level < height; level++) {
            setNext(handle, level, next(before[level], level));
            setNext(before[level], level, handle);
        }
        return handle;
    }

    private int newRecord(int height, byte[] key, int offset, int length, int room) {
        int handle =
                arena.allocate(Math.addExact(key(0, height) + Words.pad(length), Words.pad(room)));
        byte[] chunk = arena.chunk(handle);
        int record = Arena.offset(handle);
        Words.setInt(chunk, record + Arena.HASH, height);
        Words.setInt(chunk, record + Arena.KEY_LENGTH, length);
        Words.setInt(chunk, record + Arena.VALUE_LENGTH, -1);
        Words.setInt(chunk, record + Arena.GENERATION, 0);
        Words.setInt(chunk, record + Arena.SLOT, -1);
        System.arraycopy(key, offset, chunk, key(record, height), length);
        return handle;
    }

    /// Takes out the record after [#before].
    private void unlink(int handle) {
        int height = arena.hash(handle);
        for (int level = 0; level < height; level++) {
            setNext(before[level], level, next(handle, level));
        }
        if (!arena.has(handle, Arena.HOLLOW)) {
            arena.addDead(handle, arena.size(handle));
        }
        arena.set(handle, Arena.DEAD);
    }

    @Override
    void putKey(int handle, ByteSink out) {
        out.put(arena.chunk(handle), key(handle), arena.keyLength(handle));
    }

    @Override
    long bytes() {
        return arena.bytes();
    }

    @Override
    void tidy() {
        if (worthTidying()) {
            rebuild(false);
            tidied();
        }
    }

    @Override
    void evict(long bytes) {
        // Iteration merges with RocksDB once anything is gone, so keeping a part gains little.
        if (!held()) {
            rebuild(true);
        }
    }

    /// Copies the records that are needed, in order, into a fresh arena.
    private void rebuild(boolean evict) {
        int at = head[0];
        Arena old = arena.detach();
        int[] last = new int[MAX_HEIGHT];
        Arrays.fill(head, NONE);
        Arrays.fill(last, NONE);
        while (at != NONE) {
            byte[] chunk = old.chunk(at);
            int record = Arena.offset(at);
            int length = old.valueLength(at);
            boolean clean = old.generationOf(at) <= shared.cleanThrough;
            if (!clean || (length >= 0 && !evict)) {
                copyLast(old, at, last);
            } else if (length >= 0) {
                spilled = true;
            }
            at = Words.getInt(chunk, record + TOWER);
        }
        rebuilds++;
    }

    private void copyLast(Arena old, int from, int[] last) {
        byte[] chunk = old.chunk(from);
        int record = Arena.offset(from);
        int height = old.hash(from);
        int keyAt = key(record, height);
        int keyLength = old.keyLength(from);
        int valueLength = old.valueLength(from);
        int handle = newRecord(height, chunk, keyAt, keyLength, Math.max(0, valueLength));
        arena.setValueLength(handle, valueLength);
        if (old.has(from, Arena.ON_DISK)) {
            arena.set(handle, Arena.ON_DISK);
        }
        arena.stamp(handle, old.generationOf(from));
        if (valueLength < 0) {
            hollow(handle);
        }
        if (valueLength > 0) {
            System.arraycopy(
                    chunk,
                    keyAt + Words.pad(keyLength),
                    arena.chunk(handle),
                    valueOffset(handle),
                    valueLength);
        }
        for (int level = 0; level < height; level++) {
            setNext(handle, level, NONE);
            setNext(last[level], level, handle);
            last[level] = handle;
        }
    }

    /// Closes what cursors hold of RocksDB.
    void release() {
        for (Disk.DiskScan scan : diskScans) {
            scan.close();
        }
        diskScans.clear();
    }

    /// Visits the entries of a prefix in order. The state must not change between [#seek] and the
    /// last [#next].
    public final class Cursor {
        private byte[] prefix = new byte[64];
        private int prefixLength;
        private int memory;
        private Disk.DiskScan disk;
        private boolean onDisk;
        private long seenRebuilds;
        private int seenFlush;
        private byte[] keys;
        private int keyOffset;
        private int keyLength;
        private byte[] values;
        private int valueOffset;
        private int valueLength;

        private Cursor() {}

        /// Goes before the first entry whose key starts with the prefix.
        public void seek(byte[] key, int offset, int length) {
            seek(key, offset, length, length);
        }

        /// Goes before the first entry whose key starts with those `length` bytes, the prefix and a
        /// part of the rest.
        public void seek(byte[] key, int offset, int prefixSize, int length) {
            setProbe(key, offset, prefixSize, length);
            open(probeEnd - OPERATOR);
        }

        /// Goes before the first entry whose key starts with the prefix and is not below the whole
        /// key.
        public void seekFrom(byte[] key, int offset, int prefixSize, int length) {
            setProbe(key, offset, prefixSize, length);
            open(probeEnd - OPERATOR - (length - prefixSize));
        }

        /// @param bytes how much of the probe the entries start with
        private void open(int bytes) {
            prefixLength = bytes;
            if (prefix.length < prefixLength) {
                prefix = new byte[prefixLength * 2];
            }
            System.arraycopy(probe, OPERATOR, prefix, 0, prefixLength);
            memory = ceiling();
            onDisk = spilled;
            if (spilled) {
                seekDisk(Arrays.copyOf(probe, probeEnd));
            }
        }

        private void seekDisk(byte[] key) {
            int flushed = shared.flushedThrough;
            if (disk == null) {
                disk = shared.disk.scan(Disk.ORDERED, operator, shards, false);
                diskScans.add(disk);
            } else if (seenRebuilds != rebuilds || seenFlush != flushed) {
                // What the list has given up since is on disk only; old views also hold memory.
                disk.refresh();
            }
            seenRebuilds = rebuilds;
            seenFlush = flushed;
            disk.seek(key);
        }

        /// Goes to the next entry; false when there is none.
        public boolean next() {
            while (true) {
                boolean inMemory = memory != NONE && startsWithPrefix(memory);
                if (!onDisk) {
                    if (!inMemory) {
                        return false;
                    }
                    int handle = memory;
                    memory = OrderedState.this.next(handle, 0);
                    if (arena.valueLength(handle) >= 0) {
                        show(handle);
                        return true;
                    }
                    continue;
                }
                byte[] diskKey = disk.valid() ? disk.key() : null;
                if (diskKey == null || !startsWithPrefix(diskKey)) {
                    onDisk = false;
                    continue;
                }
                int order = inMemory ? compare(memory, diskKey) : 1;
                if (order > 0) {
                    show(diskKey, disk.value());
                    disk.next();
                    return true;
                }
                if (order == 0) {
                    disk.next();
                }
                int handle = memory;
                memory = OrderedState.this.next(handle, 0);
                if (arena.valueLength(handle) >= 0) {
                    show(handle);
                    return true;
                }
            }
        }

        private boolean startsWithPrefix(int handle) {
            int length = arena.keyLength(handle);
            int at = OrderedState.this.key(handle);
            return length >= prefixLength
                    && Arrays.equals(
                            arena.chunk(handle), at, at + prefixLength, prefix, 0, prefixLength);
        }

        private boolean startsWithPrefix(byte[] diskKey) {
            return diskKey.length - OPERATOR >= prefixLength
                    && Arrays.equals(
                            diskKey, OPERATOR, OPERATOR + prefixLength, prefix, 0, prefixLength);
        }

        private int compare(int handle, byte[] diskKey) {
            int at = OrderedState.this.key(handle);
            return Arrays.compareUnsigned(
                    arena.chunk(handle),
                    at,
                    at + arena.keyLength(handle),
                    diskKey,
                    OPERATOR,
                    diskKey.length);
        }

        private void show(int handle) {
            keys = arena.chunk(handle);
            keyOffset = OrderedState.this.key(handle) + 1;
            keyLength = arena.keyLength(handle) - 1;
            values = keys;
            valueOffset = OrderedState.this.valueOffset(handle);
            valueLength = arena.valueLength(handle);
        }

        private void show(byte[] diskKey, byte[] diskValue) {
            keys = diskKey;
            keyOffset = Disk.HEAD;
            keyLength = diskKey.length - Disk.HEAD;
            values = diskValue;
            valueOffset = 0;
            valueLength = diskValue.length;
        }

        /// The array that holds the entry's key: the prefix and the rest.
        public byte[] keys() {
            return keys;
        }

        public int keyOffset() {
            return keyOffset;
        }

        public int keyLength() {
            return keyLength;
        }

        /// The array that holds the entry's value.
        public byte[] values() {
            return values;
        }

        public int valueOffset() {
            return valueOffset;
        }

        public int valueLength() {
            return valueLength;
        }
    }
}
