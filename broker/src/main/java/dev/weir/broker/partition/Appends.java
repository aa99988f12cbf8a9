package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.log.Log;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.Partition.Outcome;
import dev.weir.broker.record.Allotment;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;

import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Appends to the log of a partition: checks and stamps batches, writes them to the page cache
/// under the append lock, and lets those know who make them durable. Any thread; the checks, and
/// compression, take the calling thread's time, without a lock.
final class Appends {
    /// Always 0 while a partition has one replica.
    static final int LEADER_EPOCH = 0;

    private final Log log;
    private final InstantSource clock;
    private final PartitionHost host;
    private final Runnable checkpointDue;
    private final Availability availability;
    private final Locks locks;
    private final Syncs syncs;
    private final RecoveryPoint recoveryPoint;

    /// @param checkpointDue tells the host, quickly, that a checkpoint is due
    Appends(
            Log log,
            InstantSource clock,
            PartitionHost host,
            Runnable checkpointDue,
            Availability availability,
            Locks locks,
            Syncs syncs,
            RecoveryPoint recoveryPoint) {
        this.log = log;
        this.clock = clock;
        this.host = host;
        this.checkpointDue = checkpointDue;
        this.availability = availability;
        this.locks = locks;
        this.syncs = syncs;
        this.recoveryPoint = recoveryPoint;
    }

    /// See [Partition#append(ByteBuffer, AppendOrigin, long, boolean)].
    AppendResult append(ByteBuffer batches, AppendOrigin origin, long verified, boolean bumping) {
        LogConfig config = log.config();
        long nowMs = clock.millis();
        ByteBuffer stored = prepare(batches, origin, config, nowMs);
        Log.Checks checks =
                new Log.Checks(
                        origin == AppendOrigin.CLIENT,
                        origin != AppendOrigin.ENGINE,
                        verified,
                        bumping);
        return result(write(stored, checks, nowMs), config, nowMs);
    }

    /// See [Partition#appendEach].
    List<Outcome> appendEach(List<ByteBuffer> batches, SyncTurn turn, Allotment allotment) {
        LogConfig config = log.config();
        long nowMs = clock.millis();
        List<Outcome> outcomes = new ArrayList<>(batches.size()); // null for those to be written
        List<ByteBuffer> sound = new ArrayList<>(batches.size());
        for (ByteBuffer each : batches) {
            try {
                sound.add(prepare(each, AppendOrigin.CLIENT, config, nowMs));
                outcomes.add(null);
            } catch (BrokerException e) {
                outcomes.add(new Outcome(null, e));
            }
            if (allotment.isSpent()) {
                break;
            }
        }
        if (sound.isEmpty()) {
            return outcomes;
        }
        Iterator<Log.Outcome> written = write(sound, Log.Checks.CLIENT, nowMs, turn).iterator();
        outcomes.replaceAll(outcome -> {
            if (outcome != null) {
                return outcome;
            }
            Log.Outcome next = written.next();
            return next.refusal() != null
                    ? new Outcome(null, next.refusal())
                    : new Outcome(result(next.appended(), config, nowMs), null);
        });
        return outcomes;
    }

    /// See [Partition#appendMarker(long, short, boolean, int, boolean, long)].
    AppendResult appendMarker(
            long producerId,
            short producerEpoch,
            boolean commit,
            int coordinatorEpoch,
            boolean bumping,
            long timestampMs) {
        ByteBuffer marker =
                RecordBatchWriter.marker(
                        producerId, producerEpoch, commit, coordinatorEpoch, timestampMs);
        long nowMs = clock.millis();
        if (log.config().logAppendTime()) {
            BatchHeader.stampLogAppendTime(marker, 0, nowMs);
        }
        Log.Checks checks = bumping ? Log.Checks.BUMPING_MARKER : Log.Checks.MARKER;
        return result(write(marker, checks, nowMs), -1);
    }

    private static ByteBuffer prepare(
            ByteBuffer batches, AppendOrigin origin, LogConfig config, long nowMs) {
        ByteBuffer stored = BatchCheck.check(batches, origin, config, nowMs);
        if (config.logAppendTime()) {
            int limit = stored.limit();
            for (int at = stored.position(); at < limit; ) {
                BatchHeader.stampLogAppendTime(stored, at, nowMs);
                at += BatchHeader.sizeInBytes(stored, at);
            }
        }
        return stored;
    }

    private Log.Appended write(ByteBuffer batches, Log.Checks checks, long nowMs) {
        Log.Outcome outcome = write(List.of(batches), checks, nowMs, null).getFirst();
        if (outcome.refusal() != null) {
            throw outcome.refusal();
        }
        return outcome.appended();
    }

    private List<Log.Outcome> write(
            List<ByteBuffer> entries, Log.Checks checks, long nowMs, SyncTurn turn) {
        List<Log.Outcome> outcomes;
        boolean due;
        int bytes;
        long end;
        locks.append.lock();
        try {
            availability.checkWritable();
            long start = log.end().offset();
            outcomes = log.appendEach(entries, LEADER_EPOCH, checks, nowMs);
            end = log.end().offset();
            if (end == start) {
                return outcomes; // all were refused or here before
            }
            bytes = appendedBytes(entries, outcomes);
            due = recoveryPoint.appended(bytes);
            syncs.appended(bytes);
        } finally {
            locks.append.unlock();
        }
        syncs.request(turn, entries.size(), bytes, end);
        host.appended(bytes);
        if (due) {
            checkpointDue.run();
        }
        return outcomes;
    }

    private static int appendedBytes(List<ByteBuffer> entries, List<Log.Outcome> outcomes) {
        int bytes = 0;
        for (int i = 0; i < outcomes.size(); i++) {
            Log.Outcome outcome = outcomes.get(i);
            if (outcome.refusal() == null && !outcome.appended().duplicate()) {
                bytes += entries.get(i).remaining();
            }
        }
        return bytes;
    }

    private AppendResult result(Log.Appended appended, LogConfig config, long nowMs) {
        long stamp = -1;
        if (config.logAppendTime()) {
            stamp = appended.duplicate() ? appended.duplicateTimestampMs() : nowMs;
        }
        return result(appended, stamp);
    }

    private AppendResult result(Log.Appended appended, long stamp) {
        return new AppendResult(
                appended.firstOffset(),
                appended.lastOffset(),
                stamp,
                log.logStartOffset(),
                appended.duplicate());
    }
}
