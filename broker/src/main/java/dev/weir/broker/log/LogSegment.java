package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A stretch of a log: `<base offset>.log` and its indexes. Opens its file when first used.
///
/// The holder of the append lock appends; any thread reads below the log's published end.
final class LogSegment {
    static final String LOG = ".log";
    static final String OFFSET_INDEX = ".index";
    static final String TIME_INDEX = ".timeindex";
    static final String ABORTED_INDEX = ".txnindex";
    static final List<String> INDEXES = List.of(OFFSET_INDEX, TIME_INDEX, ABORTED_INDEX);

    private static final Pattern NAME = Pattern.compile("(\\d{20})\\.log");
    private static final Logger LOGGER = LoggerFactory.getLogger(LogSegment.class);
    private static final long UNKNOWN = Long.MIN_VALUE;

    /// How far the file is made longer than its contents when small writes follow one another. A
    /// sync then finds the file's size as it was and need not write the inode, or a journal, which
    /// saves a third of its time on ext4. What was never written takes no room on the disk.
    private static final int ROOM_BYTES = 1 << 20;

    /// A write of at most so many bytes is small: a sync may follow it.
    private static final int SMALL_WRITE_BYTES = 16 * 1024;

    /// So many small writes in a row show that room is worth while.
    private static final int SMALL_WRITES = 8;

    private final FileSystem files;
    private final Path directory;
    private final long baseOffset;
    private final SparseIndex offsets;
    private final SparseIndex timestamps;
    private final AbortedIndex aborted;
    private final FirstReads firstReads;
    private final Object settling = new Object(); // lock of settleMaxTimestamp

    private volatile StorageFile file; // opened under this
    private volatile boolean discarded; // set under this
    private volatile int size; // -1 until the file was asked
    private volatile long maxTimestamp = UNKNOWN;
    private volatile long offsetOfMaxTimestamp = -1;
    private volatile SparseIndex.Entry unchecked; // the one that these two were taken from
    private long firstTimestamp = UNKNOWN; // this and below: owned by the append lock
    private long lastIndexedTimestamp;
    private int sinceIndexEntry;
    private int roomEnd; // where the file ends, if beyond its contents
    private int smallWrites; // in a row
    private long createdMs;
    private boolean renamed; // owned by the upkeep lock

    private LogSegment(
            FileSystem files,
            Path directory,
            long baseOffset,
            int size,
            boolean aborts,
            String ending) {
        this.files = files;
        this.directory = directory;
        this.baseOffset = baseOffset;
        this.size = size;
        firstReads = new FirstReads(size < 0);
        offsets = SparseIndex.offsets(files, path(OFFSET_INDEX + ending));
        timestamps = SparseIndex.timestamps(files, path(TIME_INDEX + ending));
        aborted = new AbortedIndex(files, path(ABORTED_INDEX + ending), aborts);
    }

    /// A segment that is on disk.
    ///
    /// @param aborts whether it has an index of aborted transactions
    static LogSegment existing(FileSystem files, Path directory, long baseOffset, boolean aborts) {
        return new LogSegment(files, directory, baseOffset, -1, aborts, "");
    }

    /// An empty segment that has no file before [#openUnborn].
    static LogSegment unborn(FileSystem files, Path directory, long nowMs) {
        LogSegment segment = new LogSegment(files, directory, 0, 0, false, "");
        segment.offsets.keepFirst(0);
        segment.timestamps.keepFirst(0);
        segment.maxTimestamp = -1;
        segment.lastIndexedTimestamp = -1;
        segment.createdMs = nowMs;
        return segment;
    }

    /// Opens the file of an unborn segment, creating it if absent.
    synchronized void openUnborn() throws IOException {
        if (file == null) {
            file = files.open(path(Birth.UNBORN), OpenMode.CREATE);
        }
    }

    /// Gives the file of an unborn segment its name.
    void giveName() throws IOException {
        file().rename(path(LOG));
    }

    /// Creates an empty segment; its name is durable after a sync of the directory.
    static LogSegment create(FileSystem files, Path directory, long baseOffset, long nowMs)
            throws IOException {
        LogSegment segment = new LogSegment(files, directory, baseOffset, 0, false, "");
        StorageFile file = segment.file(OpenMode.CREATE);
        if (file.size() > 0) {
            file.truncate(0);
        }
        segment.resetTo(0, 0, 0, 0);
        segment.createdMs = nowMs;
        return segment;
    }

    /// Creates an empty segment that takes the place of others when it is whole. Until then its
    /// files have another ending.
    static LogSegment createBeside(FileSystem files, Path directory, long baseOffset, String ending)
            throws IOException {
        LogSegment segment = new LogSegment(files, directory, baseOffset, 0, false, ending);
        StorageFile file = files.open(segment.path(LOG + ending), OpenMode.CREATE);
        segment.file = file;
        file.truncate(0);
        segment.offsets.keepFirst(0);
        segment.timestamps.keepFirst(0);
        segment.aborted.keepFirst(0);
        segment.maxTimestamp = -1;
        segment.lastIndexedTimestamp = -1;
        return segment;
    }

    static String name(long offset, String suffix) {
        String digits = Long.toString(offset);
        return "0".repeat(20 - digits.length()) + digits + suffix;
    }

    /// The base offset that the name of a segment's file tells, -1 if it is another file's.
    static long baseOf(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        return name.matches() ? Long.parseLong(name.group(1)) : -1;
    }

    Path directory() {
        return directory;
    }

    long baseOffset() {
        return baseOffset;
    }

    StorageFile file() throws IOException {
        StorageFile open = file;
        return open != null ? open : file(OpenMode.WRITE);
    }

    /// Whether this is its file, without opening it.
    boolean isIn(StorageFile other) {
        return file == other;
    }

    int size() throws IOException {
        int known = size;
        if (known < 0) {
            known = Math.toIntExact(file().size());
            size = known;
        }
        return known;
    }

    /// Its size while it is the active segment, when it is known without asking the file.
    int sizeInMemory() {
        try {
            return size();
        } catch (IOException e) {
            throw new IllegalStateException("the size of the active segment is in memory", e);
        }
    }

    /// How many bytes from a batch on can be given to a reader; see [FirstReads#intact].
    int intact(int position, int length, long gapsBelow) throws IOException {
        return firstReads.intact(file(), position, length, size(), gapsBelow);
    }

    long createdMs() {
        return createdMs;
    }

    void createdMs(long ms) {
        createdMs = ms;
    }

    /// When its file was last written to.
    long lastModifiedMs() throws IOException {
        return files.lastModifiedMs(file().path());
    }

    void setLastModifiedMs(long ms) throws IOException {
        files.setLastModifiedMs(file().path(), ms);
    }

    /// Greatest timestamp of its first batch, negative when that has none or there is no batch.
    /// Append lock.
    long firstTimestamp() throws IOException {
        if (firstTimestamp == UNKNOWN && size() > 0) {
            HeaderScanner batches = new HeaderScanner(file(), 0, size());
            firstTimestamp = batches.next() ? batches.maxTimestamp() : -1;
        }
        return firstTimestamp;
    }

    /// Greatest timestamp of its records, -1 when there is none.
    long maxTimestamp() throws IOException {
        if (maxTimestamp == UNKNOWN || unchecked != null) {
            settleMaxTimestamp();
        }
        return maxTimestamp;
    }

    /// What may take a walk through all batches is done once for all who ask at the same time.
    private void settleMaxTimestamp() throws IOException {
        synchronized (settling) {
            if (maxTimestamp == UNKNOWN) {
                loadMaxTimestamp();
            }
            SparseIndex.Entry entry = unchecked;
            if (entry != null) {
                if (indexed(entry, size()) == null) {
                    searchMaxTimestamp();
                }
                unchecked = null;
            }
        }
    }

    /// Last offset of the first batch that has the greatest timestamp.
    long offsetOfMaxTimestamp() throws IOException {
        maxTimestamp();
        return offsetOfMaxTimestamp;
    }

    int offsetEntries() throws IOException {
        return offsets.count();
    }

    int timestampEntries() throws IOException {
        return timestamps.count();
    }

    int abortedEntries() throws IOException {
        return aborted.count();
    }

    /// The transactions whose abort marker is in it.
    ///
    /// @throws IOException also when the segment was replaced or deleted: what was found under the
    ///   name of its index may be that of the segment in its place, which lacks entries
    AbortedIndex.Entries aborted() throws IOException {
        AbortedIndex.Entries entries = aborted.entries();
        if (discarded) {
            throw closed();
        }
        return entries;
    }

    void addAborted(AbortedTransaction transaction) throws IOException {
        aborted.append(transaction);
    }

    /// Makes this the segment to append to, at a known state of its indexes.
    void resetTo(int position, int offsetEntries, int timestampEntries, int abortedEntries)
            throws IOException {
        size = position;
        firstReads.knownFrom(position);
        firstTimestamp = UNKNOWN;
        sinceIndexEntry = 0;
        offsets.keepFirst(offsetEntries);
        timestamps.keepFirst(timestampEntries);
        aborted.keepFirst(abortedEntries);
        resetTimestamps(timestampEntries);
    }

    /// No entries mean no timestamps here: the greatest one gets an entry before they are counted.
    private void resetTimestamps(int entries) throws IOException {
        SparseIndex.Entry last = timestamps.last();
        if (entries > 0 && last == null) {
            LOGGER.warn("{} lacks entries; timestamps are searched for", path(TIME_INDEX));
            timestamps.keepFirst(0);
            unchecked = null;
            searchMaxTimestamp();
            lastIndexedTimestamp = -1;
        } else {
            unchecked = last;
            offsetOfMaxTimestamp = last == null ? -1 : baseOffset + last.value();
            maxTimestamp = last == null ? -1 : last.key();
            lastIndexedTimestamp = maxTimestamp;
        }
    }

    /// Writes batches at the end without showing them yet. When it fails the file is cut back, or
    /// the next write overwrites what is left.
    void write(List<ByteBuffer> batches) throws IOException {
        int start = size;
        StorageFile open = file();
        try {
            open.write(batches, start);
        } catch (IOException e) {
            try {
                open.truncate(start);
                roomEnd = 0;
            } catch (IOException again) {
                e.addSuppressed(again);
            }
            throw e;
        }
    }

    /// Makes the file longer than its contents if so small a write is the last of many.
    ///
    /// @param bytes that will be written next
    /// @param limit how long the segment may become
    void makeRoom(int bytes, int limit) {
        long start = size;
        if (bytes > SMALL_WRITE_BYTES) {
            smallWrites = 0;
        } else if (start + bytes > roomEnd && ++smallWrites >= SMALL_WRITES) {
            int to = (int) Math.min(start + ROOM_BYTES, limit);
            if (to <= start + bytes) {
                return;
            }
            try {
                file().write(ByteBuffer.allocate(1), to - 1);
                roomEnd = to;
            } catch (IOException e) {
                smallWrites = 0; // the write itself will tell whether the disk is full
                LOGGER.debug("{}: no room ahead", directory, e);
            }
        }
    }

    /// Ends the file where its contents end. The holder of the append lock calls it when nothing
    /// more is to be appended for a while.
    void trim() throws IOException {
        if (roomEnd > size) {
            file().truncate(size);
        }
        roomEnd = 0;
    }

    /// Whether the file goes on with room, as after a crash, and not with what was half written.
    ///
    /// @param fileSize where it ends
    boolean endsInRoom(int fileSize) throws IOException {
        ByteBuffer next = ByteBuffer.allocate(SMALL_WRITE_BYTES);
        for (int at = size; at < fileSize; at += next.limit()) {
            next.clear().limit(Math.min(next.capacity(), fileSize - at));
            if (file().read(next, at) < next.limit()) {
                return false;
            }
            for (int i = 0; i < next.limit(); i++) {
                if (next.get(i) != 0) {
                    return false;
                }
            }
        }
        return true;
    }

    /// Notes that the batch at this place of the buffer is now at the end of the file.
    void appended(ByteBuffer batches, int at, int indexIntervalBytes) {
        int bytes = BatchHeader.sizeInBytes(batches, at);
        long lastOffset = BatchHeader.lastOffset(batches, at);
        long timestamp = BatchHeader.maxTimestamp(batches, at);
        if (size == 0) {
            firstTimestamp = timestamp;
        }
        if (timestamp > maxTimestamp) {
            offsetOfMaxTimestamp = lastOffset;
            maxTimestamp = timestamp;
        }
        if (sinceIndexEntry > indexIntervalBytes) {
            offsets.append(lastOffset - baseOffset, size);
            indexMaxTimestamp();
            sinceIndexEntry = 0;
        }
        sinceIndexEntry += bytes;
        int end = size + bytes;
        size = end;
    }

    /// Gives the time index its last entry, so that it knows the greatest timestamp.
    void indexMaxTimestamp() {
        if (maxTimestamp > lastIndexedTimestamp) {
            timestamps.append(maxTimestamp, (int) (offsetOfMaxTimestamp - baseOffset));
            lastIndexedTimestamp = maxTimestamp;
        }
    }

    /// Writes index entries that are only in memory and makes the contents durable. A time index
    /// has an offset index beside it, empty or not: Kafka and its `kafka-dump-log.sh` open both.
    void flushIndexes(DiskHealth health) throws IOException {
        offsets.flush(health);
        if (timestamps.flush(health)) {
            offsets.createIfAbsent();
        }
        aborted.flush(health);
    }

    /// Makes the contents of a segment created beside others durable, indexes included; all of its
    /// files exist then.
    void syncBeside(DiskHealth health) throws IOException {
        indexMaxTimestamp();
        offsets.create(health);
        timestamps.create(health);
        aborted.create(health);
        flushIndexes(health);
        health.sync(file());
    }

    /// Gives the file of the records another name; who reads it goes on reading.
    void rename(Path to) throws IOException {
        renamed = true; // perhaps, also when it fails
        file().rename(to);
    }

    /// Gives the indexes of a segment created beside others their names.
    void settleIndexes() throws IOException {
        offsets.rename(path(OFFSET_INDEX));
        timestamps.rename(path(TIME_INDEX));
        aborted.rename(path(ABORTED_INDEX));
    }

    /// Gives up a segment created beside others. Its files are deleted when the log is opened, or
    /// overwritten by the next attempt; the room they took is free at once. One that has another
    /// name already stays whole: whether the name is durable is not known when a sync has failed,
    /// and if it is, the next start takes the segment for what it stands for.
    void abandon() {
        try {
            if (!renamed) {
                file().truncate(0);
            }
        } catch (IOException e) {
            // The next attempt overwrites it.
        }
        close();
    }

    /// Cuts the file; its indexes must not reach beyond.
    void truncate(int position) throws IOException {
        file().truncate(position);
        size = position;
        roomEnd = 0;
    }

    /// Steps to the first batch that ends at or after an offset.
    ///
    /// @param limit file position where to stop
    /// @return the scanner at that batch, or null when there is none below the limit
    HeaderScanner find(long offset, int limit) throws IOException {
        // The index is a hint: if it does not lead to the right batch, start at the beginning.
        HeaderScanner near = batchOf(offsets.floor(offset - baseOffset), limit);
        if (near != null) {
            return advance(near, offset);
        }
        HeaderScanner scanner = new HeaderScanner(file(), 0, limit);
        return scanner.next() ? advance(scanner, offset) : null;
    }

    /// An offset that no batch before a position reaches, as near as the offset index tells;
    /// `Long.MAX_VALUE` where it does not tell. Kafka's `LogSegment.fetchUpperBoundOffset`.
    long boundBefore(int position) throws IOException {
        SparseIndex.Entry entry = offsets.firstFrom(position);
        return batchOf(entry, size()) == null ? Long.MAX_VALUE : baseOffset + entry.key();
    }

    /// The batch that an entry of the offset index is about; null when it is about none.
    private HeaderScanner batchOf(SparseIndex.Entry entry, int limit) throws IOException {
        if (entry == null || entry.value() < 0 || entry.value() >= limit) {
            return null;
        }
        HeaderScanner scanner = new HeaderScanner(file(), entry.value(), limit);
        return scanner.isAtBatch()
                        && scanner.next()
                        && scanner.lastOffset() - baseOffset == entry.key()
                ? scanner
                : null;
    }

    /// Steps to the first batch with a timestamp of at least `timestamp`, or returns null.
    HeaderScanner findTimestamp(long timestamp, int limit) throws IOException {
        HeaderScanner scanner = indexed(timestamps.floor(timestamp), limit);
        if (scanner == null) {
            scanner = new HeaderScanner(file(), 0, limit);
            if (!scanner.next()) {
                return null;
            }
        }
        while (scanner.maxTimestamp() < timestamp) {
            if (!scanner.next()) {
                return null;
            }
        }
        return scanner;
    }

    /// Steps to the batch that an entry of the time index is about; null when it is about none, so
    /// that a damaged index leads nobody astray.
    private HeaderScanner indexed(SparseIndex.Entry entry, int limit) throws IOException {
        if (entry == null || entry.value() < 0) {
            return null;
        }
        HeaderScanner scanner = find(baseOffset + entry.value(), limit);
        return scanner != null
                        && scanner.lastOffset() == baseOffset + entry.value()
                        && scanner.maxTimestamp() == entry.key()
                ? scanner
                : null;
    }

    private static HeaderScanner advance(HeaderScanner scanner, long offset) throws IOException {
        while (scanner.lastOffset() < offset) {
            if (!scanner.next()) {
                return null;
            }
        }
        return scanner;
    }

    /// Deletes the files. Readers that hold the log file keep it.
    ///
    /// @return the log file, to be closed later, or null when it was not open
    StorageFile delete() throws IOException {
        StorageFile open;
        synchronized (this) {
            discarded = true;
            open = file;
        }
        for (String suffix : List.of(LOG, OFFSET_INDEX, TIME_INDEX, ABORTED_INDEX)) {
            files.delete(path(suffix));
        }
        return open;
    }

    /// Closes the file; later use fails.
    synchronized void close() {
        discarded = true;
        if (file != null) {
            file.close();
        }
    }

    /// The file if it was opened, so that it can be closed later.
    synchronized StorageFile discard() {
        discarded = true;
        return file;
    }

    private synchronized StorageFile file(OpenMode mode) throws IOException {
        if (file == null) {
            if (discarded) {
                throw closed();
            }
            file = files.open(path(LOG), mode);
        }
        return file;
    }

    private IOException closed() {
        return new IOException("segment " + baseOffset + " of " + directory + " is closed");
    }

    private void loadMaxTimestamp() throws IOException {
        SparseIndex.Entry last = timestamps.last();
        if (discarded) {
            throw closed(); // the index may be gone, or that of the segment in its place
        }
        if (last == null) {
            searchMaxTimestamp();
        } else {
            unchecked = last;
            offsetOfMaxTimestamp = baseOffset + last.value();
            maxTimestamp = last.key();
        }
    }

    /// Without a sound time index: neither retention nor who looks for a time must take it for
    /// older than it is.
    private void searchMaxTimestamp() throws IOException {
        long offset = -1;
        long greatest = -1;
        HeaderScanner batches = new HeaderScanner(file(), 0, size());
        try {
            while (batches.next()) {
                if (batches.maxTimestamp() > greatest) {
                    greatest = batches.maxTimestamp();
                    offset = batches.lastOffset();
                }
            }
        } catch (BrokerException damaged) {
            LOGGER.warn("{}; the segment counts as no older than its file", damaged.getMessage());
            greatest = Math.max(greatest, lastModifiedMs());
            offset = baseOffset; // a place to search from
        }
        offsetOfMaxTimestamp = offset;
        maxTimestamp = greatest;
    }

    private Path path(String suffix) {
        return directory.resolve(name(baseOffset, suffix));
    }
}
