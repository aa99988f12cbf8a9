package dev.weir.broker.log;

import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.StorageFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The transactions whose abort marker lies in one segment, in marker order, kept in Kafka's
/// `.txnindex` format: version int16 = 0, producer id, first offset, last offset, last stable
/// offset int64 each. Loaded when first asked for; new entries reach the file at checkpoints.
///
/// The holder of the append lock appends, one thread at a time flushes, any thread reads.
final class AbortedIndex {
    private static final int ENTRY_BYTES = 34;

    private final FileSystem files;
    private volatile Path path;
    private List<AbortedTransaction> entries; // guarded by this; null until loaded; never mutated
    private int flushed; // guarded by this
    private boolean fileExists; // guarded by this
    private boolean longer; // guarded by this: whether the file may have more than was flushed

    AbortedIndex(FileSystem files, Path path, boolean fileExists) {
        this.files = files;
        this.path = path;
        this.fileExists = fileExists;
    }

    synchronized List<AbortedTransaction> entries() throws IOException {
        if (entries == null) {
            entries = fileExists ? load() : List.of();
            flushed = entries.size();
        }
        return entries;
    }

    /// Forgets all entries but the first `count`.
    synchronized void keepFirst(int count) throws IOException {
        if (count == 0) {
            entries = List.of();
        } else {
            List<AbortedTransaction> all = entries();
            entries = List.copyOf(all.subList(0, Math.min(count, all.size())));
        }
        flushed = entries.size();
        longer = fileExists;
    }

    synchronized void append(AbortedTransaction aborted) throws IOException {
        List<AbortedTransaction> grown = new ArrayList<>(entries());
        grown.add(aborted);
        entries = List.copyOf(grown);
    }

    synchronized int count() throws IOException {
        return entries().size();
    }

    /// Writes new entries to the file and makes the contents durable.
    ///
    /// @return whether anything was written, so that the name may be new
    boolean flush(DiskHealth health) throws IOException {
        List<AbortedTransaction> all;
        int from;
        synchronized (this) {
            if (entries == null || (entries.size() == flushed && !longer)) {
                return false;
            }
            all = entries;
            from = flushed;
        }
        ByteBuffer written = ByteBuffer.allocate((all.size() - from) * ENTRY_BYTES);
        for (AbortedTransaction entry : all.subList(from, all.size())) {
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
            flushed = all.size();
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

    private List<AbortedTransaction> load() throws IOException {
        ByteBuffer stored = ByteBuffer.wrap(files.readFully(path)); // gone is not empty
        List<AbortedTransaction> loaded = new ArrayList<>();
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
            loaded.add(entry);
        }
        return List.copyOf(loaded);
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
