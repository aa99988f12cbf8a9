package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.Allotment;
import dev.weir.broker.storage.FileSystem;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.storage.StorageFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Batches of several requests appended together end as if each had been appended by itself.
class AppendEachTest {
    private static final Path DATA = Path.of("/data/log");
    private static final LogConfig SMALL =
            LogConfig.DEFAULT.withSegmentBytes(1000).withIndexIntervalBytes(100);
    private static final long NOW_MS = 1_000_000;

    private final SimulatedFileSystem files = new SimulatedFileSystem(1);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void together_is_as_one_by_one(long seed) throws IOException {
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        try (LogDirectory directory = open()) {
            Partition single = directory.open("single", 0, SMALL);
            Partition together = directory.open("together", 0, SMALL);
            int[] sequences = new int[3];
            int[] epochs = new int[3];
            for (int round = 0; round < 60; round++) {
                List<ByteBuffer> batches = new ArrayList<>();
                int count = 1 + random.nextInt(8);
                for (int i = 0; i < count; i++) {
                    batches.add(batch(random, sequences, epochs));
                }
                List<String> expected = new ArrayList<>();
                for (ByteBuffer each : batches) {
                    expected.add(appendOne(single, copy(each)));
                }
                List<String> found =
                        together
                                .appendEach(
                                        batches.stream().map(AppendEachTest::copy).toList(),
                                        null,
                                        allotment())
                                .stream()
                                .map(AppendEachTest::describe)
                                .toList();
                assertThat(found).isEqualTo(expected);
            }
            assertThat(Batches.read(together, 0, ReadLimit.LOG_END))
                    .isEqualTo(Batches.read(single, 0, ReadLimit.LOG_END))
                    .hasSizeGreaterThan(60);
            assertThat(together.producers()).isEqualTo(single.producers());
            assertThat(together.sizeInBytes()).isEqualTo(single.sizeInBytes());
            assertThat(files.list(DATA.resolve("together-0")).stream().map(Path::getFileName))
                    .isEqualTo(
                            files.list(DATA.resolve("single-0")).stream()
                                    .map(Path::getFileName)
                                    .toList());
        }
    }

    private static ByteBuffer batch(Random random, int[] sequences, int[] epochs) {
        int producer = random.nextInt(3);
        String value = "v".repeat(1 + random.nextInt(120));
        return switch (random.nextInt(12)) {
            case 0, 1 -> Batches.plain(1000, value);
            case 2 -> // a repetition, or what nobody remembers
                    Batches.idempotent(
                            producer, epochs[producer], Math.max(0, sequences[producer] - 1), "r");
            case 3 -> Batches.idempotent(producer, epochs[producer], sequences[producer] + 5, "g");
            case 4 -> {
                ByteBuffer damaged = Batches.plain(1000, value);
                damaged.put(damaged.limit() - 1, (byte) '?');
                yield damaged;
            }
            case 5 -> Batches.transactional(producer, epochs[producer], sequences[producer], "t");
            case 6 -> {
                sequences[producer] = 1;
                epochs[producer]++;
                yield Batches.idempotent(producer, epochs[producer], 0, "e");
            }
            case 7 -> Batches.idempotent(producer, Math.max(0, epochs[producer] - 1), 0, "late");
            default -> Batches.idempotent(producer, epochs[producer], sequences[producer]++, value);
        };
    }

    @Test
    void requests_of_one_producer_are_written_at_once() {
        try (LogDirectory directory = open()) {
            Partition partition = directory.open("t", 0, LogConfig.DEFAULT);
            partition.append(Batches.plain(1, "first"), AppendOrigin.CLIENT);
            long before = files.writes();
            List<Partition.Outcome> outcomes =
                    partition.appendEach(
                            List.of(
                                    Batches.idempotent(7, 0, 0, "a"),
                                    Batches.idempotent(7, 0, 1, "b"),
                                    Batches.plain(1, "c"),
                                    Batches.idempotent(7, 0, 2, "d")),
                            null,
                            allotment());
            assertThat(outcomes)
                    .allSatisfy(outcome -> assertThat(outcome.refusal()).isNull())
                    .extracting(outcome -> outcome.appended().firstOffset())
                    .containsExactly(1L, 2L, 3L, 4L);
            assertThat(files.writes() - before).isEqualTo(1);
            assertThat(Batches.values(partition, 0, ReadLimit.LOG_END))
                    .containsExactly("first", "a", "b", "c", "d");
        }
    }

    @Test
    void a_full_disk_refuses_all_of_a_write_and_the_log_goes_on_when_there_is_room() {
        try (LogDirectory directory = open()) {
            Partition partition = directory.open("t", 0, LogConfig.DEFAULT);
            partition.append(Batches.idempotent(7, 0, 0, "a"), AppendOrigin.CLIENT);
            List<ByteBuffer> batches =
                    List.of(Batches.idempotent(7, 0, 1, "b"), Batches.idempotent(7, 0, 2, "c"));
            files.setFree(batches.getFirst().remaining() + 10);
            assertThat(
                            partition.appendEach(
                                    batches.stream().map(AppendEachTest::copy).toList(),
                                    null,
                                    allotment()))
                    .extracting(outcome -> outcome.refusal().code())
                    .containsOnly(ErrorCode.KAFKA_STORAGE_ERROR);
            assertThat(partition.logEndOffset()).isEqualTo(1);
            files.setUnlimited();
            assertThat(partition.appendEach(batches, null, allotment()))
                    .extracting(AppendEachTest::describe)
                    .containsExactly("1..1", "2..2");
            assertThat(Batches.values(partition, 0, ReadLimit.LOG_END))
                    .containsExactly("a", "b", "c");
        }
    }

    @Test
    void a_real_file_takes_several_buffers_in_one_write(@TempDir Path folder) throws IOException {
        Path path = folder.resolve("f");
        try (StorageFile file = new RealFileSystem().open(path, FileSystem.OpenMode.CREATE)) {
            file.write(ByteBuffer.wrap("0123456789".getBytes(UTF_8)), 0);
            file.write(
                    List.of(
                            ByteBuffer.wrap("ab".getBytes(UTF_8)),
                            ByteBuffer.allocateDirect(0),
                            ByteBuffer.allocateDirect(3).put("cde".getBytes(UTF_8)).flip()),
                    4);
            assertThat(Files.readString(path)).isEqualTo("0123abcde9");
        }
    }

    private LogDirectory open() {
        return LogDirectory.open(
                files,
                DATA,
                LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                () -> Instant.ofEpochMilli(NOW_MS));
    }

    private static String appendOne(Partition partition, ByteBuffer batch) {
        try {
            return describe(
                    new Partition.Outcome(partition.append(batch, AppendOrigin.CLIENT), null));
        } catch (BrokerException e) {
            return describe(new Partition.Outcome(null, e));
        }
    }

    private static String describe(Partition.Outcome outcome) {
        if (outcome.refusal() != null) {
            return "error " + outcome.refusal().code();
        }
        AppendResult result = outcome.appended();
        return result.firstOffset()
                + ".."
                + result.lastOffset()
                + (result.duplicate() ? " again" : "");
    }

    private static Allotment allotment() {
        return new Allotment(Long.MAX_VALUE);
    }

    private static ByteBuffer copy(ByteBuffer batch) {
        return ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
    }
}
