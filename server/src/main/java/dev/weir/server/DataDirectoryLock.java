package dev.weir.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// Keeps a second server out of a data directory. Held from before anything in the directory is
/// read until everything is closed; the operating system gives it back when the process dies.
final class DataDirectoryLock implements AutoCloseable {
    private final FileChannel channel;
    private final FileLock lock;

    private DataDirectoryLock(FileChannel channel, FileLock lock) {
        this.channel = channel;
        this.lock = lock;
    }

    /// Makes the directory if absent and takes it.
    ///
    /// @throws ConfigException when another server has it, or it cannot be used
    static DataDirectoryLock take(Path dataDir) {
        Path file = dataDir.resolve("lock");
        try {
            Files.createDirectories(dataDir);
            FileChannel channel =
                    FileChannel.open(
                            file,
                            StandardOpenOption.CREATE,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                String holder = readHolder(channel);
                channel.close();
                throw new ConfigException(
                        "data.dir="
                                + dataDir
                                + " is in use by another server"
                                + (holder.isEmpty() ? "" : " (process " + holder + ")")
                                + "; stop it, or choose another directory");
            }
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(
                            Long.toString(ProcessHandle.current().pid())
                                    .getBytes(StandardCharsets.US_ASCII)),
                    0);
            return new DataDirectoryLock(channel, lock);
        } catch (IOException e) {
            throw new ConfigException("data.dir=" + dataDir + " cannot be used: " + inWords(e), e);
        }
    }

    /// The exceptions of files say what happened by their class alone.
    private static String inWords(IOException e) {
        return switch (e) {
            case FileAlreadyExistsException file -> file.getFile() + " is not a directory";
            case AccessDeniedException file -> "this user may not read and write " + file.getFile();
            case NoSuchFileException file -> file.getFile() + " does not exist";
            case FileSystemException file when file.getReason() != null ->
                    file.getFile() + ": " + file.getReason();
            default -> e.toString();
        };
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException _) {
            // Another server of this very process has it.
            return null;
        }
    }

    private static String readHolder(FileChannel channel) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(20);
        channel.read(bytes, 0);
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII).strip();
    }

    @Override
    public void close() {
        try {
            lock.release();
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
