package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.TestBroker;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;

/// Transactions as Apache Kafka's own clients make and read them.
@Timeout(120)
class TransactionsTest {
    private static final String[] COMMITTED = {"isolation.level", "read_committed"};

    @TempDir Path directory;
    private TestBroker broker;

    @BeforeEach
    void start() {
        broker =
                new TestBroker(
                        BrokerConfig.defaults(directory)
                                .withTransactions(
                                        TransactionsConfig.DEFAULT.withIntervals(100, 100)));
        broker.broker().topics().create(new NewTopic("a", 3, Map.of()));
        broker.broker().topics().create(new NewTopic("b", 1, Map.of()));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private KafkaProducer<String, String> producer(String id, String... more) {
        var settings = new java.util.HashMap<String, String>();
        settings.put("transactional.id", id);
        for (int i = 0; i < more.length; i += 2) {
            settings.put(more[i], more[i + 1]);
        }
        return broker.producer(settings);
    }

    private List<String> committed(String topic, int partitions) {
        return broker.readAll(topic, partitions, COMMITTED).stream()
                .map(ConsumerRecord::value)
                .toList();
    }

    private List<String> all(String topic, int partitions) {
        return broker.readAll(topic, partitions).stream().map(ConsumerRecord::value).toList();
    }

    private static void send(KafkaProducer<String, String> to, String topic, String... values) {
        for (var value : values) {
            var _ = to.send(new ProducerRecord<>(topic, value, value));
        }
        to.flush();
    }

    @Test
    void what_is_committed_is_seen_and_what_is_aborted_is_not() {
        try (var producer = producer("t")) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "a", "one", "two", "three", "four");
            send(producer, "b", "five");
            assertThat(committed("a", 3)).isEmpty();
            producer.commitTransaction();
            assertThat(committed("a", 3)).containsExactlyInAnyOrder("one", "two", "three", "four");
            assertThat(committed("b", 1)).containsExactly("five");

            producer.beginTransaction();
            send(producer, "a", "lost");
            send(producer, "b", "lost too");
            producer.abortTransaction();
            producer.beginTransaction();
            send(producer, "b", "six");
            producer.commitTransaction();
        }
        assertThat(committed("a", 3)).containsExactlyInAnyOrder("one", "two", "three", "four");
        assertThat(committed("b", 1)).containsExactly("five", "six");
        assertThat(all("b", 1)).containsExactly("five", "lost too", "six");
    }

    /// Flushes before each end, because Kafka's client may send EndTxn before records given to it a
    /// moment earlier: its sender looks whether there are any (`hasIncomplete`) before it takes the
    /// request, and not under the lock under which the end is asked for.
    @Test
    void many_small_transactions_follow_each_other() {
        try (var producer = producer("t")) {
            producer.initTransactions();
            for (int i = 0; i < 200; i++) {
                producer.beginTransaction();
                var _ = producer.send(new ProducerRecord<>("a", i % 3, "k", Integer.toString(i)));
                var _ = producer.send(new ProducerRecord<>("b", "k", Integer.toString(i)));
                producer.flush();
                if (i % 5 == 0) {
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
        assertThat(committed("a", 3)).hasSize(160).doesNotHaveDuplicates();
        assertThat(committed("b", 1)).hasSize(160).doesNotHaveDuplicates();
    }

    @Test
    void a_second_owner_shuts_out_the_first_and_aborts_what_it_left() {
        try (var first = producer("t");
                var second = producer("t")) {
            first.initTransactions();
            first.beginTransaction();
            send(first, "a", "zombie");
            second.initTransactions();
            assertThatThrownBy(first::commitTransaction)
                    .isInstanceOfAny(
                            ProducerFencedException.class, InvalidProducerEpochException.class);
            second.beginTransaction();
            send(second, "a", "alive");
            second.commitTransaction();
        }
        assertThat(committed("a", 3)).containsExactly("alive");
    }

    @Test
    void a_fenced_producer_cannot_begin_another_transaction() {
        try (var first = producer("t");
                var second = producer("t")) {
            first.initTransactions();
            second.initTransactions();
            first.beginTransaction();
            var sent = first.send(new ProducerRecord<>("a", "k", "zombie"));
            assertThatThrownBy(sent::get).hasCauseInstanceOf(InvalidProducerEpochException.class);
        }
        assertThat(all("a", 3)).isEmpty();
    }

    @Test
    void a_transaction_that_takes_too_long_is_aborted() throws Exception {
        try (var producer = producer("t", "transaction.timeout.ms", "300");
                var admin = broker.admin()) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "a", "slow");
            await(() ->
                    admin.describeTransactions(List.of("t")).description("t").get().state()
                            == TransactionState.COMPLETE_ABORT);
            assertThatThrownBy(producer::commitTransaction).isInstanceOf(KafkaException.class);
        }
        try (var next = producer("t")) {
            next.initTransactions();
            next.beginTransaction();
            send(next, "a", "quick");
            next.commitTransaction();
        }
        assertThat(committed("a", 3)).containsExactly("quick");
    }

    @Test
    void offsets_are_committed_with_the_records_made_from_them() {
        try (var source = broker.producer(Map.of())) {
            send(source, "b", "1", "2", "3");
        }
        var at = new TopicPartition("b", 0);
        try (var consumer = broker.consumer("group.id", "g", "enable.auto.commit", "false");
                var producer = producer("t")) {
            producer.initTransactions();
            consumer.subscribe(List.of("b"));
            while (consumer.poll(Duration.ofMillis(200)).isEmpty()) {
                // until the group has its partitions
            }
            producer.beginTransaction();
            send(producer, "a", "made of 1 and 2");
            producer.sendOffsetsToTransaction(
                    Map.of(at, new OffsetAndMetadata(2)), consumer.groupMetadata());
            producer.abortTransaction();
            assertThat(consumer.committed(Set.of(at)).get(at)).isNull();

            producer.beginTransaction();
            send(producer, "a", "made of all");
            producer.sendOffsetsToTransaction(
                    Map.of(at, new OffsetAndMetadata(3)), consumer.groupMetadata());
            producer.commitTransaction();
            assertThat(consumer.committed(Set.of(at)).get(at).offset()).isEqualTo(3);
        }
        assertThat(committed("a", 3)).containsExactly("made of all");
    }

    @Test
    void offsets_of_an_open_transaction_wait_for_its_end() throws Exception {
        var at = new TopicPartition("b", 0);
        try (var producer = producer("t");
                var consumer = broker.consumer("group.id", "g");
                var admin = broker.admin()) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(
                    Map.of(at, new OffsetAndMetadata(7)), consumer.groupMetadata());
            // The client leaves out what the server calls UNSTABLE_OFFSET_COMMIT.
            assertThat(stable(admin, at)).isNull();
            producer.commitTransaction();
            assertThat(stable(admin, at).offset()).isEqualTo(7);
        }
    }

    private static OffsetAndMetadata stable(Admin admin, TopicPartition at) throws Exception {
        return admin.listConsumerGroupOffsets(
                        Map.of(
                                "g",
                                new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(at))),
                        new ListConsumerGroupOffsetsOptions().requireStable(true))
                .partitionsToOffsetAndMetadata()
                .get()
                .get(at);
    }

    @Test
    void an_open_transaction_outlives_a_restart_and_is_then_ended() {
        var lost = producer("t");
        lost.initTransactions();
        lost.beginTransaction();
        send(lost, "a", "left open");
        lost.close(Duration.ZERO);
        broker.restart();
        assertThat(committed("a", 3)).isEmpty();
        try (var next = producer("t")) {
            next.initTransactions();
            next.beginTransaction();
            send(next, "a", "next");
            next.commitTransaction();
        }
        assertThat(committed("a", 3)).containsExactly("next");
        assertThat(all("a", 3)).containsExactlyInAnyOrder("left open", "next");
    }

    @Test
    void a_timeout_beyond_the_limit_is_refused() {
        try (var producer = producer("t", "transaction.timeout.ms", "900001")) {
            assertThatThrownBy(producer::initTransactions)
                    .hasMessageContaining("transaction.max.timeout.ms");
        }
    }

    @Test
    void a_filter_by_duration_counts_from_the_start_of_a_transaction_that_has_ended_too()
            throws Exception {
        try (var producer = producer("t");
                var admin = broker.admin()) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "b", "x");
            long begunMs =
                    admin.describeTransactions(List.of("t"))
                            .description("t")
                            .get()
                            .transactionStartTimeMs()
                            .orElseThrow();
            producer.commitTransaction();

            assertThat(idsOpenedBefore(0, admin)).containsExactly("t");
            assertThat(idsOpenedBefore(3_600_000, admin)).isEmpty();
            assertThat(
                            admin.describeTransactions(List.of("t"))
                                    .description("t")
                                    .get()
                                    .transactionStartTimeMs())
                    .hasValue(begunMs);
        }
    }

    private static List<String> idsOpenedBefore(long durationMs, Admin admin) throws Exception {
        return admin
                .listTransactions(new ListTransactionsOptions().filterOnDuration(durationMs))
                .all()
                .get()
                .stream()
                .map(TransactionListing::transactionalId)
                .toList();
    }

    @Test
    void transactions_are_listed_and_described_and_producers_too() throws Exception {
        try (var producer = producer("t");
                var admin = broker.admin()) {
            assertThat(admin.listTransactions().all().get()).isEmpty();
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "b", "x");
            var listed = admin.listTransactions().all().get();
            assertThat(listed)
                    .singleElement()
                    .satisfies(one -> {
                        assertThat(one.transactionalId()).isEqualTo("t");
                        assertThat(one.state()).isEqualTo(TransactionState.ONGOING);
                    });
            assertThat(
                            admin.listTransactions(
                                            new ListTransactionsOptions()
                                                    .filterStates(Set.of(TransactionState.EMPTY)))
                                    .all()
                                    .get())
                    .isEmpty();
            var described = admin.describeTransactions(List.of("t")).description("t").get();
            assertThat(described.topicPartitions()).containsExactly(new TopicPartition("b", 0));
            var at = new TopicPartition("b", 0);
            var state =
                    admin.describeProducers(List.of(at))
                            .partitionResult(at)
                            .get()
                            .activeProducers();
            assertThat(state)
                    .singleElement()
                    .satisfies(one -> {
                        assertThat(one.producerId()).isEqualTo(described.producerId());
                        assertThat(one.currentTransactionStartOffset()).hasValue(0);
                    });
            assertThatThrownBy(() ->
                            admin.describeTransactions(List.of("nobody"))
                                    .description("nobody")
                                    .get())
                    .isInstanceOf(ExecutionException.class);
            producer.commitTransaction();
        }
    }

    @Test
    void an_operator_can_end_a_transaction_in_a_partition() throws Exception {
        try (var producer = producer("t");
                var admin = broker.admin()) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "b", "hanging");
            var at = new TopicPartition("b", 0);
            var one =
                    admin.describeProducers(List.of(at))
                            .partitionResult(at)
                            .get()
                            .activeProducers()
                            .getFirst();
            admin.abortTransaction(
                            new AbortTransactionSpec(
                                    at,
                                    one.producerId(),
                                    (short) one.producerEpoch(),
                                    one.coordinatorEpoch().orElse(0)))
                    .all()
                    .get();
            assertThat(broker.broker().partition("b", 0).lastStableOffset()).isEqualTo(2);
        }
    }

    @Test
    void idle_transactional_ids_are_forgotten() throws Exception {
        broker.close();
        broker =
                new TestBroker(
                        BrokerConfig.defaults(directory)
                                .withTransactions(
                                        TransactionsConfig.DEFAULT
                                                .withIntervals(100, 100)
                                                .withIdExpirationMs(200)));
        try (var producer = producer("t");
                var admin = broker.admin()) {
            producer.initTransactions();
            await(() -> admin.listTransactions().all().get().isEmpty());
        }
    }

    @Test
    void records_outside_of_a_transaction_go_on_beside_one() {
        try (var producer = producer("t");
                var plain = broker.producer(Map.of())) {
            producer.initTransactions();
            producer.beginTransaction();
            send(producer, "b", "open");
            send(plain, "b", "plain");
            assertThat(committed("b", 1)).isEmpty();
            producer.commitTransaction();
        }
        assertThat(committed("b", 1)).containsExactly("open", "plain");
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private static void await(Condition condition) throws Exception {
        while (!condition.holds()) {
            Thread.onSpinWait();
        }
    }
}
