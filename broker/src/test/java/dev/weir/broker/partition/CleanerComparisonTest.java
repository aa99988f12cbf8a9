package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.log.CompactionConfig;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.CommittedReads.Fetched;

import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// The same dirty logs compacted by us and by Apache Kafka's own cleaner (`Cleaner` of
/// `kafka-storage`): the same records survive in the same batches, and readers of committed records
/// are shown the same.
///
/// The seeds are [LogSeeds].
@ExtendWith(QuietLogs.class)
class CleanerComparisonTest {
    private static final int SEEDS = 10;
    private static final int ROUNDS = 6;

    @TempDir Path temporary;
    private int compacted;
    private int leftAlone;

    @Test
    void what_is_left_is_what_the_cleaner_of_kafka_leaves() throws IOException {
        LogSeeds.each(SEEDS, seed -> new Life(seed, temporary.resolve("life" + seed)));
        assertThat(compacted).isPositive();
        assertThat(leftAlone)
                .as("rounds in which there was nothing to do, or not yet")
                .isPositive();
    }

    private final class Life implements LogSeeds.Life {
        private static final long[] TRANSACTIONAL = {10, 11, 12};

        private final Random random;
        private final RandomBatches batches;
        private final BothLogs both;
        private final Partition ours; // those of both
        private final KafkaLog kafka;

        Life(long seed, Path data) throws IOException {
            random = new Random(seed);
            batches = new RandomBatches(random).withKeys();
            both =
                    new BothLogs(
                            data,
                            LogConfig.DEFAULT
                                    .withSegmentBytes(1500 + random.nextInt(4000))
                                    .withIndexIntervalBytes(random.nextInt(600))
                                    .withRetention(-1, -1)
                                    .withCompaction(lags(random)));
            ours = both.ours();
            kafka = both.kafka();
        }

        private static CompactionConfig lags(Random random) {
            return new CompactionConfig(
                    true,
                    random.nextInt(20_000),
                    random.nextInt(3) == 0 ? random.nextInt(20_000) : 0,
                    random.nextInt(3) == 0 ? 1 + random.nextInt(40_000) : Long.MAX_VALUE,
                    random.nextBoolean() ? 0 : random.nextDouble());
        }

        @Override
        public void run() throws IOException {
            for (int round = 0; round < ROUNDS; round++) {
                for (int i = 0; i < 40; i++) {
                    step();
                }
                compact();
                compare();
                both.pass(random.nextInt(15_000));
            }
            both.close();
            KafkaFiles.check(both.ourPath());
        }

        private void step() {
            both.pass(random.nextInt(50));
            switch (random.nextInt(6)) {
                case 0, 1 -> append(batches.plain(both.nowMs(), 60));
                case 2 -> append(following(1, false));
                case 3, 4 -> append(following(anyTransactional(), true));
                default -> both.mark(anyTransactional(), 0, random.nextBoolean());
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
            return batches.batch(both.nowMs(), 60, producer, (short) 0, sequence, transactional);
        }

        private void append(ByteBuffer batch) {
            both.append(batch);
        }

        private void compact() throws IOException {
            both.sync();
            both.directory().upkeepOnce();
            // Ours closes a segment when it becomes too old for max.compaction.lag.ms, Kafka's when
            // something is appended then.
            if (segments().last() > kafka.log().activeSegment().baseOffset()) {
                kafka.roll();
            }
            if (kafka.compactWhenDue()) {
                compacted++;
            } else {
                leftAlone++;
            }
        }

        private SortedSet<Long> segments() throws IOException {
            return new TreeSet<>(KafkaFiles.logs(both.ourPath()).keySet());
        }

        private void compare() throws IOException {
            assertThat(survivors(both.ourPath())).isEqualTo(survivors(both.kafkaPath()));
            assertThat(ours.logStartOffset()).isEqualTo(kafka.log().logStartOffset());
            long stable = ours.lastStableOffset();
            assertThat(stable).isEqualTo(kafka.log().lastStableOffset());
            var limit = ReadLimit.LAST_STABLE_OFFSET;
            for (long from = 0; from < stable; from += 1 + random.nextInt(20)) {
                int bytes = random.nextInt(random.nextBoolean() ? 300 : 5000);
                var mine =
                        CommittedReads.shownFrom(
                                from, at -> Fetched.of(ours.read(at, bytes, limit, true)));
                var theirs =
                        CommittedReads.shownFrom(
                                from, at -> Fetched.of(kafka.read(at, bytes, limit, true)));
                assertThat(mine)
                        .as("shown from " + from + " in fetches of " + bytes)
                        .isEqualTo(theirs);
            }
        }

        /// Every batch and record, with all that is kept of them.
        private static SortedMap<Long, String> survivors(Path directory) throws IOException {
            var found = new TreeMap<Long, String>();
            for (Path log : KafkaFiles.logs(directory).values()) {
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
