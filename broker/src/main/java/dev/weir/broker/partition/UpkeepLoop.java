package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Looks after the partitions of a directory on the thread `log-upkeep`: round after round of
/// retention and checkpoints, and in between the checkpoints that are due by what was appended.
///
/// Owns its thread; any thread may tell it what was appended.
final class UpkeepLoop {
    private static final Logger LOG = LoggerFactory.getLogger(UpkeepLoop.class);

    /// A partition that is written slowly is checkpointed this often.
    private static final long CHECKPOINT_INTERVAL_MS = 60_000;

    /// How many partitions may have as much behind their checkpoints as each of them may. Recovery
    /// after a crash reads what is there, however many partitions share it.
    private static final long TAILS = 4;

    private final Collection<Partition> partitions;
    private final LogDirectoryConfig config;
    private final DeletionHold hold;
    private final Runnable cleanUp;
    private final LinkedBlockingQueue<Runnable> due = new LinkedBlockingQueue<>();
    private final AtomicLong appendedSinceLook = new AtomicLong(); // at the length of the tails
    private final LoopThread thread;
    private volatile boolean stopping;

    /// @param partitions those that are open, at any time
    /// @param cleanUp called at the end of each round
    UpkeepLoop(
            Collection<Partition> partitions,
            LogDirectoryConfig config,
            DeletionHold hold,
            Runnable cleanUp) {
        this.partitions = partitions;
        this.config = config;
        this.hold = hold;
        this.cleanUp = cleanUp;
        thread = new LoopThread("log-upkeep", this::run);
    }

    /// Starts the thread; not for owners who call [#once] themselves.
    void start() {
        thread.start();
    }

    /// Lets the thread end after what it is at. Woken, not interrupted: an interrupt closes the
    /// channel that is being synced.
    void stop() {
        stopping = true;
        due.add(() -> {});
    }

    /// Waits until the thread has ended, if it was started.
    void awaitEnd() {
        thread.awaitEnd();
    }

    /// Something was appended to a partition.
    void appended(int bytes) {
        long wanted = maxTailBytes() / 2;
        long now = appendedSinceLook.addAndGet(bytes);
        if (now >= wanted && now - bytes < wanted) {
            due.add(this::shortenTails);
        }
    }

    /// Much was appended to a partition since its last checkpoint.
    void checkpointDue(Partition partition) {
        due.add(() -> checkpoint(partition));
    }

    /// Writes the checkpoints that are due by what was appended, on the calling thread.
    void writeDueOnce() {
        Runnable next;
        while ((next = due.poll()) != null) {
            next.run();
        }
    }

    /// One round on the calling thread, with a checkpoint of each partition.
    void once() {
        due.clear();
        appendedSinceLook.set(0);
        round(!hold.isPaused(), 0);
    }

    private void run() {
        long interval = TimeUnit.MILLISECONDS.toNanos(config.upkeepIntervalMs());
        long next = System.nanoTime() + interval;
        while (!stopping) {
            try {
                Runnable first = due.poll(next - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (first != null) {
                    first.run();
                }
                if (!stopping && System.nanoTime() - next >= 0) {
                    next = System.nanoTime() + interval;
                    round(hold.mayDelete(), CHECKPOINT_INTERVAL_MS);
                }
            } catch (InterruptedException e) {
                LOG.warn("interrupted; only close() ends this thread");
            } catch (RuntimeException e) {
                LOG.error("upkeep failed", e);
            }
        }
    }

    private void round(boolean mayDelete, long checkpointIntervalMs) {
        for (Partition partition : partitions) {
            try {
                partition.upkeep(mayDelete, checkpointIntervalMs);
            } catch (IOException | BrokerException e) {
                LOG.warn("{}: upkeep failed: {}", partition, e.getMessage());
            }
        }
        cleanUp.run();
    }

    /// Writes checkpoints, those of the longest tails first, until recovery would have to read half
    /// of what it may.
    private void shortenTails() {
        appendedSinceLook.set(0);
        Map<Partition, Long> tails = new HashMap<>();
        long left = 0;
        for (Partition partition : partitions) {
            long bytes = partition.tailBytes();
            tails.put(partition, bytes);
            left += bytes;
        }
        List<Partition> longestFirst = new ArrayList<>(tails.keySet());
        longestFirst.sort(Comparator.comparing(tails::get).reversed());
        for (Partition partition : longestFirst) {
            if (left <= maxTailBytes() / 2 || stopping) {
                return;
            }
            checkpoint(partition);
            left -= tails.get(partition);
        }
    }

    /// What recovery may have to read of all partitions together, about.
    private long maxTailBytes() {
        return TAILS * config.checkpointBytes();
    }

    private static void checkpoint(Partition partition) {
        try {
            partition.checkpoint();
        } catch (IOException | BrokerException e) {
            LOG.warn("{}: cannot write a checkpoint: {}", partition, e.getMessage());
        }
    }
}
