package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.LogDirectoryConfig.Durability;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.FileSystem.OpenMode;
import dev.weir.broker.storage.SimulatedFileSystem;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;

/// Compaction writes records anew, with checksums that fit. What was damaged before must not pass
/// for sound afterwards.
@ExtendWith(QuietLogs.class)
class DamagedCompactionTest {
    private static final Path DATA = Path.of("/data/log");
    private static final Path PARTITION = DATA.resolve("t-0");
    private static final Path FIRST = PARTITION.resolve("00000000000000000000.log");

    private SimulatedFileSystem disk;
    private LogDirectoryConfig settings;
    private LogDirectory directory;
    private Partition partition;
    private long nowMs = 1_000_000;

    @BeforeEach
    void prepare() {
        disk = new SimulatedFileSystem(1);
        settings = LogDirectoryConfig.DEFAULT.withDurability(Durability.FSYNC).withSyncThreads(0);
        open();
    }

    // ---------------------------------------------------------------- what stays damaged

    @Test
    void a_batch_that_would_be_copied_as_it_is() throws IOException {
        put("b", "precious");
        assertThatItsDamageIsRefused();
    }

    @Test
    void a_batch_that_would_lose_a_record() throws IOException {
        put("a", "old", "b", "precious");
        fill();
        compact();
        damage("precious");
        put("a", "new");
        fill();
        fill();
        compact();
        assertThatDamageIsRefused();
    }

    /// Such batches are given one for the time of their compaction.
    @Test
    void a_batch_of_a_producer_without_sequence_numbers() throws IOException {
        var writer = new RecordBatchWriter();
        writer.start(nowMs, 1L << 48, (short) 0, BatchHeader.NO_SEQUENCE, true);
        writer.append(nowMs, bytes("b"), bytes("precious"));
        partition.append(writer.finish(), AppendOrigin.ENGINE);
        partition.appendMarker(1L << 48, (short) 0, true, nowMs);
        assertThatItsDamageIsRefused();
    }

    /// The segment with the last key there was memory for is rewritten to its end.
    @Test
    void a_batch_behind_what_the_memory_for_keys_was_enough_for() throws IOException {
        settings = settings.withCompaction(1, 64 * 24);
        for (int at = 0; at < 100; at++) {
            disk = new SimulatedFileSystem(1);
            open();
            put("k", "first");
            for (int i = 1; i < 100; i++) {
                put("key" + i, i == at ? "precious" : "ordinary");
            }
            put("k", "last");
            fill();
            partition.syncNow();
            damage(at == 0 ? "first" : "precious");
            for (int i = 0; i < 5; i++) {
                compact();
            }
            int damaged = at;
            assertThatThrownBy(() -> read(damaged)).isInstanceOf(BrokerException.class);
        }
    }

    @Test
    void a_segment_that_lacks_its_end() throws IOException {
        put("b", "precious");
        fill();
        compact();
        directory.close();
        try (var file = disk.open(FIRST, OpenMode.WRITE)) {
            file.truncate(file.size() - 1);
            file.sync();
        }
        open();
        long before = files();
        fill();
        fill();
        long grown = files();
        compact();
        assertThat(files()).isEqualTo(grown).isGreaterThan(before);
    }

    /// Offsets in heads are outside of checksums. A later record that seemed to be an earlier one
    /// would go in the place of it, and the other way round.
    @Test
    void a_batch_whose_offset_is_not_its_own() throws IOException {
        put("a", "old");
        put("a", "new");
        fill();
        directory.syncOnce();
        directory.close();
        int second = head(FIRST, 0);
        disk.corrupt(FIRST, second + 6, 1); // offset 257
        open();
        compact();
        assertThat(read(0)).isEqualTo("old");
        assertThatThrownBy(() -> read(1)).isInstanceOf(BrokerException.class);
    }

    // ---------------------------------------------------------------- what becomes of the rest

    @Test
    void damage_is_told_once_and_other_partitions_are_compacted() throws IOException {
        put("b", "precious");
        fill();
        damage("precious");
        var other = directory.open("other", 0, config());
        var logger = (Logger) LoggerFactory.getLogger(Compactions.class);
        var events = new ListAppender<ILoggingEvent>();
        events.start();
        logger.addAppender(events);
        logger.setLevel(Level.ERROR);
        logger.setAdditive(false);
        try {
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 60; i++) {
                    put(other, "k", "v" + i);
                }
                fill();
                compact();
                assertThat(other.sizeInBytes()).isLessThan(2000);
            }
        } finally {
            logger.setAdditive(true);
            logger.setLevel(null);
            logger.detachAppender(events);
        }
        assertThat(events.list)
                .singleElement()
                .satisfies(event -> {
                    assertThat(event.getLevel()).isEqualTo(Level.ERROR);
                    assertThat(event.getFormattedMessage()).startsWith("t-0: compaction failed");
                    assertThat(event.getThrowableProxy().getMessage())
                            .contains("position 0 of " + FIRST);
                });
    }

    @Test
    void a_log_is_compacted_again_when_its_damaged_segment_was_deleted() throws IOException {
        put("b", "precious");
        fill();
        damage("precious");
        fill();
        compact();
        long damaged = partition.sizeInBytes();
        partition.deleteRecordsBefore(20);
        compact();
        assertThat(partition.logStartOffset()).isEqualTo(20);
        fill();
        fill();
        fill();
        compact();
        assertThat(partition.sizeInBytes()).isLessThan(damaged);
    }

    // ---------------------------------------------------------------- helpers

    /// Of what was put last, when it was compacted already.
    private void assertThatItsDamageIsRefused() throws IOException {
        fill();
        compact();
        damage("precious");
        fill();
        fill();
        compact();
        assertThatDamageIsRefused();
    }

    private void assertThatDamageIsRefused() {
        assertThatThrownBy(() -> read(0))
                .isInstanceOfSatisfying(
                        BrokerException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_MESSAGE))
                .hasMessageContaining("position 0 of " + FIRST + " is damaged");
    }

    private static LogConfig config() {
        return LogConfig.DEFAULT
                .withSegmentBytes(500)
                .withIndexIntervalBytes(100)
                .withRetention(-1, -1)
                .withCompaction(EagerCompaction.after(1000));
    }

    private void open() {
        directory = LogDirectory.open(disk, DATA, settings, () -> Instant.ofEpochMilli(nowMs));
        partition = directory.open("t", 0, config());
        assertThat(partition.offlineReason()).isNull();
    }

    private void put(String... keysAndValues) {
        put(partition, keysAndValues);
    }

    private void put(Partition to, String... keysAndValues) {
        var writer = new RecordBatchWriter();
        writer.start(nowMs);
        for (int i = 0; i < keysAndValues.length; i += 2) {
            writer.append(nowMs, bytes(keysAndValues[i]), bytes(keysAndValues[i + 1]));
        }
        to.append(writer.finish(), AppendOrigin.CLIENT);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// Closes the segments so far.
    private void fill() {
        for (int i = 0; i < 20; i++) {
            put("filler" + i, "x".repeat(20));
        }
    }

    private void compact() {
        directory.syncOnce();
        directory.upkeepOnce();
    }

    /// Changes the first letter of a text while the log is closed.
    private void damage(String text) throws IOException {
        directory.close();
        for (Path path : disk.list(PARTITION)) {
            if (path.toString().endsWith(".log")) {
                var all = new String(disk.readFully(path), StandardCharsets.ISO_8859_1);
                int at = all.indexOf(text);
                if (at >= 0) {
                    disk.corrupt(path, at, 1);
                    open();
                    return;
                }
            }
        }
        throw new AssertionError("no " + text);
    }

    /// Where the batch begins that follows one.
    private int head(Path path, int before) throws IOException {
        var all = ByteBuffer.wrap(disk.readFully(path));
        return before + BatchHeader.sizeInBytes(all, before);
    }

    private long files() throws IOException {
        return disk.list(PARTITION).stream()
                .filter(path -> path.toString().endsWith(".log"))
                .count();
    }

    /// The last value of the batch with an offset.
    private String read(long offset) {
        var slice = partition.read(offset, 1, ReadLimit.LAST_STABLE_OFFSET, true).slice();
        return Batches.records(slice, offset).getLast().value();
    }
}
