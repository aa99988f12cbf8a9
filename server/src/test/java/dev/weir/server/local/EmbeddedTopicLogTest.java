package dev.weir.server.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

class EmbeddedTopicLogTest {
    private static final TopicPartition AT = new TopicPartition("t", 0);
    private static final long NOBODY = -1;

    @TempDir Path dir;
    private Broker broker;
    private EmbeddedTopicLog log;

    @BeforeEach
    void start() {
        broker =
                Broker.start(
                        BrokerConfig.defaults(dir), new RealFileSystem(), InstantSource.system());
        log = new EmbeddedTopicLog(broker, InstantSource.system());
        log.createTopic("t", 1, Map.of());
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void what_was_appended_is_read_back_with_offsets_times_keys_values_and_nulls() {
        var block = new RecordBlock();
        block.append(-1, 1000, bytes("k"), bytes("v"));
        block.append(-1, 990, null, bytes(""));
        block.append(-1, 2000, bytes("gone"), null);
        assertThat(log.append(AT, block)).isEqualTo(3);
        log.sync(List.of(AT));

        var read = new RecordBlock();
        assertThat(log.read(AT, 0, log.endOffset(AT), NOBODY, read, 100, 1 << 20)).isEqualTo(3);
        assertThat(read.count()).isEqualTo(3);
        assertThat(read.offset(2)).isEqualTo(2);
        assertThat(read.timestamp(1)).isEqualTo(990);
        assertThat(read.key(0)).isEqualTo(bytes("k"));
        assertThat(read.key(1)).isNull();
        assertThat(read.value(1)).isEmpty();
        assertThat(read.value(2)).isNull();
    }

    @Test
    void nothing_is_readable_before_it_is_synced() {
        append("a");
        // The broker's own sync threads may be quicker than this thread; never the other way round.
        assertThat(log.endOffset(AT)).isLessThanOrEqualTo(1);
        log.sync(List.of(AT));
        assertThat(log.endOffset(AT)).isEqualTo(1);
    }

    @Test
    void reading_stops_at_the_cut_even_in_the_middle_of_a_batch() {
        append("a", "b", "c", "d");
        log.sync(List.of(AT));

        assertThat(read(0, 2, NOBODY)).containsExactly("a", "b");
        assertThat(read(2, 3, NOBODY)).containsExactly("c");
        assertThat(read(3, 3, NOBODY)).isEmpty();
    }

    @Test
    void reading_in_slices_gives_every_record_once() {
        long seed = System.nanoTime();
        var random = new Random(seed);
        var expected = new ArrayList<String>();
        for (int batch = 0; batch < 50; batch++) {
            var texts = new String[1 + random.nextInt(300)];
            for (int i = 0; i < texts.length; i++) {
                texts[i] = "r" + expected.size() + "x".repeat(random.nextInt(200));
                expected.add(texts[i]);
            }
            append(texts);
        }
        log.sync(List.of(AT));
        long end = log.endOffset(AT);

        var seen = new ArrayList<String>();
        long at = 0;
        while (at < end) {
            var block = new RecordBlock();
            long next =
                    log.read(
                            AT,
                            at,
                            end,
                            NOBODY,
                            block,
                            1 + random.nextInt(500),
                            1 + random.nextInt(100_000));
            assertThat(next).as("seed %d: progress at %d", seed, at).isGreaterThan(at);
            at = next;
            addValues(block, seen);
        }
        assertThat(seen).as("seed %d", seed).isEqualTo(expected);
    }

    @Test
    void the_engines_open_records_do_not_hold_it_back_and_are_skipped_by_producer() {
        long own = log.newProducerId();
        append("before");
        log.appendOpen(AT, own, block("mine"));
        append("after");
        log.sync(List.of(AT));

        assertThat(log.endOffset(AT)).isEqualTo(3);
        assertThat(read(0, 3, own)).containsExactly("before", "after");
        assertThat(log.openFrom(AT, own)).isEqualTo(1);
        assertThat(log.openTransaction(AT, own))
                .hasValueSatisfying(open -> {
                    assertThat(open.firstOffset()).isEqualTo(1);
                    assertThat(open.endOffset()).isEqualTo(2);
                });
    }

    @Test
    void open_records_are_seen_by_nobody_until_they_are_committed() {
        long own = log.newProducerId();
        log.appendOpen(AT, own, block("first"));
        log.sync(List.of(AT));
        assertThat(read(0, log.endOffset(AT), NOBODY)).isEmpty();

        log.mark(AT, own, true);
        log.sync(List.of(AT));

        assertThat(read(0, log.endOffset(AT), NOBODY)).containsExactly("first");
        assertThat(log.openFrom(AT, own)).isEqualTo(Long.MAX_VALUE);
        assertThat(log.openTransaction(AT, own)).isEmpty();
    }

    @Test
    void aborted_records_are_never_seen() {
        long own = log.newProducerId();
        log.appendOpen(AT, own, block("wrong"));
        log.mark(AT, own, false);
        log.appendOpen(AT, own, block("right"));
        log.mark(AT, own, true);
        log.sync(List.of(AT));

        assertThat(read(0, log.endOffset(AT), NOBODY)).containsExactly("right");
    }

    @Test
    void marking_where_nothing_is_open_writes_nothing() {
        long own = log.newProducerId();
        append("a");
        assertThat(log.mark(AT, own, true)).isEqualTo(1);
        assertThat(partition().logEndOffset()).isEqualTo(1);
    }

    @Test
    void anothers_open_transaction_holds_back_what_comes_after_it() {
        append("a");
        foreign(77, "undecided");
        append("c");
        log.sync(List.of(AT));

        assertThat(log.endOffset(AT)).isEqualTo(1);
    }

    @Test
    void
            above_its_own_open_records_the_engine_sees_what_others_committed_and_not_what_they_aborted() {
        long own = log.newProducerId();
        log.appendOpen(AT, own, block("mine"));
        foreign(77, "bad");
        foreign(78, "good");
        partition().appendMarker(77, (short) 0, false, 5);
        partition().appendMarker(78, (short) 0, true, 5);
        foreign(77, "good later");
        partition().appendMarker(77, (short) 0, true, 6);
        log.sync(List.of(AT));

        assertThat(log.endOffset(AT)).isEqualTo(7);
        assertThat(read(0, 7, own)).containsExactly("good", "good later");
    }

    @Test
    void an_open_transaction_larger_than_a_batch_is_committed_as_a_whole() {
        long own = log.newProducerId();
        var large = new RecordBlock();
        var value = new byte[100_000];
        for (int i = 0; i < 30; i++) {
            large.append(-1, i, null, value);
        }
        assertThat(log.appendOpen(AT, own, large)).isEqualTo(new TopicLog.Written(0, 30));
        log.sync(List.of(AT));
        assertThat(read(0, log.endOffset(AT), NOBODY)).isEmpty();
        log.mark(AT, own, true);
        log.sync(List.of(AT));
        assertThat(read(0, log.endOffset(AT), NOBODY)).hasSize(30);
    }

    @Test
    void the_batches_of_a_step_are_no_larger_than_the_topic_allows() {
        log.createTopic("small", 1, Map.of("max.message.bytes", "250000"));
        var at = new TopicPartition("small", 0);
        long own = log.newProducerId();
        var large = new RecordBlock();
        for (int i = 0; i < 9; i++) {
            large.append(-1, i, null, new byte[i == 8 ? 249_000 : 100_000]);
        }
        assertThat(log.appendOpen(at, own, large)).isEqualTo(new TopicLog.Written(0, 9));
        log.mark(at, own, true);
        log.sync(List.of(at));
        Partition partition = broker.partition("small", 0);
        for (long offset : new long[] {0, 2, 4, 6, 8}) {
            assertThat(partition.read(offset, 1, ReadLimit.HIGH_WATERMARK, true).slice().length())
                    .isBetween(200_000, 250_000);
        }
        assertThat(log.read(at, 0, log.endOffset(at), NOBODY, new RecordBlock(), 100, 4 << 20))
                .isEqualTo(10);
    }

    @Test
    void deleted_records_are_gone_for_others_and_kept_for_a_pin() {
        append("a", "b", "c");
        log.sync(List.of(AT));
        try (var _ = log.pin(AT, 1)) {
            log.trim(AT, 3);
            assertThat(log.startOffset(AT)).isEqualTo(3);
            assertThat(read(1, 3, NOBODY)).containsExactly("b", "c");
        }
        assertThatThrownBy(() -> read(1, 3, NOBODY)).isInstanceOf(SqlException.class);
    }

    @Test
    void producer_ids_are_never_given_twice_even_after_a_restart() {
        long first = log.newProducerId();
        broker.close();
        broker =
                Broker.start(
                        BrokerConfig.defaults(dir), new RealFileSystem(), InstantSource.system());
        log = new EmbeddedTopicLog(broker, InstantSource.system());
        assertThat(log.newProducerId()).isGreaterThan(first);
    }

    @Test
    void several_partitions_are_synced_together() {
        log.createTopic("wide", 8, Map.of());
        var all = new ArrayList<TopicPartition>();
        for (int i = 0; i < 8; i++) {
            var at = new TopicPartition("wide", i);
            log.append(at, block("x"));
            all.add(at);
        }
        log.sync(all);
        for (TopicPartition at : all) {
            assertThat(log.endOffset(at)).isEqualTo(1);
        }
    }

    @Test
    void a_signal_comes_when_there_is_more_and_not_after_its_end() throws InterruptedException {
        var signalled = new CountDownLatch(1);
        try (var _ = log.onMore("t", signalled::countDown)) {
            append("a");
            log.sync(List.of(AT));
            assertThat(signalled.await(10, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void the_brokers_refusals_speak_the_engines_language() {
        assertThatThrownBy(() -> log.createTopic("t", 1, Map.of()))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.DUPLICATE_OBJECT));
        assertThatThrownBy(() -> log.createTopic("no spaces", 1, Map.of()))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.INVALID_PARAMETER));
        assertThatThrownBy(() -> log.createTopic("u", 1, Map.of("retention.ms", "soon")))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.INVALID_PARAMETER));
        assertThatThrownBy(() -> log.deleteTopic("missing"))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.UNDEFINED_OBJECT));
    }

    private Partition partition() {
        return broker.partition("t", 0);
    }

    /// Appends to an open transaction of somebody else.
    private void foreign(long producerId, String text) {
        var writer = new RecordBatchWriter();
        writer.start(0, producerId, (short) 0, -1, true);
        writer.append(0, null, bytes(text));
        long verified =
                partition().verification(producerId, (short) 0).orElse(Partition.UNVERIFIED);
        partition().append(writer.finish(), AppendOrigin.COORDINATOR, verified);
    }

    private void append(String... texts) {
        log.append(AT, block(texts));
    }

    private List<String> read(long from, long upTo, long skipProducer) {
        var block = new RecordBlock();
        assertThat(log.read(AT, from, upTo, skipProducer, block, 1000, 1 << 24)).isEqualTo(upTo);
        var texts = new ArrayList<String>();
        addValues(block, texts);
        return texts;
    }

    private static void addValues(RecordBlock block, List<String> to) {
        for (int i = 0; i < block.count(); i++) {
            to.add(new String(block.value(i), StandardCharsets.UTF_8));
        }
    }

    private static RecordBlock block(String... texts) {
        var block = new RecordBlock();
        for (String text : texts) {
            block.append(-1, 0, null, bytes(text));
        }
        return block;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
