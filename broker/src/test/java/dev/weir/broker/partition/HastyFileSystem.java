package dev.weir.broker.partition;

import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.storage.StorageFile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The real file system without its waits: a sync does nothing. Its files have no channel, so a
/// directory is not locked and can be opened again after [#kill], as after the death of a process.
/// Counts what is read. Owned by one thread.
final class HastyFileSystem implements FileSystem {
    private final FileSystem real = new RealFileSystem();
    private final List<StorageFile> open = new ArrayList<>();
    private long bytesRead;

    /// Closes every file.
    void kill() {
        List.copyOf(open).forEach(StorageFile::close);
    }

    long bytesRead() {
        return bytesRead;
    }

    @Override
    public StorageFile open(Path path, OpenMode mode) throws IOException {
        var file = new HastyFile(real.open(path, mode));
        open.add(file);
        return file;
    }

    @Override
    public List<Path> list(Path directory) throws IOException {
        return real.list(directory);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return real.exists(path);
    }

    @Override
    public boolean isDirectory(Path path) throws IOException {
        return real.isDirectory(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        real.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        real.delete(path);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        real.createDirectories(directory);
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        real.createDirectory(directory);
    }

    @Override
    public void syncDirectory(Path directory) {}

    @Override
    public long usableSpace(Path path) throws IOException {
        return real.usableSpace(path);
    }

    private final class HastyFile implements StorageFile {
        private final StorageFile file;

        HastyFile(StorageFile file) {
            this.file = file;
        }

        @Override
        public Path path() {
            return file.path();
        }

        @Override
        public void rename(Path to) throws IOException {
            file.rename(to);
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int count = file.read(target, position);
            bytesRead += count;
            return count;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            file.write(source, position);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public void sync() {}

        @Override
        public long transferTo(long position, long count, WritableByteChannel target)
                throws IOException {
            return file.transferTo(position, count, target);
        }

        @Override
        public FileChannel channel() {
            return null;
        }

        @Override
        public void close() {
            file.close();
            open.remove(this);
        }
    }
}
