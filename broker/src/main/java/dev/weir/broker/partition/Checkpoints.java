package dev.weir.broker.partition;

import dev.weir.broker.log.Log;

import java.io.IOException;
import java.time.InstantSource;

/// Moves the point from which the recovery of a partition's log starts, and knows how much lies
/// behind it. Any thread.
final class Checkpoints {
    private final Log log;
    private final long dueBytes;
    private final InstantSource clock;
    private final LogMetrics metrics;
    private final Availability availability;
    private final Locks locks;
    private final Syncs syncs;

    private long writtenMs; // upkeep lock
    private long tailBytes; // append lock: appended since

    /// @param dueBytes how much is appended before another one is due
    Checkpoints(
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
        writtenMs = clock.millis();
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
    void write() throws IOException {
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
                writtenMs = clock.millis();
            }
        } finally {
            locks.upkeep.unlock();
        }
    }

    /// Writes one if something was appended since the last, and that is some time ago. Upkeep lock.
    void writeAfter(long intervalMs, long nowMs) throws IOException {
        if (!coverAll() && nowMs - writtenMs >= intervalMs) {
            write();
        }
    }

    /// Writes one unless nothing was appended since the last, before the log is closed. Upkeep
    /// lock.
    void writeLast() throws IOException {
        boolean durable = syncs.highWatermark().offset() == log.end().offset();
        if (availability.isWritable() && !(coverAll() && durable)) {
            write();
        }
    }

    private boolean coverAll() {
        return log.end().offset() == log.checkpointedOffset();
    }
}
