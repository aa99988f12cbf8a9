package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.log.LogConfig;
import dev.weir.broker.storage.FileSlice;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Random;

/// What is read when a log is opened: what came after the last checkpoint, however long the log is.
class RecoveryWorkTest {
    private static final LogConfig SMALL =
            LogConfig.DEFAULT.withSegmentBytes(2000).withIndexIntervalBytes(200);

    /// State file, producer snapshot, the last entry of a time index and the batch it is about.
    private static final long AT_MOST_BESIDES = 12_000;

    private long nowMs = 1_000_000;

    @Test
    void opening_after_a_kill_reads_what_came_after_the_checkpoint_whatever_the_length() {
        for (int batches : new int[] {50, 5000}) {
            for (int tail : new int[] {0, 3, 40}) {
                var disk = new SimulatedFileSystem(batches + tail);
                long tailBytes = live(disk, batches, tail);
                long before = disk.bytesRead();
                try (var again = open(disk)) {
                    var reopened = again.open("t", 0, SMALL);
                    assertThat(reopened.offlineReason()).isNull();
                    assertThat(reopened.logEndOffset()).isEqualTo(batches + tail);
                    assertThat(reopened.tailBytes()).as("still to be read").isEqualTo(tailBytes);
                    assertThat(reopened.segmentCount()).isGreaterThan(batches / 20);
                    assertThat(disk.bytesRead() - before)
                            .as("bytes read for %d batches and a tail of %d", batches, tail)
                            .isBetween(tailBytes, tailBytes + AT_MOST_BESIDES);
                }
            }
        }
    }

    @Test
    void opening_after_a_clean_stop_reads_no_batch_but_one_head() {
        var disk = new SimulatedFileSystem(1);
        live(disk, 5000, 40);
        open(disk).open("t", 0, SMALL);
        try (var last = open(disk)) {
            last.open("t", 0, SMALL);
        }
        long before = disk.bytesRead();
        try (var again = open(disk)) {
            assertThat(again.open("t", 0, SMALL).logEndOffset()).isEqualTo(5040);
        }
        assertThat(disk.bytesRead() - before).isLessThan(AT_MOST_BESIDES);
    }

    /// Their time indexes have no entries, like those that were lost.
    @Test
    void segments_without_timestamps_are_looked_through_once_and_not_when_they_are_opened() {
        var disk = new SimulatedFileSystem(1);
        try (var directory = open(disk)) {
            var partition = directory.open("t", 0, SMALL);
            for (int i = 0; i < 3000; i++) {
                partition.append(Batches.plain(-1, "v".repeat(50)), AppendOrigin.CLIENT);
            }
        }
        long before = disk.bytesRead();
        try (var again = open(disk)) {
            var partition = again.open("t", 0, SMALL);
            assertThat(disk.bytesRead() - before).isLessThan(AT_MOST_BESIDES);
            assertThat(partition.offsetForTimestamp(1).isFound()).isFalse();
            long once = disk.bytesRead();
            assertThat(once - before).isGreaterThan(partition.sizeInBytes() / 2);
            assertThat(partition.offsetForTimestamp(1).isFound()).isFalse();
            assertThat(partition.maxTimestampOffset().isFound()).isFalse();
            again.upkeepOnce();
            assertThat(disk.bytesRead() - once).isLessThan(AT_MOST_BESIDES);
        }
    }

    @Test
    void many_partitions_together_leave_no_more_to_read_than_a_few() {
        LogDirectoryConfig config =
                LogDirectoryConfig.DEFAULT.withSyncThreads(0).withCheckpointBytes(20_000);
        for (int partitions : new int[] {5, 50}) {
            var disk = new SimulatedFileSystem(partitions);
            var directory = open(disk, config);
            var random = new Random(partitions);
            long written = 0;
            for (int i = 0; i < 6000; i++) {
                var partition = directory.open("t", random.nextInt(partitions), SMALL);
                var batch = Batches.plain(1000 + i, "a value of some length, the number " + i);
                written += batch.remaining();
                partition.append(batch, AppendOrigin.CLIENT);
                directory.checkpointDueOnce();
            }
            assertThat(written).isGreaterThan(500_000);
            directory.syncOnce();
            long afterKill = bytesReadToOpen(disk, config, partitions);
            long afterStop = bytesReadToOpen(disk, config, partitions);
            assertThat(afterKill - afterStop)
                    .as("read of %d bytes in %d partitions", written, partitions)
                    .isBetween(1000L, 4 * 20_000L);
        }
    }

    /// What lay on the disk before is checked when it is first read.
    @Test
    void who_reads_in_small_pieces_after_a_start_does_not_have_all_read_again_for_each() {
        var disk = new SimulatedFileSystem(1);
        long written;
        try (var directory = open(disk)) {
            var partition = directory.open("t", 0, LogConfig.DEFAULT);
            for (int i = 0; i < 3000; i++) {
                partition.append(Batches.plain(1000 + i, "v".repeat(1000)), AppendOrigin.CLIENT);
            }
            written = partition.sizeInBytes();
        }
        try (var again = open(disk)) {
            var partition = again.open("t", 0, LogConfig.DEFAULT);
            long before = disk.bytesRead();
            for (int offset = 0; offset < 3000; offset++) {
                var slice = partition.read(offset, 1, ReadLimit.LOG_END, true).slice();
                assertThat(slice.length()).isPositive();
            }
            assertThat(disk.bytesRead() - before).isBetween(written, 8 * written);
        }
    }

    @Test
    void readers_in_many_places_after_a_start_do_not_have_it_read_again_because_of_each_other() {
        int batches = 12_000;
        int readers = 6;
        var disk = new SimulatedFileSystem(1);
        long written;
        try (var directory = open(disk)) {
            var partition = directory.open("t", 0, LogConfig.DEFAULT);
            for (int i = 0; i < batches; i++) {
                partition.append(Batches.plain(1000 + i, "v".repeat(1000)), AppendOrigin.CLIENT);
            }
            written = partition.sizeInBytes();
        }
        try (var again = open(disk)) {
            var partition = again.open("t", 0, LogConfig.DEFAULT);
            for (int round = 0; round < 2; round++) {
                long before = disk.bytesRead();
                for (int i = 0; i < batches / readers; i += 10) {
                    for (int reader = readers - 1; reader >= 0; reader--) {
                        int offset = batches / readers * reader + i;
                        assertThat(Batches.records(read(partition, offset), offset))
                                .first()
                                .satisfies(record -> assertThat(record.offset()).isEqualTo(offset));
                    }
                }
                // Beside what is checked, and given, heads are read to find a place by the index.
                assertThat(disk.bytesRead() - before)
                        .as("read of %d bytes", written)
                        .isBetween(round == 0 ? written : 0, (round == 0 ? 3 : 1) * written);
            }
        }
    }

    private static FileSlice read(Partition partition, long offset) {
        return partition.read(offset, 1, ReadLimit.LOG_END, true).slice();
    }

    private long bytesReadToOpen(SimulatedFileSystem disk, LogDirectoryConfig config, int count) {
        long before = disk.bytesRead();
        try (var directory = open(disk, config)) {
            for (int i = 0; i < count; i++) {
                assertThat(directory.open("t", i, SMALL).offlineReason()).isNull();
            }
            return disk.bytesRead() - before;
        }
    }

    /// Leaves a log as a process does that is killed.
    ///
    /// @param tail batches appended after the last checkpoint
    /// @return how many bytes they have
    private long live(SimulatedFileSystem disk, int batches, int tail) {
        var directory = open(disk);
        var partition = directory.open("t", 0, SMALL);
        append(partition, batches);
        nowMs += 61_000;
        directory.upkeepOnce(); // writes a checkpoint
        long before = partition.sizeInBytes();
        append(partition, tail);
        return partition.sizeInBytes() - before;
    }

    private static void append(Partition partition, int batches) {
        for (int i = 0; i < batches; i++) {
            var batch = Batches.plain(1000 + i, "a value of some length, the number " + i);
            partition.append(batch, AppendOrigin.CLIENT);
        }
        partition.syncNow();
    }

    private LogDirectory open(SimulatedFileSystem disk) {
        return open(disk, LogDirectoryConfig.DEFAULT.withSyncThreads(0));
    }

    private LogDirectory open(SimulatedFileSystem disk, LogDirectoryConfig config) {
        return LogDirectory.open(
                disk, Path.of("/data/log"), config, () -> Instant.ofEpochMilli(nowMs));
    }
}
