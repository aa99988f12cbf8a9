package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;

import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.log.CompactionConfig;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;

import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// The same dirty logs compacted by us and by Apache Kafka's own cleaner (`Cleaner` of
/// `kafka-storage`): the same records survive in the same batches, and both lists of aborted
/// transactions are the same.
///
/// `-Dweir.log.seeds=N` tries N seeds, `-Dweir.log.seed=S` just that one.
class CleanerComparisonTest {
    private static final int SEEDS = 10;
    private static final int ROUNDS = 6;
    private static final List<Logger> NOISY =
            List.of(
                    (Logger) LoggerFactory.getLogger("dev.weir.broker"),
                    (Logger) LoggerFactory.getLogger("org.apache.kafka"));

    @TempDir Path temporary;

    @BeforeAll
    static void silence() {
        NOISY.forEach(logger -> logger.setLevel(Level.OFF));
    }

    @AfterAll
    static void speakAgain() {
        NOISY.forEach(logger -> logger.setLevel(null));
    }

    @Test
    void what_is_left_is_what_the_cleaner_of_kafka_leaves() throws IOException {
        long only = Long.getLong("weir.log.seed", -1);
        long last = only >= 0 ? only : Long.getLong("weir.log.seeds", SEEDS);
        for (long seed = only >= 0 ? only : 1; seed <= last; seed++) {
            var life = new Life(seed, temporary.resolve("life" + seed));
            try {
                life.run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private static final class Life {
        private static final long[] TRANSACTIONAL = {10, 11, 12};

        private final Random random;
        private final RandomBatches batches;
        private final Path ourData;
        private final Path kafkaData;
        private final LogConfig config;
        private final HastyFileSystem files = new HastyFileSystem();
        private final LogDirectory directory;
        private final Partition ours;
        private final KafkaLog kafka;
        private long nowMs = 1_000_000_000;
        private long firstDirty;
        private long sentBytes;

        Life(long seed, Path data) throws IOException {
            random = new Random(seed);
            batches = new RandomBatches(random).withKeys();
            ourData = data.resolve("ours");
            kafkaData = Files.createDirectories(data.resolve("kafka"));
            config =
                    LogConfig.DEFAULT
                            .withSegmentBytes(1500 + random.nextInt(4000))
                            .withIndexIntervalBytes(random.nextInt(600))
                            .withRetention(-1, -1)
                            .withCompaction(CompactionConfig.eager(10_000));
            directory =
                    LogDirectory.open(
                            files,
                            ourData,
                            LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                            () -> Instant.ofEpochMilli(nowMs));
            ours = directory.open("t", 0, config);
            kafka = KafkaLog.open(kafkaData.resolve("t-0"), config, () -> nowMs);
        }

        void run() throws IOException {
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < 40; i++) {
                    step();
                }
                compact();
                compare();
                nowMs += random.nextInt(15_000);
            }
            assertThat(firstDirty).isPositive();
            assertThat(ours.sizeInBytes()).isLessThan(sentBytes);
            directory.close();
            kafka.close();
            KafkaFiles.check(ourData.resolve("t-0"));
        }

        private void step() {
            nowMs += random.nextInt(50);
            switch (random.nextInt(6)) {
                case 0, 1 -> append(batches.plain(nowMs, 60));
                case 2 -> append(following(1, false));
                case 3, 4 -> append(following(anyTransactional(), true));
                default -> {
                    long producer = anyTransactional();
                    boolean commit = random.nextBoolean();
                    short epoch = (short) 0;
                    ours.appendMarker(producer, epoch, commit, 0, false, nowMs);
                    kafka.appendMarker(producer, epoch, commit, 0, false, nowMs);
                }
            }
        }

        private long anyTransactional() {
            return TRANSACTIONAL[random.nextInt(TRANSACTIONAL.length)];
        }

        private ByteBuffer following(long producer, boolean transactional) {
            int sequence =
                    kafka.log().activeProducers().stream()
                            .filter(state -> state.producerId() == producer)
                            .mapToInt(state -> state.lastSequence() + 1)
                            .findFirst()
                            .orElse(0);
            return batches.batch(nowMs, 60, producer, (short) 0, sequence, transactional);
        }

        private void append(ByteBuffer batch) {
            sentBytes += batch.remaining();
            var copy = ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
            ours.append(
                    batch,
                    AppendOrigin.CLIENT,
                    ours.verification(
                                    BatchHeader.producerId(batch, 0),
                                    BatchHeader.producerEpoch(batch, 0))
                            .orElse(Partition.UNVERIFIED));
            kafka.append(copy);
        }

        private void compact() throws IOException {
            ours.syncNow();
            kafka.highWatermark(ours.highWatermark());
            directory.upkeepOnce();
            // As its LogCleanerManager says: nothing of the active segment, nothing undecided.
            long bound =
                    Math.min(
                            kafka.log().activeSegment().baseOffset(),
                            kafka.log().lastStableOffset());
            var below = kafka.segmentBases().stream().filter(base -> base <= bound).toList();
            if (below.getLast() > firstDirty) {
                firstDirty = kafka.compact(firstDirty, below.getLast());
            }
        }

        private void compare() throws IOException {
            assertThat(survivors(ourData)).isEqualTo(survivors(kafkaData));
            assertThat(ours.logStartOffset()).isEqualTo(kafka.log().logStartOffset());
            long stable = ours.lastStableOffset();
            assertThat(stable).isEqualTo(kafka.log().lastStableOffset());
            var bases = new TreeSet<>(KafkaFiles.logs(ourData.resolve("t-0")).keySet());
            for (long from = 0; from < stable; from += 1 + random.nextInt(20)) {
                var mine = ours.read(from, 1, ReadLimit.LAST_STABLE_OFFSET, true).aborted();
                Long next = bases.higher(from);
                long to = next == null ? stable : Math.min(stable, next);
                var theirs = new ArrayList<AbortedTransaction>();
                for (var one : kafka.log().collectAbortedTransactions(from, to)) {
                    if (one.lastOffset() >= from) { // it looks from the log start on
                        theirs.add(
                                new AbortedTransaction(
                                        one.producerId(),
                                        one.firstOffset(),
                                        one.lastOffset(),
                                        one.lastStableOffset()));
                    }
                }
                assertThat(mine).as("aborted from " + from + " to " + to).isEqualTo(theirs);
            }
        }

        /// Every batch and record, with all that is kept of them.
        private static SortedMap<Long, String> survivors(Path data) throws IOException {
            var found = new TreeMap<Long, String>();
            for (Path log : KafkaFiles.logs(data.resolve("t-0")).values()) {
                try (var records = FileRecords.open(log.toFile(), false)) {
                    for (RecordBatch batch : records.batches()) {
                        var text = new StringBuilder(batch.toString());
                        text.append(" horizon ").append(batch.deleteHorizonMs());
                        for (Record record : batch) {
                            text.append("\n ").append(record.offset());
                            text.append(' ').append(record.timestamp());
                            text.append(' ').append(string(record.key()));
                            text.append('=').append(string(record.value()));
                            text.append(' ').append(record.headers().length);
                        }
                        found.put(batch.lastOffset(), text.toString());
                    }
                }
            }
            return found;
        }

        private static String string(ByteBuffer bytes) {
            return bytes == null ? null : StandardCharsets.ISO_8859_1.decode(bytes).toString();
        }
    }
}
