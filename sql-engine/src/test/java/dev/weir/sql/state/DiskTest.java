package dev.weir.sql.state;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.SplittableRandom;

class DiskTest {
    /// What this thread has read so far, from the page cache or from the disk; proc(5).
    private static final Path IO = Path.of("/proc/thread-self/io");

    private static final int KEYS = 1_000_000;
    private static final int GETS = 500;

    @TempDir Path dir;

    @Test
    void a_get_reads_a_few_blocks_however_many_keys_a_file_has_and_however_small_the_cache_is()
            throws IOException {
        assumeTrue(Files.isReadable(IO), "the system does not count what a thread reads");
        try (Disk disk = new Disk(dir, 8 << 20)) {
            try (Disk.Writer writer = disk.writer()) {
                for (long number = 0; number < KEYS; number++) {
                    writer.put(Disk.POINT, key(2 * number), new byte[] {1});
                }
                writer.apply();
            }
            disk.flush();
            while (!merged()) {
                Thread.onSpinWait();
            }
            SplittableRandom random = new SplittableRandom(1);
            long before = read();
            for (int i = 0; i < GETS; i++) {
                byte[] there = key(2 * random.nextLong(KEYS));
                byte[] absent = key(2 * random.nextLong(KEYS) + 1);
                assertThat(disk.get(Disk.POINT, there, there.length)).containsExactly(1);
                assertThat(disk.get(Disk.POINT, absent, absent.length)).isNull();
            }
            assertThat((read() - before) / (2 * GETS)).isBetween(1L, 64L << 10);
        }
    }

    /// Whether all that was written is in one large file and the few small ones that RocksDB, which
    /// merges on threads of its own, leaves until there are more.
    private boolean merged() throws IOException {
        int count = 0;
        long largest = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(dir, "*.sst")) {
            for (Path file : files) {
                count++;
                largest = Math.max(largest, Files.size(file));
            }
        } catch (NoSuchFileException _) {
            return false;
        }
        return count <= 4 && largest > 6 << 20;
    }

    /// Keys come in no order, so that files overlap and are merged into large ones.
    private static byte[] key(long number) {
        byte[] key = new byte[Disk.HEAD + Long.BYTES];
        Disk.putOperator(key, 1);
        ByteBuffer.wrap(key).putLong(Disk.HEAD, number * 0x9E3779B97F4A7C15L);
        return key;
    }

    private static long read() throws IOException {
        return Files.readAllLines(IO).stream()
                .filter(line -> line.startsWith("rchar: "))
                .mapToLong(line -> Long.parseLong(line.substring("rchar: ".length())))
                .findFirst()
                .orElseThrow();
    }
}
