package dev.weir.broker.partition;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// Looks again and again for partitions of a directory to compact, on the thread `log-compaction`,
/// and compacts several at a time if it may have threads for that.
///
/// Owns its threads; any thread may wake it.
final class CompactionLoop {
    private static final Logger LOG = LoggerFactory.getLogger(CompactionLoop.class);

    private final Collection<Partition> partitions;
    private final Supplier<UpkeepConfig> config;
    private final DeletionHold hold;
    private final Semaphore woken = new Semaphore(0);
    private final LoopThread thread;
    private volatile boolean stopping;

    /// @param partitions those that are open, at any time
    /// @param config as it is at present
    CompactionLoop(
            Collection<Partition> partitions, Supplier<UpkeepConfig> config, DeletionHold hold) {
        this.partitions = partitions;
        this.config = config;
        this.hold = hold;
        thread = new LoopThread("log-compaction", this::run);
    }

    /// Starts the thread; not for owners who call [#once] themselves.
    void start() {
        thread.start();
    }

    /// The interval between two looks has changed: what is left of this one is to be forgotten.
    void intervalChanged() {
        woken.release();
    }

    /// Gives up what is being compacted, and lets the thread end. Woken, not interrupted: an
    /// interrupt closes the channel that is being synced.
    void stop() {
        stopping = true;
        woken.release();
    }

    /// Waits until the thread has ended, if it was started.
    void awaitEnd() {
        thread.awaitEnd();
    }

    /// One look on the calling thread, unless deletion is paused.
    void once() {
        if (!hold.isPaused()) {
            compactAll();
        }
    }

    private void run() {
        while (!stopping) {
            try {
                // Not even an interval of 0 is to keep a core busy.
                long intervalMs = Math.max(1, config.get().compactionIntervalMs());
                if (woken.tryAcquire(intervalMs, TimeUnit.MILLISECONDS)) {
                    woken.drainPermits();
                    continue; // to end, or to wait for as long as it is to wait now
                }
                if (hold.mayCompact()) {
                    compactAll();
                }
            } catch (InterruptedException e) {
                LOG.warn("interrupted; only close() ends this thread");
            } catch (RuntimeException e) {
                LOG.error("compaction failed", e);
            }
        }
    }

    private void compactAll() {
        UpkeepConfig now = config.get();
        Queue<Partition> waiting = new ConcurrentLinkedQueue<>(partitions);
        int helpers = Math.min(now.compactionThreads(), waiting.size()) - 1;
        if (helpers < 1) {
            compact(waiting, now.compactionKeyBytes());
            return;
        }
        long keyBytes = now.compactionKeyBytes() / (helpers + 1);
        try (ExecutorService pool =
                Executors.newFixedThreadPool(
                        helpers, Thread.ofPlatform().name("log-compaction-", 1).factory())) {
            for (int i = 0; i < helpers; i++) {
                pool.execute(() -> compact(waiting, keyBytes));
            }
            compact(waiting, keyBytes);
        }
    }

    /// Compacts those that wait, one after the other.
    private void compact(Queue<Partition> waiting, long keyBytes) {
        Partition partition;
        while ((partition = waiting.poll()) != null) {
            partition.compact(keyBytes, () -> stopping);
        }
    }
}
