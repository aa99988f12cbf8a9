package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.log.DiskHealth;
import dev.weir.broker.log.Log;
import dev.weir.broker.log.LogPosition;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.storage.DiskFullException;

import java.io.IOException;

/// What of a partition is durable: syncs what was appended, raises the high watermark to what is
/// synced and tells those who wait for it.
///
/// Where bytes count as durable once they are written ([Durability#OS]) the high watermark follows
/// each append. A log whose files have just been made is synced then, too, since it gets their
/// names from that; any other only by checkpoints and on request.
///
/// Any thread may call; one syncs at a time. After a failed fsync all who wait fail, and all who
/// come.
final class Syncs {
    /// More than this is not synced by an event loop: the disk takes longer than it takes to wake
    /// another thread.
    private static final int LITTLE_BYTES = 32 * 1024;

    private final Log log;
    private final boolean awaited; // whether bytes are durable only after a sync
    private final DiskHealth health;
    private final PartitionHost host;
    private final Availability availability;
    private final Locks locks;
    private final Listeners listeners;
    private final Waiters waiters;
    private final SyncLoop.Member member;

    // Written under the sync lock; where syncs are not awaited, under the append lock.
    private volatile LogPosition highWatermark;
    private long syncedOffset; // sync lock
    private long syncedBytes; // sync lock: of appendedBytes
    private long appendedBytes; // append lock: since the partition was opened

    Syncs(
            Log log,
            Durability durability,
            DiskHealth health,
            SyncLoop syncLoop,
            PartitionHost host,
            Availability availability,
            Locks locks,
            Listeners listeners) {
        this.log = log;
        this.health = health;
        this.host = host;
        this.availability = availability;
        this.locks = locks;
        this.listeners = listeners;
        awaited = durability == Durability.FSYNC;
        highWatermark = log.end();
        syncedOffset = log.end().offset();
        waiters = new Waiters(log.end().offset());
        member = syncLoop.member(this::sync);
    }

    /// Everything below it is durable.
    LogPosition highWatermark() {
        return highWatermark;
    }

    /// The first offset that is not durable or belongs to an undecided transaction; a batch begins
    /// there.
    ///
    /// @param synced the high watermark, read before: a transaction that begins in between begins
    ///   above it
    long decidedBelow(LogPosition synced) {
        return Math.min(synced.offset(), log.firstUndecidedOffset());
    }

    /// [#decidedBelow] as clients are told it: not below the log start, and so maybe in the middle
    /// of a batch.
    long lastStableOffset(LogPosition synced) {
        return Math.max(log.logStartOffset(), decidedBelow(synced));
    }

    /// Notes what was appended, to be followed by [#request]. Append lock.
    void appended(int bytes) {
        appendedBytes += bytes;
        if (!awaited) {
            highWatermark = log.end();
            log.decidedBelow(highWatermark.offset());
        }
    }

    /// Sees to it that what was appended becomes durable. Without the append lock.
    ///
    /// @param turn see [Partition#appendEach]; null if nobody waits
    /// @param appends how many there were
    /// @param bytes of all of them
    /// @param end the log end offset after them
    void request(SyncTurn turn, int appends, int bytes, long end) {
        if (awaited || log.isBeingBorn()) {
            if (turn == null) {
                member.dirty(listeners.areWaiting() ? SyncLoop.Wish.SOON : SyncLoop.Wish.LATER);
            } else if (bytes <= LITTLE_BYTES && !log.isBeingBorn()) {
                member.dirty(turn, appends);
            } else {
                member.dirty(SyncLoop.Wish.NOW);
            }
        }
        if (!awaited) {
            announce(end);
        }
    }

    /// Somebody waits for what is not yet synced.
    void hurry(SyncLoop.Wish wish) {
        if (awaited && highWatermark.offset() < log.end().offset()) {
            member.dirty(wish);
        }
    }

    /// See [Partition#awaitSynced].
    void addWaiter(long offset, SyncCallback callback) {
        BrokerException failure = health.failure();
        if (failure != null) {
            waiters.fail(failure);
        }
        waiters.add(offset, callback);
    }

    /// See [Partition#syncNow].
    void syncNow() {
        long target = log.end().offset();
        if (highWatermark.offset() >= target && awaited) {
            return;
        }
        sync();
        health.check();
        availability.check();
    }

    /// Syncs all that was appended before the call and raises the high watermark.
    void sync() {
        var _ = sync(false);
    }

    /// Syncs like [#sync()].
    ///
    /// @param briefly to do nothing if there is much to sync, or something else to wait for
    /// @return false if nothing was done for that reason
    private boolean sync(boolean briefly) {
        if (!briefly) {
            locks.sync.lock();
        } else if (locks.upkeep.isLocked() || !locks.sync.tryLock()) {
            return false;
        }
        Log.SyncCapture capture = null;
        try {
            BrokerException failure = health.failure();
            if (failure != null) {
                waiters.fail(failure); // whatever failed: what they wait for will not come
                return true;
            }
            long appended;
            boolean little;
            locks.append.lock();
            try {
                if (availability.hasEnded()) {
                    return true;
                }
                capture = log.captureForSync();
                appended = appendedBytes;
                little = appended - syncedBytes <= LITTLE_BYTES && capture.isOneFile();
                if (briefly && !little) {
                    log.giveBack(capture);
                    return false;
                }
            } finally {
                locks.append.unlock();
            }
            if (!capture.isEmptySince(syncedOffset)) {
                long begun = System.nanoTime();
                log.sync(capture);
                if (little) {
                    member.took(System.nanoTime() - begun);
                }
                syncedOffset = capture.end().offset();
                log.noteSynced(syncedOffset);
                host.metrics().syncedBytes.add(appended - syncedBytes);
                syncedBytes = appended;
            }
            if (awaited) {
                advance(capture.end());
            }
        } catch (DiskFullException e) {
            postpone(capture, e);
        } catch (IOException e) {
            if (!availability.hasEnded()) { // else its files went while it was synced
                health.fail("sync of " + availability.partition(), e);
                host.diskFailed();
            }
        } finally {
            locks.sync.unlock();
        }
        return true;
    }

    /// Tries again a little later what there was no room for: giving new files their names.
    private void postpone(Log.SyncCapture capture, DiskFullException cause) {
        locks.append.lock();
        try {
            log.giveBack(capture);
        } finally {
            locks.append.unlock();
        }
        waiters.giveUp(availability.storageError("cannot be synced", cause));
        member.dirty(SyncLoop.Wish.LATER);
    }

    private void advance(LogPosition synced) {
        highWatermark = synced;
        if (log.firstUndecidedOffset() != Long.MAX_VALUE) {
            locks.append.lock();
            try {
                log.decidedBelow(synced.offset());
            } finally {
                locks.append.unlock();
            }
        }
        announce(synced.offset());
    }

    private void announce(long durable) {
        waiters.reached(durable);
        listeners.tell();
    }

    /// Fails all who wait, and all who come: nothing more will become durable.
    void fail(BrokerException failure) {
        waiters.fail(failure);
    }
}
