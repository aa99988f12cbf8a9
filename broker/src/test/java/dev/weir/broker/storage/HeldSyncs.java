package dev.weir.broker.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;

/// A file system whose syncs of some files do not come back until they are let go, as those of a
/// disk that hangs. Any thread may call.
public final class HeldSyncs implements FileSystem {
    private final FileSystem files;
    private Predicate<Path> held = _ -> false;

    public HeldSyncs(FileSystem files) {
        this.files = files;
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
        return new HeldFile(files.open(path, mode));
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
    public long usableSpace(Path path) throws IOException {
        return files.usableSpace(path);
    }

    private final class HeldFile implements StorageFile {
        private final StorageFile file;

        HeldFile(StorageFile file) {
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
            await(file.path());
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
