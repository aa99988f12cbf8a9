package dev.weir.broker.storage;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Predicate;

/// A file system whose syncs of some files do not come back until they are let go, as those of a
/// disk that hangs. Any thread may call.
public final class HeldSyncs extends ForwardingFileSystem {
    private Predicate<Path> held = _ -> false;

    public HeldSyncs(FileSystem files) {
        super(files);
    }

    /// Holds the syncs of these files from now on.
    public synchronized void hold(Predicate<Path> which) {
        held = which;
    }

    /// Lets all syncs go that were held.
    public synchronized void release() {
        held = _ -> false;
        notifyAll();
    }

    private synchronized void await(Path path) throws IOException {
        while (held.test(path)) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while the disk hangs", e);
            }
        }
    }

    @Override
    public StorageFile open(Path path, OpenMode mode) throws IOException {
        return new HeldFile(super.open(path, mode));
    }

    private final class HeldFile extends ForwardingFile {
        HeldFile(StorageFile file) {
            super(file);
        }

        @Override
        public void sync() throws IOException {
            await(path());
            super.sync();
        }
    }
}
