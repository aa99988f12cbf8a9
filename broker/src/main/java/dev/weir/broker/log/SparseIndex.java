package dev.weir.broker.log;

import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.StorageFile;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Predicate;

/// A sorted file of fixed-size entries in Kafka's format: `.index` files map relative offset
/// (int32) to file position (int32), `.timeindex` files map timestamp (int64) to relative offset
/// (int32).
///
/// New entries stay in memory until a checkpoint flushes them: recovery rebuilds from the log what
/// came after the last checkpoint anyway. Flushed entries are searched in the file, so that an
/// index at rest takes neither memory nor a file descriptor. A lost file only makes searches start
/// earlier; what a search finds is a hint that the reader verifies. Who asks for the last entry of
/// a lost file finds none, which does not mean that there was none.
///
/// The holder of the append lock appends, one thread at a time flushes, any thread searches.
final class SparseIndex {
    /// @param key relative offset or timestamp
    /// @param value position or relative offset
    record Entry(long key, int value) {}

    private static final long[] NO_KEYS = {};
    private static final int[] NO_VALUES = {};
    private static final int UNKNOWN = -1;

    private final FileSystem files;
    private volatile Path path;
    private final int keyBytes;

    private int flushed; // all fields below are guarded by this; entries in the file
    private long[] keys = NO_KEYS;
    private int[] values = NO_VALUES;
    private int pending;
    private boolean longer; // whether the file may have more entries than were flushed

    private SparseIndex(FileSystem files, Path path, int keyBytes, int flushed) {
        this.files = files;
        this.path = path;
        this.keyBytes = keyBytes;
        this.flushed = flushed;
    }

    /// An index at rest, whose file tells how many entries it has.
    static SparseIndex offsets(FileSystem files, Path path) {
        return new SparseIndex(files, path, Integer.BYTES, UNKNOWN);
    }

    /// An index at rest, whose file tells how many entries it has.
    static SparseIndex timestamps(FileSystem files, Path path) {
        return new SparseIndex(files, path, Long.BYTES, UNKNOWN);
    }

    /// Forgets all entries but the first `count` of the file.
    synchronized void keepFirst(int count) {
        flushed = count;
        pending = 0;
        longer = true;
    }

    synchronized void append(long key, int value) {
        if (pending == keys.length) {
            int capacity = Math.max(16, keys.length * 2);
            keys = Arrays.copyOf(keys, capacity);
            values = Arrays.copyOf(values, capacity);
        }
        keys[pending] = key;
        values[pending] = value;
        pending++;
    }

    /// Entries so far, in the file and in memory.
    int count() throws IOException {
        int inFile = flushed();
        synchronized (this) {
            return inFile + pending;
        }
    }

    /// The last entry whose key is at most `key`, or null.
    Entry floor(long key) throws IOException {
        Contents now = contents();
        if (now.pending > 0 && now.keys[0] <= key) {
            int found = Arrays.binarySearch(now.keys, 0, now.pending, key);
            return now.get(found >= 0 ? found : -found - 2);
        }
        return searchFile(now.inFile, entry -> entry.key > key).before;
    }

    /// The first entry whose value is at least `value`, or null. Values ascend as keys do.
    Entry firstFrom(int value) throws IOException {
        Contents now = contents();
        if (now.pending == 0 || now.values[0] >= value) {
            Entry found = searchFile(now.inFile, entry -> entry.value >= value).first;
            if (found != null) {
                return found;
            }
        }
        int found = Arrays.binarySearch(now.values, 0, now.pending, value);
        int at = found >= 0 ? found : -found - 1;
        return at == now.pending ? null : now.get(at);
    }

    /// The entries at one moment: so many in the file, and those in memory, which come after them.
    private record Contents(int inFile, long[] keys, int[] values, int pending) {
        Entry get(int at) {
            return new Entry(keys[at], values[at]);
        }
    }

    private Contents contents() throws IOException {
        int inFile = flushed();
        synchronized (this) {
            return new Contents(flushed == UNKNOWN ? inFile : flushed, keys, values, pending);
        }
    }

    /// The last entry, or null.
    Entry last() throws IOException {
        int inFile = flushed();
        synchronized (this) {
            if (pending > 0) {
                return new Entry(keys[pending - 1], values[pending - 1]);
            }
        }
        if (inFile == 0) {
            return null;
        }
        try (StorageFile file = files.open(path, OpenMode.READ)) {
            ByteBuffer entry = ByteBuffer.allocate(entryBytes());
            int read = file.read(entry, (long) (inFile - 1) * entryBytes());
            return read < entryBytes() ? null : entryOf(entry);
        } catch (FileNotFoundException e) {
            return null;
        }
    }

    /// Writes what is only in memory to the file and makes the contents durable.
    ///
    /// @return whether anything was written
    boolean flush(DiskHealth health) throws IOException {
        int inFile = flushed();
        ByteBuffer entries;
        int count;
        boolean cuts;
        synchronized (this) {
            cuts = longer;
            count = pending;
            entries = ByteBuffer.allocate(count * entryBytes());
            for (int i = 0; i < count; i++) {
                put(entries, keys[i], values[i]);
            }
        }
        if (count == 0 && (!cuts || !files.exists(path))) {
            return false;
        }
        try (StorageFile file = files.open(path, OpenMode.CREATE)) {
            long start = (long) inFile * entryBytes();
            if (file.size() > start) {
                file.truncate(start); // left by a checkpoint that did not complete
            }
            file.write(entries.flip(), start);
            health.sync(file);
        }
        synchronized (this) {
            longer = false;
            flushed = inFile + count;
            // Searches in progress hold the old arrays, which must not change.
            keys = count == pending ? NO_KEYS : Arrays.copyOfRange(keys, count, pending);
            values = count == pending ? NO_VALUES : Arrays.copyOfRange(values, count, pending);
            pending -= count;
        }
        return true;
    }

    /// Makes sure that there is a file, if only an empty one, whose contents are durable.
    void create(DiskHealth health) throws IOException {
        try (StorageFile file = files.open(path, OpenMode.CREATE)) {
            file.truncate(0);
            health.sync(file);
        }
    }

    /// Makes an empty file where there is none. It need not be durable: a lost one is no loss.
    void createIfAbsent() throws IOException {
        if (!files.exists(path)) {
            files.open(path, OpenMode.CREATE).close();
        }
    }

    /// Gives the file another name, in the place of one that has it.
    void rename(Path to) throws IOException {
        files.rename(path, to);
        path = to;
    }

    private int flushed() throws IOException {
        synchronized (this) {
            if (flushed != UNKNOWN) {
                return flushed;
            }
        }
        int found;
        try (StorageFile file = files.open(path, OpenMode.READ)) {
            found = (int) (file.size() / entryBytes());
        } catch (FileNotFoundException e) {
            found = 0;
        }
        synchronized (this) {
            if (flushed == UNKNOWN) {
                flushed = found;
            }
            return flushed;
        }
    }

    /// Where a condition begins to hold: the last entry before that and the first for which it
    /// holds, null where there is none.
    private record Turn(Entry before, Entry first) {
        static final Turn NOWHERE = new Turn(null, null);
    }

    /// Searches the file.
    ///
    /// @param count of its entries
    /// @param holds from some entry on
    private Turn searchFile(int count, Predicate<Entry> holds) throws IOException {
        if (count == 0) {
            return Turn.NOWHERE;
        }
        try (StorageFile file = files.open(path, OpenMode.READ)) {
            ByteBuffer entry = ByteBuffer.allocate(entryBytes());
            int low = 0;
            int high = Math.min(count, (int) (file.size() / entryBytes())) - 1;
            Entry before = null;
            Entry first = null;
            while (low <= high) {
                int middle = (low + high) >>> 1;
                file.read(entry.clear(), (long) middle * entryBytes());
                Entry found = entryOf(entry);
                if (holds.test(found)) {
                    first = found;
                    high = middle - 1;
                } else {
                    before = found;
                    low = middle + 1;
                }
            }
            return new Turn(before, first);
        } catch (FileNotFoundException e) {
            return Turn.NOWHERE;
        }
    }

    private Entry entryOf(ByteBuffer entry) {
        long key = keyBytes == Integer.BYTES ? entry.getInt(0) : entry.getLong(0);
        return new Entry(key, entry.getInt(keyBytes));
    }

    private void put(ByteBuffer entries, long key, int value) {
        if (keyBytes == Integer.BYTES) {
            entries.putInt((int) key);
        } else {
            entries.putLong(key);
        }
        entries.putInt(value);
    }

    private int entryBytes() {
        return keyBytes + Integer.BYTES;
    }
}
