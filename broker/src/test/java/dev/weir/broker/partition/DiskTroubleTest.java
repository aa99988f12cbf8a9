package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.FileSlice;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Interrupts, failed syncs and renames, damaged batches and full disks at bad moments.
@ExtendWith(QuietLogs.class)
class DiskTroubleTest {
    private static final Path SIMULATED = Path.of("/data/log");
    private static final LogConfig COMPACTED =
            LogConfig.DEFAULT
                    .withSegmentBytes(400)
                    .withIndexIntervalBytes(100)
                    .withRetention(-1, -1)
                    .withCompaction(EagerCompaction.after(1000));

    @TempDir Path temporary;
    private final SimulatedFileSystem disk = new SimulatedFileSystem(1);
    private LogDirectory directory;

    // ---------------------------------------------------------------- interrupts

    @Test
    void an_interrupted_reader_goes_on_reading_a_compacted_log() {
        var partition =
                open(new RealFileSystem(), temporary.resolve("log")).open("t", 0, COMPACTED);
        fill(partition, 40);
        directory.upkeepOnce();
        long before = partition.sizeInBytes();
        interrupted(() -> assertThat(values(partition)).contains("v39"));
        assertThat(values(partition)).contains("v39");
        fill(partition, 40);
        directory.upkeepOnce();
        assertThat(partition.sizeInBytes()).isLessThan(2 * before);
        interrupted(() -> assertThat(values(partition)).contains("v39"));
        directory.close();
    }

    @Test
    void an_interrupted_reader_never_gets_bytes_of_the_file_that_took_the_name_since() {
        var partition =
                open(new RealFileSystem(), temporary.resolve("log")).open("t", 0, COMPACTED);
        fill(partition, 40);
        var slice = partition.read(0, 10_000, ReadLimit.HIGH_WATERMARK, true).slice();
        directory.upkeepOnce();
        assertThat(text(slice)).contains("v0");
        interrupted(() ->
                assertThatThrownBy(slice::toBuffer)
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("another file has the name of"));
        assertThat(values(partition)).contains("v39");
        directory.close();
    }

    @Test
    void an_interrupt_while_names_are_made_durable_says_nothing_about_the_disk() {
        open(new RealFileSystem(), temporary.resolve("log"));
        interrupted(() -> {
            var partition = directory.open("t", 0, COMPACTED);
            fill(partition, 40);
            directory.upkeepOnce();
            directory.delete("t", 0);
        });
        assertThat(directory.failure()).isNull();
        assertThat(directory.stored()).isEmpty();
        directory.close();
    }

    // ---------------------------------------------------------------- a disk that fails

    @Test
    void those_who_wait_are_told_when_the_disk_failed_under_something_else() {
        var partition = open(disk, SIMULATED).open("t", 0, LogConfig.DEFAULT);
        directory
                .open("other", 0, LogConfig.DEFAULT)
                .append(Batches.plain(1, "x"), AppendOrigin.CLIENT);
        partition.append(Batches.plain(1, "a"), AppendOrigin.CLIENT);
        List<Short> outcomes = new ArrayList<>();
        partition.whenSynced(1, failure -> outcomes.add(failure.code()));
        disk.failSyncsFrom(1);
        assertThatThrownBy(() -> directory.delete("other", 0)).isInstanceOf(BrokerException.class);
        disk.healFaults();
        assertThat(outcomes).isEmpty();
        directory.syncOnce();
        assertThat(outcomes).containsExactly(ErrorCode.KAFKA_STORAGE_ERROR);
        assertThat(partition.highWatermark()).isZero();
    }

    @Test
    void a_compacted_segment_that_cannot_take_its_place_stops_everything_until_a_restart() {
        // The first, which makes the decision, may fail without consequence; the others are the
        // indexes' names and that of the segment.
        for (int failing = 2; failing <= 5; failing++) {
            var files = new SimulatedFileSystem(failing);
            var partition = open(files, SIMULATED).open("t", 0, COMPACTED);
            fill(partition, 40);
            files.failNameChangesFrom(failing);
            directory.upkeepOnce();
            files.healFaults();
            assertThat(directory.failure())
                    .as("renaming or deletion " + failing)
                    .contains("putting a compacted segment of", "in its place");
            assertThatThrownBy(
                            () -> partition.append(Batches.plain(1, "late"), AppendOrigin.CLIENT))
                    .isInstanceOf(BrokerException.class);
            directory.close();
            var again = open(files, SIMULATED).open("t", 0, COMPACTED);
            assertThat(again.offlineReason()).isNull();
            assertThat(again.logEndOffset()).isEqualTo(40);
            assertThat(values(again)).contains("v37", "v38", "v39");
        }
    }

    @Test
    void the_room_of_a_compaction_that_was_given_up_is_free_at_once() throws IOException {
        var partition = open(disk, SIMULATED).open("t", 0, COMPACTED.withSegmentBytes(4000));
        for (int i = 0; i < 200; i++) {
            put(partition, "key " + i, "v");
        }
        directory.syncOnce();
        partition.checkpoint();
        disk.setFree(700);
        directory.upkeepOnce();
        List<Path> prepared =
                disk.list(SIMULATED.resolve("t-0")).stream()
                        .filter(path -> path.toString().endsWith(".log.cleaned"))
                        .toList();
        assertThat(prepared).isNotEmpty();
        for (Path file : prepared) {
            assertThat(disk.readFully(file)).isEmpty();
        }
        assertThat(disk.usableSpace(SIMULATED)).isGreaterThan(500);
        assertThat(directory.failure()).isNull();
        disk.setUnlimited();
        put(partition, "key 0", "again");
        put(partition, "key 1", "x".repeat(3900));
        directory.syncOnce();
        directory.upkeepOnce();
        assertThat(values(partition).contains("again")).isTrue();
        assertThat(values(partition).size()).as("key 0 once").isEqualTo(201);
    }

    // ---------------------------------------------------------------- damage

    @Test
    void a_batch_that_cannot_be_read_stops_the_compaction_of_its_partition_alone()
            throws IOException {
        for (int intact = 0; intact < 3; intact++) {
            var files = new SimulatedFileSystem(1);
            open(files, SIMULATED);
            for (int i = 0; i < 3; i++) {
                var partition = directory.open("t", i, COMPACTED);
                if (i == (intact + 1) % 3) {
                    // Its checksum is right: only whoever looks at the records notices.
                    partition.append(malformed(), AppendOrigin.ENGINE); // nobody looks inside
                }
                fill(partition, 40);
                if (i == (intact + 2) % 3) {
                    files.corrupt(SIMULATED.resolve("t-" + i + "/00000000000000000000.log"), 70, 1);
                }
            }
            directory.upkeepOnce();
            for (int i = 0; i < 3; i++) {
                long size = directory.open("t", i, COMPACTED).sizeInBytes();
                if (i == intact) {
                    assertThat(size).as("compacted").isLessThan(1000);
                } else {
                    assertThat(size).as("left alone").isGreaterThan(2000);
                }
            }
            assertThat(directory.failure()).isNull();
        }
    }

    // ---------------------------------------------------------------- helpers

    private LogDirectory open(FileSystem files, Path path) {
        directory =
                LogDirectory.open(
                        files,
                        path,
                        LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                        () -> Instant.ofEpochMilli(1_000_000));
        return directory;
    }

    /// Records of three keys.
    private void fill(Partition partition, int records) {
        for (int i = 0; i < records; i++) {
            put(partition, "k" + i % 3, "v" + i);
        }
        directory.syncOnce();
    }

    private static void put(Partition partition, String key, String value) {
        var writer = new RecordBatchWriter();
        writer.start(1000);
        writer.append(1000, bytes(key), bytes(value));
        partition.append(writer.finish(), AppendOrigin.CLIENT);
    }

    private static ByteBuffer malformed() {
        var batch = Batches.plain(1000, "x".repeat(20));
        batch.put(BatchHeader.BYTES, (byte) 0x7f); // the length of its record
        BatchHeader.renumber(batch, 0, BatchHeader.NO_SEQUENCE); // with a right checksum
        return batch;
    }

    private static void interrupted(Runnable action) {
        Thread.currentThread().interrupt();
        action.run();
        assertThat(Thread.interrupted()).as("the interrupt is kept").isTrue();
    }

    private static List<String> values(Partition partition) {
        return Batches.values(partition, 0, ReadLimit.HIGH_WATERMARK);
    }

    private static List<String> text(FileSlice slice) {
        return Batches.records(slice, 0).stream().map(Batches.Read::value).toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
