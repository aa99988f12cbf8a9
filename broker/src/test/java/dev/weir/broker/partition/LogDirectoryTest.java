package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.FileSlice;
import dev.weir.broker.storage.RealFileSystem;

import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/// Log directories on the real disk with their own threads.
class LogDirectoryTest {
    @TempDir Path temporary;

    @Test
    void many_threads_append_wait_and_read_while_segments_roll_and_go() throws Exception {
        int writers = 4;
        int batches = 1500;
        LogDirectoryConfig settings =
                LogDirectoryConfig.DEFAULT.withUpkeepIntervalMs(5).withCheckpointBytes(50_000);
        LogConfig config = LogConfig.DEFAULT.withSegmentBytes(20_000).withIndexIntervalBytes(500);
        Map<Integer, ConcurrentLinkedQueue<Long>> acknowledged = new HashMap<>();
        try (LogDirectory directory = open(settings);
                ExecutorService threads = Executors.newCachedThreadPool()) {
            List<Partition> partitions =
                    List.of(directory.open("a", 0, config), directory.open("a", 1, config));
            List<Future<?>> running = new ArrayList<>();
            for (int w = 0; w < writers; w++) {
                int producer = w;
                ConcurrentLinkedQueue<Long> offsets = new ConcurrentLinkedQueue<>();
                acknowledged.put(w, offsets);
                Partition partition = partitions.get(w % 2);
                running.add(threads.submit(() -> write(partition, producer, batches, offsets)));
            }
            List<Future<List<String>>> readers = new ArrayList<>();
            for (Partition partition : partitions) {
                readers.add(threads.submit(() -> follow(partition, batches * writers / 2)));
            }
            for (Future<?> writer : running) {
                writer.get(60, TimeUnit.SECONDS);
            }
            for (int p = 0; p < 2; p++) {
                List<String> read = readers.get(p).get(60, TimeUnit.SECONDS);
                assertThat(read).hasSize(batches * writers / 2).doesNotHaveDuplicates();
                assertInOrderPerProducer(read);
                assertThat(partitions.get(p).highWatermark())
                        .isEqualTo(partitions.get(p).logEndOffset());
            }
            acknowledged.values().forEach(offsets -> assertThat(offsets).hasSize(batches));
            partitions.get(0).deleteRecordsBefore(1000);
        }
        try (LogDirectory directory = open(settings)) {
            assertThat(directory.stored())
                    .containsExactlyInAnyOrder(
                            new LogDirectory.Stored("a", 0), new LogDirectory.Stored("a", 1));
            Partition first = directory.open("a", 0, config);
            assertThat(first.logStartOffset()).isEqualTo(1000);
            assertThat(Batches.read(first, 1000, ReadLimit.HIGH_WATERMARK))
                    .hasSize(batches * writers / 2 - 1000);
            assertThat(directory.open("a", 0, config)).isSameAs(first);
        }
    }

    @Test
    void a_second_server_is_refused() {
        try (LogDirectory directory = open(LogDirectoryConfig.DEFAULT)) {
            assertThat(directory.failure()).isNull();
            assertThatThrownBy(() -> open(LogDirectoryConfig.DEFAULT))
                    .isInstanceOf(BrokerException.class)
                    .hasMessageContaining("in use by another server");
        }
        open(LogDirectoryConfig.DEFAULT).close();
    }

    @Test
    void sync_now_returns_when_everything_is_durable() {
        try (LogDirectory directory = open(LogDirectoryConfig.DEFAULT)) {
            Partition partition = directory.open("a", 0, LogConfig.DEFAULT);
            for (int i = 0; i < 50; i++) {
                partition.append(Batches.plain(1, "v" + i), AppendOrigin.ENGINE);
                partition.syncNow();
                assertThat(partition.highWatermark()).isEqualTo(i + 1);
            }
        }
    }

    @Test
    void closing_answers_all_who_wait() throws InterruptedException {
        CountDownLatch answered = new CountDownLatch(101);
        LogDirectory directory = open(LogDirectoryConfig.DEFAULT);
        Partition partition = directory.open("a", 0, LogConfig.DEFAULT);
        for (int i = 0; i < 100; i++) {
            partition.append(Batches.plain(1, "v" + i), AppendOrigin.CLIENT);
            partition.whenSynced(
                    i + 1,
                    failure -> {
                        assertThat(failure).isNull();
                        answered.countDown();
                    });
        }
        partition.whenSynced(1000, failure -> answered.countDown());
        directory.close();
        assertThat(answered.await(10, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> partition.append(Batches.plain(1, "late"), AppendOrigin.CLIENT))
                .isInstanceOf(BrokerException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void the_files_are_those_of_kafka() throws IOException {
        LogConfig config = LogConfig.DEFAULT.withSegmentBytes(2000).withIndexIntervalBytes(100);
        try (LogDirectory directory = open(LogDirectoryConfig.DEFAULT)) {
            Partition partition = directory.open("a", 0, config);
            for (int i = 0; i < 40; i++) {
                partition.append(
                        Batches.batch(1000 + i, 7, 0, i, true, "v" + "x".repeat(30)),
                        AppendOrigin.CLIENT,
                        partition.verification(7, (short) 0).orElse(Partition.UNVERIFIED));
            }
            partition.appendMarker(7, (short) 0, false, 5000);
        }
        Path directory = temporary.resolve("log/a-0");
        List<String> names;
        try (var entries = Files.list(directory)) {
            names = entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
        assertThat(names)
                .contains(
                        "00000000000000000000.log",
                        "00000000000000000000.index",
                        "00000000000000000000.timeindex",
                        "00000000000000000041.snapshot",
                        "weir.state")
                .anyMatch(name -> name.endsWith(".txnindex"));
        ByteBuffer log = bytes(directory.resolve("00000000000000000000.log"));
        ByteBuffer offsets = bytes(directory.resolve("00000000000000000000.index"));
        assertThat(offsets.remaining()).isPositive().isLessThan(40 * 8);
        while (offsets.hasRemaining()) {
            int lastOffset = offsets.getInt();
            int position = offsets.getInt();
            assertThat(BatchHeader.lastOffset(log, position)).isEqualTo(lastOffset);
        }
        try (FileRecords kafka =
                FileRecords.open(directory.resolve("00000000000000000000.log").toFile())) {
            long next = 0;
            for (RecordBatch batch : kafka.batches()) {
                batch.ensureValid();
                assertThat(batch.baseOffset()).isEqualTo(next);
                next = batch.nextOffset();
            }
            assertThat(next).isPositive();
        }
        ByteBuffer timestamps = bytes(directory.resolve("00000000000000000000.timeindex"));
        while (timestamps.hasRemaining()) {
            long timestamp = timestamps.getLong();
            assertThat(timestamps.getInt()).isEqualTo((int) (timestamp - 1000));
        }
    }

    /// Entries reach the file before the state that counts them.
    @Test
    void an_entry_of_an_aborted_transaction_that_a_crash_left_half_written_does_no_harm()
            throws IOException {
        try (LogDirectory directory = open(LogDirectoryConfig.DEFAULT)) {
            Partition partition = directory.open("a", 0, LogConfig.DEFAULT);
            partition.append(
                    Batches.batch(1000, 7, 0, 0, true, "v"),
                    AppendOrigin.CLIENT,
                    partition.verification(7, (short) 0).orElse(Partition.UNVERIFIED));
            partition.appendMarker(7, (short) 0, false, 1000);
        }
        Path index = temporary.resolve("log/a-0/00000000000000000000.txnindex");
        Files.write(index, new byte[11], StandardOpenOption.APPEND);
        for (int start = 0; start < 2; start++) {
            try (LogDirectory directory = open(LogDirectoryConfig.DEFAULT)) {
                Partition partition = directory.open("a", 0, LogConfig.DEFAULT);
                assertThat(partition.offlineReason()).isNull();
                assertThat(partition.read(0, 1000, ReadLimit.LAST_STABLE_OFFSET, true).aborted())
                        .hasSize(1);
            }
        }
    }

    @Test
    void without_the_index_of_aborted_transactions_committed_records_cannot_be_read()
            throws IOException {
        LogConfig config = LogConfig.DEFAULT.withSegmentBytes(500);
        try (LogDirectory directory = open(LogDirectoryConfig.DEFAULT)) {
            Partition partition = directory.open("a", 0, config);
            partition.append(
                    Batches.batch(1000, 7, 0, 0, true, "v"),
                    AppendOrigin.CLIENT,
                    partition.verification(7, (short) 0).orElse(Partition.UNVERIFIED));
            partition.appendMarker(7, (short) 0, false, 1000);
            for (int i = 0; i < 20; i++) {
                partition.append(Batches.plain(1000, "x".repeat(100)), AppendOrigin.CLIENT);
            }
        }
        try (LogDirectory directory = open(LogDirectoryConfig.DEFAULT)) {
            Partition partition = directory.open("a", 0, config);
            Files.delete(temporary.resolve("log/a-0/00000000000000000000.txnindex"));
            assertThatThrownBy(() -> partition.read(0, 1000, ReadLimit.LAST_STABLE_OFFSET, true))
                    .isInstanceOf(BrokerException.class)
                    .hasMessageContaining("txnindex");
            assertThat(partition.read(0, 1000, ReadLimit.HIGH_WATERMARK, true).slice().length())
                    .isPositive();
        }
    }

    private static void write(
            Partition partition, int producer, int batches, ConcurrentLinkedQueue<Long> offsets) {
        Semaphore inFlight = new Semaphore(20);
        for (int i = 0; i < batches; i++) {
            inFlight.acquireUninterruptibly();
            AppendResult result =
                    partition.append(
                            Batches.idempotent(producer, 0, i, producer + ":" + i),
                            AppendOrigin.CLIENT);
            partition.whenSynced(
                    result.lastOffset() + 1,
                    failure -> {
                        if (failure == null) {
                            offsets.add(result.lastOffset());
                        }
                        inFlight.release();
                    });
        }
        inFlight.acquireUninterruptibly(20);
    }

    /// Reads to the high watermark as it moves, waiting for it as a long poll does.
    private static List<String> follow(Partition partition, int count) throws InterruptedException {
        List<String> values = new ArrayList<>();
        Semaphore advanced = new Semaphore(0);
        long next = 0;
        try (Registration listening = partition.onAdvance(true, advanced::release)) {
            assertThat(listening).isNotNull();
            while (values.size() < count) {
                FileSlice slice =
                        partition.read(next, 5000, ReadLimit.HIGH_WATERMARK, true).slice();
                if (slice.length() == 0) {
                    assertThat(advanced.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
                    advanced.drainPermits();
                    continue;
                }
                for (Batches.Read record : Batches.records(slice, next)) {
                    assertThat(record.offset()).isEqualTo(next);
                    values.add(record.value());
                    next++;
                }
            }
        }
        return values;
    }

    private static void assertInOrderPerProducer(List<String> values) {
        Map<String, Integer> next = new HashMap<>();
        for (String value : values) {
            String producer = value.substring(0, value.indexOf(':'));
            int number = Integer.parseInt(value.substring(value.indexOf(':') + 1));
            assertThat(number).isEqualTo(next.getOrDefault(producer, 0));
            next.put(producer, number + 1);
        }
    }

    private static ByteBuffer bytes(Path path) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(path));
    }

    private LogDirectory open(LogDirectoryConfig settings) {
        return LogDirectory.open(
                new RealFileSystem(), temporary.resolve("log"), settings, InstantSource.system());
    }
}
