package dev.weir.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;

/// A file system that leaves everything to another one, for those that change a little of it.
public abstract class ForwardingFileSystem implements FileSystem {
    private final FileSystem files;

    protected ForwardingFileSystem(FileSystem files) {
        this.files = files;
    }

    @Override
    public StorageFile open(Path path, OpenMode mode) throws IOException {
        return files.open(path, mode);
    }

    @Override
    public List<Path> list(Path directory) throws IOException {
        return files.list(directory);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return files.exists(path);
    }

    @Override
    public boolean isDirectory(Path path) throws IOException {
        return files.isDirectory(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        files.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        files.delete(path);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        files.createDirectories(directory);
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        files.createDirectory(directory);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        files.syncDirectory(directory);
    }

    @Override
    public long lastModifiedMs(Path path) throws IOException {
        return files.lastModifiedMs(path);
    }

    @Override
    public void setLastModifiedMs(Path path, long ms) throws IOException {
        files.setLastModifiedMs(path, ms);
    }

    @Override
    public long usableSpace(Path path) throws IOException {
        return files.usableSpace(path);
    }

    /// A file that leaves everything to another one.
    public abstract static class ForwardingFile implements StorageFile {
        private final StorageFile file;

        protected ForwardingFile(StorageFile file) {
            this.file = file;
        }

        @Override
        public Path path() {
            return file.path();
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
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
        public void sync() throws IOException {
            file.sync();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target)
                throws IOException {
            return file.transferTo(position, count, target);
        }

        @Override
        public FileChannel channel() {
            return file.channel();
        }

        @Override
        public void rename(Path to) throws IOException {
            file.rename(to);
        }

        @Override
        public void close() {
            file.close();
        }
    }
}
