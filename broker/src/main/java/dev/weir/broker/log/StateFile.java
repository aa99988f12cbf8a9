package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.StorageFile;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/// `weir.state` beside the segments: how far a log is known to be good.
///
/// Four sectors of 512 bytes. The first two take checkpoints in turn, each synced, so that one
/// survives whatever happens to the other. The last two take the synced offset in turn, written
/// after every fsync of the log but not synced themselves: after the death of the process it is
/// exact, after a power loss it may be old, but it never claims too much. It is what tells recovery
/// apart a torn tail (beyond it: cut off) from damage to acknowledged records (below it: refused).
///
/// ```
/// checkpoint: magic "WEIR" int32, format int16 = 2, kind int16 = 1, sequence int64,
///   log start offset, first kept offset, offset int64, segment base int64, position int32,
///   offset entries, time entries, aborted entries int32, has snapshot int32, segment created int64,
///   gaps below int64, compacted below int64 (from format 2 on), crc int32
/// synced:     magic int32, format int16, kind int16 = 2, sequence int64, synced offset int64, crc
/// ```
///
/// Methods that write are called by one thread at a time.
final class StateFile {
    static final String NAME = "weir.state";

    private static final int MAGIC = 0x57454952;
    private static final short FORMAT = 2;
    private static final int SECTOR = 512;
    private static final int SECTORS = 4;

    /// Everything below `offset` was synced, indexes included, and its batch begins at `position`
    /// of the segment.
    ///
    /// @param logStartOffset first offset that readers may see
    /// @param firstKeptOffset base of the first segment that was kept
    /// @param gapsBelow offsets below it may be missing, since compaction removed their records
    /// @param compactedBelow each key has at most one record below it
    /// @param hasSnapshot whether a producer snapshot of `offset` was written; else there were none
    record Checkpoint(
            long logStartOffset,
            long firstKeptOffset,
            long offset,
            long segmentBase,
            int position,
            int offsetEntries,
            int timestampEntries,
            int abortedEntries,
            boolean hasSnapshot,
            long segmentCreatedMs,
            long gapsBelow,
            long compactedBelow) {
        Checkpoint withStart(long start, long firstKept) {
            return new Checkpoint(
                    start,
                    firstKept,
                    offset,
                    segmentBase,
                    position,
                    offsetEntries,
                    timestampEntries,
                    abortedEntries,
                    hasSnapshot,
                    segmentCreatedMs,
                    gapsBelow,
                    compactedBelow);
        }

        Checkpoint withCompaction(long gaps, long compacted) {
            return new Checkpoint(
                    logStartOffset,
                    firstKeptOffset,
                    offset,
                    segmentBase,
                    position,
                    offsetEntries,
                    timestampEntries,
                    abortedEntries,
                    hasSnapshot,
                    segmentCreatedMs,
                    gaps,
                    compacted);
        }
    }

    private final FileSystem files;
    private final Path path;
    private StorageFile file; // opened when first written
    private long checkpointSequence;
    private long syncedSequence;
    private Checkpoint checkpoint;
    private long syncedOffset = -1;

    private StateFile(FileSystem files, Path path) {
        this.files = files;
        this.path = path;
    }

    /// Reads the state; absent or damaged parts are left out.
    static StateFile load(FileSystem files, Path directory) throws IOException {
        StateFile state = new StateFile(files, directory.resolve(NAME));
        if (!files.exists(directory)) {
            return state;
        }
        byte[] stored;
        try {
            stored = files.readFully(state.path);
        } catch (FileNotFoundException e) {
            return state;
        }
        for (int sector = 0; sector * SECTOR < stored.length; sector++) {
            int length = Math.min(SECTOR, stored.length - sector * SECTOR);
            state.take(ByteBuffer.wrap(stored, sector * SECTOR, length).slice());
        }
        return state;
    }

    /// Whether there is a file, whatever it holds.
    boolean exists() throws IOException {
        return files.exists(path);
    }

    /// Writes the first checkpoint to a file that has not its name yet, durable with [#settle].
    void prepare(Checkpoint first) throws IOException {
        checkpoint = first;
        if (file != null) {
            return; // an earlier attempt came this far
        }
        StorageFile prepared = files.open(path.resolveSibling(NAME + ".new"), OpenMode.CREATE);
        boolean whole = false;
        try {
            ByteBuffer sectors = ByteBuffer.allocate(SECTOR * SECTORS);
            checkpointSequence = 1;
            sectors.position(SECTOR).put(sector(first, checkpointSequence)).position(0);
            prepared.write(sectors, 0);
            whole = true;
        } finally {
            if (!whole) {
                prepared.close();
            }
        }
        file = prepared;
    }

    /// Makes what was prepared durable and gives it its name, durable after a sync of the
    /// directory.
    void settle(DiskHealth health) throws IOException {
        health.sync(file);
        file.rename(path);
    }

    /// Takes the checkpoint of a log that has no files yet.
    void begin(Checkpoint unwritten) {
        checkpoint = unwritten;
    }

    /// The last checkpoint, or null.
    Checkpoint checkpoint() {
        return checkpoint;
    }

    /// An offset up to which records were acknowledged, -1 when not known.
    long syncedOffset() {
        return syncedOffset;
    }

    /// Writes a checkpoint; durable on return, but for the name of a new file.
    void write(Checkpoint next, DiskHealth health) throws IOException {
        ByteBuffer bytes = sector(next, checkpointSequence + 1);
        file().write(bytes, ((checkpointSequence + 1) & 1) * SECTOR);
        health.sync(file());
        checkpointSequence++;
        checkpoint = next;
    }

    private static ByteBuffer sector(Checkpoint next, long sequence) {
        ByteBuffer bytes = head((short) 1, sequence);
        bytes.putLong(next.logStartOffset)
                .putLong(next.firstKeptOffset)
                .putLong(next.offset)
                .putLong(next.segmentBase)
                .putInt(next.position)
                .putInt(next.offsetEntries)
                .putInt(next.timestampEntries)
                .putInt(next.abortedEntries)
                .putInt(next.hasSnapshot ? 1 : 0)
                .putLong(next.segmentCreatedMs)
                .putLong(next.gapsBelow)
                .putLong(next.compactedBelow);
        seal(bytes);
        return bytes;
    }

    /// Notes that everything below an offset was synced.
    void writeSynced(long offset) throws IOException {
        ByteBuffer bytes = head((short) 2, syncedSequence + 1);
        bytes.putLong(offset);
        seal(bytes);
        file().write(bytes, (2 + ((syncedSequence + 1) & 1)) * SECTOR);
        syncedSequence++;
        syncedOffset = offset;
    }

    void close() {
        if (file != null) {
            file.close();
        }
    }

    private void take(ByteBuffer sector) {
        if (sector.remaining() < 20 || sector.getInt() != MAGIC) {
            return;
        }
        short format = sector.getShort();
        if (format > FORMAT) {
            throw new BrokerException(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    path + " has format " + format + ", this version knows up to " + FORMAT);
        }
        short kind = sector.getShort();
        int bodyBytes = kind != 1 ? 8 : format == 1 ? 60 : 76;
        if (sector.remaining() < 8 + bodyBytes + 4
                || sector.getInt(16 + bodyBytes) != crc(sector, 16 + bodyBytes)) {
            return;
        }
        long sequence = sector.getLong();
        if (kind == 1 && sequence > checkpointSequence) {
            checkpointSequence = sequence;
            checkpoint =
                    new Checkpoint(
                            sector.getLong(),
                            sector.getLong(),
                            sector.getLong(),
                            sector.getLong(),
                            sector.getInt(),
                            sector.getInt(),
                            sector.getInt(),
                            sector.getInt(),
                            sector.getInt() == 1,
                            sector.getLong(),
                            format == 1 ? 0 : sector.getLong(),
                            format == 1 ? 0 : sector.getLong());
        } else if (kind == 2 && sequence > syncedSequence) {
            syncedSequence = sequence;
            syncedOffset = sector.getLong();
        }
    }

    private StorageFile file() throws IOException {
        if (file == null) {
            StorageFile opened = files.open(path, OpenMode.CREATE);
            try {
                long size = opened.size();
                if (size < SECTOR * SECTORS) {
                    // Given its full size now, so that a full disk never stops a checkpoint.
                    opened.write(ByteBuffer.allocate((int) (SECTOR * SECTORS - size)), size);
                }
                file = opened;
            } finally {
                if (file == null) {
                    opened.close();
                }
            }
        }
        return file;
    }

    private static ByteBuffer head(short kind, long sequence) {
        return ByteBuffer.allocate(SECTOR)
                .putInt(MAGIC)
                .putShort(FORMAT)
                .putShort(kind)
                .putLong(sequence);
    }

    private static void seal(ByteBuffer bytes) {
        int end = bytes.position();
        bytes.putInt(crc(bytes, end)).flip();
    }

    private static int crc(ByteBuffer bytes, int end) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(0, end));
        return (int) crc.getValue();
    }
}
