package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.partition.BothLogs.Outcome;
import dev.weir.broker.record.RecordBatchWriter;

import org.apache.kafka.common.record.internal.FileRecords;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/// An idempotent producer comes back after its batches, or what was known of it, are gone. Apache
/// Kafka's log is asked the same and has to agree. Neither knows `UNKNOWN_PRODUCER_ID` any more
/// (KIP-360): what is known outlives the batches, and of a stranger any sequence is taken.
@Timeout(60)
@ExtendWith(QuietLogs.class)
class ReturningProducerTest {
    private static final long EXPIRATION_MS = UpkeepConfig.DEFAULT.producerExpirationMs();
    private static final LogConfig SMALL =
            LogConfig.DEFAULT.withSegmentBytes(300).withRetention(-1, -1);
    private static final Outcome OUT_OF_ORDER =
            Outcome.refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    private static final int PRODUCER = 7;

    @TempDir Path temporary;
    private BothLogs both;

    private void open(LogConfig config) throws IOException {
        both = new BothLogs(temporary.resolve("logs"), config);
    }

    @AfterEach
    void close() {
        both.close();
    }

    // ---------------------------------------------------------------- batches that are gone

    @Test
    void retention_by_time_does_not_forget_the_producer() throws IOException {
        open(SMALL.withRetention(-1, 5000));
        write(0, 3);
        both.pass(10_000);
        fill();
        both.sync();
        both.directory().upkeepOnce();
        both.kafka().applyRetention();
        goesOnAfterLosing(3);
    }

    @Test
    void retention_by_size_does_not_forget_the_producer() throws IOException {
        open(SMALL.withRetention(600, -1));
        write(0, 3);
        fill();
        both.sync();
        both.directory().upkeepOnce();
        both.kafka().applyRetention();
        goesOnAfterLosing(3);
    }

    @Test
    void deleted_records_do_not_forget_the_producer() throws IOException {
        open(SMALL);
        write(0, 3);
        both.sync();
        both.ours().deleteRecordsBefore(3);
        both.kafka().deleteRecordsBefore(3);
        goesOnAfterLosing(3);
    }

    /// All batches below `next` are gone.
    private void goesOnAfterLosing(int next) throws IOException {
        assertThat(both.ours().logStartOffset())
                .isEqualTo(both.kafka().log().logStartOffset())
                .isGreaterThanOrEqualTo(next);
        for (int sequence = 0; sequence < next; sequence++) {
            assertThat(offer(idempotent(0, sequence)))
                    .isEqualTo(new Outcome((short) 0, sequence, sequence, true));
        }
        assertThat(offer(idempotent(0, next + 1))).isEqualTo(OUT_OF_ORDER);
        assertThat(offer(idempotent(1, next))).as("a new epoch").isEqualTo(OUT_OF_ORDER);
        assertThat(offer(idempotent(0, next)).duplicate()).isFalse();

        // Kafka forgets at a restart what is below the log start; ours does not.
        both.sync();
        both.ours().deleteRecordsBefore(both.ours().logEndOffset());
        both.restart();
        assertThat(offerToOurs(idempotent(0, next)).duplicate()).isTrue();
        assertThat(offerToOurs(idempotent(0, next + 2))).isEqualTo(OUT_OF_ORDER);
        assertThat(offerToOurs(idempotent(0, next + 1)).code()).isZero();
    }

    @Test
    void compaction_does_not_forget_the_producer() throws IOException {
        open(SMALL.withCompaction(EagerCompaction.after(1000)));
        write(0, 4);
        fill(); // with the same key
        both.sync();
        both.directory().upkeepOnce();
        both.kafka().compact(0, both.kafka().log().activeSegment().baseOffset());
        assertThat(recordsLeft()).isZero();

        for (int sequence = 0; sequence < 4; sequence++) {
            assertThat(offer(idempotent(0, sequence)))
                    .isEqualTo(new Outcome((short) 0, sequence, sequence, true));
        }
        assertThat(offer(idempotent(0, 5))).isEqualTo(OUT_OF_ORDER);

        both.restart();
        assertThat(offer(idempotent(0, 3)).duplicate()).isTrue();
        assertThat(offer(idempotent(0, 5))).isEqualTo(OUT_OF_ORDER);

        // The head of its last batch is left, for those who have to read the whole log.
        both.close();
        forget(both.ourPath());
        forget(both.kafkaPath());
        both.recover(0, 0);
        assertThat(offer(idempotent(0, 3)).duplicate()).isTrue();
        assertThat(offer(idempotent(0, 5))).isEqualTo(OUT_OF_ORDER);
        assertThat(offer(idempotent(0, 4)).code()).isZero();
    }

    /// Records of the producer in our files.
    private int recordsLeft() throws IOException {
        int count = 0;
        for (Path log : KafkaFiles.logs(both.ourPath()).values()) {
            try (var records = FileRecords.open(log.toFile(), false)) {
                for (var batch : records.batches()) {
                    if (batch.producerId() == PRODUCER) {
                        for (var _ : batch) {
                            count++;
                        }
                    }
                }
            }
        }
        return count;
    }

    /// Takes away what is known beside the log.
    private static void forget(Path directory) throws IOException {
        try (var files = Files.list(directory)) {
            for (Path each : files.toList()) {
                var name = each.getFileName().toString();
                if (name.endsWith(".snapshot") || name.equals("weir.state")) {
                    Files.delete(each);
                }
            }
        }
    }

    // ---------------------------------------------------------------- producers that are forgotten

    @Test
    void an_idle_producer_is_forgotten_after_a_day_and_begins_with_any_sequence()
            throws IOException {
        open(SMALL);
        write(0, 3);
        both.pass(EXPIRATION_MS - 1);
        forgetIdle();
        assertThat(offer(idempotent(0, 5))).isEqualTo(OUT_OF_ORDER);
        assertThat(offer(idempotent(0, 2)).duplicate()).isTrue();
        both.pass(1);
        forgetIdle();
        assertThat(both.ours().producers()).isEmpty();

        assertThat(offer(idempotent(0, 2)))
                .as("a repetition nobody recognises")
                .isEqualTo(new Outcome((short) 0, 3, 3, false));
        assertThat(offer(idempotent(0, 3)).first()).isEqualTo(4);
        assertThat(offer(idempotent(0, 9))).isEqualTo(OUT_OF_ORDER);
    }

    @Test
    void of_a_forgotten_producer_an_older_epoch_is_taken() throws IOException {
        open(SMALL);
        both.append(Batches.batch(both.nowMs(), PRODUCER, 5, 0, false, "a"));
        both.pass(EXPIRATION_MS);
        forgetIdle();
        assertThat(offer(idempotent(4, 8)).code()).isZero();
    }

    @Test
    void every_batch_gives_its_producer_another_day() throws IOException {
        open(SMALL);
        for (int sequence = 0; sequence < 4; sequence++) {
            assertThat(offer(idempotent(0, sequence)).duplicate()).isFalse();
            both.pass(EXPIRATION_MS - 1);
            forgetIdle();
        }
        assertThat(offer(idempotent(0, 3)).duplicate()).isTrue();
    }

    @Test
    void an_open_transaction_keeps_its_producer_until_a_day_after_the_marker() throws IOException {
        open(SMALL);
        both.append(transactional(0, 0));
        both.pass(3 * EXPIRATION_MS);
        forgetIdle();
        assertThat(offer(transactional(0, 2))).isEqualTo(OUT_OF_ORDER);
        both.mark(PRODUCER, 0, true);
        both.pass(EXPIRATION_MS - 1);
        forgetIdle();
        assertThat(offerVerified(transactional(0, 2), false)).isEqualTo(OUT_OF_ORDER);
        both.pass(1);
        forgetIdle();
        assertThat(both.ours().producers()).isEmpty();
    }

    /// Otherwise a batch whose predecessor is still on its way would take its place (KIP-890).
    @Test
    void a_forgotten_producer_begins_its_transaction_of_version_2_with_sequence_0()
            throws IOException {
        open(SMALL);
        both.append(transactional(0, 0));
        both.mark(PRODUCER, 1, true);
        both.pass(EXPIRATION_MS);
        forgetIdle();
        assertThat(offerVerified(transactional(1, 1), true)).isEqualTo(OUT_OF_ORDER);
        assertThat(offerVerified(transactional(1, 0), true).code()).isZero();
    }

    @Test
    void a_question_to_the_coordinator_that_nothing_came_of_is_forgotten_too() throws IOException {
        open(SMALL);
        both.ours().beginVerification(transactional(0, 2), false);
        both.kafka().beginVerification(transactional(0, 2), false);
        assertThat(offerVerified(transactional(0, 4), false)).isEqualTo(OUT_OF_ORDER);
        both.pass(EXPIRATION_MS);
        forgetIdle();
        assertThat(offerVerified(transactional(0, 4), false).code()).isZero();
    }

    private void forgetIdle() {
        both.directory().upkeepOnce();
        both.kafka().forgetIdleProducers();
        assertThat(both.ours().producers()).hasSize(both.kafka().log().activeProducers().size());
    }

    // ---------------------------------------------------------------- batches

    private void write(int from, int to) {
        for (int sequence = from; sequence < to; sequence++) {
            both.append(idempotent(0, sequence));
        }
    }

    /// Several segments of nobody in particular.
    private void fill() {
        for (int i = 0; i < 12; i++) {
            both.append(keyed(-1, -1, -1, false, "x".repeat(40)));
        }
    }

    private Outcome offer(ByteBuffer batch) {
        var mine = offerToOurs(batch);
        assertThat(mine).isEqualTo(both.offerToKafka(batch));
        return mine;
    }

    /// Of a transaction that its coordinator knows.
    private Outcome offerVerified(ByteBuffer batch, boolean bumping) {
        var mine = both.offerToOurs(batch, both.ours().beginVerification(batch, bumping));
        both.kafka().beginVerification(batch, bumping);
        assertThat(mine).isEqualTo(both.offerToKafka(batch));
        return mine;
    }

    private Outcome offerToOurs(ByteBuffer batch) {
        return both.offerToOurs(batch, OptionalLong.empty());
    }

    private ByteBuffer idempotent(int epoch, int sequence) {
        return keyed(PRODUCER, epoch, sequence, false, "v" + sequence);
    }

    private ByteBuffer transactional(int epoch, int sequence) {
        return keyed(PRODUCER, epoch, sequence, true, "v" + sequence);
    }

    private ByteBuffer keyed(
            long producer, int epoch, int sequence, boolean transactional, String value) {
        var writer = new RecordBatchWriter();
        writer.start(both.nowMs(), producer, (short) epoch, sequence, transactional);
        writer.append(both.nowMs(), new byte[] {1}, value.getBytes(StandardCharsets.UTF_8));
        return writer.finish();
    }
}
