package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Files of segments are longer than their contents while small writes follow one another.
class RoomTest {
    private static final Path DATA = Path.of("/data/log");
    private static final Path FIRST = DATA.resolve("t-0/00000000000000000000.log");
    private static final int ENOUGH = 20; // small writes

    private final SimulatedFileSystem files = new SimulatedFileSystem(1);
    private LogDirectory directory;
    private Partition partition;

    @BeforeEach
    void open() {
        open(LogConfig.DEFAULT);
    }

    private void open(LogConfig config) {
        directory =
                LogDirectory.open(
                        files,
                        DATA,
                        LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                        () -> Instant.ofEpochMilli(1_000_000));
        partition = directory.open("t", 0, config);
    }

    @AfterEach
    void close() {
        directory.close();
    }

    @Test
    void a_checkpoint_ends_the_file_where_its_contents_end() throws IOException {
        append(ENOUGH);
        assertThat(files.readFully(FIRST).length).isGreaterThan(1 << 20);
        assertThat(partition.sizeInBytes()).isLessThan(5000);
        partition.checkpoint();
        assertThat(files.readFully(FIRST)).hasSize((int) partition.sizeInBytes());
        append(1);
        assertThat(files.readFully(FIRST).length).as("at once").isGreaterThan(1 << 20);
        int size = (int) partition.sizeInBytes();
        directory.close();
        assertThat(files.readFully(FIRST)).hasSize(size);
        open();
        assertThat(Batches.values(partition, 0, ReadLimit.HIGH_WATERMARK)).hasSize(ENOUGH + 1);
    }

    @Test
    void a_full_segment_has_no_room() throws IOException {
        directory.close();
        open(LogConfig.DEFAULT.withSegmentBytes(2000));
        append(ENOUGH + ENOUGH);
        assertThat(partition.segmentCount()).isEqualTo(2);
        assertThat(files.readFully(FIRST).length).isBetween(1900, 1999);
        Path second =
                files.list(FIRST.getParent()).stream()
                        .filter(path -> path.toString().endsWith(".log") && !path.equals(FIRST))
                        .findFirst()
                        .orElseThrow();
        assertThat(files.readFully(second)).as("room for what it may become").hasSize(2000);
    }

    @Test
    void after_a_crash_the_log_ends_before_the_room_and_goes_on() throws IOException {
        append(ENOUGH);
        int size = (int) partition.sizeInBytes();
        open(); // nothing was closed
        assertThat(partition.logEndOffset()).isEqualTo(ENOUGH);
        assertThat(files.readFully(FIRST)).hasSize(size);
        append(ENOUGH);
        assertThat(Batches.values(partition, 0, ReadLimit.LOG_END)).hasSize(ENOUGH + ENOUGH);
    }

    @Test
    void after_a_power_loss_all_that_was_acknowledged_is_there() throws IOException {
        for (int seed = 1; seed <= 200; seed++) {
            Random random = new Random(seed);
            var disk = new SimulatedFileSystem(seed);
            LogConfig config = LogConfig.DEFAULT.withSegmentBytes(1500 + random.nextInt(5000));
            List<String> written = new ArrayList<>();
            int acknowledged = 0;
            for (int life = 0; life < 4; life++) {
                LogDirectory opened =
                        LogDirectory.open(
                                disk,
                                DATA,
                                LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                                () -> Instant.ofEpochMilli(1_000_000));
                Partition log = opened.open("t", 0, config);
                List<String> found = Batches.values(log, 0, ReadLimit.LOG_END);
                assertThat(found)
                        .as("seed %s, life %s", seed, life)
                        .hasSizeGreaterThanOrEqualTo(acknowledged)
                        .isEqualTo(written.subList(0, found.size()));
                written = new ArrayList<>(found);
                for (int i = random.nextInt(80); i > 0; i--) {
                    String value = life + "-" + i;
                    log.append(Batches.plain(1, value), AppendOrigin.CLIENT);
                    written.add(value);
                    if (random.nextInt(3) == 0) {
                        log.syncNow();
                        acknowledged = written.size();
                    }
                    if (random.nextInt(20) == 0) {
                        log.checkpoint();
                        acknowledged = written.size();
                    }
                }
                disk.crash();
            }
        }
    }

    @Test
    void large_writes_leave_none() throws IOException {
        for (int i = 0; i < ENOUGH; i++) {
            partition.append(Batches.plain(1, "x".repeat(20_000)), AppendOrigin.CLIENT);
        }
        partition.syncNow();
        assertThat(files.readFully(FIRST)).hasSize((int) partition.sizeInBytes());
    }

    @Test
    void room_takes_none_on_the_disk() {
        append(1);
        files.setFree(10_000);
        append(ENOUGH);
        assertThat(partition.logEndOffset()).isEqualTo(ENOUGH + 1);
        files.setFree(0);
        assertThatThrownBy(() -> append(1))
                .isInstanceOfSatisfying(
                        BrokerException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.KAFKA_STORAGE_ERROR));
        files.setUnlimited();
        append(ENOUGH);
        assertThat(Batches.values(partition, 0, ReadLimit.LOG_END)).hasSize(2 * ENOUGH + 1);
    }

    private void append(int count) {
        for (int i = 0; i < count; i++) {
            partition.append(Batches.plain(1, "v" + i), AppendOrigin.CLIENT);
        }
        partition.syncNow();
    }
}
