package dev.weir.broker.log;

import dev.weir.broker.log.StateFile.Checkpoint;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// What recovery of a log relies on: the last checkpoint, and with it the flushed indexes and the
/// snapshot of the producers that belong to it.
///
/// Indexes and snapshot are durable before the checkpoint is that speaks of them, and snapshots
/// that no checkpoint needs are deleted after it.
///
/// Owned by whoever opens the log or holds its upkeep lock. [#noteSynced], which another thread
/// calls where no checkpoint is being written, is why the state file is written under its monitor.
final class Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final String SNAPSHOT = ".snapshot";

    private final FileSystem files;
    private final Path directory;
    private final DiskHealth health;
    private final StateFile state; // upkeep lock, but for writeSynced: see noteSynced
    private volatile long offset;
    private long gapsWithoutState; // what gapsBelow is before the first checkpoint

    Checkpoints(FileSystem files, Path directory, DiskHealth health, StateFile state) {
        this.files = files;
        this.directory = directory;
        this.health = health;
        this.state = state;
        Checkpoint found = state.checkpoint();
        offset = found == null ? 0 : found.offset();
    }

    /// The last one; null before the first, while a log is opened.
    Checkpoint last() {
        return state.checkpoint();
    }

    /// Offset up to which recovery has nothing to do. Any thread.
    long offset() {
        return offset;
    }

    /// Compaction may have removed whole batches below it. Any thread.
    long gapsBelow() {
        Checkpoint checkpoint = state.checkpoint();
        return checkpoint == null ? gapsWithoutState : checkpoint.gapsBelow();
    }

    /// Says where compaction may have left gaps in a log that has no checkpoint.
    void assumeGapsBelow(long below) {
        gapsWithoutState = below;
    }

    /// Makes a captured state the one from which recovery starts. The log must have been synced up
    /// to it.
    void write(Log.CheckpointCapture capture, Segments segments, long logStartOffset)
            throws IOException {
        Checkpoint previous = state.checkpoint();
        LogPosition end = capture.end;
        LogSegment active = end.segment();
        int from = previous == null ? 0 : segments.floor(previous.segmentBase());
        for (int i = from; i < segments.count(); i++) {
            LogSegment segment = segments.get(i);
            if (segment.baseOffset() <= active.baseOffset()) {
                segment.flushIndexes(health);
            }
        }
        if (capture.producers != null) {
            writeSnapshot(end.offset(), capture.producers);
        }
        Checkpoint next =
                new Checkpoint(
                        logStartOffset,
                        segments.first().baseOffset(),
                        end.offset(),
                        active.baseOffset(),
                        end.position(),
                        capture.offsetEntries,
                        capture.timestampEntries,
                        capture.abortedEntries,
                        capture.producers != null,
                        active.createdMs(),
                        gapsBelow(),
                        previous == null ? 0 : previous.compactedBelow());
        synchronized (state) {
            if (previous == null) {
                // The file is new: its name must be durable before anything relies on it.
                state.write(next, health);
                health.syncDirectory(files, directory);
            } else {
                health.syncDirectory(files, directory);
                state.write(next, health);
            }
        }
        offset = end.offset();
        if (previous != null) {
            deleteSnapshotsBelow(previous.offset());
        }
    }

    /// Notes a new log start.
    ///
    /// @param firstKept base of the first segment that will be kept
    void raiseStart(long start, long firstKept) throws IOException {
        synchronized (state) {
            state.write(state.checkpoint().withStart(start, firstKept), health);
        }
    }

    /// Notes how far compaction came.
    ///
    /// @param gapsBelow offset below which it may leave gaps
    /// @param compactedBelow offset below which each key has at most one record
    void noteCompaction(long gapsBelow, long compactedBelow) throws IOException {
        synchronized (state) {
            state.write(state.checkpoint().withCompaction(gapsBelow, compactedBelow), health);
        }
    }

    /// See [Log#noteSynced].
    void noteSynced(long synced) {
        synchronized (state) {
            try {
                state.writeSynced(synced);
            } catch (IOException e) {
                LOG.warn("{}: cannot note the synced offset: {}", directory, e.getMessage());
            }
        }
    }

    void close() {
        synchronized (state) {
            state.close();
        }
    }

    // ---------------------------------------------------------------- snapshots

    /// Brings producers to what they were at a checkpoint.
    ///
    /// @return false, and there are none, when its snapshot is missing or damaged
    boolean restore(Checkpoint checkpoint, ProducerState producers) throws IOException {
        if (!checkpoint.hasSnapshot()) {
            return true;
        }
        Path snapshot = snapshotPath(checkpoint.offset());
        return files.exists(snapshot)
                && producers.restore(ByteBuffer.wrap(files.readFully(snapshot)));
    }

    private void writeSnapshot(long at, ByteBuffer producers) throws IOException {
        try (StorageFile file = files.open(snapshotPath(at), FileSystem.OpenMode.CREATE)) {
            file.truncate(0);
            file.write(producers.duplicate(), 0);
            health.sync(file);
        }
    }

    private void deleteSnapshotsBelow(long bound) throws IOException {
        for (Path entry : files.list(directory)) {
            String name = entry.getFileName().toString();
            if (name.endsWith(SNAPSHOT) && name.compareTo(LogSegment.name(bound, SNAPSHOT)) < 0) {
                files.delete(entry);
            }
        }
    }

    private Path snapshotPath(long at) {
        return directory.resolve(LogSegment.name(at, SNAPSHOT));
    }
}
