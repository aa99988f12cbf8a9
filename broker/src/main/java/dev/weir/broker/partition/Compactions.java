package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.Compaction;
import dev.weir.broker.log.Log;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/// Compacts the log of a partition that is kept by key, below what is durable and decided and below
/// what is pinned. One thread at a time, which holds the upkeep lock only at the beginning and to
/// replace segments.
final class Compactions {
    private static final Logger LOG = LoggerFactory.getLogger(Compactions.class);

    private final Log log;
    private final InstantSource clock;
    private final PartitionHost host;
    private final Availability availability;
    private final Locks locks;
    private final Syncs syncs;
    private final Producers producers;
    private final RecoveryPoint recoveryPoint;
    private final Pins pins;
    private long damagedFrom = -1; // where the log began when damage was found in it
    private String told = ""; // the last failure

    Compactions(
            Log log,
            InstantSource clock,
            PartitionHost host,
            Availability availability,
            Locks locks,
            Syncs syncs,
            Producers producers,
            RecoveryPoint recoveryPoint,
            Pins pins) {
        this.log = log;
        this.clock = clock;
        this.host = host;
        this.availability = availability;
        this.locks = locks;
        this.syncs = syncs;
        this.producers = producers;
        this.recoveryPoint = recoveryPoint;
        this.pins = pins;
    }

    /// Compacts the log if it is to be and if it is worth while; takes its time. What it fails with
    /// is told once. A damaged log is left as it is until segments of it were deleted.
    ///
    /// @param maxKeyBytes memory for the keys
    /// @param cancelled asked now and then whether to give up
    void compact(long maxKeyBytes, BooleanSupplier cancelled) {
        if (!availability.isWritable()
                || !log.config().compaction().enabled()
                || log.firstKeptOffset() == damagedFrom) {
            return;
        }
        try {
            Compaction compaction = prepare(maxKeyBytes, cancelled);
            if (compaction != null) {
                run(compaction);
                told = "";
            }
        } catch (CancellationException e) {
            LOG.debug("{}: compaction given up: {}", availability.partition(), e.getMessage());
        } catch (IOException | RuntimeException e) {
            // Such as a batch that cannot be read: the other partitions must not suffer from it.
            if (!availability.hasEnded()) { // else its files went while it was read
                failed(e);
            }
        }
    }

    private void run(Compaction compaction) throws IOException {
        long start = System.nanoTime();
        long before = sizeInBytes();
        long below = compaction.run(this::replaceSegments);
        locks.upkeep.lock();
        try {
            log.compacted(below);
        } finally {
            locks.upkeep.unlock();
        }
        long after = sizeInBytes();
        LogMetrics metrics = host.metrics();
        metrics.compactions.increment();
        metrics.compactionNanos.add(System.nanoTime() - start);
        metrics.compactionRemovedBytes.add(Math.max(0, before - after));
        LOG.info(
                "{}: compacted below offset {} in {} ms, {} bytes became {}",
                availability.partition(),
                below,
                (System.nanoTime() - start) / 1_000_000,
                before,
                after);
    }

    private void failed(Exception e) {
        boolean damaged =
                e instanceof BrokerException refusal && refusal.code() == ErrorCode.CORRUPT_MESSAGE;
        if (damaged) {
            damagedFrom = log.firstKeptOffset();
        }
        if (!e.toString().equals(told)) {
            told = e.toString();
            LOG.error(
                    "{}: compaction failed{}",
                    availability.partition(),
                    damaged ? "; the log is left as it is" : "",
                    e);
        }
    }

    private Compaction prepare(long maxKeyBytes, BooleanSupplier cancelled) throws IOException {
        locks.upkeep.lock();
        try {
            long stable = syncs.lastStableOffset(syncs.highWatermark());
            long bound = Math.min(stable, pins.oldest());
            if (log.needsCheckpointBefore(bound)) {
                recoveryPoint.checkpoint();
            }
            if (!availability.isWritable()) {
                return null;
            }
            return log.compaction(
                    bound, producers.active(), clock.millis(), maxKeyBytes, cancelled);
        } finally {
            locks.upkeep.unlock();
        }
    }

    private boolean replaceSegments(Compaction.Swap swap, long end) throws IOException {
        locks.upkeep.lock();
        try {
            if (!availability.isWritable() || !pins.replace(end)) {
                return false;
            }
            List<StorageFile> open = swap.apply(this::takeEffect);
            if (open == null) {
                return false;
            }
            host.closeLater(open);
            return true;
        } finally {
            pins.replaced(); // where it did not take effect
            locks.upkeep.unlock();
        }
    }

    /// Who pins need not wait for what is left to do with the files.
    private void takeEffect(Runnable change) {
        locks.underAppend(change);
        pins.replaced();
    }

    private long sizeInBytes() {
        availability.check();
        try {
            return log.sizeInBytes();
        } catch (IOException e) {
            throw availability.unreadable(e);
        }
    }
}
