package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.log.ActiveProducer;
import dev.weir.broker.log.DiskHealth;
import dev.weir.broker.log.Log;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.log.LogPosition;
import dev.weir.broker.log.OffsetAtTimestamp;
import dev.weir.broker.log.OpenTransaction;
import dev.weir.broker.record.Allotment;
import dev.weir.broker.record.EndMarker;
import dev.weir.broker.storage.FileSlice;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/// One partition: what is appended, what is durable, what may be read.
///
/// # Offsets
///
/// log start ≤ last stable ≤ high watermark ≤ log end. The high watermark is what has been synced;
/// the last stable offset is the first record of the oldest transaction that is open or whose end
/// marker is not durable, but at most the high watermark.
///
/// # Parts
///
/// What is asked of a partition is checked here ([Availability]) and done by the part whose it is:
/// [Appends] writes, [Producers] knows who did, [Syncs] makes it durable and owns the high
/// watermark, [Listeners] are told, [Pins] keep what [Upkeep] would delete, [RecoveryPoint] writes
/// checkpoints and [Compactions] compacts. Only reading, which has no state, is done here.
///
/// Any thread may call; [Locks] has the locks and their order. After a failed fsync appends and
/// waiters fail with `KAFKA_STORAGE_ERROR` until a restart; reads go on.
public final class Partition {
    private static final Logger LOG = LoggerFactory.getLogger(Partition.class);

    /// The first term of a coordinator, and the one that whoever decides without a coordinator
    /// marks with.
    public static final int FIRST_COORDINATOR_EPOCH = EndMarker.NO_COORDINATOR_EPOCH + 1;

    /// Says of an append that nobody asked the coordinator of transactions about it.
    public static final long UNVERIFIED = Log.UNVERIFIED;

    /// See [Log#ADDED].
    public static final long ADDED = Log.ADDED;

    private final String topic;
    private final int index;
    private final Availability availability;
    private final Listeners listeners;
    private final Locks locks = new Locks();
    private final PartitionHost host;
    private final Traffic traffic = new Traffic();
    private final Parts parts; // null when offline

    /// What a partition consists of when its log was opened.
    private record Parts(
            Log log,
            Producers producers,
            Syncs syncs,
            RecoveryPoint recoveryPoint,
            Appends appends,
            Pins pins,
            Upkeep upkeep,
            Compactions compactions) {}

    /// A partition whose log was opened.
    Partition(
            String topic,
            int index,
            Log log,
            LogDirectoryConfig settings,
            InstantSource clock,
            DiskHealth health,
            SyncLoop syncLoop,
            PartitionHost host) {
        this.topic = topic;
        this.index = index;
        this.host = host;
        String name = topic + "-" + index;
        availability = new Availability(name, null, health);
        listeners = new Listeners(name);
        Producers producers = new Producers(log, clock, locks);
        Syncs syncs =
                new Syncs(
                        log,
                        settings.durability(),
                        health,
                        syncLoop,
                        host,
                        availability,
                        locks,
                        listeners);
        RecoveryPoint recoveryPoint =
                new RecoveryPoint(
                        log,
                        settings.checkpointBytes(),
                        clock,
                        host.metrics(),
                        availability,
                        locks,
                        syncs);
        Appends appends =
                new Appends(
                        log,
                        clock,
                        host,
                        () -> host.checkpointDue(this),
                        availability,
                        locks,
                        syncs,
                        recoveryPoint);
        Pins pins = new Pins(log.firstKeptOffset());
        Upkeep upkeep =
                new Upkeep(
                        log,
                        clock,
                        host,
                        availability,
                        locks,
                        listeners,
                        syncs,
                        recoveryPoint,
                        pins);
        Compactions compactions =
                new Compactions(
                        log,
                        clock,
                        host,
                        availability,
                        locks,
                        syncs,
                        producers,
                        recoveryPoint,
                        pins);
        parts = new Parts(log, producers, syncs, recoveryPoint, appends, pins, upkeep, compactions);
    }

    /// A partition whose log could not be opened.
    Partition(
            String topic, int index, String offlineReason, DiskHealth health, PartitionHost host) {
        this.topic = topic;
        this.index = index;
        this.host = host;
        String name = topic + "-" + index;
        availability = new Availability(name, offlineReason, health);
        listeners = new Listeners(name);
        parts = null;
    }

    public String topic() {
        return topic;
    }

    public int index() {
        return index;
    }

    /// Always 0 while a partition has one replica.
    public int leaderEpoch() {
        return Appends.LEADER_EPOCH;
    }

    /// Why the partition cannot be used (damage found when it was opened), or null when it can.
    /// While it is not null every other operation but [#topic], [#index] and [#leaderEpoch] throws
    /// `KAFKA_STORAGE_ERROR`.
    public String offlineReason() {
        return availability.offlineReason();
    }

    /// Whether the partition has files, durably: it keeps them until it is deleted.
    public boolean isStored() {
        return parts != null && !parts.log.isBeingBorn();
    }

    /// First offset that can be read.
    public long logStartOffset() {
        return online().log.logStartOffset();
    }

    /// The offset that the next record will have.
    public long logEndOffset() {
        return online().log.end().offset();
    }

    /// Everything below it is durable.
    public long highWatermark() {
        return online().syncs.highWatermark().offset();
    }

    /// Everything below it is durable and belongs to no undecided transaction. Below the log start
    /// while such a transaction begins there, whose records a pin may keep.
    public long decidedBelow() {
        Syncs syncs = online().syncs;
        return syncs.decidedBelow(syncs.highWatermark());
    }

    /// [#decidedBelow] as clients are told it: not below the log start.
    public long lastStableOffset() {
        Syncs syncs = online().syncs;
        return syncs.lastStableOffset(syncs.highWatermark());
    }

    /// Bytes of all segments on disk.
    public long sizeInBytes() {
        try {
            return online().log.sizeInBytes();
        } catch (IOException e) {
            throw availability.unreadable(e);
        }
    }

    /// Files the log consists of, not counting indexes.
    public int segmentCount() {
        return online().log.segmentCount();
    }

    /// What clients write and read.
    public Traffic traffic() {
        return traffic;
    }

    public LogConfig config() {
        return online().log.config();
    }

    /// Changes the settings from the next append on.
    public void reconfigure(LogConfig config) {
        online().log.reconfigure(config);
    }

    // ---------------------------------------------------------------- appending

    /// Appends one or more batches, all or none; a client may send only one. Their base offsets and
    /// leader epochs, and with log append time their stamps, are written into the buffer, between
    /// its position and limit, which stay where they are. Batches that the topic stores with
    /// another codec than they have (`compression.type`), or whose offsets do not count up from 0,
    /// are copied instead; compressing them takes the calling thread's time.
    ///
    /// On return the records are in the page cache; [#whenSynced] of `lastOffset + 1` tells when
    /// they are durable.
    ///
    /// @param batches big-endian and writable
    /// @throws BrokerException with the code a producer expects; nothing was appended then
    public AppendResult append(ByteBuffer batches, AppendOrigin origin) {
        return append(batches, origin, UNVERIFIED);
    }

    /// Appends like [#append(ByteBuffer, AppendOrigin)]. A batch of a client's transaction that is
    /// not open here is refused with `INVALID_TXN_STATE` unless it was verified.
    ///
    /// @param verified what [#verification] said; [#UNVERIFIED]; or [#ADDED] if the coordinator of
    ///   transactions added the partition in the epoch of the batch, after [#verification]
    public AppendResult append(ByteBuffer batches, AppendOrigin origin, long verified) {
        return append(batches, origin, verified, false);
    }

    /// Appends like [#append(ByteBuffer, AppendOrigin, long)].
    ///
    /// @param bumping whether markers among the batches have a later epoch than what they end
    ///   (transaction version 2)
    public AppendResult append(
            ByteBuffer batches, AppendOrigin origin, long verified, boolean bumping) {
        return online().appends.append(batches, origin, verified, bumping);
    }

    /// What became of one of several appends: `appended`, or else the reason why not, with the code
    /// a producer expects.
    public record Outcome(AppendResult appended, BrokerException refusal) {}

    /// Appends batches of several requests of clients, in their order, each as if by
    /// [#append(ByteBuffer, AppendOrigin)], but with less work for the disk.
    ///
    /// @param turn of the thread, at whose end they may be synced, if somebody will wait until they
    ///   are durable; [#awaitSynced] tells when they are. Null if nobody will
    /// @param allotment when it is spent, the batches that are left are not looked at
    /// @return an outcome for each that was looked at; the first always is
    public List<Outcome> appendEach(List<ByteBuffer> batches, SyncTurn turn, Allotment allotment) {
        return online().appends.appendEach(batches, turn, allotment);
    }

    /// Appends a marker that commits or aborts the open transaction of a producer. Like any append
    /// it is durable only later.
    ///
    /// @throws BrokerException `INVALID_PRODUCER_EPOCH` when the producer has a later epoch
    public AppendResult appendMarker(
            long producerId, short producerEpoch, boolean commit, long timestampMs) {
        return appendMarker(
                producerId, producerEpoch, commit, FIRST_COORDINATOR_EPOCH, false, timestampMs);
    }

    /// Appends a marker like the one above, for a coordinator.
    ///
    /// @param coordinatorEpoch the term of the coordinator that decided
    /// @param bumping whether its epoch is later than that of what it ends (transaction version 2)
    /// @throws BrokerException `INVALID_PRODUCER_EPOCH` when the producer has a later epoch, or the
    ///   same one and the transaction after it is open; `TRANSACTION_COORDINATOR_FENCED` when a
    ///   later coordinator has ended a transaction of the producer here
    public AppendResult appendMarker(
            long producerId,
            short producerEpoch,
            boolean commit,
            int coordinatorEpoch,
            boolean bumping,
            long timestampMs) {
        return online().appends
                .appendMarker(
                        producerId, producerEpoch, commit, coordinatorEpoch, bumping, timestampMs);
    }

    // ---------------------------------------------------------------- producers

    /// What must be known before a client's transactional batch may be appended: nothing while the
    /// producer has a transaction of this epoch open here. Otherwise a number, which goes with the
    /// batch to [#append] after the coordinator of transactions has agreed; if another transaction
    /// of the producer ended here meanwhile, it holds no longer.
    public OptionalLong verification(long producerId, short producerEpoch) {
        return online().producers.verification(producerId, producerEpoch);
    }

    /// [#verification] of a batch that a client sent. No batch of the transaction with a higher
    /// sequence is taken before it, whenever the coordinator agrees.
    ///
    /// @param bumping whether each of the client's transactions has an epoch of its own (KIP-890)
    public OptionalLong beginVerification(ByteBuffer batch, boolean bumping) {
        return online().producers.beginVerification(batch, bumping);
    }

    /// The term of the coordinator that ended a producer's last transaction here, -1 for none.
    public int coordinatorEpoch(long producerId) {
        return online().producers.coordinatorEpoch(producerId);
    }

    /// The producers whose state is kept.
    public List<ActiveProducer> producers() {
        return online().producers.active();
    }

    /// One more than the highest producer id of a client whose state is kept, 0 when there is none
    /// or the partition is offline.
    public long clientProducerIdsEnd() {
        if (parts == null) {
            return 0;
        }
        return online().producers.clientIdsEnd();
    }

    /// Transactions without an end marker, oldest first, durable or not.
    public List<OpenTransaction> openTransactions() {
        return online().producers.openTransactions();
    }

    // ---------------------------------------------------------------- durability

    /// Calls back once everything below `offset` is durable, or with the reason why it will not
    /// become so in this run of the process.
    public void whenSynced(long offset, SyncCallback callback) {
        awaitSynced(offset, callback);
        hurry(SyncLoop.Wish.NOW);
    }

    /// Calls back like [#whenSynced], but for what was appended as awaited, whose sync is on its
    /// way already.
    public void awaitSynced(long offset, SyncCallback callback) {
        online().syncs.addWaiter(offset, callback);
    }

    /// Makes everything appended so far durable before returning.
    ///
    /// @throws BrokerException `KAFKA_STORAGE_ERROR`
    public void syncNow() {
        online().syncs.syncNow();
    }

    /// Fails all who wait for durability.
    void fail(BrokerException failure) {
        if (parts != null) {
            parts.syncs.fail(failure);
        }
    }

    // ---------------------------------------------------------------- reading

    /// Reads batches, from the one that contains `offset` on, of one segment.
    ///
    /// @param wholeFirstBatch whether the first batch comes whole even if it exceeds `maxBytes`;
    ///   otherwise the slice is empty then
    /// @throws BrokerException `OFFSET_OUT_OF_RANGE` below the log start and above the log end
    public ReadResult read(long offset, int maxBytes, ReadLimit upTo, boolean wholeFirstBatch) {
        Log log = online().log;
        if (offset < log.logStartOffset()) {
            throw outOfRange(log, offset);
        }
        ReadResult result = readKept(offset, maxBytes, upTo, wholeFirstBatch);
        if (result.slice().length() == 0 && upTo != ReadLimit.LOG_END) {
            hurry(SyncLoop.Wish.SOON); // for the reader's next try
        }
        return result;
    }

    private ReadResult readKept(
            long offset, int maxBytes, ReadLimit upTo, boolean wholeFirstBatch) {
        Parts opened = online();
        Log log = opened.log;
        int replacements = log.replacements();
        LogPosition synced = opened.syncs.highWatermark();
        long decidedBelow = opened.syncs.decidedBelow(synced);
        LogPosition end = log.end();
        if (offset > end.offset()) {
            throw outOfRange(log, offset);
        }
        try {
            LogPosition limit =
                    switch (upTo) {
                        case LOG_END -> end;
                        case HIGH_WATERMARK -> synced;
                        case LAST_STABLE_OFFSET ->
                                decidedBelow >= synced.offset() || offset >= decidedBelow
                                        ? synced
                                        : log.positionOf(decidedBelow);
                    };
            boolean nothing = upTo == ReadLimit.LAST_STABLE_OFFSET && offset >= decidedBelow;
            FileSlice slice = FileSlice.EMPTY;
            List<AbortedTransaction> aborted = List.of();
            if (upTo != ReadLimit.LAST_STABLE_OFFSET) {
                slice = log.read(offset, maxBytes, limit, wholeFirstBatch);
            } else if (!nothing) {
                Log.Committed read = log.readCommitted(offset, maxBytes, limit, wholeFirstBatch);
                slice = read.slice();
                aborted = read.aborted();
            }
            boolean older = slice.length() > 0 && !limit.isIn(slice.file());
            long start = log.logStartOffset();
            return new ReadResult(
                    synced.offset(), Math.max(start, decidedBelow), start, slice, aborted, older);
        } catch (IOException e) {
            if (offset < log.firstKeptOffset()) {
                throw outOfRange(log, offset);
            }
            if (log.replacements() != replacements) {
                return readKept(offset, maxBytes, upTo, wholeFirstBatch);
            }
            throw availability.unreadable(e);
        }
    }

    private BrokerException outOfRange(Log log, long offset) {
        return new BrokerException(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                "offset "
                        + offset
                        + " of "
                        + this
                        + " is outside of "
                        + log.logStartOffset()
                        + " to "
                        + log.end().offset());
    }

    /// The first durable record whose timestamp is at least this.
    public OffsetAtTimestamp offsetForTimestamp(long timestampMs) {
        Parts opened = online();
        Log log = opened.log;
        int replacements = log.replacements();
        long firstKept = log.firstKeptOffset();
        try {
            return log.offsetForTimestamp(timestampMs, opened.syncs.highWatermark());
        } catch (IOException e) {
            if (log.replacements() != replacements || log.firstKeptOffset() != firstKept) {
                return offsetForTimestamp(timestampMs);
            }
            throw availability.unreadable(e);
        }
    }

    /// The first record with the greatest timestamp.
    public OffsetAtTimestamp maxTimestampOffset() {
        Log log = online().log;
        int replacements = log.replacements();
        long firstKept = log.firstKeptOffset();
        try {
            return log.maxTimestampOffset();
        } catch (IOException e) {
            if (log.replacements() != replacements || log.firstKeptOffset() != firstKept) {
                return maxTimestampOffset();
            }
            throw availability.unreadable(e);
        }
    }

    // ---------------------------------------------------------------- news

    /// Calls a listener whenever the high watermark or the last stable offset may have moved, from
    /// any thread; it must be quick.
    ///
    /// @param waits whether somebody waits for it until the registration is closed: what is
    ///   appended is then synced at once; otherwise, at the latest, some milliseconds later
    public Registration onAdvance(boolean waits, Runnable listener) {
        Registration registration = listeners.add(waits, listener);
        if (waits) {
            hurry(SyncLoop.Wish.SOON);
        }
        return registration;
    }

    /// Tells a watch, once, of the next change of what can be read; until then it counts as
    /// somebody who waits, so that what is appended is synced at once. A change between a look at
    /// the partition and this call is not told: look again after it. Does nothing if it is watching
    /// already.
    public void watch(Watch watch) {
        listeners.watch(watch);
        hurry(SyncLoop.Wish.SOON);
    }

    /// Ends what [#watch] began, unless it was told already.
    public void unwatch(Watch watch) {
        listeners.unwatch(watch);
    }

    /// Whether there are watches to be told of the next change.
    public boolean isWatched() {
        return listeners.hasWatches();
    }

    /// Somebody waits for what is not yet synced.
    private void hurry(SyncLoop.Wish wish) {
        if (parts != null) {
            parts.syncs.hurry(wish);
        }
    }

    // ---------------------------------------------------------------- upkeep

    /// Keeps the bytes from an offset on until the pin moves or is closed. Waits for a sync of a
    /// directory where compaction is just replacing them.
    ///
    /// @throws BrokerException `OFFSET_OUT_OF_RANGE` when they were deleted already
    public Pin pin(long offset) {
        return online().pins.add(offset, this::readKept);
    }

    /// Raises the log start offset, durably. Bytes go when no pin holds them.
    ///
    /// @param offset -1 means the high watermark
    /// @return the log start offset after it
    /// @throws BrokerException `OFFSET_OUT_OF_RANGE` above the high watermark
    public long deleteRecordsBefore(long offset) {
        Parts opened = online();
        long synced = opened.syncs.highWatermark().offset();
        long start = offset == -1 ? synced : offset;
        if (start < 0 || start > synced) {
            throw outOfRange(opened.log, offset);
        }
        return opened.upkeep.deleteRecordsBefore(start);
    }

    /// Compacts the log if it is to be and if it is worth while. Called by one thread at a time;
    /// takes its time, and holds the upkeep lock only at the beginning and to replace segments.
    ///
    /// @param maxKeyBytes memory for the keys
    /// @param cancelled asked now and then whether to give up
    void compact(long maxKeyBytes, BooleanSupplier cancelled) {
        if (parts != null) {
            parts.compactions.compact(maxKeyBytes, cancelled);
        }
    }

    /// Applies retention, forgets idle producers and, when it is time, writes a checkpoint.
    void upkeep(boolean mayDelete, long checkpointIntervalMs) throws IOException {
        if (parts != null) {
            parts.upkeep.round(mayDelete, checkpointIntervalMs);
        }
    }

    /// Bytes that recovery would have to read. They grow meanwhile.
    long tailBytes() {
        return parts == null ? 0 : parts.recoveryPoint.tailBytes();
    }

    /// Syncs everything and moves the point from which recovery starts to the end.
    void checkpoint() throws IOException {
        if (parts != null) {
            parts.recoveryPoint.checkpoint();
        }
    }

    // ---------------------------------------------------------------- the end

    /// Checkpoints and closes; waiters whose records could not be synced fail.
    void close() {
        if (parts == null) {
            return;
        }
        locks.upkeep.lock();
        try {
            parts.recoveryPoint.checkpointLast();
        } catch (IOException e) {
            LOG.warn("{}: cannot write a checkpoint: {}", this, e.getMessage());
        } finally {
            shut(ErrorCode.NOT_LEADER_OR_FOLLOWER, "is closed");
            parts.log.close();
            locks.upkeep.unlock();
        }
    }

    /// Ends all use of a partition that is being deleted. Its files can be renamed and deleted.
    void discard() {
        shut(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "was deleted");
        if (parts != null) {
            locks.upkeep.lock();
            locks.sync.lock(); // a sync may be giving files their names
            try {
                host.closeLater(parts.log.discard());
            } finally {
                locks.sync.unlock();
                locks.upkeep.unlock();
            }
        }
    }

    private void shut(short code, String why) {
        BrokerException reason = new BrokerException(code, this + " " + why);
        locks.append.lock();
        try {
            availability.end(reason);
        } finally {
            locks.append.unlock();
        }
        if (parts != null) {
            parts.syncs.fail(reason);
        }
        listeners.tellWatches();
    }

    private Parts online() {
        availability.check();
        return parts;
    }

    @Override
    public String toString() {
        return availability.partition();
    }
}
