package dev.weir.broker.log;

import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.StorageFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/// The transactions whose abort marker lies in one segment, in marker order, kept in Kafka's
/// `.txnindex` format: version int16 = 0, producer id, first offset, last offset, last stable
/// offset int64 each. Loaded when first asked for; new entries reach the file at checkpoints.
///
/// The holder of the append lock appends, one thread at a time flushes, any thread reads.
final class AbortedIndex {
    private static final int ENTRY_BYTES = 34;
    private static final Entries NONE = new Entries(new AbortedTransaction[0], 0);

    private final FileSystem files;
    private volatile Path path;
    private volatile Entries entries; // replaced under this; null until loaded
    private int flushed; // guarded by this
    private boolean fileExists; // guarded by this
    private boolean longer; // guarded by this: whether the file may have more than was flushed

    AbortedIndex(FileSystem files, Path path, boolean fileExists) {
        this.files = files;
        this.path = path;
        this.fileExists = fileExists;
    }

    /// The entries at one moment, by their abort markers. What it has never changes, although later
    /// ones may share the array, behind its end.
    static final class Entries {
        private final AbortedTransaction[] all;
        private final int count;

        private Entries(AbortedTransaction[] all, int count) {
            this.all = all;
            this.count = count;
        }

        int count() {
            return count;
        }

        AbortedTransaction get(int index) {
            return all[index];
        }

        /// Index of the first whose marker is not below an offset, [#count] if there is none.
        int endingFrom(long offset) {
            int low = 0;
            int high = count;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (all[middle].lastOffset() < offset) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            return low;
        }

        private Entries and(AbortedTransaction next) {
            AbortedTransaction[] room =
                    count < all.length ? all : Arrays.copyOf(all, Math.max(4, count * 2));
            room[count] = next;
            return new Entries(room, count + 1);
        }

        private Entries first(int most) {
            int kept = Math.min(most, count);
            return kept == 0 ? NONE : new Entries(Arrays.copyOf(all, kept), kept);
        }
    }

    Entries entries() throws IOException {
        Entries known = entries;
        return known != null ? known : loaded();
    }

    private synchronized Entries loaded() throws IOException {
        if (entries == null) {
            Entries inFile = load(Integer.MAX_VALUE);
            flushed = inFile.count();
            entries = inFile;
        }
        return entries;
    }

    /// Forgets all entries but the first `count`. What a crash left behind them is not looked at.
    synchronized void keepFirst(int count) throws IOException {
        Entries kept = NONE;
        if (count > 0) {
            kept = entries == null ? load(count) : entries.first(count);
        }
        flushed = kept.count();
        longer = fileExists;
        entries = kept;
    }

    synchronized void append(AbortedTransaction aborted) throws IOException {
        entries = loaded().and(aborted);
    }

    int count() throws IOException {
        return entries().count();
    }

    /// Writes new entries to the file and makes the contents durable.
    ///
    /// @return whether anything was written, so that the name may be new
    boolean flush(DiskHealth health) throws IOException {
        Entries all;
        int from;
        synchronized (this) {
            if (entries == null || (entries.count() == flushed && !longer)) {
                return false;
            }
            all = entries;
            from = flushed;
        }
        ByteBuffer written = ByteBuffer.allocate((all.count() - from) * ENTRY_BYTES);
        for (int i = from; i < all.count(); i++) {
            AbortedTransaction entry = all.get(i);
            written.putShort((short) 0)
                    .putLong(entry.producerId())
                    .putLong(entry.firstOffset())
                    .putLong(entry.lastOffset())
                    .putLong(entry.lastStableOffset());
        }
        try (StorageFile file = files.open(path, OpenMode.CREATE)) {
            long start = (long) from * ENTRY_BYTES;
            if (file.size() > start) {
                file.truncate(start);
            }
            file.write(written.flip(), start);
            health.sync(file);
        }
        synchronized (this) {
            flushed = all.count();
            fileExists = true;
            longer = false;
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

    /// Gives the file another name, in the place of one that has it.
    void rename(Path to) throws IOException {
        files.rename(path, to);
        path = to;
    }

    private Entries load(int most) throws IOException {
        if (!fileExists) {
            return NONE;
        }
        ByteBuffer stored = ByteBuffer.wrap(files.readFully(path)); // gone is not empty
        stored.limit((int) Math.min(stored.limit(), (long) most * ENTRY_BYTES));
        AbortedTransaction[] loaded = new AbortedTransaction[stored.remaining() / ENTRY_BYTES];
        int count = 0;
        long before = -1;
        while (stored.hasRemaining()) {
            int at = stored.position();
            if (stored.remaining() < ENTRY_BYTES || stored.getShort() != 0) {
                throw damaged(at);
            }
            AbortedTransaction entry =
                    new AbortedTransaction(
                            stored.getLong(), stored.getLong(), stored.getLong(), stored.getLong());
            if (entry.firstOffset() < 0
                    || entry.firstOffset() >= entry.lastOffset()
                    || entry.lastOffset() <= before) {
                throw damaged(at);
            }
            before = entry.lastOffset();
            loaded[count] = entry;
            count++;
        }
        return new Entries(loaded, count);
    }

    /// Without it, readers of committed records would be shown aborted ones.
    private IOException damaged(int position) {
        return new IOException(
                path
                        + " is damaged at position "
                        + position
                        + ": no entry of an aborted transaction");
    }
}
