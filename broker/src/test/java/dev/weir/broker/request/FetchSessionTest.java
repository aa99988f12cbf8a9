package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.ClientsConfig;
import dev.weir.broker.TestBroker;
import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.quota.QuotasConfig;
import dev.weir.broker.request.Fetches.From;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.TopicNames;

import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaAlteration.Op;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// The rules of fetch sessions (KIP-227), request by request.
class FetchSessionTest {
    /// Longer than the client waits, so that only a change answers.
    private static final int LONG_MS = 60_000;

    @TempDir Path directory;
    private TestBroker broker;

    @BeforeEach
    void start() {
        broker = new TestBroker(directory);
        broker.broker().topics().create(new NewTopic("a", 3, Map.of()));
        broker.broker().topics().create(new NewTopic("b", 2, Map.of()));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {7, Fetches.BY_NAME, 13, Fetches.BY_ID})
    void a_full_fetch_begins_a_session_and_later_ones_name_and_return_only_what_is_new(int version)
            throws IOException {
        append("a", 1, "x");
        try (var fetches = new Fetches(broker, version)) {
            var full = fetches.fetch(0, 0, from("a", 0), from("a", 1), from("b", 0));
            assertThat(full.error()).isZero();
            assertThat(full.session()).isPositive();
            assertThat(full.names()).containsExactly("a-0", "a-1", "b-0");
            assertThat(full.bytes("a-1")).isPositive();

            // What was not read on from is returned again, the rest is left out.
            var again = fetches.fetch(full.session(), 1);
            assertThat(again.error()).isZero();
            assertThat(again.session()).isEqualTo(full.session());
            assertThat(again.names()).containsExactly("a-1");

            var nothing = fetches.fetch(full.session(), 2, new From("a", 1, 1));
            assertThat(nothing.session()).isEqualTo(full.session());
            assertThat(nothing.names()).isEmpty();

            append("b", 0, "y");
            var news = fetches.fetch(full.session(), 3);
            assertThat(news.names()).containsExactly("b-0");
            assertThat(news.bytes("b-0")).isPositive();

            var added = fetches.fetch(full.session(), 4, new From("b", 0, 1), from("b", 1));
            assertThat(added.names()).containsExactly("b-1");
            assertThat(gauge("weir_broker_fetch_session_partitions")).isEqualTo(4);
        }
    }

    @Test
    void a_waiting_fetch_is_answered_by_a_change_of_any_partition_of_its_session()
            throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            int session = fetches.fetch(0, 0, from("a", 0), from("b", 0)).session();
            fetches.maxWaitMs = LONG_MS;
            int waiting = fetches.send(session, 1, List.of(), List.of());
            append("b", 0, "x");
            assertThat(fetches.receive(waiting).names()).containsExactly("b-0");
            waiting = fetches.send(session, 2, List.of(new From("b", 0, 1)), List.of());
            append("a", 0, "y");
            assertThat(fetches.receive(waiting).names()).containsExactly("a-0");
        }
    }

    @Test
    void partitions_that_returned_records_go_to_the_end_of_the_queue() throws IOException {
        for (int index = 0; index < 3; index++) {
            append("a", index, "one");
            append("a", index, "two");
        }
        append("a", 0, "three");
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.maxBytes = 1; // one whole batch of one partition
            var full = fetches.fetch(0, 0, from("a", 0), from("a", 1), from("a", 2));
            assertThat(full.bytes("a-0")).isPositive();
            assertThat(full.bytes("a-1")).isZero();
            assertThat(full.bytes("a-2")).isZero();
            int session = full.session();
            // A full fetch is served in the client's order, which is where the session begins.
            assertThat(fetches.fetch(session, 1, new From("a", 0, 1)).names())
                    .containsExactly("a-0");
            assertThat(fetches.fetch(session, 2, new From("a", 0, 2)).names())
                    .containsExactly("a-1");
            assertThat(fetches.fetch(session, 3, new From("a", 1, 1)).names())
                    .containsExactly("a-2");
            assertThat(fetches.fetch(session, 4, new From("a", 2, 1)).names())
                    .containsExactly("a-0");
            assertThat(fetches.fetch(session, 5, new From("a", 0, 3)).names())
                    .containsExactly("a-1");
        }
    }

    @Test
    void a_move_of_the_log_start_alone_is_news() throws IOException {
        append("a", 0, "x");
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            var full = fetches.fetch(0, 0, new From("a", 0, 1));
            assertThat(full.bytes("a-0")).isZero();
            broker.broker().partition("a", 0).deleteRecordsBefore(1);
            var news = fetches.fetch(full.session(), 1);
            assertThat(news.names()).containsExactly("a-0");
            assertThat(news.partitions().get("a-0").logStartOffset()).isEqualTo(1);
            assertThat(fetches.fetch(full.session(), 2).names()).isEmpty();
        }
    }

    @Test
    void sessions_that_are_not_there_and_epochs_out_of_order_are_refused() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            int session = fetches.fetch(0, 0, from("a", 0)).session();
            for (int id : new int[] {0, -1, session == 5 ? 6 : 5}) {
                var unknown = fetches.fetch(id, 1);
                assertThat(unknown.error()).isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND.code());
                assertThat(unknown.session()).isZero();
            }
            for (int epoch : new int[] {2, 7, -2, Integer.MAX_VALUE}) {
                var early = fetches.fetch(session, epoch);
                assertThat(early.error()).isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH.code());
                assertThat(early.session()).isZero();
            }
            // None of them did any harm.
            assertThat(fetches.fetch(session, 1).error()).isZero();
            assertThat(fetches.fetch(session, 1).error())
                    .isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH.code());
            assertThat(fetches.fetch(session, 2).error()).isZero();
        }
    }

    @Test
    void names_too_long_for_a_topic_are_answered_without_a_session() throws IOException {
        var longest = "n".repeat(TopicNames.MAX_LENGTH);
        var tooLong = "n".repeat(TopicNames.MAX_LENGTH + 1);
        int unknown = Errors.UNKNOWN_TOPIC_OR_PARTITION.code();
        try (var fetches = new Fetches(broker, Fetches.BY_NAME)) {
            var refused = fetches.fetch(0, 0, from("a", 0), from(tooLong, 0));
            assertThat(refused.error()).isZero();
            assertThat(refused.session()).isZero();
            assertThat(refused.error(tooLong + "-0")).isEqualTo(unknown);
            assertThat(refused.error("a-0")).isZero();
            assertThat(gauge("weir_broker_fetch_sessions")).isZero();

            int session = fetches.fetch(0, 0, from("a", 0), from(longest, 0)).session();
            assertThat(session).isPositive();
            assertThat(fetches.fetch(session, 1, from(tooLong, 0)).error())
                    .isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND.code());
            assertThat(gauge("weir_broker_fetch_sessions")).isZero();
            assertThat(broker.broker().partition("a", 0).isWatched()).isFalse();
        }
    }

    @Test
    void a_request_of_the_last_epoch_ends_its_session() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            int session = fetches.fetch(0, 0, from("a", 0)).session();
            assertThat(gauge("weir_broker_fetch_sessions")).isEqualTo(1);
            var last = fetches.fetch(session, -1, from("a", 0));
            assertThat(last.error()).isZero();
            assertThat(last.session()).isZero();
            assertThat(last.names()).containsExactly("a-0");
            assertThat(gauge("weir_broker_fetch_sessions")).isZero();
            assertThat(gauge("weir_broker_fetch_session_partitions")).isZero();
            assertThat(fetches.fetch(session, 1).error())
                    .isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND.code());
        }
    }

    @Test
    void a_full_fetch_that_names_a_session_begins_another_in_its_place() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            int first = fetches.fetch(0, 0, from("a", 0)).session();
            int second = fetches.fetch(first, 0, from("b", 0)).session();
            assertThat(second).isPositive().isNotEqualTo(first);
            assertThat(gauge("weir_broker_fetch_sessions")).isEqualTo(1);
            assertThat(fetches.fetch(first, 1).error())
                    .isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND.code());
            assertThat(fetches.fetch(second, 1).error()).isZero();
        }
    }

    @Test
    void a_session_speaks_of_topics_by_name_or_by_id_to_its_end() throws IOException {
        try (var byName = new Fetches(broker, Fetches.BY_NAME);
                var byId = new Fetches(broker, Fetches.BY_ID)) {
            int named = byName.fetch(0, 0, from("a", 0)).session();
            int numbered = byId.fetch(0, 0, from("a", 0)).session();
            int mixed = Errors.FETCH_SESSION_TOPIC_ID_ERROR.code();
            assertThat(byId.fetch(named, 1).error()).isEqualTo(mixed);
            assertThat(byName.fetch(numbered, 1).error()).isEqualTo(mixed);
            assertThat(byName.fetch(named, 1).error()).isZero();
            assertThat(byId.fetch(numbered, 1).error()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Fetches.BY_NAME, Fetches.BY_ID})
    void forgotten_partitions_are_heard_of_no_more_and_the_last_one_ends_the_session(int version)
            throws IOException {
        try (var fetches = new Fetches(broker, version)) {
            int session = fetches.fetch(0, 0, from("a", 0), from("a", 1)).session();
            append("a", 0, "x");
            append("a", 1, "y");
            var rest = fetches.forget(session, 1, from("a", 0), from("b", 1));
            assertThat(rest.names()).containsExactly("a-1");
            // Asked for and forgotten at once is forgotten.
            int both = fetches.send(session, 2, List.of(from("a", 0)), List.of(from("a", 0)));
            assertThat(fetches.receive(both).names()).containsExactly("a-1");

            var nothing = fetches.forget(session, 3, from("a", 1));
            assertThat(nothing.error()).isZero();
            assertThat(nothing.session()).isZero();
            assertThat(nothing.names()).isEmpty();
            assertThat(gauge("weir_broker_fetch_sessions")).isZero();
        }
    }

    @Test
    void a_session_outlives_its_connection() throws IOException {
        int session;
        try (var first = new Fetches(broker, Fetches.BY_ID)) {
            session = first.fetch(0, 0, from("a", 0), from("b", 0)).session();
        }
        append("b", 0, "x");
        try (var second = new Fetches(broker, Fetches.BY_ID)) {
            second.know("a", id("a"));
            second.know("b", id("b"));
            assertThat(second.fetch(session, 1).names()).containsExactly("b-0");
        }
    }

    @Test
    void a_fetch_that_waits_is_refused_when_the_session_goes_on_elsewhere() throws IOException {
        try (var first = new Fetches(broker, Fetches.BY_ID);
                var second = new Fetches(broker, Fetches.BY_ID)) {
            int session = first.fetch(0, 0, from("a", 0)).session();
            first.maxWaitMs = LONG_MS;
            int waiting = first.send(session, 1, List.of(), List.of());
            // It is taken in when its epoch is over.
            Fetches.Answer other = second.fetch(session, 2);
            while (other.error() != 0) {
                other = second.fetch(session, 2);
            }
            var refused = first.receive(waiting);
            assertThat(refused.error()).isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH.code());
            assertThat(refused.session()).isEqualTo(session);
            assertThat(refused.names()).isEmpty();
        }
    }

    @Test
    void requests_of_a_session_sent_one_behind_the_other_are_served_in_order() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            int session = fetches.fetch(0, 0, from("a", 0), from("a", 1)).session();
            fetches.maxWaitMs = LONG_MS;
            int first = fetches.send(session, 1, List.of(), List.of());
            int second = fetches.send(session, 2, List.of(new From("a", 0, 1)), List.of());
            append("a", 0, "x");
            assertThat(fetches.receive(first).names()).containsExactly("a-0");
            append("a", 1, "y");
            assertThat(fetches.receive(second).names()).containsExactly("a-1");
        }
    }

    @Test
    void a_partition_with_an_error_is_named_each_time_until_it_is_there() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_NAME)) {
            var full = fetches.fetch(0, 0, from("late", 0), from("a", 0), from("a", 99));
            int session = full.session();
            int unknown = Errors.UNKNOWN_TOPIC_OR_PARTITION.code();
            // As in Kafka, what is not there comes last.
            assertThat(full.names()).containsExactly("a-0", "late-0", "a-99");
            assertThat(full.error("late-0")).isEqualTo(unknown);
            assertThat(full.error("a-99")).isEqualTo(unknown);
            assertThat(fetches.fetch(session, 1).names()).containsExactly("late-0", "a-99");

            broker.broker().topics().create(new NewTopic("late"));
            var there = fetches.fetch(session, 2);
            assertThat(there.names()).containsExactly("late-0", "a-99");
            assertThat(there.error("late-0")).isZero();
            assertThat(fetches.fetch(session, 3).names()).containsExactly("a-99");
        }
    }

    @Test
    void a_topic_nobody_knows_does_not_keep_a_fetch_of_others_from_waiting() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            fetches.know("nobody", Uuid.randomUuid());
            fetches.maxWaitMs = LONG_MS;
            int waiting = fetches.send(0, 0, List.of(from("nobody", 0), from("a", 0)), List.of());
            append("a", 0, "x");
            var answer = fetches.receive(waiting);
            assertThat(answer.error("nobody-0")).isEqualTo(Errors.UNKNOWN_TOPIC_ID.code());
            assertThat(answer.bytes("a-0")).isPositive();
            // With nothing else to wait for there is no reason to wait.
            var alone = fetches.fetch(0, 0, from("nobody", 0));
            assertThat(alone.error("nobody-0")).isEqualTo(Errors.UNKNOWN_TOPIC_ID.code());
        }
    }

    @Test
    void a_session_by_id_tells_a_deleted_topic_from_another_of_its_name() throws IOException {
        try (var fetches = new Fetches(broker, Fetches.BY_ID)) {
            // Of one partition: should the topic be gone before the next request is read, that is
            // answered at once; beside others it would wait for them.
            int session = fetches.fetch(0, 0, from("a", 0)).session();
            fetches.maxWaitMs = LONG_MS;
            int waiting = fetches.send(session, 1, List.of(from("b", 1)), List.of());
            while (!broker.broker().partition("b", 1).isWatched()) {
                Thread.onSpinWait(); // what is gone before is no reason to answer
            }
            broker.broker().topics().delete("a");
            var gone = fetches.receive(waiting);
            assertThat(gone.names()).containsExactly("b-1", "a-0");
            assertThat(gone.error("a-0")).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());

            fetches.maxWaitMs = 0;
            broker.broker().topics().create(new NewTopic("a", 1, Map.of()));
            var other = fetches.fetch(session, 2);
            assertThat(other.error("a-0")).isEqualTo(Errors.INCONSISTENT_TOPIC_ID.code());
            assertThat(fetches.fetch(0, 0, from("a", 0)).error("a-0"))
                    .isEqualTo(Errors.UNKNOWN_TOPIC_ID.code());
        }
    }

    @Test
    void a_session_by_name_goes_on_with_another_topic_of_the_name() throws IOException {
        append("a", 0, "old");
        try (var fetches = new Fetches(broker, Fetches.BY_NAME)) {
            int session = fetches.fetch(0, 0, new From("a", 0, 1)).session();
            broker.broker().topics().delete("a");
            assertThat(fetches.fetch(session, 1).error("a-0"))
                    .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
            broker.broker().topics().create(new NewTopic("a", 1, Map.of()));
            assertThat(fetches.fetch(session, 2).error("a-0"))
                    .isEqualTo(Errors.OFFSET_OUT_OF_RANGE.code());
            append("a", 0, "new");
            assertThat(fetches.fetch(session, 3, from("a", 0)).bytes("a-0")).isPositive();
        }
    }

    @Test
    void a_throttled_answer_keeps_records_back_but_no_news() throws Exception {
        broker.close();
        broker =
                new TestBroker(
                        BrokerConfig.defaults(directory)
                                .withClients(
                                        ClientsConfig.DEFAULT.withQuotas(
                                                new QuotasConfig(2, 1, 2, 1))));
        try (var admin = broker.admin();
                var fetches = new Fetches(broker, Fetches.BY_ID)) {
            var raw = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "raw"));
            admin.alterClientQuotas(
                            List.of(
                                    new ClientQuotaAlteration(
                                            raw, List.of(new Op("consumer_byte_rate", 2000.0)))))
                    .all()
                    .get();
            append("a", 0, "x".repeat(3000));
            append("a", 1, "y");
            var full = fetches.fetch(0, 0, from("a", 0), new From("a", 1, 1), from("b", 0));
            assertThat(full.bytes("a-0")).isPositive(); // nothing was used before
            append("b", 0, "z".repeat(3000));
            broker.broker().partition("a", 1).deleteRecordsBefore(1);
            var throttled = fetches.fetch(full.session(), 1, new From("a", 0, 1));
            assertThat(throttled.throttleMs()).isPositive();
            assertThat(throttled.session()).isEqualTo(full.session());
            assertThat(throttled.names()).containsExactlyInAnyOrder("a-1", "b-0");
            assertThat(throttled.partitions().get("a-1").logStartOffset()).isEqualTo(1);
            assertThat(throttled.bytes("b-0")).isZero();

            int epoch = 2;
            var later = fetches.fetch(full.session(), epoch);
            while (later.bytes("b-0") == 0) {
                assertThat(later.throttleMs()).isPositive();
                later = fetches.fetch(full.session(), ++epoch);
            }
            assertThat(later.next("b-0", 0)).isEqualTo(1);
        }
    }

    @Test
    void a_java_consumer_of_500_partitions_names_them_once() throws Exception {
        broker.broker().topics().create(new NewTopic("wide", 500, Map.of()));
        var all = IntStream.range(0, 500).mapToObj(i -> new TopicPartition("wide", i)).toList();
        try (var consumer = broker.consumer("fetch.max.wait.ms", "50");
                var producer = broker.producer(Map.of())) {
            consumer.assign(all);
            consumer.seekToBeginning(all);
            var seen = new HashSet<String>();
            for (int round = 0; round < 40; round++) {
                for (int i = 0; i < 5; i++) {
                    int partition = (round * 5 + i) * 7 % 500;
                    var _ =
                            producer.send(
                                    new ProducerRecord<>("wide", partition, null, partition + "!"));
                }
                producer.flush();
                while (seen.size() < (round + 1) * 5) {
                    for (var each : consumer.poll(Duration.ofSeconds(5))) {
                        assertThat(each.value()).isEqualTo(each.partition() + "!");
                        assertThat(seen.add(each.value())).as("%s once", each).isTrue();
                    }
                }
            }
            assertThat(gauge("weir_broker_fetch_sessions")).isEqualTo(1);
            assertThat(gauge("weir_broker_fetch_session_partitions")).isBetween(490.0, 500.0);
            double incremental = gauge("weir_broker_incremental_fetches_total");
            double fetches = fetchRequests();
            assertThat(incremental).isGreaterThanOrEqualTo(40);
            assertThat(fetches - incremental).as("full fetches").isBetween(1.0, 3.0);
        }
    }

    private double fetchRequests() {
        return broker.broker().metrics().requests().api(ApiKeys.FETCH).requests.sum();
    }

    private Uuid id(String topic) {
        var id = broker.broker().topics().get(topic).id();
        return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
    }

    private void append(String topic, int index, String... values) {
        var partition = broker.broker().partition(topic, index);
        partition.append(TestBroker.bytes(values), AppendOrigin.CLIENT);
        partition.syncNow();
    }

    private double gauge(String name) {
        var found = new double[1];
        broker.broker()
                .metrics()
                .report(
                        new MetricVisitor() {
                            private String begun;

                            @Override
                            public void metric(Metric metric) {
                                begun = metric.name();
                            }

                            @Override
                            public void sample(String suffix, String labels, double value) {
                                if (begun.equals(name)) {
                                    found[0] = value;
                                }
                            }
                        });
        return found[0];
    }

    private static From from(String topic, int index) {
        return new From(topic, index, 0);
    }
}
