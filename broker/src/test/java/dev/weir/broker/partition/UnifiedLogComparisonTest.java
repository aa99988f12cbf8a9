package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.log.OffsetAtTimestamp;
import dev.weir.broker.log.TimestampBounds;
import dev.weir.broker.partition.BothLogs.Outcome;
import dev.weir.broker.partition.CommittedReads.Fetched;
import dev.weir.broker.record.BatchHeader;

import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/// The same random life for our log and for Apache Kafka's own (`UnifiedLog` of `kafka-storage`):
/// both must give the same answers and leave the same files behind.
///
/// Where they are meant to differ is said at [Life#mayDiffer] and in docs/reference/kafka-api.md.
/// The seeds are [LogSeeds].
@ExtendWith(QuietLogs.class)
class UnifiedLogComparisonTest {
    private static final int SEEDS = 10;
    private static final int STEPS = 160;

    @TempDir Path temporary;

    @Test
    void our_log_answers_as_that_of_kafka_does() throws IOException {
        LogSeeds.each(SEEDS, seed -> new Life(seed, temporary.resolve("life" + seed)));
    }

    @Test
    void records_without_timestamps_go_when_those_of_the_log_of_kafka_do() throws IOException {
        LogSeeds.each(SEEDS, seed -> new Untimed(seed, temporary.resolve("untimed" + seed)));
    }

    /// Retention of batches of which many have no timestamp. How old files are is told to both.
    private static final class Untimed implements LogSeeds.Life {
        private static final LogConfig CONFIG =
                LogConfig.DEFAULT
                        .withSegmentBytes(1000)
                        .withIndexIntervalBytes(100)
                        .withRetention(-1, 40_000);

        private final Random random;
        private final BothLogs both;
        private final TreeMap<Long, Long> writtenMs = new TreeMap<>(); // by segment

        Untimed(long seed, Path data) throws IOException {
            random = new Random(seed);
            both = new BothLogs(data, CONFIG);
        }

        @Override
        public String circumstances() {
            return ", with files of " + writtenMs;
        }

        @Override
        public void run() throws IOException {
            int gone = 0;
            for (int i = 0; i < 300; i++) {
                long timestamp = random.nextInt(8) == 0 ? both.nowMs() : -1;
                both.append(Batches.plain(timestamp, "v".repeat(random.nextInt(200))));
                writtenMs.put(both.kafka().segmentBases().getLast(), both.nowMs());
                both.pass(random.nextInt(1000) + (random.nextInt(60) == 0 ? 50_000 : 0));
                if (random.nextInt(6) == 0) {
                    long before = both.ours().logStartOffset();
                    applyRetention();
                    gone += both.ours().logStartOffset() > before ? 1 : 0;
                }
            }
            assertThat(gone).isGreaterThan(3);
            both.close();
        }

        private void applyRetention() throws IOException {
            both.sync();
            long before;
            do {
                before = both.ours().logStartOffset();
                stamp(both.ourPath());
                both.directory().upkeepOnce();
                both.sync();
            } while (both.ours().logStartOffset() != before);
            stamp(both.kafkaPath());
            both.kafka().applyRetention();
            assertThat(both.ours().logStartOffset())
                    .as("log start")
                    .isEqualTo(both.kafka().log().logStartOffset());
        }

        private void stamp(Path directory) throws IOException {
            for (var log : KafkaFiles.logs(directory).entrySet()) {
                long ms = writtenMs.getOrDefault(log.getKey(), both.nowMs());
                Files.setLastModifiedTime(log.getValue(), FileTime.fromMillis(ms));
            }
        }
    }

    /// What a partition says before the coordinator is asked about a batch.
    private record Verification(short code, OptionalLong needed) {
        private static final Verification NONE = new Verification((short) 0, OptionalLong.empty());
    }

    private static final class Life implements LogSeeds.Life {
        private static final long[] PRODUCERS = {1, 2};
        private static final long[] TRANSACTIONAL = {10, 11, 12};
        private static final List<ReadLimit> LIMITS = List.copyOf(EnumSet.allOf(ReadLimit.class));

        private final Random random;
        private final RandomBatches batches;
        private final LogConfig config;
        private final BothLogs both;
        private final List<ByteBuffer> repeatable = new ArrayList<>(); // as the client sent them
        private boolean reopened;
        private final List<String> steps = new ArrayList<>();

        private Partition ours; // those of both
        private KafkaLog kafka;

        Life(long seed, Path data) throws IOException {
            random = new Random(seed);
            batches = new RandomBatches(random);
            int retention = random.nextInt(5);
            config =
                    LogConfig.DEFAULT
                            .withSegmentBytes(1500 + random.nextInt(5000))
                            .withSegmentMs(random.nextInt(3) == 0 ? 20_000 : 86_400_000)
                            .withIndexIntervalBytes(random.nextInt(600))
                            .withMaxMessageBytes(1200)
                            .withLogAppendTime(random.nextInt(4) == 0)
                            .withCompression(RandomBatches.compression(random))
                            .withTimestamps(
                                    new TimestampBounds(
                                            random.nextInt(3) == 0 ? 30_000 : Long.MAX_VALUE,
                                            random.nextBoolean() ? 1500 : 3_600_000))
                            .withRetention(
                                    retention == 0 ? 0 : retention < 3 ? 8000 : -1,
                                    retention == 2 || retention == 3 ? 40_000 : -1);
            both = new BothLogs(data, config);
            ours = both.ours();
            kafka = both.kafka();
        }

        @Override
        public String circumstances() {
            int from = Math.max(0, steps.size() - 12);
            return ", after %d steps, the last of them %s, with %s"
                    .formatted(steps.size(), steps.subList(from, steps.size()), config);
        }

        @Override
        public void run() throws IOException {
            // Our files come with the first record that is synced.
            steps.add(append("plain", batches.plain(both.nowMs() - 2000, 300)));
            steps.add(sync());
            for (int i = 0; i < STEPS; i++) {
                steps.add(step());
                compare();
            }
            sync();
            steps.add(reopen());
            compare();
            both.close();
        }

        private String step() throws IOException {
            return switch (random.nextInt(24)) {
                case 0, 1, 2, 3 -> append("plain", batches.plain(both.nowMs(), 300));
                case 4, 5, 6, 7 -> append("idempotent", idempotent());
                case 8, 9, 10 -> append("transactional", transactional());
                case 11 -> verifyInVain();
                case 12, 13 -> end();
                case 14 -> append("unwanted", unwanted());
                case 15, 16, 17 -> sync();
                case 18 -> deleteRecords();
                case 19 -> applyRetention();
                case 20, 21 -> {
                    both.pass(random.nextInt(9000));
                    yield "time";
                }
                case 22 -> {
                    sync();
                    yield reopen();
                }
                default -> crash();
            };
        }

        // ------------------------------------------------------------ appending

        private String append(String kind, ByteBuffer batch) throws IOException {
            var sent = BothLogs.copy(batch);
            var verified = Verification.NONE;
            if (isTransactional(sent)) {
                verified = beginVerification(sent);
                if (verified.code != 0) {
                    return kind + " " + described(sent) + " " + verified;
                }
            }
            var mine = both.offerToOurs(batch, verified.needed);
            if (mine.code() != 0 || mine.duplicate()) {
                long timestamp =
                        config.logAppendTime() ? both.nowMs() : BatchHeader.maxTimestamp(sent, 0);
                int stored =
                        config.compression().codec() == null
                                ? sent.remaining()
                                : config.maxMessageBytes(); // at most
                if (kafka.beginsSegment(stored, timestamp)) {
                    return "a refused batch for which Kafka would begin a new segment first";
                }
            }
            var theirs = both.offerToKafka(sent);
            if (!mayDiffer(mine, theirs)) {
                assertThat(mine).as(kind + " " + described(sent)).isEqualTo(theirs);
            }
            if (mine.code() == 0 && !mine.duplicate() && BatchHeader.producerId(sent, 0) >= 0) {
                repeatable.add(sent);
            }
            return kind + " " + described(sent) + " " + mine;
        }

        private static String described(ByteBuffer batch) {
            return "of producer %d, epoch %d, sequence %d, %stransactional"
                    .formatted(
                            BatchHeader.producerId(batch, 0),
                            BatchHeader.producerEpoch(batch, 0),
                            BatchHeader.baseSequence(batch, 0),
                            BatchHeader.isTransactional(batch, 0) ? "" : "not ");
        }

        /// Our producers' last five batches are known after a restart, Kafka's last one and those
        /// of segments that are read again.
        private boolean mayDiffer(Outcome mine, Outcome theirs) {
            return reopened
                    && mine.duplicate()
                    && theirs.code() == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
        }

        private ByteBuffer idempotent() {
            long producer = PRODUCERS[random.nextInt(PRODUCERS.length)];
            if (!repeatable.isEmpty() && random.nextInt(4) == 0) {
                int back = 1 + random.nextInt(Math.min(12, repeatable.size()));
                return BothLogs.copy(repeatable.get(repeatable.size() - back));
            }
            return following(producer, random.nextInt(20) == 0);
        }

        private static boolean isTransactional(ByteBuffer batch) {
            return BatchHeader.isTransactional(batch, 0);
        }

        /// Whether the producer's client has an epoch for each transaction.
        private static boolean bumping(ByteBuffer batch) {
            return BatchHeader.producerId(batch, 0) % 2 == 0;
        }

        /// The coordinator is asked about a batch and does not agree.
        private String verifyInVain() {
            var batch = transactional();
            return isTransactional(batch)
                    ? "verified in vain: " + beginVerification(batch)
                    : "nothing to verify";
        }

        private Verification beginVerification(ByteBuffer batch) {
            Verification mine;
            short theirs;
            boolean theirsOpen = false;
            try {
                mine = new Verification((short) 0, ours.beginVerification(batch, bumping(batch)));
            } catch (BrokerException e) {
                mine = new Verification(e.code(), OptionalLong.empty());
            }
            try {
                theirsOpen = kafka.beginVerification(batch, bumping(batch));
                theirs = 0;
            } catch (ApiException e) {
                theirs = KafkaLog.code(e);
            }
            assertThat(mine.code()).as("verification").isEqualTo(theirs);
            if (theirs == 0) {
                assertThat(mine.needed.isEmpty()).as("open").isEqualTo(theirsOpen);
            }
            return mine;
        }

        private ByteBuffer transactional() {
            long producer = TRANSACTIONAL[random.nextInt(TRANSACTIONAL.length)];
            return following(producer, random.nextInt(12) > 0);
        }

        /// What a producer sends next, or now and then what it should not.
        private ByteBuffer following(long producer, boolean transactional) {
            var known = producerOf(producer);
            short epoch = known == null ? 0 : (short) known.producerEpoch();
            int sequence = known == null ? 0 : known.lastSequence() + 1;
            switch (random.nextInt(16)) {
                case 0 -> sequence += 1 + random.nextInt(3);
                case 1 -> sequence = random.nextInt(5);
                case 2 -> {
                    epoch++;
                    sequence = 0;
                }
                case 3 -> epoch++;
                case 4 -> epoch = (short) Math.max(0, epoch - 1);
                default -> {
                    // in order
                }
            }
            return batches.batch(both.nowMs(), 250, producer, epoch, sequence, transactional);
        }

        private ProducerState producerOf(long id) {
            return kafka.log().activeProducers().stream()
                    .filter(state -> state.producerId() == id)
                    .findFirst()
                    .orElse(null);
        }

        private ByteBuffer unwanted() {
            var batch = batches.plain(both.nowMs(), 200);
            switch (random.nextInt(7)) {
                case 0 ->
                        batch.put(BatchHeader.BYTES + 1, (byte) ~batch.get(BatchHeader.BYTES + 1));
                case 1 -> {
                    // One record more than there are, also by its last offset.
                    batch.putInt(57, batch.getInt(57) + 1);
                    if (random.nextBoolean()) {
                        batch.putInt(23, batch.getInt(57) - 1);
                    }
                    BatchHeader.renumber(batch, 0, -1);
                }
                case 2 -> {
                    batch.putShort(21, (short) (batch.getShort(21) | 0x20)); // control
                    BatchHeader.renumber(batch, 0, -1);
                }
                case 3 -> {
                    if (config.logAppendTime()) { // otherwise Kafka believes it, and we do not
                        batch.putShort(21, (short) (batch.getShort(21) | 0x08));
                        BatchHeader.renumber(batch, 0, -1);
                    }
                }
                case 4 -> {
                    batch.putLong(35, both.nowMs() - random.nextInt(9000)); // greatest timestamp
                    BatchHeader.renumber(batch, 0, -1);
                }
                case 5 -> {
                    var second = batches.plain(both.nowMs(), 200);
                    batch =
                            ByteBuffer.allocate(batch.remaining() + second.remaining())
                                    .put(batch)
                                    .put(second)
                                    .flip();
                }
                default -> {
                    do {
                        batch = batches.plain(both.nowMs(), 5000);
                    } while (batch.remaining() <= config.maxMessageBytes());
                }
            }
            return batch;
        }

        private String end() throws IOException {
            long producer = TRANSACTIONAL[random.nextInt(TRANSACTIONAL.length)];
            var known = producerOf(producer);
            int epoch = known == null ? 0 : known.producerEpoch();
            epoch = Math.max(0, epoch + (random.nextInt(3) == 0 ? random.nextInt(3) - 1 : 0));
            boolean commit = random.nextBoolean();
            boolean bumping = random.nextBoolean();
            int coordinator = known == null ? -1 : known.coordinatorEpoch();
            if (coordinator < 0 || random.nextInt(8) == 0) {
                coordinator += random.nextInt(4) - 1;
            }
            Outcome mine;
            try {
                var result =
                        ours.appendMarker(
                                producer,
                                (short) epoch,
                                commit,
                                coordinator,
                                bumping,
                                both.nowMs());
                mine = new Outcome((short) 0, result.firstOffset(), result.lastOffset(), false);
            } catch (BrokerException e) {
                mine = Outcome.refused(e.code());
            }
            if (mine.code() != 0 && kafka.beginsSegment(100, both.nowMs())) {
                return "a refused marker for which Kafka would begin a new segment first";
            }
            Outcome theirs;
            try {
                var result =
                        kafka.appendMarker(
                                producer,
                                (short) epoch,
                                commit,
                                coordinator,
                                bumping,
                                both.nowMs());
                theirs = new Outcome((short) 0, result.firstOffset(), result.lastOffset(), false);
            } catch (ApiException e) {
                theirs = Outcome.refused(KafkaLog.code(e));
            }
            assertThat(mine).as("marker").isEqualTo(theirs);
            return "%s of epoch %d by coordinator %d%s %s"
                    .formatted(
                            commit ? "commit" : "abort",
                            epoch,
                            coordinator,
                            bumping ? " bumping" : "",
                            mine);
        }

        // ------------------------------------------------------------ upkeep

        private String sync() throws IOException {
            both.sync();
            return "sync";
        }

        private String deleteRecords() throws IOException {
            long end = ours.logEndOffset();
            long start = ours.logStartOffset();
            long to = start + random.nextInt((int) (end - start) + 2);
            if (random.nextInt(3) > 0) {
                to = Math.min(to, start + 5);
            }
            Outcome mine;
            Outcome theirs;
            try {
                mine = new Outcome((short) 0, ours.deleteRecordsBefore(to), to, false);
            } catch (BrokerException e) {
                mine = Outcome.refused(e.code());
            }
            try {
                theirs = new Outcome((short) 0, kafka.deleteRecordsBefore(to), to, false);
            } catch (ApiException e) {
                theirs = Outcome.refused(KafkaLog.code(e));
            }
            assertThat(mine).isEqualTo(theirs);
            kafka.highWatermark(ours.highWatermark()); // ours may have made more durable
            return "records deleted before %d, %s".formatted(to, mine);
        }

        /// Only when no transaction is open: ours keeps what one has written whatever its age, and
        /// Kafka's does not.
        private String applyRetention() throws IOException {
            sync();
            if (ours.lastStableOffset() < ours.highWatermark()) {
                return "no retention while a transaction is open";
            }
            long before;
            do {
                before = ours.logStartOffset();
                both.directory().upkeepOnce();
            } while (ours.logStartOffset() != before);
            sync(); // what upkeep wrote besides, such as a new segment
            kafka.applyRetention();
            return "retention";
        }

        private String reopen() throws IOException {
            long start = kafka.log().logStartOffset();
            long end = kafka.log().logEndOffset();
            if (start > 0 && start == end) {
                return "left open: Kafka would forget the producers of a log without records";
            }
            both.close();
            compareFiles();
            both.openAgain();
            afterReopening();
            return "reopened";
        }

        /// The process dies; of what was not synced the end is cut off or damaged, for both alike.
        private String crash() throws IOException {
            long durable = ours.highWatermark();
            long start = kafka.log().logStartOffset();
            var active = kafka.log().activeSegment();
            long recovered = new TreeSet<>(kafka.segmentBases()).floor(durable);
            if (start > 0 && start >= recovered) {
                // Kafka would forget producers and their transactions: it deletes the snapshots
                // below the log start and above what it recovers, and reads the log in between.
                sync();
                return reopen();
            }
            int safe = 0;
            if (active.baseOffset() < durable) {
                var place = active.translateOffset(durable);
                safe = place == null ? active.size() : place.position;
            }
            int size = active.size();
            both.kill();
            String name = active.log().file().getName();
            var damage = damage(both.kafkaPath().resolve(name), safe, size);
            Files.write(both.ourPath().resolve(name), damage);
            Files.write(both.kafkaPath().resolve(name), damage);
            both.recover(start, durable);
            afterReopening();
            return "crashed with " + damage.length + " of " + size + " bytes";
        }

        private byte[] damage(Path log, int safe, int size) throws IOException {
            var bytes = Files.readAllBytes(log);
            assertThat(bytes).hasSize(size);
            if (safe == size) {
                return random.nextBoolean()
                        ? bytes
                        : Arrays.copyOf(bytes, size + 1 + random.nextInt(100));
            }
            if (random.nextBoolean()) {
                return Arrays.copyOf(bytes, safe + random.nextInt(size - safe + 1));
            }
            // A byte that a checksum covers.
            var batch = ByteBuffer.wrap(bytes);
            int at = safe;
            while (random.nextBoolean() && at + BatchHeader.sizeInBytes(batch, at) < size) {
                at += BatchHeader.sizeInBytes(batch, at);
            }
            bytes[at + 21 + random.nextInt(BatchHeader.sizeInBytes(batch, at) - 21)] ^= 4;
            return bytes;
        }

        private void afterReopening() throws IOException {
            reopened = true;
            ours = both.ours();
            kafka = both.kafka();
            assertThat(ours.offlineReason()).isNull();
            assertThat(ours.highWatermark()).isEqualTo(ours.logEndOffset());
            kafka.highWatermark(ours.highWatermark());
            repeatable.clear();
        }

        // ------------------------------------------------------------ comparing

        private void compare() throws IOException {
            var log = kafka.log();
            var mine = KafkaFiles.logs(both.ourPath());
            var theirs = new TreeSet<>(kafka.segmentBases());
            // Those below the log start are deleted when retention is next applied: by Kafka all,
            // by
            // Weir those that were still written to when the log start was raised.
            long first = theirs.floor(ours.logStartOffset());
            assertThat(mine.tailMap(first).keySet())
                    .as("segments")
                    .isEqualTo(theirs.tailSet(first));
            assertThat(ours.logStartOffset()).as("log start").isEqualTo(log.logStartOffset());
            assertThat(ours.logEndOffset()).as("log end").isEqualTo(log.logEndOffset());
            assertThat(ours.highWatermark()).as("high watermark").isEqualTo(log.highWatermark());
            // Kafka's falls below the log start when that is in the middle of a batch.
            assertThat(ours.lastStableOffset())
                    .as("last stable offset")
                    .isEqualTo(Math.max(log.logStartOffset(), log.lastStableOffset()));
            if (log.latestEpoch().isPresent()) {
                assertThat(ours.leaderEpoch()).isEqualTo(log.latestEpoch().get());
                assertThat(log.endOffsetForEpoch(ours.leaderEpoch()).orElseThrow().offset())
                        .isEqualTo(ours.logEndOffset());
            }
            for (int i = 0; i < 3; i++) {
                compareRead();
            }
            compareTimestamps();
            compareProducers();
        }

        private void compareRead() throws IOException {
            long from = ours.logStartOffset() - 1;
            long offset = from + random.nextInt((int) (ours.logEndOffset() - from) + 2);
            int maxBytes = random.nextInt(random.nextBoolean() ? 200 : 5000);
            var limit = LIMITS.get(random.nextInt(LIMITS.size()));
            boolean whole = random.nextBoolean();
            String what = "read of " + maxBytes + " bytes from " + offset + " to " + limit;
            Optional<Fetched> theirs;
            try {
                theirs = Optional.of(Fetched.of(kafka.read(offset, maxBytes, limit, whole)));
            } catch (OffsetOutOfRangeException e) {
                theirs = Optional.empty();
            }
            try {
                var mine = Fetched.of(ours.read(offset, maxBytes, limit, whole));
                assertThat(theirs.map(Fetched::bytes)).as(what).contains(mine.bytes());
                // The lists may differ behind what was read.
                assertThat(CommittedReads.shown(mine))
                        .as(what)
                        .isEqualTo(CommittedReads.shown(theirs.get()));
            } catch (BrokerException e) {
                assertThat(e.code()).as(what).isEqualTo(ErrorCode.OFFSET_OUT_OF_RANGE);
                assertThat(theirs).as(what).isEmpty();
            }
        }

        private void compareTimestamps() {
            long timestamp = both.nowMs() - random.nextInt(40_000);
            var mine = ours.offsetForTimestamp(timestamp);
            var theirs =
                    kafka.offsetForTimestamp(timestamp)
                            .filter(found -> found.offset < ours.highWatermark());
            if (theirs.isPresent() || !mine.isFound()) {
                assertThat(mine).as("offset for " + timestamp).isEqualTo(ours(theirs));
            } else {
                // Kafka looks into one segment only, all of whose records of that time may be
                // deleted.
                assertThat(mine.offset()).isGreaterThanOrEqualTo(ours.logStartOffset());
                assertThat(mine.timestampMs()).isGreaterThanOrEqualTo(timestamp);
            }
            var greatest = greatestKept();
            assertThat(ours.maxTimestampOffset()).as("greatest timestamp").isEqualTo(greatest);
            if (ours.highWatermark() == ours.logEndOffset()) {
                var latest = kafka.offsetForTimestamp(ListOffsetsRequest.MAX_TIMESTAMP);
                // Kafka tells of deleted records, too.
                if (latest.isEmpty() || latest.get().offset >= ours.logStartOffset()) {
                    assertThat(greatest).isEqualTo(ours(latest));
                }
            }
        }

        private OffsetAtTimestamp greatestKept() {
            var greatest = OffsetAtTimestamp.NONE;
            for (var record : Batches.read(ours, ours.logStartOffset(), ReadLimit.LOG_END)) {
                if (record.timestamp() > greatest.timestampMs()) {
                    greatest =
                            new OffsetAtTimestamp(
                                    record.offset(), record.timestamp(), ours.leaderEpoch());
                }
            }
            return greatest;
        }

        private static OffsetAtTimestamp ours(Optional<FileRecords.TimestampAndOffset> found) {
            return found.map(each ->
                            new OffsetAtTimestamp(
                                    each.offset, each.timestamp, each.leaderEpoch.orElse(-1)))
                    .orElse(OffsetAtTimestamp.NONE);
        }

        private void compareProducers() {
            var mine = new TreeMap<Long, String>();
            for (var one : ours.producers()) {
                mine.put(
                        one.producerId(),
                        "epoch %d sequence %d coordinator %d transaction %d"
                                .formatted(
                                        one.producerEpoch(),
                                        one.lastSequence(),
                                        one.coordinatorEpoch(),
                                        one.transactionStart()));
            }
            var theirs = new TreeMap<Long, String>();
            for (var one : kafka.log().activeProducers()) {
                theirs.put(
                        one.producerId(),
                        "epoch %d sequence %d coordinator %d transaction %d"
                                .formatted(
                                        one.producerEpoch(),
                                        one.lastSequence(),
                                        one.coordinatorEpoch(),
                                        one.currentTxnStartOffset()));
            }
            assertThat(mine).as("producers").isEqualTo(theirs);
        }

        /// After both were closed.
        private void compareFiles() throws IOException {
            var mine = KafkaFiles.logs(both.ourPath());
            var theirs = KafkaFiles.logs(both.kafkaPath());
            for (long base : mine.keySet()) {
                assertThat(Files.readAllBytes(mine.get(base)))
                        .as("segment " + base)
                        .isEqualTo(Files.readAllBytes(theirs.get(base)));
            }
            KafkaFiles.check(both.ourPath());
        }
    }
}
