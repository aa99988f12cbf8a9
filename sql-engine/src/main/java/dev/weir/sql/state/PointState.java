package dev.weir.sql.state;

import dev.weir.sql.codec.ByteSink;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// An operator's map of byte keys to byte values, or the part of it that one lane keeps.
///
/// Owned by its lane (the worker, where this says so), which works with handles: [#find] or
/// [#entry] a key, read the value in place ([#bytes], [#valueOffset], [#valueLength]), change it in
/// place ([#edit], same length) or as a whole ([#set], [#erase]). Handles hold until the next
/// [StateStore#beginStep], except that [#set] may give another. The worker holds [#lock] meanwhile.
///
/// A versioned state remembers what its keys held before each step that is not yet published or
/// that a snapshot still reads past; [StateSnapshot] reads it from other threads.
public final class PointState extends StateMap {
    /// No such key.
    public static final int NONE = Arena.NONE;

    final boolean versioned;
    private final ByteMap map;
    private final byte[] noBytes = {};
    private final List<Undo> undo = new ArrayList<>();
    private byte[] diskKey = new byte[64];
    private int announced;

    /// Readers of changes under way; before-images stay as they are meanwhile.
    private int changeReaders;

    PointState(Shared shared, int operator, Shards shards, boolean versioned) {
        this(shared, operator, shards, versioned, new ByteMap());
    }

    private PointState(Shared shared, int operator, Shards shards, boolean versioned, ByteMap map) {
        super(shared, operator, shards, Disk.POINT, map.arena);
        this.versioned = versioned && shared.disk != null;
        this.map = map;
    }

    /// The hash of a key.
    public static int hash(byte[] key, int offset, int length) {
        return Words.hash(key, offset, length);
    }

    /// Fetches an entry from memory ahead of its use.
    public void announce(int handle) {
        announced += arena.touch(handle);
    }

    /// Tells that the entries of these hashes will be asked for next, so that they can be fetched
    /// from memory side by side.
    ///
    /// @param scratch as long as `hashes`
    public void announce(int[] hashes, int[] scratch, int size) {
        announced += map.warm(hashes, scratch, size);
    }

    /// The entry of a key that has a value, or NONE.
    public int find(byte[] key, int offset, int length) {
        int hash = Words.hash(key, offset, length);
        int handle = map.find(hash, key, offset, length);
        if (handle == NONE) {
            if (!spilled) {
                return NONE;
            }
            handle = load(hash, key, offset, length, 0);
        } else if (!arena.has(handle, Arena.USED)) {
            arena.set(handle, Arena.USED);
        }
        return arena.valueLength(handle) < 0 ? NONE : handle;
    }

    /// The entry of a key; a new one without a value if there is none.
    ///
    /// @param room bytes a first value may take without moving the entry
    public int entry(byte[] key, int offset, int length, int room) {
        return entry(hash(key, offset, length), key, offset, length, room);
    }

    /// As [#entry(byte[], int, int, int)], with the key's hash at hand.
    public int entry(int hash, byte[] key, int offset, int length, int room) {
        int handle = map.find(hash, key, offset, length);
        if (handle != NONE) {
            if (!arena.has(handle, Arena.USED)) {
                arena.set(handle, Arena.USED);
            }
            return handle;
        }
        checkMine(Words.shard(hash));
        return spilled
                ? load(hash, key, offset, length, room)
                : map.insert(hash, key, offset, length, room);
    }

    /// Brings a key into the map; also the knowledge that it has no value.
    private int load(int hash, byte[] key, int offset, int length, int room) {
        byte[] value = read(hash, key, offset, length);
        if (value == null) {
            int handle = map.insert(hash, key, offset, length, room);
            arena.set(handle, Arena.USED);
            return handle;
        }
        int handle = map.insert(hash, key, offset, length, Math.max(room, value.length));
        arena.set(handle, Arena.ON_DISK | Arena.USED);
        return map.setValue(handle, value, 0, value.length);
    }

    private byte[] read(int hash, byte[] key, int offset, int length) {
        if (diskKey.length < Disk.HEAD + length) {
            diskKey = new byte[Disk.HEAD + length * 2];
        }
        Disk.putOperator(diskKey, operator);
        diskKey[4] = (byte) Words.shard(hash);
        System.arraycopy(key, offset, diskKey, Disk.HEAD, length);
        return shared.disk.get(Disk.POINT, diskKey, Disk.HEAD + length);
    }

    /// The array that holds an entry's value. Not to be written to.
    public byte[] bytes(int handle) {
        return arena.chunk(handle);
    }

    /// Where the value begins in [#bytes].
    @Override
    public int valueOffset(int handle) {
        return map.valueOffset(handle);
    }

    /// The value's length, or -1 when the entry has none.
    public int valueLength(int handle) {
        return arena.valueLength(handle);
    }

    /// Where the key begins in [#bytes].
    public int keyOffset(int handle) {
        return Arena.offset(handle) + ByteMap.KEY;
    }

    public int keyLength(int handle) {
        return arena.keyLength(handle);
    }

    /// A number the owner may keep with an entry within a step; -1 or left over from earlier at
    /// first.
    public int slot(int handle) {
        return arena.slot(handle);
    }

    public void setSlot(int handle, int slot) {
        arena.setSlot(handle, slot);
    }

    /// The array that holds an entry's value, which the caller is about to change in place.
    public byte[] edit(int handle) {
        changing(handle);
        if (versioned && map.stamp(handle) != shared.step) {
            remember(handle);
        }
        return arena.chunk(handle);
    }

    private void remember(int handle) {
        map.setStamp(handle, shared.step);
        Undo last = undo.isEmpty() ? null : undo.getLast();
        if (last == null || last.step != shared.step) {
            last = new Undo(shared.step);
            undo.add(last);
        }
        byte[] chunk = arena.chunk(handle);
        last.append(
                arena.hash(handle),
                chunk,
                keyOffset(handle),
                arena.keyLength(handle),
                chunk,
                valueOffset(handle),
                arena.valueLength(handle));
    }

    /// Gives an entry a value.
    ///
    /// @return the entry from now on
    public int set(int handle, byte[] value, int offset, int length) {
        edit(handle);
        if (arena.has(handle, Arena.HOLLOW)) {
            arena.unset(handle, Arena.HOLLOW);
            arena.addDead(handle, -arena.size(handle));
        }
        return map.setValue(handle, value, offset, length);
    }

    /// Takes an entry's value away.
    public void erase(int handle) {
        if (arena.valueLength(handle) < 0) {
            return;
        }
        edit(handle);
        arena.setValueLength(handle, -1);
        hollow(handle);
    }

    /// The value of a key, or null. For tests and rare paths.
    public byte[] get(byte[] key) {
        int handle = find(key, 0, key.length);
        if (handle == NONE) {
            return null;
        }
        int at = valueOffset(handle);
        return Arrays.copyOfRange(bytes(handle), at, at + valueLength(handle));
    }

    /// For tests and rare paths.
    public void put(byte[] key, byte[] value) {
        set(entry(key, 0, key.length, value.length), value, 0, value.length);
    }

    /// For tests and rare paths.
    public void delete(byte[] key) {
        int handle = find(key, 0, key.length);
        if (handle != NONE) {
            erase(handle);
        }
    }

    @Override
    long bytes() {
        long sum = map.bytes();
        for (Undo step : undo) {
            sum += step.images.bytes();
        }
        return sum;
    }

    @Override
    void putKey(int handle, ByteSink out) {
        out.put(Words.shard(arena.hash(handle)));
        out.put(arena.chunk(handle), keyOffset(handle), arena.keyLength(handle));
    }

    /// Drops and merges before-images.
    ///
    /// @param readers steps that snapshots read, ascending, the last published step included
    void trim(long[] readers) {
        if (undo.isEmpty() || changeReaders > 0) {
            return;
        }
        int kept = 0;
        long keptReader = 0;
        for (Undo step : undo) {
            // A reader of step s needs the first image of a later step.
            int reader = Arrays.binarySearch(readers, step.step);
            reader = (reader < 0 ? -reader - 1 : reader) - 1;
            boolean published = step.step <= readers[readers.length - 1];
            if (published && reader < 0) {
                continue;
            }
            if (published && kept > 0 && keptReader == readers[reader]) {
                undo.get(kept - 1).merge(step);
                continue;
            }
            keptReader = reader < 0 ? Long.MIN_VALUE : readers[reader];
            undo.set(kept++, step);
        }
        undo.subList(kept, undo.size()).clear();
    }

    @Override
    void tidy() {
        if (!worthTidying()) {
            return;
        }
        for (int chunk : arena.chunksByAge()) {
            if (chunk != arena.current() && arena.dead(chunk) > arena.used(chunk) / 2) {
                clean(chunk, false);
            }
        }
        tidied();
    }

    @Override
    void evict(long bytes) {
        if (held()) {
            return;
        }
        long target = map.bytes() - bytes;
        // The first round forgives what was used of late, the second does not.
        for (int round = 0; round < 2; round++) {
            for (int chunk : arena.chunksByAge()) {
                if (map.bytes() <= target) {
                    return;
                }
                if (chunk != arena.current()) {
                    clean(chunk, true);
                }
            }
        }
    }

    /// Moves what is needed of a chunk to the end, forgets the rest, frees the chunk.
    private void clean(int chunk, boolean evict) {
        int end = arena.used(chunk);
        for (int at = 0; at < end; ) {
            int handle = Arena.handle(chunk, at);
            at += arena.size(handle);
            if (arena.has(handle, Arena.DEAD)) {
                continue;
            }
            boolean absent = arena.valueLength(handle) < 0;
            boolean clean = clean(handle);
            // Scans rely on finding every key that has a before-image in the map.
            boolean needed = versioned && map.stamp(handle) > shared.oldestReadable;
            if (!needed && absent && (clean || !arena.has(handle, Arena.ON_DISK))) {
                map.remove(handle);
            } else if (!needed && evict && clean && !arena.has(handle, Arena.USED)) {
                map.remove(handle);
                spilled = true;
            } else {
                arena.unset(handle, Arena.USED);
                int moved = map.move(handle, Math.max(0, arena.valueLength(handle)));
                if (absent) {
                    hollow(moved);
                }
            }
        }
        arena.free(chunk);
    }

    /// The value of a key as of a step, or null. Any thread.
    byte[] getAsOf(long step, byte[] key, int offset, int length) {
        lock();
        try {
            return lookUp(step, Words.hash(key, offset, length), key, offset, length);
        } finally {
            unlock();
        }
    }

    private byte[] lookUp(long step, int hash, byte[] key, int offset, int length) {
        Undo image = firstImage(step, hash, key, offset, length);
        if (image != null) {
            return value(image.images, image.images.find(hash, key, offset, length));
        }
        int handle = map.find(hash, key, offset, length);
        if (handle != NONE) {
            return value(map, handle);
        }
        return spilled ? read(hash, key, offset, length) : null;
    }

    private Undo firstImage(long step, int hash, byte[] key, int offset, int length) {
        for (Undo candidate : undo) {
            if (candidate.step > step && candidate.find(hash, key, offset, length) != NONE) {
                return candidate;
            }
        }
        return null;
    }

    private byte[] value(ByteMap of, int handle) {
        int length = of.arena.valueLength(handle);
        if (length < 0) {
            return null;
        }
        if (length == 0) {
            return noBytes;
        }
        int at = of.valueOffset(handle);
        return Arrays.copyOfRange(of.arena.chunk(handle), at, at + length);
    }

    /// What is in the map when a scan begins.
    ///
    /// @param endOrdinal records with this ordinal or a higher one came later
    /// @param disk what RocksDB had at that moment, or null when the map has everything
    record Range(int[] chunks, int[] ends, long endOrdinal, Disk.DiskScan disk) {}

    /// Begins a scan: until [#endScan] no record in the map is moved or forgotten. Any thread.
    Range startScan() {
        lock();
        try {
            int[] chunks = arena.chunksByAge();
            int[] ends = new int[chunks.length];
            for (int i = 0; i < chunks.length; i++) {
                ends[i] = arena.used(chunks[i]);
            }
            Disk.DiskScan disk =
                    spilled ? shared.disk.scan(Disk.POINT, operator, shards, true) : null;
            pins++;
            return new Range(chunks, ends, map.nextOrdinal(), disk);
        } finally {
            unlock();
        }
    }

    void endScan() {
        lock();
        try {
            pins--;
        } finally {
            unlock();
        }
    }

    /// Takes rows as of a step from a slice of a chunk's records.
    ///
    /// A key is taken at the record it had when the scan began: that one is alive now, or it died
    /// since, when its value outgrew it.
    ///
    /// @return where to go on
    int take(long step, Range range, int chunkIndex, int from, int records, Rows into) {
        lock();
        try {
            int end = range.ends[chunkIndex];
            int at = from;
            for (int i = 0; i < records && at < end; i++) {
                int handle = Arena.handle(range.chunks[chunkIndex], at);
                at += arena.size(handle);
                if (arena.has(handle, Arena.DEAD) && map.ordinal(handle) < range.endOrdinal) {
                    continue;
                }
                takeAsOf(step, handle, into);
            }
            return at;
        } finally {
            unlock();
        }
    }

    private void takeAsOf(long step, int handle, Rows into) {
        byte[] chunk = arena.chunk(handle);
        int hash = arena.hash(handle);
        int key = keyOffset(handle);
        int keyLength = arena.keyLength(handle);
        Undo image = firstImage(step, hash, chunk, key, keyLength);
        ByteMap of = image == null ? map : image.images;
        int found =
                image == null && !arena.has(handle, Arena.DEAD)
                        ? handle
                        : of.find(hash, chunk, key, keyLength);
        int length = of.arena.valueLength(found);
        if (length >= 0) {
            into.add(chunk, key, keyLength, of.arena.chunk(found), of.valueOffset(found), length);
        }
    }

    /// Where a reader of changes goes on.
    static final class UndoPosition {
        private int undo;
        private int chunk;
        private int at;
    }

    /// Begins to read changes. Any thread.
    void startChanges() {
        lock();
        try {
            changeReaders++;
        } finally {
            unlock();
        }
    }

    void endChanges() {
        lock();
        try {
            changeReaders--;
        } finally {
            unlock();
        }
    }

    /// Visits keys that have a before-image from after `from` up to `to`, with what they held then.
    ///
    /// @return whether there may be more
    boolean changes(
            long from, long to, UndoPosition position, int records, PointChanges.Visitor visitor) {
        lock();
        try {
            int left = records;
            for (; position.undo < undo.size(); position.undo++) {
                Undo images = undo.get(position.undo);
                if (images.step > from && images.step <= to) {
                    left = changes(images, from, to, position, left, visitor);
                    if (left == 0) {
                        return true;
                    }
                }
                position.chunk = 0;
                position.at = 0;
            }
            return false;
        } finally {
            unlock();
        }
    }

    /// @return how many may still be looked at; 0 when there may be more in `of`
    private int changes(
            Undo of,
            long from,
            long to,
            UndoPosition position,
            int records,
            PointChanges.Visitor visitor) {
        Arena images = of.images.arena;
        int[] chunks = images.chunksByAge();
        int left = records;
        for (; position.chunk < chunks.length; position.chunk++) {
            int end = images.used(chunks[position.chunk]);
            while (position.at < end) {
                if (left == 0) {
                    return 0;
                }
                left--;
                int handle = Arena.handle(chunks[position.chunk], position.at);
                position.at += images.size(handle);
                byte[] data = images.chunk(handle);
                int hash = images.hash(handle);
                int key = Arena.offset(handle) + ByteMap.KEY;
                int keyLength = images.keyLength(handle);
                // A later image of a key is not what it held at `from`.
                if (firstImage(from, hash, data, key, keyLength) == of) {
                    visitor.changed(
                            value(of.images, handle), lookUp(to, hash, data, key, keyLength));
                }
            }
            position.at = 0;
        }
        return left == 0 ? 1 : left;
    }

    /// Takes rows as of a step that were on disk only when the scan began.
    ///
    /// @return whether there may be more
    boolean takeFromDisk(long step, Range range, int records, Rows into) {
        Disk.DiskScan disk = range.disk;
        lock();
        try {
            disk.enter();
            try {
                for (int i = 0; i < records; i++) {
                    if (!disk.valid()) {
                        return false;
                    }
                    takeFromDisk(step, range, disk.key(), disk.value(), into);
                    disk.next();
                }
                return true;
            } finally {
                disk.exit();
            }
        } finally {
            unlock();
        }
    }

    /// Takes a row found on disk, unless the map had its key when the scan began.
    private void takeFromDisk(long step, Range range, byte[] diskKey, byte[] diskValue, Rows into) {
        int length = diskKey.length - Disk.HEAD;
        int hash = Words.hash(diskKey, Disk.HEAD, length);
        int handle = map.find(hash, diskKey, Disk.HEAD, length);
        if (handle != NONE && map.ordinal(handle) < range.endOrdinal) {
            return;
        }
        Undo image = firstImage(step, hash, diskKey, Disk.HEAD, length);
        if (image == null) {
            into.add(diskKey, Disk.HEAD, length, diskValue, 0, diskValue.length);
            return;
        }
        int found = image.images.find(hash, diskKey, Disk.HEAD, length);
        int valueLength = image.images.arena.valueLength(found);
        if (valueLength >= 0) {
            into.add(
                    diskKey,
                    Disk.HEAD,
                    length,
                    image.images.arena.chunk(found),
                    image.images.valueOffset(found),
                    valueLength);
        }
    }
}
