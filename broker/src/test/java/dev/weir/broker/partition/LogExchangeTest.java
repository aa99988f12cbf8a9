package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;

import org.apache.kafka.common.record.internal.FileRecords;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/// Apache Kafka's log (`UnifiedLog` of `kafka-storage`) opens what ours wrote, and ours what
/// Kafka's wrote, whether the process was stopped or killed: the same batches, aborted
/// transactions, producers, repetitions and answers to searches by timestamp.
///
/// The seeds are [LogSeeds].
@ExtendWith(QuietLogs.class)
class LogExchangeTest {
    private static final int SEEDS = 12;

    @TempDir Path temporary;

    @Test
    void the_log_of_kafka_opens_a_directory_that_ours_wrote() throws IOException {
        eachSeed(Life::oursToKafka);
    }

    @Test
    void the_log_of_kafka_recovers_a_directory_that_ours_left_when_it_was_killed()
            throws IOException {
        var left = new ArrayList<Long>();
        eachSeed(life -> left.add(life.killedOursToKafka()));
        assertThat(left)
                .as("bytes of room and of half a batch")
                .anyMatch(bytes -> bytes > 1_000_000);
    }

    @Test
    void our_log_opens_a_directory_that_the_log_of_kafka_wrote() throws IOException {
        eachSeed(Life::kafkaToOurs);
    }

    private interface Exchange {
        void run(Life life) throws IOException;
    }

    private void eachSeed(Exchange exchange) throws IOException {
        LogSeeds.each(
                SEEDS,
                seed -> {
                    var life = new Life(seed, temporary.resolve("life" + seed));
                    return () -> exchange.run(life);
                });
    }

    private static final class Life {
        private static final int STEPS = 150;
        private static final long[] TRANSACTIONAL = {10, 11, 12};

        private final Random random;
        private final RandomBatches batches;
        private final Path data;
        private final LogConfig config;
        private final Map<Long, Integer> sequences = new TreeMap<>();
        private final Map<Long, ByteBuffer> lastBatches = new TreeMap<>(); // by producer
        private long nowMs = 1_000_000_000;

        Life(long seed, Path data) {
            random = new Random(seed);
            this.data = data;
            boolean compacted = random.nextBoolean();
            batches = compacted ? new RandomBatches(random).withKeys() : new RandomBatches(random);
            var plain =
                    LogConfig.DEFAULT
                            .withSegmentBytes(
                                    random.nextInt(4) == 0 ? 4 << 20 : 1500 + random.nextInt(5000))
                            .withIndexIntervalBytes(random.nextInt(600))
                            .withRetention(-1, -1)
                            .withLogAppendTime(random.nextInt(4) == 0);
            config = compacted ? plain.withCompaction(EagerCompaction.after(10_000)) : plain;
        }

        void oursToKafka() throws IOException {
            var directory = openOurs(new HastyFileSystem(), data.resolve("ours"));
            var ours = directory.open("t", 0, config);
            live(ours, STEPS);
            ours.syncNow();
            directory.upkeepOnce(); // compacts
            append(next(), ours, null);
            directory.close();
            KafkaFiles.check(data.resolve("ours/t-0"));

            directory = openOurs(new HastyFileSystem(), data.resolve("ours"));
            ours = directory.open("t", 0, config);
            long start = ours.logStartOffset();
            long end = ours.logEndOffset();
            Path clean = copy(data.resolve("ours/t-0"), data.resolve("clean/t-0"));
            Path unknown = copy(data.resolve("ours/t-0"), data.resolve("unknown/t-0"));

            // With what Kafka's broker keeps beside the directory, and without it.
            var kafka = KafkaLog.reopen(clean, config, start, end, () -> nowMs);
            compare(ours, kafka, start);
            kafka.close();
            kafka = KafkaLog.recover(unknown, config, start, 0, () -> nowMs);
            compare(ours, kafka, start);
            kafka.close();
            directory.close();
        }

        /// @return how many bytes the last file had beyond its contents
        long killedOursToKafka() throws IOException {
            var files = new HastyFileSystem();
            var directory = openOurs(files, data.resolve("ours"));
            var ours = directory.open("t", 0, config);
            live(ours, STEPS);
            if (random.nextBoolean()) {
                ours.syncNow();
                directory.upkeepOnce(); // compacts, and writes a checkpoint
            }
            live(ours, random.nextInt(40));
            long size = ours.sizeInBytes();
            long end = ours.logEndOffset();
            files.kill();
            Path left = data.resolve("ours/t-0");
            long beyond = bytesOfLogs(left) - size;
            if (random.nextBoolean()) {
                tear(left, end, beyond);
            }
            Path copied = copy(left, data.resolve("killed/t-0"));

            directory = openOurs(new HastyFileSystem(), data.resolve("ours"));
            ours = directory.open("t", 0, config);
            assertThat(ours.sizeInBytes()).isEqualTo(size);
            long start = ours.logStartOffset();
            var kafka = KafkaLog.recover(copied, config, start, 0, () -> nowMs);
            compare(ours, kafka, start);
            for (var last : lastBatches.values()) {
                var mine = ours.append(copy(last), AppendOrigin.CLIENT, Partition.UNVERIFIED);
                assertThat(mine.duplicate()).isTrue();
                assertThat(kafka.append(copy(last)).firstOffset()).isEqualTo(mine.firstOffset());
                assertThat(kafka.log().logEndOffset()).isEqualTo(end);
            }
            kafka.close();
            directory.close();
            KafkaFiles.check(copied);
            return beyond;
        }

        private void live(Partition ours, int steps) throws IOException {
            for (int i = 0; i < steps; i++) {
                switch (random.nextInt(12)) {
                    case 0 -> ours.syncNow();
                    case 1 -> endOf(any(TRANSACTIONAL), ours, null);
                    case 2 -> {
                        if (random.nextInt(6) == 0 && ours.lastStableOffset() > 0) {
                            ours.deleteRecordsBefore(Math.min(20, ours.highWatermark()));
                        }
                    }
                    default -> append(next(), ours, null);
                }
            }
        }

        /// Less than half of one more batch, as when the process dies while it writes.
        private void tear(Path partition, long end, long beyond) throws IOException {
            var batch = batches.plain(nowMs, 200);
            batch.putLong(0, end).limit(1 + random.nextInt(batch.remaining() / 2));
            Path last = KafkaFiles.logs(partition).lastEntry().getValue();
            try (var file = FileChannel.open(last, StandardOpenOption.WRITE)) {
                file.write(batch, file.size() - beyond);
            }
        }

        private static long bytesOfLogs(Path partition) throws IOException {
            long bytes = 0;
            for (Path log : KafkaFiles.logs(partition).values()) {
                bytes += Files.size(log);
            }
            return bytes;
        }

        void kafkaToOurs() throws IOException {
            Files.createDirectories(data.resolve("kafka"));
            var kafka = KafkaLog.open(data.resolve("kafka/t-0"), config, () -> nowMs);
            for (int i = 0; i < STEPS; i++) {
                if (random.nextInt(10) == 0) {
                    endOf(any(TRANSACTIONAL), null, kafka);
                } else {
                    append(next(), null, kafka);
                }
            }
            kafka.highWatermark(kafka.log().logEndOffset());
            if (config.compaction().enabled()) {
                long bound =
                        Math.min(
                                kafka.log().activeSegment().baseOffset(),
                                kafka.log().lastStableOffset());
                var below = kafka.segmentBases().stream().filter(base -> base <= bound).toList();
                kafka.compact(0, below.getLast());
            }
            boolean clean = random.nextBoolean();
            if (clean) {
                kafka.close();
            } else {
                kafka.kill(); // its indexes are as long as it made room for
            }
            Path copied = copy(data.resolve("kafka/t-0"), data.resolve("ours/t-0"));
            var files = new HastyFileSystem();
            var directory = openOurs(files, copied.getParent());
            var ours = directory.open("t", 0, config);
            Path original = data.resolve("kafka/t-0");
            kafka =
                    clean
                            ? KafkaLog.reopen(original, config, 0, ours.logEndOffset(), () -> nowMs)
                            : KafkaLog.recover(original, config, 0, 0, () -> nowMs);
            compare(ours, kafka, ours.logStartOffset());
            directory.close();
            KafkaFiles.check(copied);
            directory = openOurs(files, copied.getParent());
            ours = directory.open("t", 0, config);
            compare(ours, kafka, ours.logStartOffset());
            // And it goes on from there.
            sequences.clear();
            kafka.log()
                    .activeProducers()
                    .forEach(each -> sequences.put(each.producerId(), each.lastSequence() + 1));
            for (int i = 0; i < 30; i++) {
                append(next(), ours, kafka);
            }
            ours.syncNow();
            kafka.highWatermark(ours.highWatermark());
            compare(ours, kafka, ours.logStartOffset());
            directory.close();
            kafka.close();
        }

        // ------------------------------------------------------------ what happens

        private ByteBuffer next() {
            nowMs += random.nextInt(100);
            return switch (random.nextInt(3)) {
                case 0 -> batches.plain(nowMs, 200);
                case 1 -> following(1 + random.nextInt(2), false);
                default -> following(any(TRANSACTIONAL), true);
            };
        }

        private ByteBuffer following(long producer, boolean transactional) {
            int first = sequences.getOrDefault(producer, 0);
            var batch = batches.batch(nowMs, 200, producer, (short) 0, first, transactional);
            sequences.put(producer, first + BatchHeader.recordCount(batch, 0));
            lastBatches.put(producer, copy(batch));
            return batch;
        }

        private long any(long[] producers) {
            return producers[random.nextInt(producers.length)];
        }

        private static void append(ByteBuffer batch, Partition ours, KafkaLog kafka) {
            var copy = copy(batch);
            if (ours != null) {
                long id = BatchHeader.producerId(batch, 0);
                ours.append(
                        batch,
                        AppendOrigin.CLIENT,
                        ours.verification(id, BatchHeader.producerEpoch(batch, 0))
                                .orElse(Partition.UNVERIFIED));
            }
            if (kafka != null) {
                kafka.append(copy);
            }
        }

        private void endOf(long producer, Partition ours, KafkaLog kafka) {
            boolean commit = random.nextBoolean();
            if (ours != null) {
                ours.appendMarker(producer, (short) 0, commit, 0, false, nowMs);
            }
            if (kafka != null) {
                kafka.appendMarker(producer, (short) 0, commit, 0, false, nowMs);
            }
        }

        private LogDirectory openOurs(HastyFileSystem files, Path path) {
            return LogDirectory.open(
                    files,
                    path,
                    LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                    () -> Instant.ofEpochMilli(nowMs));
        }

        private static ByteBuffer copy(ByteBuffer batch) {
            return BothLogs.copy(batch);
        }

        private static Path copy(Path from, Path to) throws IOException {
            Files.createDirectories(to);
            try (var entries = Files.list(from)) {
                for (Path each : entries.toList()) {
                    Files.copy(each, to.resolve(each.getFileName().toString()));
                }
            }
            return to;
        }

        // ------------------------------------------------------------ comparing

        private void compare(Partition ours, KafkaLog kafka, long start) throws IOException {
            var log = kafka.log();
            assertThat(ours.offlineReason()).isNull();
            assertThat(log.logStartOffset()).as("log start").isEqualTo(start);
            assertThat(log.logEndOffset()).as("log end").isEqualTo(ours.logEndOffset());
            kafka.highWatermark(ours.highWatermark());
            assertThat(Math.max(start, log.lastStableOffset()))
                    .as("last stable offset")
                    .isEqualTo(ours.lastStableOffset());
            for (long offset = start; offset < ours.highWatermark(); ) {
                var mine = ours.read(offset, 1, ReadLimit.HIGH_WATERMARK, true).slice().toBuffer();
                var theirs = kafka.read(offset, 1, ReadLimit.HIGH_WATERMARK, true);
                assertThat(bytes((FileRecords) theirs.records))
                        .as("batch of " + offset)
                        .isEqualTo(mine);
                offset = BatchHeader.nextOffset(mine, 0);
            }
            for (long offset = start; offset < ours.lastStableOffset(); offset += 3) {
                compareAborted(ours, kafka, offset);
            }
            for (long timestamp = nowMs - 20_000; timestamp < nowMs + 3000; timestamp += 400) {
                long found = ours.offsetForTimestamp(timestamp).offset();
                var theirs = kafka.offsetForTimestamp(timestamp).map(each -> each.offset);
                // Kafka may find a deleted one first, and then says that there is none.
                if (found < 0 || theirs.isPresent()) {
                    assertThat(found).as("of " + timestamp).isEqualTo(theirs.orElse(-1L));
                }
            }
            assertThat(producers(ours)).isEqualTo(producers(kafka));
        }

        /// Whether a reader of committed records shows the records of a batch. The lists themselves
        /// may differ: an index that is built anew does not know of transactions whose records
        /// compaction removed.
        private static void compareAborted(Partition ours, KafkaLog kafka, long offset)
                throws IOException {
            var read = ours.read(offset, 1, ReadLimit.LAST_STABLE_OFFSET, true);
            if (read.slice().length() == 0) {
                return;
            }
            var batch = read.slice().toBuffer();
            if (!BatchHeader.isTransactional(batch, 0)
                    || BatchHeader.isControl(batch, 0)
                    || BatchHeader.recordCount(batch, 0) == 0) {
                return;
            }
            var theirs = new ArrayList<AbortedTransaction>();
            long next = BatchHeader.nextOffset(batch, 0);
            for (var one : kafka.log().collectAbortedTransactions(offset, next)) {
                theirs.add(
                        new AbortedTransaction(
                                one.producerId(),
                                one.firstOffset(),
                                one.lastOffset(),
                                one.lastStableOffset()));
            }
            assertThat(isAborted(batch, read.aborted()))
                    .as("whether the batch of " + offset + " is aborted")
                    .isEqualTo(isAborted(batch, theirs));
        }

        private static boolean isAborted(ByteBuffer batch, List<AbortedTransaction> aborted) {
            return aborted.stream()
                    .anyMatch(one ->
                            one.producerId() == BatchHeader.producerId(batch, 0)
                                    && one.firstOffset() <= BatchHeader.lastOffset(batch, 0)
                                    && one.lastOffset() >= BatchHeader.baseOffset(batch, 0));
        }

        private static Map<Long, String> producers(Partition ours) {
            var found = new TreeMap<Long, String>();
            for (var one : ours.producers()) {
                found.put(
                        one.producerId(),
                        "epoch %d sequence %d transaction %d"
                                .formatted(
                                        one.producerEpoch(),
                                        one.lastSequence(),
                                        one.transactionStart()));
            }
            return found;
        }

        private static Map<Long, String> producers(KafkaLog kafka) {
            var found = new TreeMap<Long, String>();
            for (var one : kafka.log().activeProducers()) {
                found.put(
                        one.producerId(),
                        "epoch %d sequence %d transaction %d"
                                .formatted(
                                        one.producerEpoch(),
                                        one.lastSequence(),
                                        one.currentTxnStartOffset()));
            }
            return found;
        }

        private static ByteBuffer bytes(FileRecords records) throws IOException {
            var bytes = ByteBuffer.allocate(records.sizeInBytes());
            records.readInto(bytes, 0);
            return bytes;
        }
    }
}
