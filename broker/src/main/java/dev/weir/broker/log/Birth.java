package dev.weir.broker.log;

import dev.weir.broker.log.StateFile.Checkpoint;
import dev.weir.broker.storage.FileSystem;

import java.io.IOException;
import java.nio.file.Path;

/// How a log that has no files yet gets them: a topic costs no disk until something is written to
/// it.
///
/// The first append makes the files ([#begin]), the first sync makes them durable ([#complete]),
/// before anything in them is acknowledged as durable. Until then the segment's name ends in
/// `.new`, and it gets its own only when the state file beside it is durable. So a segment without
/// a state file is damage if it has its own name, and otherwise what a crash left of a log of which
/// nobody was told that it is safe.
final class Birth {
    /// What the name of the first segment ends in until the state file is durable.
    static final String UNBORN = LogSegment.LOG + ".new";

    private final FileSystem files;
    private final Path directory;
    private final StateFile state;
    private final LogSegment first;
    private volatile boolean begun; // written under the append lock
    private boolean complete; // guarded by this

    Birth(FileSystem files, Path directory, StateFile state, LogSegment first) {
        this.files = files;
        this.directory = directory;
        this.state = state;
        this.first = first;
    }

    /// Makes the files. When that fails, as on a full disk, it can be tried again. Waits for no
    /// sync. Append lock.
    ///
    /// @param start what the state file will say
    void begin(Checkpoint start) throws IOException {
        if (!begun) {
            files.createDirectory(directory);
            state.prepare(start);
            first.openUnborn();
            begun = true;
        }
    }

    /// Whether there is something to make durable.
    boolean hasBegun() {
        return begun;
    }

    /// Makes the files and their names durable; after the first time it does nothing. When the
    /// process dies in it, opening the log directory and the log do what is left.
    synchronized void complete(DiskHealth health) throws IOException {
        if (!complete) {
            state.settle(health);
            health.syncDirectory(files, directory);
            first.giveName();
            health.syncDirectory(files, directory);
            health.syncDirectory(files, directory.getParent());
            complete = true;
        }
    }
}
