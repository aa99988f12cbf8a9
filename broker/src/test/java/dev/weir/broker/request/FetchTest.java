package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.TestBroker;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.request.Fetches.From;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.ReplicaState;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// What one fetch returns and when, with and without a session.
class FetchTest {
    /// Longer than the client waits, so that only a change answers.
    private static final int LONG_MS = 60_000;

    private static final int NO_SESSION = -1;

    @TempDir Path directory;
    private TestBroker broker;

    @BeforeEach
    void start() {
        broker = new TestBroker(directory);
        broker.broker().topics().create(new NewTopic("a", 3, Map.of()));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, NO_SESSION})
    void bytes_of_several_partitions_add_up_to_what_is_waited_for(int epoch) throws IOException {
        int size = append("a", 0, "x".repeat(400));
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxWaitMs = LONG_MS;
            fetches.minBytes = 3 * size;
            int waiting = fetches.send(0, epoch, List.of(from(0), from(1), from(2)), List.of());
            append("a", 1, "y".repeat(400));
            append("a", 2, "z".repeat(400));
            var answer = fetches.receive(waiting);
            for (var name : List.of("a-0", "a-1", "a-2")) {
                assertThat(answer.bytes(name)).isEqualTo(size);
            }
        }
    }

    @Test
    void a_fetch_that_asks_for_more_than_it_takes_waits_for_what_it_takes() throws IOException {
        append("a", 0, "x".repeat(400));
        append("a", 0, "x".repeat(400));
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxWaitMs = LONG_MS;
            fetches.minBytes = Integer.MAX_VALUE;
            fetches.maxBytes = 500;
            assertThat(fetches.fetch(0, NO_SESSION, from(0)).bytes("a-0")).isEqualTo(500);
        }
    }

    @Test
    void a_batch_too_large_for_the_rest_of_an_answer_counts_as_there() throws IOException {
        int size = append("a", 0, "x".repeat(400));
        append("a", 1, "y".repeat(400));
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxWaitMs = LONG_MS;
            fetches.maxBytes = size + 10;
            fetches.minBytes = size + 10;
            var answer = fetches.fetch(0, NO_SESSION, from(0), from(1));
            assertThat(answer.bytes("a-0")).isEqualTo(size);
            assertThat(answer.bytes("a-1")).isZero();
        }
    }

    @Test
    void the_first_batch_comes_whole_and_only_the_first() throws IOException {
        int size = append("a", 0, "x".repeat(4000));
        append("a", 1, "y".repeat(4000));
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            var answer =
                    fetches.fetch(
                            0,
                            NO_SESSION,
                            new From("a", 2, 0, 1),
                            new From("a", 0, 0, 1),
                            new From("a", 1, 0, 1));
            assertThat(answer.bytes("a-2")).isZero();
            assertThat(answer.bytes("a-0")).isEqualTo(size);
            assertThat(answer.bytes("a-1")).isZero();
        }
    }

    @Test
    void what_is_left_of_an_older_segment_is_answered_at_once() throws IOException {
        broker.broker()
                .topics()
                .create(new NewTopic("rolled", 1, Map.of("segment.bytes", "1048576")));
        append("rolled", 0, "x".repeat(600_000));
        append("rolled", 0, "y".repeat(600_000));
        append("rolled", 0, "z");
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxWaitMs = LONG_MS;
            fetches.minBytes = 1_000_000;
            var answer = fetches.fetch(0, NO_SESSION, new From("rolled", 0, 0));
            assertThat(answer.next("rolled-0", 0)).isEqualTo(1);
        }
    }

    @Test
    void a_fetch_without_a_session_watches_nothing_when_it_is_answered() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxWaitMs = LONG_MS;
            for (int round = 0; round < 3; round++) {
                int waiting =
                        fetches.send(
                                0,
                                NO_SESSION,
                                List.of(new From("a", 0, round), from(1)),
                                List.of());
                append("a", 0, "x");
                assertThat(fetches.receive(waiting).next("a-0", 0)).isEqualTo(round + 1);
            }
            assertThat(broker.broker().partition("a", 0).isWatched()).isFalse();
            assertThat(broker.broker().partition("a", 1).isWatched()).isFalse();
        }
    }

    @Test
    void a_session_watches_what_it_has_read_to_the_end_until_it_is_over() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            int session = fetches.fetch(0, 0, from(0), from(1), from(2)).session();
            for (int index = 0; index < 3; index++) {
                assertThat(broker.broker().partition("a", index).isWatched()).isTrue();
            }
            fetches.forget(session, 1, from(1));
            assertThat(broker.broker().partition("a", 1).isWatched()).isFalse();
            // Told once, and not again before it is asked for.
            append("a", 2, "x");
            assertThat(broker.broker().partition("a", 2).isWatched()).isFalse();
            fetches.fetch(session, NO_SESSION);
            assertThat(broker.broker().partition("a", 0).isWatched()).isFalse();
        }
    }

    @Test
    void a_moved_high_watermark_is_told_to_a_client_that_sees_committed_records_alone()
            throws IOException {
        var partition = broker.broker().partition("a", 0);
        long producer = broker.broker().producerIds().allocate();
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.isolation = 1;
            int session = fetches.fetch(0, 0, from(0)).session();
            partition.append(transactional(producer, "undecided"), AppendOrigin.ENGINE);
            partition.syncNow();
            var moved = fetches.fetch(session, 1);
            assertThat(moved.bytes("a-0")).isZero();
            assertThat(moved.partitions().get("a-0").highWatermark()).isEqualTo(1);
            assertThat(moved.partitions().get("a-0").lastStableOffset()).isZero();
            assertThat(fetches.fetch(session, 2).names()).isEmpty();

            fetches.maxWaitMs = LONG_MS;
            int waiting = fetches.send(session, 3, List.of(), List.of());
            partition.appendMarker(producer, (short) 0, false, 1);
            partition.syncNow();
            var aborted = fetches.receive(waiting).partitions().get("a-0");
            assertThat(aborted.records().sizeInBytes()).isPositive();
            assertThat(aborted.lastStableOffset()).isEqualTo(2);
            assertThat(aborted.abortedTransactions()).hasSize(1);
            assertThat(aborted.abortedTransactions().getFirst().producerId()).isEqualTo(producer);
            assertThat(aborted.abortedTransactions().getFirst().firstOffset()).isZero();

            // Somebody who sees all in the same session is shown all again.
            fetches.maxWaitMs = 0;
            assertThat(fetches.fetch(session, 4, new From("a", 0, 2)).names()).isEmpty();
            fetches.isolation = 0;
            assertThat(fetches.fetch(session, 5).names()).isEmpty();
        }
    }

    @Test
    void a_session_that_begins_to_see_undecided_records_is_shown_them() throws IOException {
        var partition = broker.broker().partition("a", 0);
        partition.append(
                transactional(broker.broker().producerIds().allocate(), "undecided"),
                AppendOrigin.ENGINE);
        partition.syncNow();
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.isolation = 1;
            int session = fetches.fetch(0, 0, from(0)).session();
            assertThat(fetches.fetch(session, 1).names()).isEmpty();
            fetches.isolation = 0;
            assertThat(fetches.fetch(session, 2).bytes("a-0")).isPositive();
        }
    }

    @Test
    void offsets_outside_of_the_log_are_refused_at_once_and_spare_the_others() throws IOException {
        int size = append("a", 0, "x");
        append("a", 1, "x");
        broker.broker().partition("a", 1).deleteRecordsBefore(1);
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxWaitMs = LONG_MS;
            fetches.minBytes = 1_000;
            var answer =
                    fetches.fetch(0, NO_SESSION, from(0), new From("a", 1, 0), new From("a", 2, 1));
            assertThat(answer.bytes("a-0")).isEqualTo(size);
            for (var name : List.of("a-1", "a-2")) {
                var data = answer.partitions().get(name);
                assertThat(data.errorCode()).isEqualTo(Errors.OFFSET_OUT_OF_RANGE.code());
                assertThat(data.highWatermark()).isEqualTo(-1);
                assertThat(data.logStartOffset()).isEqualTo(-1);
            }
        }
    }

    @Test
    void a_leader_epoch_yet_to_come_is_refused_and_the_current_one_is_not() throws IOException {
        assertThat(error(new FetchPartition().setCurrentLeaderEpoch(1)))
                .isEqualTo(Errors.UNKNOWN_LEADER_EPOCH.code());
        assertThat(error(new FetchPartition().setCurrentLeaderEpoch(0))).isZero();
        assertThat(error(new FetchPartition().setCurrentLeaderEpoch(-1))).isZero();
    }

    @Test
    void a_reader_beyond_the_end_of_its_last_epoch_is_told_where_that_ends() throws IOException {
        append("a", 0, "x");
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxWaitMs = LONG_MS;
            var ahead =
                    fetch(fetches, new FetchPartition().setLastFetchedEpoch(0).setFetchOffset(5));
            assertThat(ahead.error("a-0")).isZero();
            var data = ahead.partitions().get("a-0");
            assertThat(data.divergingEpoch().epoch()).isZero();
            assertThat(data.divergingEpoch().endOffset()).isEqualTo(1);
            assertThat(data.highWatermark()).isEqualTo(1);
            var level =
                    fetch(fetches, new FetchPartition().setLastFetchedEpoch(0).setFetchOffset(0));
            assertThat(level.partitions().get("a-0").divergingEpoch().epoch()).isEqualTo(-1);
            assertThat(level.bytes("a-0")).isPositive();
        }
        assertThat(error(new FetchPartition().setLastFetchedEpoch(3)))
                .isEqualTo(Errors.OFFSET_OUT_OF_RANGE.code());
    }

    @Test
    void a_follower_is_refused_since_no_partition_has_any() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            for (int claimed : new int[] {-1, 0}) {
                var partition =
                        new FetchPartition()
                                .setPartitionMaxBytes(1000)
                                .setCurrentLeaderEpoch(claimed);
                var request =
                        new FetchRequestData()
                                .setSessionEpoch(0)
                                .setReplicaState(new ReplicaState().setReplicaId(2))
                                .setTopics(
                                        List.of(
                                                fetches.topic("a")
                                                        .setPartitions(List.of(partition))));
                var answer = fetches.receive(fetches.send(request));
                assertThat(answer.error("a-0"))
                        .isEqualTo(
                                claimed < 0
                                        ? Errors.NOT_LEADER_OR_FOLLOWER.code()
                                        : Errors.UNKNOWN_LEADER_EPOCH.code());
                assertThat(answer.session()).isZero();
                if (claimed < 0) {
                    assertThat(answer.partitions().get("a-0").currentLeader().leaderId())
                            .isEqualTo(Node.ID);
                }
            }
        }
    }

    @Test
    void an_isolation_level_that_does_not_exist_is_refused() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.isolation = 7;
            assertThat(fetches.fetch(0, 0, from(0)).error())
                    .isEqualTo(Errors.INVALID_REQUEST.code());
            fetches.isolation = 1;
            assertThat(fetches.fetch(0, 0, from(0)).error()).isZero();
        }
    }

    @Test
    void partitions_and_sizes_that_make_no_sense_harm_nobody() throws IOException {
        append("a", 0, "x");
        try (var fetches = new Fetches(broker, Fetches.BY_NAME)) {
            fetches.maxBytes = Integer.MIN_VALUE;
            fetches.minBytes = Integer.MIN_VALUE;
            fetches.maxWaitMs = Integer.MIN_VALUE;
            var answer =
                    fetches.fetch(
                            0,
                            0,
                            new From("a", Integer.MAX_VALUE, 0),
                            new From("a", Integer.MIN_VALUE, 0),
                            new From("a", 0, Long.MIN_VALUE),
                            new From("a", 1, Long.MAX_VALUE),
                            new From("a", 2, 0, Integer.MIN_VALUE),
                            new From("", 0, 0));
            int unknown = Errors.UNKNOWN_TOPIC_OR_PARTITION.code();
            assertThat(answer.error("a-" + Integer.MAX_VALUE)).isEqualTo(unknown);
            assertThat(answer.error("a-" + Integer.MIN_VALUE)).isEqualTo(unknown);
            assertThat(answer.error("-0")).isEqualTo(unknown);
            assertThat(answer.error("a-0")).isEqualTo(Errors.OFFSET_OUT_OF_RANGE.code());
            assertThat(answer.error("a-1")).isEqualTo(Errors.OFFSET_OUT_OF_RANGE.code());
            assertThat(answer.error("a-2")).isZero();
            // Named twice is asked for once, as it was named last.
            fetches.maxBytes = 1 << 20;
            var twice = fetches.fetch(0, 0, new From("a", 0, 1), new From("a", 0, 0));
            assertThat(twice.bytes("a-0")).isPositive();
            assertThat(twice.names()).containsExactly("a-0");
        }
    }

    private short error(FetchPartition partition) throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            return (short) fetch(fetches, partition).error("a-0");
        }
    }

    private static Fetches.Answer fetch(Fetches fetches, FetchPartition partition)
            throws IOException {
        var topic = fetches.topic("a").setPartitions(List.of(partition.setPartitionMaxBytes(1000)));
        return fetches.receive(
                fetches.send(
                        new FetchRequestData()
                                .setSessionEpoch(NO_SESSION)
                                .setTopics(List.of(topic))));
    }

    private int append(String topic, int index, String value) {
        var partition = broker.broker().partition(topic, index);
        var batch = TestBroker.bytes(value);
        int size = batch.remaining();
        partition.append(batch, AppendOrigin.CLIENT);
        partition.syncNow();
        return size;
    }

    private static ByteBuffer transactional(long producer, String value) {
        return MemoryRecords.withTransactionalRecords(
                        Compression.NONE,
                        producer,
                        (short) 0,
                        0,
                        new SimpleRecord(value.getBytes(StandardCharsets.UTF_8)))
                .buffer();
    }

    private static From from(int index) {
        return new From("a", index, 0);
    }
}
