package dev.weir.broker.partition;

import dev.weir.broker.storage.ForwardingFileSystem;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.storage.StorageFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The real file system without its waits: a sync does nothing. Its files have no channel, so a
/// directory is not locked and can be opened again after [#kill], as after the death of a process.
/// Counts what is read. Owned by one thread.
final class HastyFileSystem extends ForwardingFileSystem {
    private final List<StorageFile> open = new ArrayList<>();
    private long bytesRead;

    HastyFileSystem() {
        super(new RealFileSystem());
    }

    /// Closes every file.
    void kill() {
        List.copyOf(open).forEach(StorageFile::close);
    }

    long bytesRead() {
        return bytesRead;
    }

    @Override
    public StorageFile open(Path path, OpenMode mode) throws IOException {
        var file = new HastyFile(super.open(path, mode));
        open.add(file);
        return file;
    }

    @Override
    public void syncDirectory(Path directory) {}

    private final class HastyFile extends ForwardingFile {
        HastyFile(StorageFile file) {
            super(file);
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int count = super.read(target, position);
            bytesRead += count;
            return count;
        }

        @Override
        public void sync() {}

        @Override
        public FileChannel channel() {
            return null;
        }

        @Override
        public void close() {
            super.close();
            open.remove(this);
        }
    }
}
