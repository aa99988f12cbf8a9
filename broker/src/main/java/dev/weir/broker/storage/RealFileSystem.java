package dev.weir.broker.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/// The disk. Stateless; any thread.
public final class RealFileSystem implements FileSystem {
    /// With less than this left, a failed write is laid to the lack of room whatever the operating
    /// system calls it, which may be in any language.
    private static final long NO_ROOM_BYTES = 64 << 10;

    @Override
    public StorageFile open(Path path, OpenMode mode) throws IOException {
        Set<? extends OpenOption> options =
                switch (mode) {
                    case READ -> Set.of(StandardOpenOption.READ);
                    case WRITE -> Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
                    case CREATE ->
                            Set.of(
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE,
                                    StandardOpenOption.CREATE);
                };
        try {
            FileChannel channel = FileChannel.open(path, options);
            try {
                return new RealFile(path, mode, channel, identity(path));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            FileNotFoundException absent = new FileNotFoundException(path.toString());
            absent.initCause(e);
            throw absent;
        } catch (IOException e) {
            throw fullOr(path, e);
        }
    }

    /// What a failed creation or write is to be called.
    private static IOException fullOr(Path path, IOException e) {
        String said = String.valueOf(e.getMessage());
        boolean full = said.contains("No space left") || said.contains("quota exceeded");
        if (!full) {
            try {
                full = Files.getFileStore(path).getUsableSpace() < NO_ROOM_BYTES;
            } catch (IOException unknown) {
                e.addSuppressed(unknown);
            }
        }
        return full ? new DiskFullException(said, e) : e;
    }

    @Override
    public List<Path> list(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    @Override
    public boolean exists(Path path) {
        return Files.exists(path);
    }

    @Override
    public boolean isDirectory(Path path) {
        return Files.isDirectory(path);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.deleteIfExists(path);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        Path absolute = directory.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            return;
        }
        Path parent = absolute.getParent();
        if (parent != null) {
            createDirectories(parent);
        }
        Files.createDirectories(absolute);
        if (parent != null) {
            syncDirectory(parent);
        }
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw fullOr(directory.toAbsolutePath().getParent(), e);
        }
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
                    channel.force(true);
                    return;
                } catch (ClosedByInterruptException e) {
                    interrupted |= Thread.interrupted(); // it says nothing about the disk
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public long lastModifiedMs(Path path) throws IOException {
        return Files.getLastModifiedTime(path).toMillis();
    }

    @Override
    public void setLastModifiedMs(Path path, long ms) throws IOException {
        Files.setLastModifiedTime(path, FileTime.fromMillis(ms));
    }

    @Override
    public long usableSpace(Path path) throws IOException {
        return Files.getFileStore(path).getUsableSpace();
    }

    /// What tells a file from another one that has its name later.
    private static Object identity(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    /// A file whose channel is opened again when the JDK closed it under an interrupted caller: one
    /// interrupted reader must not take the file away from everybody else. When another file has
    /// its name by then, as after a compaction or when a topic was made anew, the file is lost to
    /// those who still hold it, and says so.
    private static final class RealFile implements StorageFile {
        private final OpenMode mode;
        private final Object identity; // null where the platform has none
        private volatile Path path;
        private volatile FileChannel channel;
        private boolean closed; // guarded by this

        RealFile(Path path, OpenMode mode, FileChannel channel, Object identity) {
            this.path = path;
            this.mode = mode;
            this.channel = channel;
            this.identity = identity;
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public synchronized void rename(Path to) throws IOException {
            try {
                Files.move(
                        path,
                        to,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw fullOr(path, e);
            }
            path = to;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int start = target.position();
            return uninterrupted(current -> {
                while (target.hasRemaining()) {
                    long at = position + target.position() - start;
                    if (current.read(target, at) < 0) {
                        break;
                    }
                }
                return target.position() - start;
            });
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            int start = source.position();
            try {
                uninterrupted(current -> {
                    while (source.hasRemaining()) {
                        current.write(source, position + source.position() - start);
                    }
                    return null;
                });
            } catch (ClosedChannelException e) {
                throw e;
            } catch (IOException e) {
                throw fullOr(path, e);
            }
        }

        @Override
        public void write(List<ByteBuffer> sources, long position) throws IOException {
            if (sources.size() == 1) {
                write(sources.getFirst(), position);
                return;
            }
            try {
                uninterrupted(current -> {
                    ByteBuffer[] left = new ByteBuffer[sources.size()];
                    long count = 0;
                    for (int i = 0; i < left.length; i++) {
                        left[i] = sources.get(i).duplicate(); // all again if the channel is lost
                        count += left[i].remaining();
                    }
                    current.position(position);
                    while (count > 0) {
                        count -= current.write(left);
                    }
                    return null;
                });
            } catch (ClosedChannelException e) {
                throw e;
            } catch (IOException e) {
                throw fullOr(path, e);
            }
        }

        @Override
        public long size() throws IOException {
            return uninterrupted(FileChannel::size);
        }

        @Override
        public void truncate(long size) throws IOException {
            uninterrupted(current -> current.truncate(size));
        }

        @Override
        public void sync() throws IOException {
            uninterrupted(current -> {
                current.force(false);
                return null;
            });
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target)
                throws IOException {
            while (true) {
                FileChannel current = channel;
                try {
                    return current.transferTo(position, count, target);
                } catch (ClosedChannelException e) {
                    // Either channel may be meant; only the file is ours to open again.
                    if (current.isOpen()) {
                        throw e;
                    }
                    reopen(current, e);
                    if (!target.isOpen()) {
                        throw e;
                    }
                }
            }
        }

        @Override
        public FileChannel channel() {
            return channel;
        }

        @Override
        public synchronized void close() {
            if (closed) {
                return;
            }
            closed = true;
            try {
                channel.close();
            } catch (IOException e) {
                // Everything that must be durable was synced before; there is nothing to save.
            }
        }

        private interface Operation<T> {
            T on(FileChannel current) throws IOException;
        }

        private <T> T uninterrupted(Operation<T> operation) throws IOException {
            boolean interrupted = false;
            try {
                while (true) {
                    FileChannel current = channel;
                    try {
                        return operation.on(current);
                    } catch (ClosedByInterruptException e) {
                        interrupted |= Thread.interrupted();
                        reopen(current, e);
                    } catch (ClosedChannelException e) {
                        reopen(current, e); // another thread was interrupted, or close() was called
                    }
                }
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        private synchronized void reopen(FileChannel dead, ClosedChannelException cause)
                throws IOException {
            if (closed) {
                throw cause;
            }
            if (channel == dead) {
                OpenOption[] options =
                        mode == OpenMode.READ
                                ? new OpenOption[] {StandardOpenOption.READ}
                                : new OpenOption[] {
                                    StandardOpenOption.READ, StandardOpenOption.WRITE
                                };
                FileChannel opened = FileChannel.open(path, options);
                if (!Objects.equals(identity, identity(path))) {
                    opened.close();
                    throw new IOException("another file has the name of " + path, cause);
                }
                channel = opened;
            }
        }
    }
}
