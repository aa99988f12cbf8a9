package dev.weir.sql.state;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/// The files of a state directory.
///
/// ```
/// CURRENT    name of the checkpoint to restore from
/// ckpt-7/    MARK: crc32c (4 bytes), mark; db/: a RocksDB of hard links
/// ckpt-6/    the one before
/// live/      the RocksDB in use: made anew from a checkpoint at every start, never opened again
/// ```
///
/// A checkpoint is built under a temporary name, synced, renamed, and only then named by CURRENT,
/// itself replaced by renaming. Whatever is cut short leaves the previous one in place.
final class Checkpoints {
    private static final Logger LOG = LoggerFactory.getLogger(Checkpoints.class);
    private static final String PREFIX = "ckpt-";
    private static final String TEMPORARY = ".tmp";

    private final Path dir;
    private final Consumer<String> stages;
    private long newest;
    private byte[] mark;

    /// @param stages told of each stage of writing, so that tests can cut it short
    Checkpoints(Path dir, Consumer<String> stages) {
        this.dir = dir;
        this.stages = stages;
    }

    Path live() {
        return dir.resolve("live");
    }

    /// The restored checkpoint's mark, or null.
    byte[] mark() {
        return mark;
    }

    /// Makes the live directory from the newest whole checkpoint, if there is one.
    void restore() {
        try {
            Files.createDirectories(dir);
            deleteTree(live());
            for (Path path : list()) {
                if (path.getFileName().toString().endsWith(TEMPORARY)) {
                    deleteTree(path);
                }
            }
            for (Path path : list()) {
                newest = Math.max(newest, number(path));
            }
            Path from = choose();
            if (from == null) {
                Files.createDirectories(live());
            } else {
                linkTree(from.resolve("db"), live());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot restore state in " + dir, e);
        }
    }

    private Path choose() throws IOException {
        Path pointer = dir.resolve("CURRENT");
        if (!Files.exists(pointer)) {
            return null;
        }
        Path named = dir.resolve(Files.readString(pointer).strip());
        List<Path> candidates = new ArrayList<>();
        if (number(named) > 0) {
            candidates.add(named);
        }
        list().stream()
                .filter(path -> number(path) > 0 && !path.equals(named))
                .sorted(Comparator.comparingLong(Checkpoints::number).reversed())
                .forEach(candidates::add);
        for (Path candidate : candidates) {
            mark = readMark(candidate);
            if (mark != null) {
                return candidate;
            }
            LOG.warn("checkpoint {} is damaged", candidate);
        }
        throw new IOException("no whole checkpoint is left in " + dir);
    }

    private static byte[] readMark(Path checkpoint) throws IOException {
        byte[] bytes;
        try {
            bytes = Files.readAllBytes(checkpoint.resolve("MARK"));
        } catch (NoSuchFileException _) {
            return null;
        }
        if (bytes.length < 4 || !Files.isDirectory(checkpoint.resolve("db"))) {
            return null;
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes, 4, bytes.length - 4);
        if (ByteBuffer.wrap(bytes).getInt() != (int) crc.getValue()) {
            return null;
        }
        byte[] mark = new byte[bytes.length - 4];
        System.arraycopy(bytes, 4, mark, 0, mark.length);
        return mark;
    }

    /// Makes what the disk holds the checkpoint to restore from.
    void write(Disk disk, byte[] newMark) {
        long number = newest + 1;
        Path building = dir.resolve(PREFIX + number + TEMPORARY);
        Path done = dir.resolve(PREFIX + number);
        try {
            deleteTree(building);
            Files.createDirectory(building);
            disk.link(building.resolve("db"));
            stages.accept("linked");
            writeMark(building.resolve("MARK"), newMark);
            stages.accept("marked");
            // RocksDB has synced the tables; the small files beside them are synced here.
            try (Stream<Path> files = Files.list(building.resolve("db"))) {
                for (Path file : (Iterable<Path>) files::iterator) {
                    if (!file.getFileName().toString().endsWith(".sst")) {
                        sync(file);
                    }
                }
            }
            sync(building.resolve("db"));
            sync(building);
            Files.move(building, done, StandardCopyOption.ATOMIC_MOVE);
            newest = number;
            stages.accept("renamed");
            sync(dir);
            Path pointer = dir.resolve("CURRENT" + TEMPORARY);
            write(pointer, (PREFIX + number + "\n").getBytes(StandardCharsets.US_ASCII));
            stages.accept("pointer written");
            Files.move(
                    pointer,
                    dir.resolve("CURRENT"),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            stages.accept("pointer replaced");
            sync(dir);
            deleteOld(number);
            stages.accept("old deleted");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write checkpoint " + done, e);
        }
    }

    private static void writeMark(Path file, byte[] mark) throws IOException {
        CRC32C crc = new CRC32C();
        crc.update(mark, 0, mark.length);
        ByteBuffer bytes = ByteBuffer.allocate(4 + mark.length);
        bytes.putInt((int) crc.getValue()).put(mark);
        write(file, bytes.array());
    }

    private static void write(Path file, byte[] bytes) throws IOException {
        Files.write(file, bytes);
        sync(file);
    }

    private static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// Keeps the newest two. Checkpoints that CURRENT never came to name go too.
    private void deleteOld(long number) throws IOException {
        List<Path> older = new ArrayList<>();
        for (Path path : list()) {
            if (number(path) > 0 && number(path) < number) {
                older.add(path);
            }
        }
        older.sort(Comparator.comparingLong(Checkpoints::number).reversed());
        for (int i = 1; i < older.size(); i++) {
            // Renamed first, so that one half deleted is not taken for a whole one.
            Path doomed = older.get(i);
            Path renamed = doomed.resolveSibling(doomed.getFileName() + TEMPORARY);
            Files.move(doomed, renamed, StandardCopyOption.ATOMIC_MOVE);
            stages.accept("deleting");
            deleteTree(renamed);
        }
    }

    private List<Path> list() throws IOException {
        try (Stream<Path> files = Files.list(dir)) {
            return files.toList();
        }
    }

    /// The number of a checkpoint directory, or 0 for anything else.
    private static long number(Path path) {
        String name = path.getFileName().toString();
        if (!name.startsWith(PREFIX)) {
            return 0;
        }
        try {
            return Long.parseLong(name.substring(PREFIX.length()));
        } catch (NumberFormatException _) {
            return 0;
        }
    }

    /// Tables never change and are linked; the rest RocksDB appends to and is copied.
    private static void linkTree(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                Path target = to.resolve(file.getFileName());
                if (file.getFileName().toString().endsWith(".sst")) {
                    Files.createLink(target, file);
                } else {
                    Files.copy(file, target);
                }
            }
        }
    }

    private static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        Files.walkFileTree(
                root,
                new SimpleFileVisitor<>() {
                    @Override
                    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                        Files.delete(file);
                        return FileVisitResult.CONTINUE;
                    }

                    @Override
                    public FileVisitResult postVisitDirectory(Path visited, IOException failure)
                            throws IOException {
                        Files.delete(visited);
                        return FileVisitResult.CONTINUE;
                    }
                });
    }
}
