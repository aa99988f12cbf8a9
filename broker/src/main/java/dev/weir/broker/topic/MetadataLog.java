package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.storage.DiskFullException;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/// The durable list of [MetadataRecord]s: what the broker knows apart from the logs of partitions.
///
/// One file of frames, each
///
/// ```
///  0  length    int32   of the payload
///  4  crc       int32   CRC-32C of the payload
///  8  head crc  int32   CRC-32C of the eight bytes before
/// 12  payload
/// ```
///
/// An append is fsynced before it returns, so a crash can only tear what no caller was told of: a
/// broken frame at the end is cut off. A broken frame with a whole one after it is damage, and the
/// log refuses to open. After a failed write or fsync nothing is appended until a restart, because
/// what the disk then holds is unknown; a write that only found the disk full is taken back.
///
/// Any thread may append; appends exclude each other.
public final class MetadataLog implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(MetadataLog.class);
    private static final int HEAD = 12;

    /// Below this size a log is never worth rewriting.
    private static final long REWRITE_ABOVE = 1 << 20;

    private final FileSystem files;
    private final Path path;
    private StorageFile file;
    private volatile long end;
    private String failure;

    private MetadataLog(FileSystem files, Path path, StorageFile file) {
        this.files = files;
        this.path = path;
        this.file = file;
    }

    /// Opens the log, creating it if absent, and replays it.
    ///
    /// @param replay is given every record in order before this returns
    /// @throws UncheckedIOException if the file cannot be read
    /// @throws IllegalStateException if it is damaged
    public static MetadataLog open(FileSystem files, Path path, Consumer<MetadataRecord> replay) {
        try {
            var directory = path.toAbsolutePath().getParent();
            files.createDirectories(directory);
            boolean existed = files.exists(path);
            var log = new MetadataLog(files, path, files.open(path, FileSystem.OpenMode.CREATE));
            if (!existed) {
                files.syncDirectory(directory);
            }
            log.recover(replay);
            return log;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open " + path, e);
        }
    }

    /// Appends records, all or none. On return they are on disk.
    ///
    /// @throws BrokerException with `KAFKA_STORAGE_ERROR` if that is not certain
    public synchronized void append(List<? extends MetadataRecord> records) {
        if (failure != null) {
            throw new BrokerException(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    "the metadata log takes no more records until a restart: " + failure);
        }
        var bytes = frames(records);
        int length = bytes.remaining();
        try {
            write(bytes);
            file.sync();
            end += length;
        } catch (DiskFullException e) {
            throw new BrokerException(
                    ErrorCode.KAFKA_STORAGE_ERROR,
                    "cannot write the metadata log: " + e.getMessage(),
                    e);
        } catch (IOException e) {
            failure = e.toString();
            LOGGER.error("cannot write {}; topics cannot be changed until a restart", path, e);
            throw new BrokerException(
                    ErrorCode.KAFKA_STORAGE_ERROR, "cannot write the metadata log: " + e, e);
        }
    }

    private void write(ByteBuffer bytes) throws IOException {
        try {
            file.write(bytes, end);
        } catch (DiskFullException e) {
            file.truncate(end);
            throw e;
        }
    }

    /// Refuses what would need more of the disk than is left.
    ///
    /// @param what is refused, for the message
    /// @throws BrokerException with `KAFKA_STORAGE_ERROR`
    void checkRoom(String what, long bytes) {
        try {
            long left = files.usableSpace(path.toAbsolutePath().getParent());
            if (left < bytes) {
                var full = new DiskFullException("No space left on device");
                throw new BrokerException(
                        ErrorCode.KAFKA_STORAGE_ERROR,
                        "cannot create "
                                + what
                                + ": the disk has "
                                + left
                                + " bytes left, "
                                + bytes
                                + " are needed",
                        full);
            }
        } catch (IOException e) {
            throw new BrokerException(
                    ErrorCode.KAFKA_STORAGE_ERROR, "cannot tell the disk's free space: " + e, e);
        }
    }

    /// Replaces the contents by fewer records that mean the same, if that is worth it.
    public synchronized void rewriteIfLong(List<? extends MetadataRecord> records) {
        var bytes = frames(records);
        if (end < REWRITE_ABOVE || end < 4L * bytes.remaining()) {
            return;
        }
        try {
            long before = end;
            long after = bytes.remaining();
            files.replace(path, bytes);
            file.close();
            file = files.open(path, FileSystem.OpenMode.WRITE);
            end = after;
            LOGGER.info("{} rewritten from {} to {} bytes", path, before, after);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot rewrite " + path, e);
        }
    }

    /// How many bytes of records are certain to be on disk. Never waits.
    public long end() {
        return end;
    }

    @Override
    public synchronized void close() {
        failure = "it is closed";
        file.close();
    }

    private void recover(Consumer<MetadataRecord> replay) throws IOException {
        var bytes = ByteBuffer.allocate(Math.toIntExact(file.size()));
        file.read(bytes, 0);
        bytes.flip();
        int at = 0;
        while (isFrame(bytes, at)) {
            int length = bytes.getInt(at);
            var payload = new byte[length];
            bytes.get(at + HEAD, payload);
            replay.accept(MetadataRecord.decode(payload));
            at += HEAD + length;
        }
        end = at;
        if (at == bytes.limit()) {
            return;
        }
        for (int next = at + 1; next <= bytes.limit() - HEAD; next++) {
            if (isFrame(bytes, next)) {
                throw new IllegalStateException(
                        path
                                + " is damaged at byte "
                                + at
                                + ": the record there is broken, but one at "
                                + next
                                + " is whole; restore the file from a copy");
            }
        }
        LOGGER.warn(
                "{} ended in a record torn by a crash; {} bytes cut off at {}",
                path,
                bytes.limit() - at,
                at);
        file.truncate(at);
        file.sync();
    }

    private static ByteBuffer frames(List<? extends MetadataRecord> records) {
        var payloads = new ArrayList<byte[]>(records.size());
        int size = 0;
        for (var each : records) {
            var payload = each.encode();
            payloads.add(payload);
            size += HEAD + payload.length;
        }
        var bytes = ByteBuffer.allocate(size);
        for (var payload : payloads) {
            int at = bytes.position();
            bytes.putInt(payload.length).putInt(crc(ByteBuffer.wrap(payload)));
            bytes.putInt(crc(bytes.slice(at, 8))).put(payload);
        }
        return bytes.flip();
    }

    private static boolean isFrame(ByteBuffer bytes, int at) {
        if (bytes.limit() - at < HEAD || bytes.getInt(at + 8) != crc(bytes.slice(at, 8))) {
            return false;
        }
        int length = bytes.getInt(at);
        return length > 0
                && length <= bytes.limit() - at - HEAD
                && bytes.getInt(at + 4) == crc(bytes.slice(at + HEAD, length));
    }

    private static int crc(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
