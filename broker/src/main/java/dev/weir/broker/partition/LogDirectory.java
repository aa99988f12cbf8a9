package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.DiskHealth;
import dev.weir.broker.log.Log;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.metric.Histogram;
import dev.weir.broker.metric.MetricVisitor;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;

/// All partitions below one directory, each in `<topic>-<index>/`, and the threads that serve them.
///
/// Any thread may call. One process at a time: a lock file is held. What becomes of a deleted
/// partition is told at [DeletedPartitions].
public final class LogDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LogDirectory.class);

    /// From one sync of a partition to the next when nobody waits: few syncs, and yet records that
    /// were sent without asking for durability can be read soon.
    private static final long SYNC_PAUSE_NANOS = 25_000_000;

    private static final String LOCK = ".lock";

    private final FileSystem files;
    private final Path directory;
    private final LogDirectoryConfig config;
    private final InstantSource clock;
    private final StorageFile lockFile;
    private final DiskHealth health = new DiskHealth();
    private final SyncLoop syncLoop;
    private final ConcurrentHashMap<String, Partition> partitions = new ConcurrentHashMap<>();
    private final DeletionHold hold = new DeletionHold();
    private final RetiredFiles retired = new RetiredFiles();
    private final DeletedPartitions deleted;
    private final UpkeepLoop upkeep;
    private final CompactionLoop compaction;
    private final LogMetrics metrics = new LogMetrics();
    private final PartitionHost host = new DirectoryHost();
    private volatile UpkeepConfig upkeepConfig;
    private volatile Runnable afterRound = () -> {};
    private volatile boolean closing;

    /// A partition found on disk.
    public record Stored(String topic, int index) {}

    private LogDirectory(
            FileSystem files,
            Path directory,
            LogDirectoryConfig config,
            InstantSource clock,
            StorageFile lockFile) {
        this.files = files;
        this.directory = directory;
        this.config = config;
        this.upkeepConfig = config.upkeep();
        this.clock = clock;
        this.lockFile = lockFile;
        syncLoop = new SyncLoop(config.syncThreads(), SYNC_PAUSE_NANOS, System::nanoTime);
        deleted = new DeletedPartitions(files, directory, health);
        upkeep = new UpkeepLoop(partitions.values(), config, hold, this::cleanUp);
        compaction = new CompactionLoop(partitions.values(), () -> upkeepConfig, hold);
    }

    /// Opens the directory, creating it if absent. Partitions are opened one by one with [#open].
    ///
    /// @throws BrokerException `KAFKA_STORAGE_ERROR` when it cannot be used or another process does
    public static LogDirectory open(
            FileSystem files, Path directory, LogDirectoryConfig config, InstantSource clock) {
        try {
            files.createDirectories(directory);
            // A process may have died between making a partition's directory and making it durable.
            files.syncDirectory(directory);
            LogDirectory opened =
                    new LogDirectory(files, directory, config, clock, lock(files, directory));
            if (config.durability() == Durability.OS) {
                LOG.warn(
                        "log.durability=os: records are acknowledged before they are on disk and"
                                + " can be lost when the machine fails");
            }
            if (config.syncThreads() > 0) {
                opened.upkeep.start();
                opened.compaction.start();
            }
            return opened;
        } catch (IOException e) {
            throw new BrokerException(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    "cannot open the log directory " + directory + ": " + e.getMessage(),
                    e);
        }
    }

    private static StorageFile lock(FileSystem files, Path directory) throws IOException {
        StorageFile file = files.open(directory.resolve(LOCK), OpenMode.CREATE);
        FileChannel channel = file.channel();
        try {
            if (channel == null || channel.tryLock() != null) {
                return file;
            }
        } catch (OverlappingFileLockException e) {
            // Held by this process: the same answer.
        } catch (IOException e) {
            file.close();
            throw e;
        }
        file.close();
        throw new BrokerException(
                ErrorCode.KAFKA_STORAGE_ERROR,
                "the log directory " + directory + " is in use by another server");
    }

    /// Changes how the work on logs is done from now on. Any thread; what is being compacted or
    /// opened goes on as it was.
    public void reconfigure(UpkeepConfig changed) {
        UpkeepConfig before = upkeepConfig;
        upkeepConfig = changed;
        if (before.compactionIntervalMs() != changed.compactionIntervalMs()) {
            compaction.intervalChanged();
        }
    }

    /// The partitions on disk, opened or not; those that nothing was written to are not there.
    public List<Stored> stored() {
        List<Stored> found = new ArrayList<>();
        for (Path entry : listEntries()) {
            String name = entry.getFileName().toString();
            int dash = name.lastIndexOf('-');
            String digits = name.substring(dash + 1);
            if (dash > 0
                    && !digits.isEmpty()
                    && digits.length() < 10
                    && digits.chars().allMatch(Character::isDigit)) {
                found.add(new Stored(name.substring(0, dash), Integer.parseInt(digits)));
            }
        }
        return found;
    }

    /// Opens a partition, an empty one if it is absent; the same one when already open. A damaged
    /// one is returned too, with [Partition#offlineReason].
    public Partition open(String topic, int index, LogConfig logConfig) {
        return open(new Wanted(topic, index, logConfig, false));
    }

    /// Opens a partition like the method above, but one that has to have files is damaged when it
    /// has none.
    public Partition open(Wanted wanted) {
        if (closing) {
            throw new BrokerException(ErrorCode.KAFKA_STORAGE_ERROR, "the server is stopping");
        }
        return partitions.computeIfAbsent(
                wanted.topic + "-" + wanted.index, name -> openAbsent(name, wanted));
    }

    /// A partition to open.
    ///
    /// @param stored whether it is known to have files: [Partition#isStored] was true before
    public record Wanted(String topic, int index, LogConfig logConfig, boolean stored) {}

    /// Opens several partitions side by side, so that what a crash left of them is read with fewer
    /// waits for the disk. One that cannot be opened is left for [#open] to tell of.
    public void openAll(List<Wanted> wanted) {
        int threads =
                config.syncThreads() == 0
                        ? 1
                        : Math.min(upkeepConfig.openingThreads(), wanted.size());
        if (threads < 2) {
            return;
        }
        try (var pool =
                Executors.newFixedThreadPool(
                        threads, Thread.ofPlatform().name("log-open-", 0).factory())) {
            for (Wanted each : wanted) {
                pool.execute(() -> {
                    try {
                        open(each);
                    } catch (BrokerException e) {
                        LOG.debug("{}-{} was not opened ahead", each.topic, each.index, e);
                    }
                });
            }
        }
    }

    private Partition openAbsent(String name, Wanted wanted) {
        String topic = wanted.topic;
        int index = wanted.index;
        String reason;
        long begun = System.nanoTime();
        try {
            Path path = directory.resolve(name);
            Log log = Log.open(files, path, wanted.logConfig, health, clock.millis());
            if (wanted.stored && log.isBeingBorn()) {
                log.close();
                throw vanished(path);
            }
            metrics.openNanos.add(System.nanoTime() - begun);
            metrics.recoveredBytes.add(log.recoveredBytes());
            return new Partition(topic, index, log, config, clock, health, syncLoop, host);
        } catch (BrokerException e) {
            LOG.error("{} is offline: {}", name, e.getMessage());
            reason = e.getMessage();
        } catch (IOException e) {
            LOG.error("{} is offline", name, e);
            reason = name + " cannot be opened: " + e.getMessage();
        }
        return new Partition(topic, index, reason, health, host);
    }

    private static BrokerException vanished(Path path) {
        return new BrokerException(
                ErrorCode.KAFKA_STORAGE_ERROR,
                path
                        + " is missing or empty, although it was written to; put it back as it was"
                        + " and start again, or delete the topic; acknowledged records would be"
                        + " lost, so the partition stays closed");
    }

    /// Calls back at the end of each round of upkeep, in which partitions may have got files; on
    /// the thread of the round, without locks.
    public void afterEachRound(Runnable callback) {
        afterRound = callback;
    }

    /// Deletes a partition, opened or not; durable on return, its bytes go later. Waiters fail.
    public void delete(String topic, int index) {
        String name = topic + "-" + index;
        partitions.compute(
                name,
                (_, open) -> {
                    if (open != null) {
                        open.discard();
                    }
                    try {
                        deleted.take(name);
                    } catch (IOException e) {
                        throw new BrokerException(
                                ErrorCode.KAFKA_STORAGE_ERROR,
                                "cannot delete " + name + ": " + e.getMessage(),
                                e);
                    }
                    return null;
                });
    }

    /// Why nothing can be appended any more until a restart, or null.
    public String failure() {
        BrokerException failure = health.failure();
        return failure == null ? null : failure.getMessage();
    }

    /// fdatasyncs done so far, and how long they took.
    public Histogram syncTime() {
        return health.syncTime();
    }

    /// Partitions that wait for their sync.
    int syncsPending() {
        return syncLoop.pending();
    }

    /// Reports what was done with the logs so far.
    public void report(MetricVisitor visitor) {
        metrics.report(visitor, this);
    }

    /// Syncs everything dirty on the calling thread; for owners without sync threads.
    public void syncOnce() {
        syncLoop.drain();
    }

    /// Lets retention delete nothing until [#resumeRetention]: for an owner who still has to find
    /// out what it must pin.
    public void pauseRetention() {
        hold.pause();
    }

    /// Ends what [#pauseRetention] began.
    public void resumeRetention() {
        hold.resume();
    }

    /// Writes the checkpoints that are due by what was appended, on the calling thread.
    void checkpointDueOnce() {
        upkeep.writeDueOnce();
    }

    /// One round of retention, checkpoints, compaction and clean-up on the calling thread.
    public void upkeepOnce() {
        upkeep.once();
        compaction.once();
    }

    /// Lets the first compaction come without the delay after the start in which pins are taken.
    public void compactAtOnce() {
        hold.compactAtOnce();
    }

    /// Closes and deletes what has been kept long enough.
    private void cleanUp() {
        retired.close(TimeUnit.MILLISECONDS.toNanos(config.deleteDelayMs()));
        deleted.deleteFiles(listEntries());
        afterRound.run();
    }

    private List<Path> listEntries() {
        try {
            return files.list(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + directory, e);
        }
    }

    /// Syncs and checkpoints every partition, so that the next start reads no log.
    @Override
    public void close() {
        if (closing) {
            return;
        }
        closing = true;
        upkeep.stop();
        compaction.stop();
        upkeep.awaitEnd();
        compaction.awaitEnd();
        syncLoop.close();
        closePartitions();
        retired.close(0);
        lockFile.close();
    }

    /// Several at a time: each waits for a few fsyncs, which the disk takes together.
    private void closePartitions() {
        if (config.syncThreads() == 0) {
            partitions.values().forEach(Partition::close);
            return;
        }
        ThreadFactory threads = Thread.ofPlatform().name("log-close-", 0).factory();
        try (ExecutorService closers =
                Executors.newFixedThreadPool(2 * config.syncThreads(), threads)) {
            for (Partition partition : partitions.values()) {
                closers.execute(partition::close);
            }
        }
    }

    private final class DirectoryHost implements PartitionHost {
        @Override
        public void diskFailed() {
            BrokerException failure = health.failure();
            for (Partition partition : partitions.values()) {
                partition.fail(failure);
            }
        }

        @Override
        public void appended(int bytes) {
            upkeep.appended(bytes);
        }

        @Override
        public void checkpointDue(Partition partition) {
            upkeep.checkpointDue(partition);
        }

        @Override
        public long producerExpirationMs() {
            return upkeepConfig.producerExpirationMs();
        }

        @Override
        public LogMetrics metrics() {
            return metrics;
        }

        @Override
        public void closeLater(List<StorageFile> open) {
            retired.add(open);
        }
    }
}
