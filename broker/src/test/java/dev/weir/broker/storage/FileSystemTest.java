package dev.weir.broker.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.storage.FileSystem.OpenMode;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

class FileSystemTest {
    @TempDir Path temporary;

    @Test
    void both_file_systems_behave_alike() throws IOException {
        for (FileSystem files :
                new FileSystem[] {new RealFileSystem(), new SimulatedFileSystem(1)}) {
            Path directory = temporary.resolve("a/b");
            assertThat(files.list(directory)).isEmpty();
            files.createDirectories(directory);
            Path path = directory.resolve("file");
            assertThatThrownBy(() -> files.open(path, OpenMode.READ))
                    .isInstanceOf(FileNotFoundException.class);
            try (StorageFile file = files.open(path, OpenMode.CREATE)) {
                file.write(utf8("hello world"), 0);
                file.write(utf8("W"), 6);
                assertThat(file.size()).isEqualTo(11);
                ByteBuffer read = ByteBuffer.allocate(20);
                assertThat(file.read(read, 6)).isEqualTo(5);
                assertThat(file.read(read, 6)).isEqualTo(5);
                assertThat(file.read(read, 11)).isZero();
                ByteArrayOutputStream copy = new ByteArrayOutputStream();
                assertThat(file.transferTo(0, 5, Channels.newChannel(copy))).isEqualTo(5);
                assertThat(copy.toString(StandardCharsets.UTF_8)).isEqualTo("hello");
                file.truncate(5);
                assertThat(file.size()).isEqualTo(5);
                file.sync();
            }
            files.setLastModifiedMs(path, 1_234_000);
            assertThat(files.lastModifiedMs(path)).isEqualTo(1_234_000);
            files.replace(path, utf8("new"));
            assertThat(files.lastModifiedMs(path)).isNotEqualTo(1_234_000);
            assertThat(files.readFully(path)).isEqualTo("new".getBytes(StandardCharsets.UTF_8));
            files.rename(path, directory.resolve("other"));
            assertThat(files.list(directory)).containsExactly(directory.resolve("other"));
            assertThatThrownBy(() -> files.delete(directory)).isInstanceOf(IOException.class);
            files.deleteRecursively(directory);
            assertThat(files.exists(directory)).isFalse();
        }
    }

    @Test
    void an_interrupted_reader_neither_loses_the_file_nor_its_interrupt() throws IOException {
        FileSystem files = new RealFileSystem();
        StorageFile file = files.open(temporary.resolve("file"), OpenMode.CREATE);
        file.write(utf8("data"), 0);
        Thread.currentThread().interrupt();
        assertThat(file.read(ByteBuffer.allocate(4), 0)).isEqualTo(4);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(file.read(ByteBuffer.allocate(4), 0)).isEqualTo(4);
        file.close();
        assertThatThrownBy(() -> file.read(ByteBuffer.allocate(4), 0))
                .isInstanceOf(IOException.class);
    }

    @Test
    void a_crash_keeps_what_was_synced_and_may_lose_the_rest() throws IOException {
        Set<String> outcomes = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            SimulatedFileSystem files = new SimulatedFileSystem(seed);
            Path directory = Path.of("/data");
            files.createDirectories(directory);
            Path path = directory.resolve("file");
            StorageFile file = files.open(path, OpenMode.CREATE);
            file.write(utf8("synced"), 0);
            file.sync();
            files.syncDirectory(directory);
            file.write(utf8("+more"), 6);
            files.open(directory.resolve("unsynced name"), OpenMode.CREATE).sync();
            files.crash();
            assertThatThrownBy(file::size).isInstanceOf(IOException.class);
            String kept = new String(files.readFully(path), StandardCharsets.UTF_8);
            assertThat(kept).startsWith("synced");
            outcomes.add(kept + files.list(directory).size());
        }
        assertThat(outcomes).contains("synced1", "synced2", "synced+more1", "synced+more2");
        assertThat(outcomes).anyMatch(kept -> kept.startsWith("synced+m") && kept.length() < 12);
    }

    @Test
    void an_unsynced_rename_is_undone_or_done_but_never_half() throws IOException {
        for (int seed = 0; seed < 100; seed++) {
            SimulatedFileSystem files = new SimulatedFileSystem(seed);
            Path directory = Path.of("/data");
            files.createDirectories(directory);
            Path path = directory.resolve("file");
            files.replace(path, utf8("old"));
            try (StorageFile next = files.open(directory.resolve("next"), OpenMode.CREATE)) {
                next.write(utf8("new"), 0);
                next.sync();
            }
            files.rename(directory.resolve("next"), path);
            files.crash();
            assertThat(new String(files.readFully(path), StandardCharsets.UTF_8))
                    .isIn("old", "new");
        }
    }

    @Test
    void a_full_disk_takes_a_part_of_a_write_and_reports_it() throws IOException {
        SimulatedFileSystem files = new SimulatedFileSystem(1);
        files.createDirectories(Path.of("/data"));
        try (StorageFile file = files.open(Path.of("/data/file"), OpenMode.CREATE)) {
            files.setFree(3);
            assertThatThrownBy(() -> file.write(utf8("hello"), 0)).hasMessageContaining("No space");
            assertThat(file.size()).isEqualTo(3);
            file.truncate(0);
            file.write(utf8("abc"), 0);
            files.setUnlimited();
            file.write(utf8("hello"), 0);
        }
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
