package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.StateFile.Checkpoint;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.FileSlice;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.StorageFile;

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
/// How a log comes out of a crash is told at [Recovery].
public final class Log {
    private final FileSystem files;
    private final Path directory;
    private final DiskHealth health;
    private final SegmentReplacer replacer; // upkeep lock
    private final Checkpoints checkpoints; // upkeep lock, but for noteSynced
    private final ProducerState producers; // append lock
    private final TimestampSearch timestamps = new TimestampSearch();
    private final Unsynced unsynced = new Unsynced(); // append lock
    private volatile Birth birth; // null once there are files and their names are durable

    private volatile LogConfig config;
    private volatile Segments segments; // replaced under the append lock
    private volatile LogPosition end;
    private volatile long logStartOffset;
    private volatile long firstUndecidedOffset;
    private volatile LogPosition found; // last result of positionOf
    private final long recoveredBytes;
    private long deletedBytes; // upkeep lock
    private volatile int replacements; // segments that compaction replaced

    private Log(
            FileSystem files,
            Path directory,
            LogConfig config,
            DiskHealth health,
            Recovery.Recovered recovered) {
        this.files = files;
        this.directory = directory;
        this.config = config;
        this.health = health;
        replacer = new SegmentReplacer(files, directory, health);
        checkpoints = recovered.checkpoints();
        producers = recovered.producers();
        segments = recovered.segments();
        end = recovered.end();
        logStartOffset = recovered.logStartOffset();
        firstUndecidedOffset = producers.firstUndecidedOffset();
        birth = recovered.birth();
        recoveredBytes = recovered.readBytes();
    }

    /// Opens a log, an empty one if there are no files; they are made by the first append. On
    /// return everything up to its end is durable.
    ///
    /// @throws BrokerException `KAFKA_STORAGE_ERROR` when acknowledged records are damaged or
    ///   missing; nothing on disk was changed
    public static Log open(
            FileSystem files, Path directory, LogConfig config, DiskHealth health, long nowMs)
            throws IOException {
        Recovery.Recovered recovered = Recovery.open(files, directory, config, health, nowMs);
        return new Log(files, directory, config, health, recovered);
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
    /// @throws BrokerException what [ProducerState#settled] found, or `KAFKA_STORAGE_ERROR` when
    ///   the disk is full or failed; the log is as before and may be appended to again
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
        AppendRun run = new AppendRun(end, config);
        int next = from;
        while (next < outcomes.length) {
            ByteBuffer entry = entries.get(next);
            AppendRun.Place place = run.place(entry);
            if (place == AppendRun.Place.LATER) {
                break;
            }
            boolean follows = place == AppendRun.Place.FOLLOWS;
            outcomes[next] = follows ? null : producers.settled(entry, checks);
            if (outcomes[next] == null) {
                run.add(entry, next, leaderEpoch);
            }
            next++;
        }
        if (!run.isEmpty()) {
            write(run, outcomes, nowMs);
        }
        return next;
    }

    private void write(AppendRun run, Outcome[] outcomes, long nowMs) {
        try {
            Birth pending = birth;
            if (pending != null) {
                pending.begin(checkpoints.last());
            }
            LogSegment active = segmentFor(run, nowMs);
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
        end = new LogPosition(run.nextOffset(), active, active.sizeInMemory());
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

    private LogSegment segmentFor(AppendRun run, long nowMs) throws IOException {
        LogSegment active = end.segment();
        return Rolling.isDue(active, run, config, nowMs) ? rollTo(end.offset(), nowMs) : active;
    }

    private LogSegment rollTo(long offset, long nowMs) throws IOException {
        complete();
        LogSegment closed = end.segment();
        closed.trim(); // and is synced so before anything in the next is acknowledged
        LogSegment opened = LogSegment.create(files, directory, offset, nowMs);
        closed.indexMaxTimestamp();
        unsynced.rolled(closed);
        segments = segments.and(opened);
        end = new LogPosition(offset, opened, 0);
        return opened;
    }

    /// Makes the first files durable if they are there and are not yet.
    private void complete() throws IOException {
        Birth pending = birth;
        if (pending != null && pending.hasBegun()) {
            pending.complete(health);
            birth = null;
        }
    }

    // ---------------------------------------------------------------- syncing

    /// What must be synced so that everything up to an end is durable.
    public static final class SyncCapture {
        private final LogPosition end;
        final List<LogSegment> segments;
        final boolean directory;

        SyncCapture(LogPosition end, List<LogSegment> segments, boolean directory) {
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
        return unsynced.capture(end);
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
        unsynced.giveBack(capture, end.segment());
    }

    /// Whether there are no files yet, or not yet durably.
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
        return segments.read(offset, maxBytes, limit, wholeFirstBatch, checkpoints.gapsBelow());
    }

    /// What a reader of committed records is given.
    ///
    /// @param aborted transactions with records in the slice from where the reader reads on, maybe
    ///   also some that begin up to an entry of the offset index behind it
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
        if (Retention.closes(active, config, nowMs)) {
            rollTo(end.offset(), nowMs);
        }
    }

    /// Where the log would start if retention by size and age were applied to all it may take.
    ///
    /// @param bound the first offset that must stay
    public long retainedFrom(long bound, long nowMs) throws IOException {
        return Retention.from(segments, logStartOffset, bound, config, nowMs);
    }

    /// The base offset of the segment that contains an offset.
    public long segmentStart(long offset) {
        return segments.startOf(offset);
    }

    /// Whether deleting what lies below this offset would take segments that recovery still needs,
    /// so that a checkpoint must be written before. Upkeep lock.
    public boolean needsCheckpointBefore(long kept) {
        return segmentStart(kept) > checkpoints.last().segmentBase();
    }

    /// Runs something under a lock.
    @FunctionalInterface
    public interface UnderLock {
        void run(Runnable change);
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
        Checkpoint last = checkpoints.last();
        var scope = new CompactionScope(segments, config.compaction(), last, bound, nowMs);
        if (!scope.isWorthWhile()) {
            return null;
        }
        return new Compaction(this, replacer, scope, producers, nowMs, maxKeyBytes, cancelled);
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
        if (replacement.end() > checkpoints.gapsBelow()) {
            // Not before: elsewhere a gap is damage.
            checkpoints.noteCompaction(replacement.end(), checkpoints.last().compactedBelow());
        }
        return replacer.replace(
                replacement,
                () ->
                        appendLock.run(() -> {
                            segments = segments.with(replacement.segment(), replacement.replaced());
                            found = null;
                            int count = replacements + 1; // nobody else: under the upkeep lock
                            replacements = count;
                        }));
    }

    // ---------------------------------------------------------------- closing

    /// Closes all files without syncing anything.
    public void close() {
        segments.asList().forEach(LogSegment::close);
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
