package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.group.Groups;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.txn.WireProducer.Call;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Markers that come as requests, as from a coordinator on another broker or from an operator, held
/// against what the partitions know of producer and coordinator.
@Timeout(60)
class WireMarkersTest {
    private static final TopicPartition AT = new TopicPartition("t", 0);
    private static final int LATEST = 2;
    private static final int BUMPING = 2;

    @TempDir Path directory;
    private TestBroker broker;
    private RawClient client;
    private ProducerIdentity producer;

    @BeforeEach
    void start() throws IOException {
        broker = new TestBroker(directory);
        broker.broker().topics().create(new NewTopic("t", 1, Map.of()));
        client = broker.raw();
        producer =
                call(WireProducer.init(5, "id", 60_000, ProducerIdentity.NONE), Errors.NONE)
                        .producer();
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    private WireProducer.Answer call(Call call, Errors expected) throws IOException {
        var answer = call.on(client);
        assertThat(answer.error()).isEqualTo(expected);
        return answer;
    }

    private void write(int sequence, String value) throws IOException {
        call(WireProducer.produce(12, "id", producer, AT, sequence, value), Errors.NONE);
    }

    private ProducerIdentity after(int epochs) {
        return new ProducerIdentity(producer.producerId(), (short) (producer.epoch() + epochs));
    }

    private void commit() throws IOException {
        producer = call(WireProducer.end(5, "id", producer, true), Errors.NONE).producer();
    }

    private Partition partition() {
        return broker.broker().partition(AT.topic(), AT.partition());
    }

    private List<String> committed() {
        return broker.readAll("t", 1, "isolation.level", "read_committed").stream()
                .map(ConsumerRecord::value)
                .toList();
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "2, 0", "2, 1", "2, 2"})
    void a_marker_of_an_older_coordinator_is_refused(int version, int transactionVersion)
            throws IOException {
        write(0, "a");
        call(WireProducer.mark(version, after(1), AT, false, 9, transactionVersion), Errors.NONE);
        assertThat(partition().openTransactions()).isEmpty();
        var older = WireProducer.mark(version, after(2), AT, false, 8, transactionVersion);
        call(older, Errors.TRANSACTION_COORDINATOR_FENCED);

        client.close();
        broker.restart();
        client = broker.raw();
        call(older, Errors.TRANSACTION_COORDINATOR_FENCED);
        call(WireProducer.mark(version, after(2), AT, false, 9, transactionVersion), Errors.NONE);
    }

    @Test
    void a_marker_in_the_offsets_of_groups_is_held_against_its_coordinator_too()
            throws IOException {
        call(WireProducer.addOffsets(4, "id", producer, "g"), Errors.NONE);
        var at = new TopicPartition(Groups.TOPIC, 0);
        call(WireProducer.mark(LATEST, after(1), at, false, 9, BUMPING), Errors.NONE);
        call(
                WireProducer.mark(LATEST, after(2), at, false, 8, BUMPING),
                Errors.TRANSACTION_COORDINATOR_FENCED);
        call(
                WireProducer.mark(LATEST, producer, at, false, 9, BUMPING),
                Errors.INVALID_PRODUCER_EPOCH);
    }

    /// Before transaction version 2 a marker has the epoch of what it ends, since then a later one.
    @Test
    void a_marker_of_an_epoch_that_does_not_end_the_transaction_is_refused() throws IOException {
        write(0, "a");
        commit();
        write(0, "b");
        for (int epoch = -1; epoch <= 0; epoch++) {
            call(
                    WireProducer.mark(LATEST, after(epoch), AT, false, 0, BUMPING),
                    Errors.INVALID_PRODUCER_EPOCH);
        }
        call(WireProducer.mark(1, after(-1), AT, false, 0, BUMPING), Errors.INVALID_PRODUCER_EPOCH);
        assertThat(partition().openTransactions()).hasSize(1);
        commit();
        assertThat(committed()).containsExactly("a", "b");
    }

    @Test
    void a_marker_that_claims_a_later_term_does_not_shut_out_the_broker_itself()
            throws IOException {
        call(WireProducer.addOffsets(4, "id", producer, "g"), Errors.NONE);
        call(WireProducer.commitOffset(5, "id", producer, "g", AT, 1), Errors.NONE);
        write(0, "a");
        commit();
        for (var at : List.of(AT, new TopicPartition(Groups.TOPIC, groupPartition("g")))) {
            call(WireProducer.mark(LATEST, producer, at, false, 1000, BUMPING), Errors.NONE);
        }
        call(WireProducer.commitOffset(5, "id", producer, "g", AT, 2), Errors.NONE);
        write(0, "b");
        commit();
        assertThat(committed()).containsExactly("a", "b");
        assertThat(partition().coordinatorEpoch(producer.producerId())).isEqualTo(1000);
    }

    private int groupPartition(String group) {
        return Utils.abs(group.hashCode())
                % broker.broker().topics().get(Groups.TOPIC).partitions().size();
    }

    @Test
    void a_marker_for_offsets_of_groups_makes_no_topic() throws IOException {
        call(
                WireProducer.mark(
                        LATEST, producer, new TopicPartition(Groups.TOPIC, 0), true, 0, BUMPING),
                Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(broker.broker().topics().find(Groups.TOPIC)).isEmpty();
        call(WireProducer.addOffsets(4, "id", producer, "g"), Errors.NONE);
        call(
                WireProducer.mark(
                        LATEST,
                        producer,
                        new TopicPartition(Groups.TOPIC, 10_000),
                        true,
                        0,
                        BUMPING),
                Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }
}
