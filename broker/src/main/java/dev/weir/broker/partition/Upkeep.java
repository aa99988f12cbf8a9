package dev.weir.broker.partition;

import dev.weir.broker.log.Log;

import java.io.IOException;
import java.time.InstantSource;

/// Keeps the log of a partition as short as it is to be: by retention and on request, as far as
/// pins allow. Any thread; each works under the upkeep lock.
final class Upkeep {
    private final Log log;
    private final InstantSource clock;
    private final PartitionHost host;
    private final Availability availability;
    private final Locks locks;
    private final Listeners listeners;
    private final Syncs syncs;
    private final RecoveryPoint recoveryPoint;
    private final Pins pins;

    Upkeep(
            Log log,
            InstantSource clock,
            PartitionHost host,
            Availability availability,
            Locks locks,
            Listeners listeners,
            Syncs syncs,
            RecoveryPoint recoveryPoint,
            Pins pins) {
        this.log = log;
        this.clock = clock;
        this.host = host;
        this.availability = availability;
        this.locks = locks;
        this.listeners = listeners;
        this.syncs = syncs;
        this.recoveryPoint = recoveryPoint;
        this.pins = pins;
    }

    /// Applies retention, forgets idle producers and, when it is time, writes a checkpoint.
    void round(boolean mayDelete, long checkpointIntervalMs) throws IOException {
        if (!availability.isWritable()) {
            return;
        }
        locks.upkeep.lock();
        try {
            long nowMs = clock.millis();
            locks.append.lock();
            try {
                if (availability.hasEnded()) {
                    return;
                }
                log.expireProducers(nowMs, host.producerExpirationMs());
                if (mayDelete) {
                    log.rollExpired(nowMs);
                }
            } finally {
                locks.append.unlock();
            }
            if (mayDelete) {
                availability.check();
                long stable = syncs.lastStableOffset(syncs.highWatermark());
                raiseStart(log.retainedFrom(Math.min(stable, pins.oldest()), nowMs));
            }
            recoveryPoint.checkpointAfter(checkpointIntervalMs, nowMs);
        } finally {
            locks.upkeep.unlock();
        }
    }

    /// Raises the log start offset, durably. Bytes go when no pin holds them.
    ///
    /// @param start at most the high watermark
    /// @return the log start offset after it
    long deleteRecordsBefore(long start) {
        locks.upkeep.lock();
        try {
            availability.check();
            raiseStart(start);
            return log.logStartOffset();
        } catch (IOException e) {
            throw availability.storageError("cannot delete records", e);
        } finally {
            locks.upkeep.unlock();
        }
    }

    private void raiseStart(long start) throws IOException {
        long kept = log.segmentStart(pins.release(start));
        if (log.needsCheckpointBefore(kept)) {
            recoveryPoint.checkpoint();
            if (availability.hasDiskFailed()) {
                return;
            }
        }
        long deleted = log.deletedBytes();
        long before = log.logStartOffset();
        host.closeLater(log.raiseStart(start, kept, locks::underAppend));
        host.metrics().deletedBytes.add(log.deletedBytes() - deleted);
        if (log.logStartOffset() != before) {
            listeners.tellWatches();
        }
    }
}
