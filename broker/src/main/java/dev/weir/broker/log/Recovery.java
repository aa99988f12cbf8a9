package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.StateFile.Checkpoint;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Opens the files of a log, whatever state its process left them in.
///
/// A checkpoint says up to where log, indexes and producer snapshot are durable together. The size
/// of the last segment is compared with it: equal, as after a clean stop, and no byte of the log is
/// read. Otherwise the batches after the checkpoint are read and checked, and indexes and producer
/// state are rebuilt from them. Where that walk meets something that is not an intact next batch,
/// the offset decides: below what was acknowledged it is damage and opening is refused; beyond, it
/// is what a crash left of writes nobody was told about, and is cut off.
///
/// Used once, by the thread that opens the log, which nobody else knows of yet.
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private final FileSystem files;
    private final Path directory;
    private final LogConfig config;
    private final DiskHealth health;
    private final long nowMs;
    private final StateFile state;
    private final Checkpoints checkpoints;
    private final ProducerState producers = new ProducerState();

    private Segments segments; // null until they are known
    private LogPosition end;
    private long logStartOffset;
    private Birth birth; // null if there are files
    private long readBytes;

    private Recovery(
            FileSystem files,
            Path directory,
            LogConfig config,
            DiskHealth health,
            long nowMs,
            StateFile state) {
        this.files = files;
        this.directory = directory;
        this.config = config;
        this.health = health;
        this.nowMs = nowMs;
        this.state = state;
        checkpoints = new Checkpoints(files, directory, health, state);
    }

    /// What a log begins with.
    ///
    /// @param birth null if the log has files
    /// @param readBytes how much of it was read and checked
    record Recovered(
            Checkpoints checkpoints,
            ProducerState producers,
            Segments segments,
            LogPosition end,
            long logStartOffset,
            Birth birth,
            long readBytes) {}

    /// See [Log#open]. When it throws, no file is left open.
    static Recovered open(
            FileSystem files, Path directory, LogConfig config, DiskHealth health, long nowMs)
            throws IOException {
        StateFile state = StateFile.load(files, directory);
        Recovery recovery = new Recovery(files, directory, config, health, nowMs, state);
        boolean opened = false;
        try {
            recovery.run();
            opened = true;
        } finally {
            if (!opened) {
                recovery.close();
            }
        }
        return recovery.recovered();
    }

    private Recovered recovered() {
        return new Recovered(
                checkpoints, producers, segments, end, logStartOffset, birth, readBytes);
    }

    private void close() {
        if (segments != null) {
            segments.asList().forEach(LogSegment::close);
        }
        checkpoints.close();
    }

    // ---------------------------------------------------------------- which case it is

    private void run() throws IOException {
        if (!files.exists(directory)) {
            loadUnborn(false);
            return;
        }
        new SegmentReplacer(files, directory, health).finish();
        Checkpoint checkpoint = state.checkpoint();
        boolean unborn = files.exists(segmentPath(0, Birth.UNBORN));
        if (unborn && checkpoint != null) {
            files.rename(segmentPath(0, Birth.UNBORN), segmentPath(0, LogSegment.LOG));
            unborn = false;
        }
        if (checkpoint != null && checkpoint.offset() == 0) {
            health.syncDirectory(files, directory); // the process may have died before it did
        }
        List<LogSegment> onDisk = listSegments(checkpoint);
        if (onDisk.isEmpty() && checkpoint == null) {
            loadUnborn(unborn);
            return;
        }
        if (onDisk.isEmpty()) {
            long known = Math.max(checkpoint.offset(), state.syncedOffset());
            if (known > checkpoint.logStartOffset()) {
                throw damaged("all segments are missing", checkpoint.logStartOffset());
            }
            create(checkpoint.logStartOffset());
            return;
        }
        segments = Segments.of(onDisk);
        logStartOffset = segments.first().baseOffset();
        if (checkpoint == null) {
            recoverWithoutState();
        } else {
            logStartOffset = Math.max(logStartOffset, checkpoint.logStartOffset());
            resume(checkpoint);
        }
        if (state.checkpoint() == null) {
            writeCheckpoint();
        }
    }

    /// Begins a log that was never made durable.
    ///
    /// @param written whether a crash left records of it, which are kept as far as they are intact
    private void loadUnborn(boolean written) throws IOException {
        if (state.exists()) {
            throw damaged("its state file cannot be read", 0);
        }
        LogSegment first = LogSegment.unborn(files, directory, nowMs);
        Checkpoint start = new Checkpoint(0, 0, 0, 0, 0, 0, 0, 0, false, nowMs, 0, 0);
        state.begin(start);
        segments = Segments.of(first);
        end = new LogPosition(0, first, 0);
        birth = new Birth(files, directory, state, first);
        if (written) {
            birth.begin(start);
            recover(0, 0, 0, 0);
            birth.complete(health);
            birth = null;
            writeCheckpoint();
        }
    }

    /// Begins anew a log of which nothing was left to keep.
    private void create(long offset) throws IOException {
        LogSegment first = LogSegment.create(files, directory, offset, nowMs);
        segments = Segments.of(first);
        logStartOffset = offset;
        end = new LogPosition(offset, first, 0);
        writeCheckpoint();
    }

    private void writeCheckpoint() throws IOException {
        checkpoints.write(Log.CheckpointCapture.of(end, producers), segments, logStartOffset);
    }

    private List<LogSegment> listSegments(Checkpoint checkpoint) throws IOException {
        List<LogSegment> onDisk = new ArrayList<>();
        List<Path> entries = files.list(directory);
        for (Path entry : entries) {
            long base = LogSegment.baseOf(entry);
            if (base >= 0) {
                boolean aborts =
                        entries.contains(
                                directory.resolve(LogSegment.name(base, LogSegment.ABORTED_INDEX)));
                LogSegment segment = LogSegment.existing(files, directory, base, aborts);
                if (checkpoint != null && base < checkpoint.firstKeptOffset()) {
                    segment.delete(); // its deletion was decided but did not complete
                } else {
                    onDisk.add(segment);
                }
            }
        }
        return onDisk;
    }

    /// Goes on from a checkpoint, reading what was written since.
    private void resume(Checkpoint checkpoint) throws IOException {
        int at = segments.indexOf(checkpoint.segmentBase());
        if (at < 0 || segments.get(at).size() < checkpoint.position()) {
            throw damaged(
                    segmentPath(checkpoint.segmentBase(), LogSegment.LOG)
                            + (at < 0 ? " is missing" : " ends at " + segments.get(at).size())
                            + " and has "
                            + checkpoint.position()
                            + " synced bytes",
                    checkpoint.offset());
        }
        long acknowledged = Math.max(checkpoint.offset(), state.syncedOffset());
        if (!checkpoints.restore(checkpoint, producers)) {
            LOG.warn(
                    "{}: the producer snapshot of offset {} cannot be read; reading the whole log",
                    directory,
                    checkpoint.offset());
            recover(0, 0, segments.first().baseOffset(), acknowledged);
            return;
        }
        LogSegment segment = segments.get(at);
        boolean complete = at == segments.count() - 1 && segment.size() == checkpoint.position();
        segment.resetTo(
                checkpoint.position(),
                checkpoint.offsetEntries(),
                checkpoint.timestampEntries(),
                checkpoint.abortedEntries());
        segment.createdMs(checkpoint.segmentCreatedMs());
        if (segment.abortedEntries() < checkpoint.abortedEntries()) {
            LOG.warn("{}: the index of aborted transactions lacks entries", directory);
            producers.clear();
            recover(0, 0, segments.first().baseOffset(), acknowledged);
        } else if (complete) {
            if (state.syncedOffset() > checkpoint.offset()) {
                throw damaged("acknowledged records are missing", checkpoint.offset());
            }
            end = new LogPosition(checkpoint.offset(), segment, checkpoint.position());
        } else {
            recover(at, checkpoint.position(), checkpoint.offset(), acknowledged);
        }
    }

    /// Reads all of a log of which nothing is known, such as one that Kafka wrote.
    private void recoverWithoutState() throws IOException {
        // Ours would say in its state where compaction left gaps.
        boolean foreign = !state.exists();
        checkpoints.assumeGapsBelow(foreign && config.compaction().enabled() ? Long.MAX_VALUE : 0);
        recover(0, 0, segments.first().baseOffset(), Long.MAX_VALUE);
        checkpoints.assumeGapsBelow(Math.min(checkpoints.gapsBelow(), end.offset()));
        if (foreign) {
            LOG.warn("{} had no {}: all of it was read and checked", directory, StateFile.NAME);
        }
    }

    // ---------------------------------------------------------------- reading what there is

    /// Reads and checks all batches from a place on and rebuilds what follows from them.
    ///
    /// @param acknowledged offsets below it must be there
    private void recover(int from, int position, long offset, long acknowledged)
            throws IOException {
        long next = offset;
        int last = from;
        boolean cut = false;
        // Sizes as they are on disk; resetTo changes what the segments believe.
        long[] sizes = new long[segments.count()];
        for (int i = from; i < segments.count(); i++) {
            sizes[i] = segments.get(i).file().size();
        }
        for (int i = from; i < segments.count() && !cut; i++) {
            LogSegment segment = segments.get(i);
            if (i > from
                    && segment.baseOffset() > next
                    && segment.baseOffset() <= checkpoints.gapsBelow()) {
                next = segment.baseOffset();
            }
            if (i > from && segment.baseOffset() != next) {
                cut = true; // the end of the one before was lost
                break;
            }
            last = i;
            if (i > from || position == 0) {
                segment.resetTo(0, 0, 0, 0);
                segment.createdMs(nowMs);
            }
            next = read(segment, i == from ? position : 0, Math.toIntExact(sizes[i]), next);
            cut = segment.size() < sizes[i];
        }
        int later = segments.count() - 1 - last;
        boolean onlyRoom =
                cut && later == 0 && segments.get(last).endsInRoom(Math.toIntExact(sizes[last]));
        boolean unchecked = acknowledged == Long.MAX_VALUE;
        if (unchecked ? cut && !onlyRoom : next < acknowledged) {
            throw damaged(
                    "no intact record batch at position "
                            + segments.get(last).size()
                            + " of "
                            + segments.get(last).file().path(),
                    next);
        }
        producers.decidedBelow(Long.MAX_VALUE);
        LogSegment active = segments.get(last);
        end = new LogPosition(next, active, active.size());
        if (cut && !onlyRoom) {
            LOG.warn(
                    "{}: cut off {} bytes of {} and {} later segments, written but never"
                            + " acknowledged before a crash; the log ends at offset {}",
                    directory,
                    sizes[last] - active.size(),
                    active.file().path().getFileName(),
                    later,
                    next);
        }
        if (cut) {
            cutTail(last);
        }
        for (int i = from; i <= last; i++) {
            health.sync(segments.get(i).file());
        }
        health.syncDirectory(files, directory);
        LOG.info("{}: recovered offsets {} to {}", directory, offset, next);
    }

    /// Takes in the batches of a segment as far as they are intact and follow one another.
    ///
    /// @param next offset that the first of them must have
    /// @return the offset after the last of them
    private long read(LogSegment segment, int start, int size, long next) throws IOException {
        long after = next;
        BatchWalker batches = new BatchWalker(segment.file(), start, size);
        while (batches.next()
                && Succession.follows(
                        BatchHeader.baseOffset(batches.buffer(), batches.at()),
                        after,
                        checkpoints.gapsBelow())) {
            takeIn(segment, batches.buffer(), batches.at());
            readBytes += BatchHeader.sizeInBytes(batches.buffer(), batches.at());
            after = BatchHeader.nextOffset(batches.buffer(), batches.at());
        }
        // As when it was closed: later it is all that is read of it.
        segment.indexMaxTimestamp();
        return after;
    }

    /// Indexes a batch and brings the producer state up to it.
    private void takeIn(LogSegment segment, ByteBuffer batches, int at) throws IOException {
        segment.appended(batches, at, config.indexIntervalBytes());
        AbortedTransaction aborted = producers.appended(batches, at, nowMs);
        if (aborted != null) {
            segment.addAborted(aborted);
        }
    }

    private void cutTail(int last) throws IOException {
        LogSegment active = segments.get(last);
        // Later segments first: a crash in between must not leave one behind a filled gap.
        for (int i = segments.count() - 1; i > last; i--) {
            StorageFile open = segments.get(i).delete();
            if (open != null) {
                open.close();
            }
        }
        health.syncDirectory(files, directory);
        active.truncate(active.size());
        segments = segments.upTo(last + 1);
    }

    private BrokerException damaged(String what, long offset) {
        return new BrokerException(
                ErrorCode.KAFKA_STORAGE_ERROR,
                directory
                        + " is damaged from offset "
                        + offset
                        + " on: "
                        + what
                        + "; acknowledged records would be lost, so the partition stays closed");
    }

    private Path segmentPath(long baseOffset, String suffix) {
        return directory.resolve(LogSegment.name(baseOffset, suffix));
    }
}
