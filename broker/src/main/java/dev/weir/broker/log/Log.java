package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.StateFile.Checkpoint;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.FileSlice;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/// The log of one partition.
///
/// # Who may call
///
/// Methods that say *append lock* are called under the partition's append lock, those that say
/// *upkeep lock* under its upkeep lock, which is always taken first. The others may be called by
/// any thread at any time: they work on the published end and the published list of segments,
/// neither of which is ever changed in place.
///
/// # What is durable
///
/// An append only reaches the page cache. [#captureForSync] and [#sync] make everything up to the
/// captured end durable: closed segments first seen since, the active one, and the directory when
/// files were created in it. Nothing is known durable before that.
///
/// # Recovery
///
/// A checkpoint says up to where log, indexes and producer snapshot are durable together. Opening
/// compares the size of the last segment with it: equal, as after a clean stop, and no byte of the
/// log is read. Otherwise the batches after the checkpoint are read and checked, and indexes and
/// producer state are rebuilt from them. Where that walk meets something that is not an intact next
/// batch, the offset decides: below what was acknowledged it is damage and opening is refused;
/// beyond, it is what a crash left of writes nobody was told about, and is cut off.
public final class Log {
    private static final Logger LOG = LoggerFactory.getLogger(Log.class);

    private final FileSystem files;
    private final Path directory;
    private final DiskHealth health;
    private final SegmentReplacer replacer; // upkeep lock
    private final StateFile state;
    private final Checkpoints checkpoints; // upkeep lock, but for noteSynced
    private final ProducerState producers = new ProducerState(); // append lock
    private final TimestampSearch timestamps = new TimestampSearch();
    private final List<LogSegment> unsynced = new ArrayList<>(); // append lock: closed, not synced
    private boolean directoryChanged; // append lock
    private volatile Birth birth; // null once there are files and their names are durable

    private volatile LogConfig config;
    private volatile Segments segments; // replaced under the append lock
    private volatile LogPosition end;
    private volatile long logStartOffset;
    private volatile long firstUndecidedOffset = Long.MAX_VALUE;
    private volatile LogPosition found; // last result of positionOf
    private long recoveredBytes; // written while opening
    private long deletedBytes; // upkeep lock
    private volatile int replacements; // segments that compaction replaced

    private Log(
            FileSystem files,
            Path directory,
            LogConfig config,
            DiskHealth health,
            StateFile state) {
        this.files = files;
        this.directory = directory;
        this.config = config;
        this.health = health;
        replacer = new SegmentReplacer(files, directory, health);
        this.state = state;
        checkpoints = new Checkpoints(files, directory, health, state);
    }

    /// Opens a log, an empty one if there are no files; they are made by the first append. On
    /// return everything up to its end is durable.
    ///
    /// @throws BrokerException `KAFKA_STORAGE_ERROR` when acknowledged records are damaged or
    ///   missing; nothing on disk was changed
    public static Log open(
            FileSystem files, Path directory, LogConfig config, DiskHealth health, long nowMs)
            throws IOException {
        Log log = new Log(files, directory, config, health, StateFile.load(files, directory));
        boolean opened = false;
        try {
            log.load(nowMs);
            opened = true;
        } finally {
            if (!opened) {
                log.close();
            }
        }
        return log;
    }

    // ---------------------------------------------------------------- opening

    private void load(long nowMs) throws IOException {
        if (!files.exists(directory)) {
            loadUnborn(false, nowMs);
            return;
        }
        replacer.finish();
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
            loadUnborn(unborn, nowMs);
            return;
        }
        if (onDisk.isEmpty()) {
            if (checkpoint.offset() > checkpoint.logStartOffset()) {
                throw damaged("all segments are missing", checkpoint.offset());
            }
            create(checkpoint.logStartOffset(), nowMs);
            return;
        }
        segments = Segments.of(onDisk);
        logStartOffset = segments.first().baseOffset();
        if (checkpoint == null) {
            recoverWithoutState(nowMs);
        } else {
            logStartOffset = Math.max(logStartOffset, checkpoint.logStartOffset());
            resume(checkpoint, nowMs);
        }
        if (state.checkpoint() == null) {
            checkpoint(captureCheckpoint());
        }
        publishUndecided();
    }

    /// Reads all of a log of which nothing is known, such as one that Kafka wrote.
    private void recoverWithoutState(long nowMs) throws IOException {
        // Ours would say in its state where compaction left gaps.
        boolean foreign = !state.exists();
        checkpoints.assumeGapsBelow(
                foreign && config.compaction().enabled() ? Long.MAX_VALUE : 0);
        recover(0, 0, segments.first().baseOffset(), Long.MAX_VALUE, nowMs);
        checkpoints.assumeGapsBelow(Math.min(checkpoints.gapsBelow(), end.offset()));
        if (foreign) {
            LOG.warn("{} had no {}: all of it was read and checked", directory, StateFile.NAME);
        }
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

    /// Begins a log that was never made durable.
    ///
    /// @param written whether a crash left records of it, which are kept as far as they are intact
    private void loadUnborn(boolean written, long nowMs) throws IOException {
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
            recover(0, 0, 0, 0, nowMs);
            complete();
            checkpoint(captureCheckpoint());
        }
        publishUndecided();
    }

    private void complete() throws IOException {
        Birth pending = birth;
        if (pending != null && pending.hasBegun()) {
            pending.complete(health);
            birth = null;
        }
    }

    private void create(long offset, long nowMs) throws IOException {
        LogSegment first = LogSegment.create(files, directory, offset, nowMs);
        segments = Segments.of(first);
        logStartOffset = offset;
        end = new LogPosition(offset, first, 0);
        checkpoint(captureCheckpoint());
    }

    private void resume(Checkpoint checkpoint, long nowMs) throws IOException {
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
            recover(0, 0, segments.first().baseOffset(), acknowledged, nowMs);
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
            recover(0, 0, segments.first().baseOffset(), acknowledged, nowMs);
        } else if (complete) {
            if (state.syncedOffset() > checkpoint.offset()) {
                throw damaged("acknowledged records are missing", checkpoint.offset());
            }
            end = new LogPosition(checkpoint.offset(), segment, checkpoint.position());
        } else {
            recover(at, checkpoint.position(), checkpoint.offset(), acknowledged, nowMs);
        }
    }

    /// Reads and checks all batches from a place on and rebuilds what follows from them.
    ///
    /// @param acknowledged offsets below it must be there
    private void recover(int from, int position, long offset, long acknowledged, long nowMs)
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
            if (i > from && segment.baseOffset() > next && segment.baseOffset() <= checkpoints.gapsBelow()) {
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
            int start = i == from ? position : 0;
            BatchWalker batches = new BatchWalker(segment.file(), start, Math.toIntExact(sizes[i]));
            while (batches.next() && isNext(batches.buffer().getLong(batches.at()), next)) {
                takeIn(segment, batches.buffer(), batches.at(), nowMs);
                recoveredBytes += BatchHeader.sizeInBytes(batches.buffer(), batches.at());
                next = BatchHeader.nextOffset(batches.buffer(), batches.at());
            }
            // As when it was closed: later it is all that is read of it.
            segment.indexMaxTimestamp();
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
        if (cut) {
            if (!onlyRoom) {
                LOG.warn(
                        "{}: cut off {} bytes of {} and {} later segments, written but never"
                                + " acknowledged before a crash; the log ends at offset {}",
                        directory,
                        sizes[last] - active.size(),
                        active.file().path().getFileName(),
                        later,
                        next);
            }
            cutTail(last);
        }
        for (int i = from; i <= last; i++) {
            health.sync(segments.get(i).file());
        }
        health.syncDirectory(files, directory);
        LOG.info("{}: recovered offsets {} to {}", directory, offset, next);
    }

    private boolean isNext(long baseOffset, long next) {
        return baseOffset == next || (baseOffset > next && baseOffset < checkpoints.gapsBelow());
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

    // ---------------------------------------------------------------- appending

    /// What became of an append.
    public record Appended(
            long firstOffset, long lastOffset, long duplicateTimestampMs, boolean duplicate) {}

    /// Says of an append that nobody asked the coordinator of transactions about it.
    public static final long UNVERIFIED = -2;

    /// Says of an append that the coordinator of transactions has just made its partition part of
    /// the producer's transaction, for a client of transaction version 2. No number needs to hold
    /// then, as its epoch does: whoever ends that transaction bumps the epoch, and the marker
    /// brings the bump here (KIP-890). The marker of the transaction before has the present epoch
    /// and may come in between.
    public static final long ADDED = -3;

    /// How much of an append is checked against what is known of its producer.
    ///
    /// @param sequences whether sequence numbers must follow and repetitions are recognised
    /// @param transactions whether a transactional batch needs an open transaction, or `verified`
    /// @param verified what [#verification] said, [#UNVERIFIED] if it was not asked, [#ADDED]
    /// @param bumping whether a marker has a later epoch than what it ends (transaction version 2)
    public record Checks(boolean sequences, boolean transactions, long verified, boolean bumping) {
        /// Of a marker of a client before transaction version 2, and of the engine: no epoch is
        /// older than what is known.
        public static final Checks MARKER = new Checks(false, false, UNVERIFIED, false);

        /// Of a marker of transaction version 2.
        public static final Checks BUMPING_MARKER = new Checks(false, false, UNVERIFIED, true);

        /// Of what a client sent outside of transactions that are not open yet.
        public static final Checks CLIENT = new Checks(true, true, UNVERIFIED, false);
    }

    /// The term of the coordinator that ended a producer's last transaction here, -1 for none.
    /// Append lock.
    public int coordinatorEpoch(long producerId) {
        return producers.coordinatorEpoch(producerId);
    }

    /// What must be known before a batch of a client's transaction may be appended; see
    /// [Checks#verified]. Empty while the producer has a transaction of this epoch open. Append
    /// lock.
    public OptionalLong verification(long producerId, short producerEpoch) {
        return producers.verification(producerId, producerEpoch);
    }

    /// [#verification] of a batch that a client sent. Append lock.
    ///
    /// @param bumping whether each of the client's transactions has an epoch of its own (KIP-890)
    public OptionalLong beginVerification(ByteBuffer batch, boolean bumping, long nowMs) {
        return producers.beginVerification(batch, batch.position(), bumping, nowMs);
    }

    /// What became of one of several appends: `appended`, or else the reason why not.
    public record Outcome(Appended appended, BrokerException refusal) {}

    /// Appends batches that lie between position and limit of the buffer and have been checked, all
    /// or none. Their base offsets and leader epochs are written into the buffer. Append lock.
    ///
    /// @throws BrokerException what [ProducerState#check] found, or `KAFKA_STORAGE_ERROR` when the
    ///   disk is full or failed; the log is as before and may be appended to again
    public Appended append(ByteBuffer batches, int leaderEpoch, Checks checks, long nowMs) {
        Outcome outcome = appendEach(List.of(batches), leaderEpoch, checks, nowMs).getFirst();
        if (outcome.refusal != null) {
            throw outcome.refusal;
        }
        return outcome.appended;
    }

    /// Appends what several requests hold, in their order, each as if by itself, but with as few
    /// writes to the file as that allows. Append lock.
    ///
    /// @param entries each one or more batches, as for [#append]
    /// @return an outcome for each
    public List<Outcome> appendEach(
            List<ByteBuffer> entries, int leaderEpoch, Checks checks, long nowMs) {
        Outcome[] outcomes = new Outcome[entries.size()];
        int next = 0;
        while (next < outcomes.length) {
            next = appendRun(entries, next, outcomes, leaderEpoch, checks, nowMs);
        }
        publishUndecided();
        return List.of(outcomes);
    }

    /// Appends as many entries as one write can take.
    ///
    /// @param from the first
    /// @return the first that must wait for the next run
    private int appendRun(
            List<ByteBuffer> entries,
            int from,
            Outcome[] outcomes,
            int leaderEpoch,
            Checks checks,
            long nowMs) {
        AppendRun run = new AppendRun(end.offset());
        int room = config.segmentBytes() - endOf(end.segment());
        long latest = latestFor(end.segment());
        int next = from;
        while (next < outcomes.length) {
            ByteBuffer entry = entries.get(next);
            boolean follows = false;
            if (!run.isEmpty()) {
                AppendRun.Place place = run.place(entry, room, latest);
                if (place == AppendRun.Place.LATER) {
                    break;
                }
                follows = place == AppendRun.Place.FOLLOWS;
            }
            outcomes[next] = follows ? null : settled(entry, checks);
            if (outcomes[next] == null) {
                run.add(entry, next, leaderEpoch);
                latest = Math.min(latest, latestAfter(run.firstTimestamp()));
            }
            next++;
        }
        if (!run.isEmpty()) {
            write(run, outcomes, nowMs);
        }
        return next;
    }

    /// What is known of an entry without writing it: that it was here before, or why it cannot be
    /// taken; null if it can.
    private Outcome settled(ByteBuffer entry, Checks checks) {
        try {
            int limit = entry.limit();
            for (int at = entry.position(); at < limit; ) {
                ProducerState.Duplicate duplicate = producers.check(entry, at, checks);
                if (duplicate != null) {
                    return new Outcome(
                            new Appended(
                                    duplicate.firstOffset(),
                                    duplicate.lastOffset(),
                                    duplicate.timestampMs(),
                                    true),
                            null);
                }
                at += BatchHeader.sizeInBytes(entry, at);
            }
            return null;
        } catch (BrokerException e) {
            return new Outcome(null, e);
        }
    }

    private void write(AppendRun run, Outcome[] outcomes, long nowMs) {
        try {
            Birth pending = birth;
            if (pending != null) {
                pending.begin(checkpoints.last());
            }
            LogSegment active = segmentFor(run.bytes(), run.nextOffset(), run.timestamp(), nowMs);
            active.makeRoom(run.bytes(), config.segmentBytes());
            active.write(run.entries());
            takeIn(run, active, outcomes, nowMs);
        } catch (IOException e) {
            BrokerException failure =
                    new BrokerException(
                            ErrorCode.KAFKA_STORAGE_ERROR,
                            "cannot write to " + directory + ": " + e.getMessage(),
                            e);
            run.forEach((_, index) -> outcomes[index] = new Outcome(null, failure));
        }
    }

    private void takeIn(AppendRun run, LogSegment active, Outcome[] outcomes, long nowMs) {
        run.forEach((entry, index) -> {
            int limit = entry.limit();
            int last = entry.position();
            for (int at = last; at < limit; at += BatchHeader.sizeInBytes(entry, at)) {
                takeIn(active, entry, at, nowMs);
                last = at;
            }
            outcomes[index] =
                    new Outcome(
                            new Appended(
                                    BatchHeader.baseOffset(entry, entry.position()),
                                    BatchHeader.lastOffset(entry, last),
                                    -1,
                                    false),
                            null);
        });
        end = new LogPosition(run.nextOffset(), active, endOf(active));
    }

    /// Indexes a batch that is in the file and brings the producer state up to it.
    private void takeIn(LogSegment segment, ByteBuffer batches, int at, long nowMs) {
        segment.appended(batches, at, config.indexIntervalBytes());
        AbortedTransaction aborted = producers.appended(batches, at, nowMs);
        if (aborted != null) {
            try {
                segment.addAborted(aborted);
            } catch (IOException e) {
                throw new IllegalStateException("the index of the active segment is in memory", e);
            }
        }
    }

    /// The segment for what is appended next, a new one when the present one is full or too old.
    /// The age is the time between its first batch and the next as the records have it, so that
    /// records from the past are divided as if they had come in their time; without timestamps it
    /// is the time since the segment was made.
    private LogSegment segmentFor(int bytes, long nextOffset, long timestamp, long nowMs)
            throws IOException {
        LogSegment active = end.segment();
        int size = endOf(active);
        if (size == 0) {
            return active;
        }
        LogConfig now = config;
        long first = active.firstTimestamp();
        long age = first >= 0 ? timestamp - first : nowMs - active.createdMs();
        boolean roll =
                (long) size + bytes > now.segmentBytes()
                        || age > segmentMs()
                        || nextOffset - active.baseOffset() > Integer.MAX_VALUE;
        return roll ? rollTo(end.offset(), nowMs) : active;
    }

    /// The greatest timestamp that a segment takes.
    private long latestFor(LogSegment segment) {
        try {
            return endOf(segment) == 0 ? Long.MAX_VALUE : latestAfter(segment.firstTimestamp());
        } catch (IOException e) {
            LOG.debug("{}: the write will tell", directory, e);
            return Long.MAX_VALUE;
        }
    }

    /// The greatest timestamp that a segment takes whose first batch has this one.
    private long latestAfter(long firstTimestamp) {
        long latest = firstTimestamp + segmentMs();
        return firstTimestamp < 0 || latest < firstTimestamp ? Long.MAX_VALUE : latest;
    }

    private long segmentMs() {
        LogConfig now = config;
        return now.compaction().enabled()
                ? Math.min(now.segmentMs(), now.compaction().maxLagMs())
                : now.segmentMs();
    }

    private LogSegment rollTo(long offset, long nowMs) throws IOException {
        complete();
        LogSegment closed = end.segment();
        closed.trim(); // and is synced so before anything in the next is acknowledged
        LogSegment opened = LogSegment.create(files, directory, offset, nowMs);
        closed.indexMaxTimestamp();
        unsynced.add(closed);
        directoryChanged = true;
        segments = segments.and(opened);
        end = new LogPosition(offset, opened, 0);
        return opened;
    }

    private static int endOf(LogSegment active) {
        try {
            return active.size();
        } catch (IOException e) {
            throw new IllegalStateException("the size of the active segment is in memory", e);
        }
    }

    // ---------------------------------------------------------------- syncing

    /// What must be synced so that everything up to an end is durable.
    public static final class SyncCapture {
        private final LogPosition end;
        private final List<LogSegment> segments;
        private final boolean directory;

        private SyncCapture(LogPosition end, List<LogSegment> segments, boolean directory) {
            this.end = end;
            this.segments = segments;
            this.directory = directory;
        }

        /// Whether a sync that reached this offset did all there is to do.
        public boolean isEmptySince(long offset) {
            return end.offset() == offset && segments.size() == 1 && !directory;
        }

        /// Whether it takes one fsync of a file that is there.
        public boolean isOneFile() {
            return segments.size() == 1 && !directory;
        }

        /// What will be durable.
        public LogPosition end() {
            return end;
        }
    }

    /// Takes the present end and all that must be synced for it. Append lock; a capture must be
    /// synced before the next is taken.
    public SyncCapture captureForSync() {
        List<LogSegment> dirty = new ArrayList<>(unsynced);
        dirty.add(end.segment());
        unsynced.clear();
        boolean changed = directoryChanged;
        directoryChanged = false;
        return new SyncCapture(end, dirty, changed);
    }

    /// Makes everything in the capture durable. One thread at a time, no lock of the log.
    public void sync(SyncCapture capture) throws IOException {
        complete();
        for (LogSegment segment : capture.segments) {
            health.sync(segment.file());
        }
        if (capture.directory) {
            health.syncDirectory(files, directory);
        }
    }

    /// Takes a capture back that could not be synced, so that the next sync covers it too. Append
    /// lock.
    public void giveBack(SyncCapture capture) {
        for (LogSegment segment : capture.segments) {
            if (segment != end.segment() && !unsynced.contains(segment)) {
                unsynced.add(segment);
            }
        }
        directoryChanged |= capture.directory;
    }

    /// Whether its files are there but not yet durable.
    public boolean isBeingBorn() {
        return birth != null;
    }

    /// Notes for recovery that everything below an offset is durable. Called by the thread that
    /// syncs, under the upkeep lock or where no checkpoint is being written.
    public void noteSynced(long offset) {
        checkpoints.noteSynced(offset);
    }

    /// Takes in that transactions whose marker is below the high watermark are decided. Append
    /// lock.
    public void decidedBelow(long highWatermark) {
        producers.decidedBelow(highWatermark);
        publishUndecided();
    }

    /// Whether an ended transaction waits for its marker to become durable. Append lock.
    public boolean hasUndecided() {
        return producers.hasUndecided();
    }

    private void publishUndecided() {
        firstUndecidedOffset = producers.firstUndecidedOffset();
    }

    // ---------------------------------------------------------------- reading

    /// The end: the offset and place that the next batch will have.
    public LogPosition end() {
        return end;
    }

    /// First offset that readers may see.
    public long logStartOffset() {
        return logStartOffset;
    }

    /// First offset that is still on disk.
    public long firstKeptOffset() {
        return segments.first().baseOffset();
    }

    /// First offset of the oldest transaction not durably ended; `Long.MAX_VALUE` for none.
    public long firstUndecidedOffset() {
        return firstUndecidedOffset;
    }

    /// Offset up to which recovery has nothing to do.
    public long checkpointedOffset() {
        return checkpoints.offset();
    }

    /// Bytes that were read and checked when the log was opened.
    public long recoveredBytes() {
        return recoveredBytes;
    }

    /// Bytes of the segments that [#raiseStart] deleted so far. Upkeep lock.
    public long deletedBytes() {
        return deletedBytes;
    }

    /// Files the log consists of, not counting indexes.
    public int segmentCount() {
        return segments.count();
    }

    /// Bytes in all segments.
    public long sizeInBytes() throws IOException {
        return segments.sizeInBytes();
    }

    /// Finds batches from the one that contains `offset` on, in one segment.
    ///
    /// @param offset not below [#firstKeptOffset]
    /// @param limit where readers must stop
    /// @param wholeFirstBatch whether the first batch is returned whole even if it is larger than
    ///   `maxBytes`; otherwise nothing is returned then
    public FileSlice read(long offset, int maxBytes, LogPosition limit, boolean wholeFirstBatch)
            throws IOException {
        return segments.read(
                offset, maxBytes, limit, wholeFirstBatch, checkpoints.gapsBelow());
    }

    /// What a reader of committed records is given.
    ///
    /// @param aborted transactions with records in the segment of the slice, from where the reader
    ///   reads on
    public record Committed(FileSlice slice, List<AbortedTransaction> aborted) {}

    /// As [#read], with the transactions that were aborted. Both come from the same segments: a
    /// compacted one has neither the records of an aborted transaction nor its name.
    public Committed readCommitted(
            long offset, int maxBytes, LogPosition limit, boolean wholeFirstBatch)
            throws IOException {
        return segments.readCommitted(
                offset, maxBytes, limit, wholeFirstBatch, checkpoints.gapsBelow());
    }

    /// The place of the batch that starts with an offset below the end.
    public LogPosition positionOf(long offset) throws IOException {
        LogPosition last = found;
        if (last != null && last.offset() == offset) {
            return last;
        }
        LogPosition stop = end;
        LogPosition place = segments.positionOf(offset, stop);
        if (place != stop) {
            found = place;
        }
        return place;
    }

    /// Aborted transactions with records in a range of offsets.
    List<AbortedTransaction> aborted(long from, long to) throws IOException {
        return segments.aborted(from, to);
    }

    /// The first record below the limit whose timestamp is at least this.
    public OffsetAtTimestamp offsetForTimestamp(long timestamp, LogPosition limit)
            throws IOException {
        return timestamps.firstFrom(timestamp, logStartOffset, segments, limit);
    }

    /// The first of the records at or above the log start that has the greatest timestamp.
    public OffsetAtTimestamp maxTimestampOffset() throws IOException {
        return timestamps.greatest(logStartOffset, segments);
    }

    /// The producers whose state is kept. Append lock.
    public List<ActiveProducer> producers() {
        return producers.active();
    }

    /// Transactions without an end marker. Append lock.
    public List<OpenTransaction> openTransactions() {
        return producers.openTransactions();
    }

    /// Forgets producers that have been idle for this long. Append lock.
    public void expireProducers(long nowMs, long idleMs) {
        producers.expire(nowMs, idleMs);
    }

    public LogConfig config() {
        return config;
    }

    public void reconfigure(LogConfig next) {
        config = next;
    }

    // ---------------------------------------------------------------- upkeep

    /// What a checkpoint will say, taken at one moment.
    public static final class CheckpointCapture {
        final LogPosition end;
        final ByteBuffer producers; // null when there are none
        final int offsetEntries;
        final int timestampEntries;
        final int abortedEntries;

        private CheckpointCapture(LogPosition end, ProducerState producers) throws IOException {
            LogSegment active = end.segment();
            this.end = end;
            this.producers = producers.isEmpty() ? null : producers.snapshot();
            offsetEntries = active.offsetEntries();
            timestampEntries = active.timestampEntries();
            abortedEntries = active.abortedEntries();
        }

        static CheckpointCapture of(LogPosition end, ProducerState producers) throws IOException {
            LogSegment active = end.segment();
            active.indexMaxTimestamp();
            active.trim();
            return new CheckpointCapture(end, producers);
        }

        public long offset() {
            return end.offset();
        }
    }

    /// Takes the state of the present end. Append lock.
    public CheckpointCapture captureCheckpoint() throws IOException {
        return CheckpointCapture.of(end, producers);
    }

    /// Makes a captured state the one from which recovery starts. The log must have been synced up
    /// to it. Upkeep lock.
    public void checkpoint(CheckpointCapture capture) throws IOException {
        if (birth != null) {
            return; // nothing was written
        }
        checkpoints.write(capture, segments, logStartOffset);
    }

    /// Closes the active segment when all of it has outlived `retention.ms` or nothing is to be
    /// kept, so that it can go too, or when it has to be compacted. Append lock.
    public void rollExpired(long nowMs) throws IOException {
        LogSegment active = end.segment();
        if (active.size() == 0) {
            return;
        }
        LogConfig now = config;
        boolean expired =
                now.retentionMs() >= 0
                        && active.maxTimestamp() >= 0
                        && nowMs - active.maxTimestamp() > now.retentionMs();
        boolean compactable =
                now.compaction().enabled()
                        && nowMs - active.createdMs() > now.compaction().maxLagMs();
        if (expired || compactable || now.retentionBytes() == 0) {
            rollTo(end.offset(), nowMs);
        }
    }

    /// Where the log would start if retention by size and age were applied to all it may take.
    ///
    /// @param bound the first offset that must stay
    public long retainedFrom(long bound, long nowMs) throws IOException {
        LogConfig now = config;
        Segments all = segments;
        long size = now.retentionBytes() >= 0 ? sizeInBytes() : 0;
        long from = logStartOffset;
        for (int i = 0; i < all.count() - 1 && all.endOf(i) <= bound; i++) {
            LogSegment segment = all.get(i);
            boolean below = all.endOf(i) <= logStartOffset;
            boolean old =
                    now.retentionMs() >= 0
                            && segment.maxTimestamp() >= 0
                            && nowMs - segment.maxTimestamp() > now.retentionMs();
            boolean surplus =
                    now.retentionBytes() >= 0 && size - segment.size() >= now.retentionBytes();
            if (segment.size() == 0) {
                continue; // compaction left nothing: it goes with the next, and is no reason to
            }
            if (!below && !old && !surplus) {
                break;
            }
            size -= segment.size();
            from = Math.max(from, all.endOf(i));
        }
        return from;
    }

    /// Whether deleting what lies below this offset would take segments that recovery still needs,
    /// so that a checkpoint must be written before. Upkeep lock.
    public boolean needsCheckpointBefore(long kept) {
        return segmentStart(kept) > checkpoints.last().segmentBase();
    }

    /// Raises the start of the log, durably, and deletes the segments wholly below it. Upkeep lock.
    ///
    /// @param start the new log start offset
    /// @param kept the first offset whose bytes must stay, at most `start`
    /// @param appendLock runs a change of the segment list under the append lock
    /// @return files to be closed when their readers are done
    public List<StorageFile> raiseStart(long start, long kept, UnderLock appendLock)
            throws IOException {
        long firstKept = segmentStart(kept);
        if (start <= logStartOffset && firstKept <= firstKeptOffset()) {
            return List.of();
        }
        complete();
        logStartOffset = Math.max(start, logStartOffset);
        checkpoints.raiseStart(logStartOffset, firstKept);
        List<LogSegment> gone = new ArrayList<>();
        appendLock.run(() -> {
            Segments all = segments;
            int first = all.floor(firstKept);
            gone.addAll(all.asList().subList(0, first));
            segments = all.from(first);
        });
        List<StorageFile> open = new ArrayList<>();
        for (LogSegment segment : gone) {
            deletedBytes += segment.size();
            StorageFile file = segment.delete();
            if (file != null) {
                open.add(file);
            }
        }
        return open;
    }

    // ---------------------------------------------------------------- compaction

    /// How often compaction replaced segments. A read that failed may be repeated when this has
    /// changed since it began.
    public int replacements() {
        return replacements;
    }

    /// Prepares a compaction if it is worth while. Upkeep lock.
    ///
    /// @param bound the first offset that must stay as it is, durable and decided
    /// @param producers those whose state is kept
    /// @param maxKeyBytes memory for the keys
    /// @return null if there is nothing to do
    public Compaction compaction(
            long bound,
            List<ActiveProducer> producers,
            long nowMs,
            long maxKeyBytes,
            BooleanSupplier cancelled)
            throws IOException {
        long dirtyFrom = Math.max(checkpoints.last().compactedBelow(), firstKeptOffset());
        long to = compactableBelow(bound, dirtyFrom, nowMs);
        if (to <= dirtyFrom || !isWorthCompacting(dirtyFrom, to, nowMs)) {
            return null;
        }
        checkpoints.noteCompaction(
                Math.max(to, checkpoints.gapsBelow()), checkpoints.last().compactedBelow());
        List<LogSegment> below = new ArrayList<>();
        for (LogSegment segment : segments.asList()) {
            if (segment.baseOffset() < to) {
                below.add(segment);
            }
        }
        return new Compaction(this, replacer, below, dirtyFrom, to, producers, nowMs, maxKeyBytes, cancelled);
    }

    /// The end of the segments that can be compacted: closed, below the bound, not needed for
    /// recovery, old enough.
    private long compactableBelow(long bound, long dirtyFrom, long nowMs) throws IOException {
        long to = Math.min(segmentStart(bound), end.segment().baseOffset());
        to = Math.min(to, checkpoints.last().segmentBase());
        long minLagMs = config.compaction().minLagMs();
        for (LogSegment segment : segments.asList()) {
            if (segment.baseOffset() >= to) {
                return to;
            }
            if (minLagMs > 0
                    && segment.baseOffset() >= dirtyFrom
                    && segment.maxTimestamp() > nowMs - minLagMs) {
                return segment.baseOffset();
            }
        }
        return to;
    }

    private boolean isWorthCompacting(long dirtyFrom, long to, long nowMs) throws IOException {
        CompactionConfig wanted = config.compaction();
        long clean = 0;
        long dirty = 0;
        Segments all = segments;
        for (int i = 0; i < all.count() && all.get(i).baseOffset() < to; i++) {
            if (all.endOf(i) <= dirtyFrom) {
                clean += all.get(i).size();
            } else {
                dirty += all.get(i).size();
            }
        }
        return dirty > 0
                && ((double) dirty / (clean + dirty) > wanted.minDirtyRatio()
                        || isOverdue(dirtyFrom, nowMs - wanted.maxLagMs()));
    }

    /// Whether a closed segment that was not compacted yet begins with a batch from before this
    /// time. Batches without a timestamp say nothing.
    private boolean isOverdue(long dirtyFrom, long beforeMs) throws IOException {
        Segments all = segments;
        for (int i = 0; beforeMs > 0 && i < all.count() - 1; i++) {
            if (all.endOf(i) > dirtyFrom) {
                LogSegment segment = all.get(i);
                HeaderScanner first = new HeaderScanner(segment.file(), 0, segment.size());
                if (first.next() && first.maxTimestamp() > 0 && first.maxTimestamp() < beforeMs) {
                    return true;
                }
            }
        }
        return false;
    }

    /// Notes that the log is compacted below an offset. Upkeep lock.
    public void compacted(long below) throws IOException {
        checkpoints.noteCompaction(checkpoints.gapsBelow(), below);
    }

    /// Whether a segment is one of the log's own by now.
    boolean holds(LogSegment segment) {
        return segments.asList().contains(segment);
    }

    /// Puts a segment in the place of others, durably. Upkeep lock.
    ///
    /// @param appendLock runs a change of the segment list under the append lock
    /// @return files to be closed when their readers are done; null, and nothing has changed, when
    ///   the others are there no more
    List<StorageFile> replace(SegmentReplacer.Replacement replacement, UnderLock appendLock)
            throws IOException {
        if (!segments.contains(replacement.replaced())) {
            return null;
        }
        return replacer.replace(
                replacement,
                () ->
                        appendLock.run(() -> {
                            segments =
                                    segments.with(replacement.segment(), replacement.replaced());
                            found = null;
                            int count = replacements + 1; // nobody else: under the upkeep lock
                            replacements = count;
                        }));
    }

    private Path segmentPath(long baseOffset, String suffix) {
        return directory.resolve(LogSegment.name(baseOffset, suffix));
    }

    /// Runs something under a lock.
    @FunctionalInterface
    public interface UnderLock {
        void run(Runnable change);
    }

    /// The base offset of the segment that contains an offset.
    public long segmentStart(long offset) {
        return segments.startOf(offset);
    }

    /// Closes all files without syncing anything.
    public void close() {
        Segments now = segments;
        if (now != null) {
            for (LogSegment segment : now.asList()) {
                segment.close();
            }
        }
        checkpoints.close();
    }

    /// Gives up all open files of a log that was deleted, to be closed when their readers are done.
    public List<StorageFile> discard() {
        List<StorageFile> open = new ArrayList<>();
        for (LogSegment segment : segments.asList()) {
            StorageFile file = segment.discard();
            if (file != null) {
                open.add(file);
            }
        }
        checkpoints.close();
        return open;
    }
}
