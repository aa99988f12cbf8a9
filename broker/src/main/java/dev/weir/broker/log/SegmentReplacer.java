package dev.weir.broker.log;

import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The protocol by which a compacted segment takes the place of others, so that a crash at any
/// moment leaves either them or it.
///
/// 1. The new segment and its indexes are written beside the old ones as `.cleaned` ([#begin]) and
///    synced, names included ([#makeDurable]).
/// 2. It takes effect when its records are renamed to `<base>-<end>.swap` and the directory is
///    synced ([#replace]): from then on, also after a crash, it stands for all segments from base
///    to end. The list of segments changes.
/// 3. The files of the old segments are deleted, the new indexes get their names, the directory is
///    synced; last of all the records get their name.
///
/// Opening the log ([#finish]) goes through with step 3 where it finds a `.swap`, and deletes what
/// is still `.cleaned`.
///
/// Owned by whoever opens the log or holds its upkeep lock; [#begin] and [#makeDurable] touch only
/// what nobody else knows of and need no lock.
final class SegmentReplacer {
    private static final Logger LOG = LoggerFactory.getLogger(SegmentReplacer.class);
    private static final String CLEANED = ".cleaned";
    private static final Pattern SWAP = Pattern.compile("(\\d{20})-(\\d{20})\\.swap");

    private final FileSystem files;
    private final Path directory;
    private final DiskHealth health;

    SegmentReplacer(FileSystem files, Path directory, DiskHealth health) {
        this.files = files;
        this.directory = directory;
        this.health = health;
    }

    /// A segment that can take the place of others.
    ///
    /// @param replaced those, neighbours
    /// @param end where the last of them ends
    record Replacement(LogSegment segment, List<LogSegment> replaced, long end) {
        long base() {
            return replaced.getFirst().baseOffset();
        }
    }

    // ---------------------------------------------------------------- while the log is open

    /// A segment that may take the place of others when it is whole.
    LogSegment begin(long baseOffset) throws IOException {
        return LogSegment.createBeside(files, directory, baseOffset, CLEANED);
    }

    /// Makes such a segment durable, names included.
    void makeDurable(LogSegment segment) throws IOException {
        segment.syncBeside(health);
        health.syncDirectory(files, directory);
    }

    /// Puts a segment in the place of others, durably. Upkeep lock.
    ///
    /// @param takeEffect changes the list of segments
    /// @return files to be closed when their readers are done
    List<StorageFile> replace(Replacement replacement, Runnable takeEffect) throws IOException {
        String name =
                LogSegment.name(
                        replacement.base(), "-" + LogSegment.name(replacement.end(), ".swap"));
        LogSegment last = replacement.replaced().getLast();
        replacement.segment().setLastModifiedMs(last.lastModifiedMs()); // it is as old as they were
        replacement.segment().rename(directory.resolve(name));
        health.syncDirectory(files, directory);
        takeEffect.run();
        try {
            return settle(replacement);
        } catch (IOException e) {
            // Left half done, it would be finished by the next start, over what was written since.
            health.fail("putting a compacted segment of " + directory + " in its place", e);
            throw e;
        }
    }

    /// Deletes what was replaced and gives what replaced it its name.
    private List<StorageFile> settle(Replacement replacement) throws IOException {
        long base = replacement.base();
        List<StorageFile> open = new ArrayList<>();
        for (LogSegment segment : replacement.replaced()) {
            StorageFile file = segment.baseOffset() == base ? segment.discard() : segment.delete();
            if (file != null) {
                open.add(file);
            }
        }
        replacement.segment().settleIndexes();
        health.syncDirectory(files, directory);
        replacement.segment().rename(path(base, LogSegment.LOG));
        health.syncDirectory(files, directory);
        return open;
    }

    // ---------------------------------------------------------------- when it is opened

    /// Finishes what [#replace] had decided when it was interrupted, and deletes what was only
    /// prepared.
    void finish() throws IOException {
        List<Path> entries = files.list(directory);
        for (Path entry : entries) {
            Matcher swap = SWAP.matcher(entry.getFileName().toString());
            if (swap.matches()) {
                long base = Long.parseLong(swap.group(1));
                finish(entry, base, Long.parseLong(swap.group(2)), entries);
            }
        }
        for (Path entry : files.list(directory)) {
            if (entry.getFileName().toString().endsWith(CLEANED)) {
                files.delete(entry);
            }
        }
    }

    private void finish(Path swap, long base, long end, List<Path> entries) throws IOException {
        LOG.info("{}: finishing the compaction of offsets {} to {}", directory, base, end);
        for (Path entry : entries) {
            long other = LogSegment.baseOf(entry);
            if (other > base && other < end) {
                LogSegment.existing(files, directory, other, true).delete();
            }
        }
        for (String suffix : LogSegment.INDEXES) {
            Path prepared = path(base, suffix + CLEANED);
            if (files.exists(prepared)) { // else it has its name already
                files.rename(prepared, path(base, suffix));
            }
        }
        health.syncDirectory(files, directory);
        files.rename(swap, path(base, LogSegment.LOG));
        health.syncDirectory(files, directory);
    }

    private Path path(long baseOffset, String suffix) {
        return directory.resolve(LogSegment.name(baseOffset, suffix));
    }
}
