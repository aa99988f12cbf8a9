package dev.weir.broker.partition;

import dev.weir.broker.log.Log;

import java.io.IOException;
import java.time.InstantSource;

/// Moves the point from which the recovery of a partition's log starts, by checkpoints, and knows
/// how much lies behind it. Any thread.
final class RecoveryPoint {
    private final Log log;
    private final long dueBytes;
    private final InstantSource clock;
    private final LogMetrics metrics;
    private final Availability availability;
    private final Locks locks;
    private final Syncs syncs;

    private long checkpointedMs; // upkeep lock
    private long tailBytes; // append lock: appended since

    /// @param dueBytes how much is appended before another checkpoint is due
    RecoveryPoint(
            Log log,
            long dueBytes,
            InstantSource clock,
            LogMetrics metrics,
            Availability availability,
            Locks locks,
            Syncs syncs) {
        this.log = log;
        this.dueBytes = dueBytes;
        this.clock = clock;
        this.metrics = metrics;
        this.availability = availability;
        this.locks = locks;
        this.syncs = syncs;
        checkpointedMs = clock.millis();
        tailBytes = log.recoveredBytes(); // the next start would read them again
    }

    /// Notes what was appended. Append lock.
    ///
    /// @return whether it made a checkpoint due
    boolean appended(int bytes) {
        long before = tailBytes;
        tailBytes += bytes;
        return before < dueBytes && tailBytes >= dueBytes;
    }

    /// Bytes that recovery would have to read. They grow meanwhile.
    long tailBytes() {
        locks.append.lock();
        try {
            return tailBytes;
        } finally {
            locks.append.unlock();
        }
    }

    /// Syncs everything and moves the point from which recovery starts to the end. Does nothing for
    /// a partition that has ended, and moves nothing when the disk fails.
    void checkpoint() throws IOException {
        locks.upkeep.lock();
        try {
            Log.CheckpointCapture capture;
            locks.append.lock();
            try {
                if (availability.hasEnded()) {
                    return;
                }
                capture = log.captureCheckpoint();
                tailBytes = 0;
            } finally {
                locks.append.unlock();
            }
            syncs.sync();
            if (availability.isWritable()) {
                log.checkpoint(capture);
                metrics.checkpoints.increment();
                checkpointedMs = clock.millis();
            }
        } finally {
            locks.upkeep.unlock();
        }
    }

    /// Writes a checkpoint if something was appended since the last, and that is some time ago.
    /// Upkeep lock.
    void checkpointAfter(long intervalMs, long nowMs) throws IOException {
        if (!isAtEnd() && nowMs - checkpointedMs >= intervalMs) {
            checkpoint();
        }
    }

    /// Writes a checkpoint unless nothing was appended since the last, before the log is closed.
    /// Upkeep lock.
    void checkpointLast() throws IOException {
        boolean durable = syncs.highWatermark().offset() == log.end().offset();
        if (availability.isWritable() && !(isAtEnd() && durable)) {
            checkpoint();
        }
    }

    private boolean isAtEnd() {
        return log.end().offset() == log.checkpointedOffset();
    }
}
