package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.txn.WireProducer.Answer;
import dev.weir.broker.txn.WireProducer.Call;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/// Producers that do not know that their time is over, at the level of their requests and of every
/// generation of clients, and those who go on with a new epoch.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ZombiesTest {
    private static final TopicPartition AT = new TopicPartition("t", 0);
    private static final String ID = "id";
    private static final String GROUP = "g";
    private static final int TIMEOUT_MS = 60_000;
    private static final int INIT = 5;

    private final AtomicLong nowMs = new AtomicLong(1_700_000_000_000L);
    private Broker broker;
    private RawClient client;

    @BeforeEach
    void start() throws IOException {
        broker =
                Broker.start(
                        BrokerConfig.defaults(Path.of("/data"))
                                .withListener("127.0.0.1", 0)
                                .withTransactions(
                                        TransactionsConfig.DEFAULT.withIntervals(10, 60_000)),
                        new SimulatedFileSystem(1),
                        () -> Instant.ofEpochMilli(nowMs.get()));
        broker.topics().create(new NewTopic(AT.topic(), 1, Map.of()));
        client = new RawClient(broker.address());
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        broker.close();
    }

    /// Asks as clients do, who ask again while a transaction is being ended, unless that is what is
    /// expected.
    private Answer call(Call call, Errors expected) throws IOException {
        var answer = call.on(client);
        while (answer.error() == Errors.CONCURRENT_TRANSACTIONS
                && expected != Errors.CONCURRENT_TRANSACTIONS) {
            answer = call.on(client);
        }
        assertThat(answer.error()).as(call.toString()).isEqualTo(expected);
        return answer;
    }

    private ProducerIdentity own() throws IOException {
        return continuing(ProducerIdentity.NONE);
    }

    private ProducerIdentity continuing(ProducerIdentity expected) throws IOException {
        return call(WireProducer.init(INIT, ID, TIMEOUT_MS, expected), Errors.NONE).producer();
    }

    private static ProducerIdentity after(ProducerIdentity producer, int epochs) {
        return new ProducerIdentity(producer.producerId(), (short) (producer.epoch() + epochs));
    }

    private void write(ProducerIdentity producer, int sequence) throws IOException {
        call(WireProducer.produce(12, ID, producer, AT, sequence, "v"), Errors.NONE);
    }

    private Partition partition() {
        return broker.partition(AT.topic(), AT.partition());
    }

    // ---------------------------------------------------------------- after a new owner

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, 3, 9, INVALID_PRODUCER_EPOCH",
        "3, 3, 4, 2, 5, 11, PRODUCER_FENCED",
        "3, 4, 5, 5, 5, 12, PRODUCER_FENCED"
    })
    void whatever_a_zombie_asks_is_refused(
            int add, int addOffsets, int end, int commitOffset, int init, int produce, Errors error)
            throws IOException {
        var zombie = own();
        write(zombie, 0);
        var owner = own();
        call(WireProducer.init(init, ID, TIMEOUT_MS, zombie), error(init));
        write(owner, 0);
        call(WireProducer.add(add, ID, zombie, AT), error);
        call(WireProducer.addOffsets(addOffsets, ID, zombie, GROUP), error);
        call(WireProducer.end(end, ID, zombie, true), error);
        call(WireProducer.end(end, ID, zombie, false), error);
        call(
                WireProducer.commitOffset(commitOffset, ID, zombie, GROUP, AT, 1),
                Errors.INVALID_PRODUCER_EPOCH);
        call(
                WireProducer.produce(produce, ID, zombie, AT, 1, "zombie"),
                Errors.INVALID_PRODUCER_EPOCH);

        write(owner, 1);
        call(WireProducer.end(5, ID, owner, true), Errors.NONE);
        assertThat(partition().openTransactions()).isEmpty();
        assertThat(partition().logEndOffset())
                .as("one record of the zombie, two of the owner, and a marker after each")
                .isEqualTo(5);
    }

    private static Errors error(int init) {
        return init < 4 ? Errors.INVALID_PRODUCER_EPOCH : Errors.PRODUCER_FENCED;
    }

    // ---------------------------------------------------------------- after the timeout

    @Test
    void the_commit_of_what_took_too_long_is_refused_and_its_producer_may_go_on()
            throws IOException {
        var producer = timedOut();
        call(WireProducer.end(5, ID, producer, true), Errors.INVALID_TXN_STATE);
        call(WireProducer.produce(12, ID, producer, AT, 1, "late"), Errors.INVALID_PRODUCER_EPOCH);
        var next = call(WireProducer.end(5, ID, producer, false), Errors.NONE).producer();
        assertThat(next).isEqualTo(after(producer, 1));
        write(next, 0);
        call(WireProducer.end(5, ID, next, true), Errors.NONE);
    }

    @Test
    void a_client_of_before_kip_890_is_shut_out_when_it_took_too_long() throws IOException {
        var producer = timedOut();
        call(WireProducer.end(4, ID, producer, true), Errors.PRODUCER_FENCED);
        call(WireProducer.end(4, ID, producer, false), Errors.PRODUCER_FENCED);
        call(WireProducer.end(1, ID, producer, true), Errors.INVALID_PRODUCER_EPOCH);
        call(WireProducer.add(3, ID, producer, AT), Errors.PRODUCER_FENCED);
        call(WireProducer.produce(11, ID, producer, AT, 1, "late"), Errors.INVALID_PRODUCER_EPOCH);
        assertThat(continuing(producer)).as("by KIP-360").isEqualTo(after(producer, 1));
    }

    @Test
    void a_transaction_that_takes_just_its_time_is_committed() throws IOException {
        var producer = own();
        write(producer, 0);
        nowMs.addAndGet(TIMEOUT_MS);
        call(WireProducer.end(5, ID, producer, true), Errors.NONE);
    }

    /// A producer whose transaction the broker has aborted.
    private ProducerIdentity timedOut() throws IOException {
        var producer = own();
        write(producer, 0);
        nowMs.addAndGet(TIMEOUT_MS + 1);
        while (!partition().openTransactions().isEmpty()) {
            Thread.onSpinWait();
        }
        // The marker is there; when it is noted, too, nothing is being ended any more.
        var asked = WireProducer.end(5, ID, after(producer, -1), false);
        while (asked.on(client).error() == Errors.CONCURRENT_TRANSACTIONS) {
            Thread.onSpinWait();
        }
        return producer;
    }

    // ---------------------------------------------------------------- a new epoch with each end

    @Test
    void each_end_gives_the_next_epoch_in_which_sequences_begin_at_0() throws IOException {
        var producer = own();
        for (int i = 0; i < 6; i++) {
            write(producer, 0);
            write(producer, 1);
            boolean commit = i % 2 == 0;
            var next = call(WireProducer.end(5, ID, producer, commit), Errors.NONE).producer();
            assertThat(next).isEqualTo(after(producer, 1));
            assertThat(call(WireProducer.end(5, ID, producer, commit), Errors.NONE).producer())
                    .as("the same, asked once more")
                    .isEqualTo(next);
            call(WireProducer.end(5, ID, producer, !commit), Errors.INVALID_TXN_STATE);
            call(
                    WireProducer.produce(12, ID, producer, AT, 2, "late"),
                    Errors.INVALID_PRODUCER_EPOCH);
            call(
                    WireProducer.produce(12, ID, next, AT, 2, "not the first"),
                    Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
            call(WireProducer.end(5, ID, next, false), Errors.NONE); // that had begun all the same
            producer = after(next, 1);
        }
    }

    // ---------------------------------------------------------------- going on (KIP-360)

    @Test
    void whoever_goes_on_gets_the_next_epoch_and_the_same_if_the_answer_was_lost()
            throws IOException {
        var producer = own();
        var next = continuing(producer);
        assertThat(next).isEqualTo(after(producer, 1));
        assertThat(continuing(producer)).isEqualTo(next);
        assertThat(continuing(next)).isEqualTo(after(next, 1));
        call(WireProducer.init(INIT, ID, TIMEOUT_MS, producer), Errors.PRODUCER_FENCED);
        call(WireProducer.init(3, ID, TIMEOUT_MS, producer), Errors.INVALID_PRODUCER_EPOCH);
    }

    @Test
    void what_whoever_goes_on_had_open_is_aborted_first() throws IOException {
        var producer = own();
        write(producer, 0);
        call(WireProducer.init(INIT, ID, TIMEOUT_MS, producer), Errors.CONCURRENT_TRANSACTIONS);
        var next = continuing(producer);
        assertThat(next).isEqualTo(after(producer, 1));
        assertThat(partition().openTransactions()).isEmpty();
        call(WireProducer.produce(12, ID, producer, AT, 1, "late"), Errors.INVALID_PRODUCER_EPOCH);
        write(next, 0);
        call(WireProducer.end(5, ID, next, true), Errors.NONE);
    }

    /// Kafka looks at the epoch only when nothing is open any more, and so do we.
    @Test
    void a_zombie_that_wants_to_go_on_ends_what_the_owner_has_open_and_gains_nothing()
            throws IOException {
        var zombie = own();
        var owner = own();
        write(owner, 0);
        var asked = WireProducer.init(INIT, ID, TIMEOUT_MS, zombie);
        call(asked, Errors.CONCURRENT_TRANSACTIONS);
        var answer = asked.on(client);
        while (answer.error() == Errors.CONCURRENT_TRANSACTIONS) {
            answer = asked.on(client);
        }
        assertThat(answer.error()).isEqualTo(Errors.PRODUCER_FENCED);
        call(WireProducer.end(5, ID, owner, true), Errors.INVALID_TXN_STATE);
        assertThat(continuing(owner)).isEqualTo(after(owner, 1));
    }

    @Test
    void nobody_goes_on_as_somebody_else() throws IOException {
        var producer = own();
        for (var claimed :
                new ProducerIdentity[] {
                    after(producer, 1),
                    new ProducerIdentity(producer.producerId() + 1, producer.epoch()),
                    new ProducerIdentity(producer.producerId() - 1, (short) 0)
                }) {
            call(
                    WireProducer.init(INIT, ID, TIMEOUT_MS, claimed),
                    claimed.producerId() < 0 ? Errors.INVALID_REQUEST : Errors.PRODUCER_FENCED);
        }
        call(
                WireProducer.init(
                        INIT,
                        ID,
                        TIMEOUT_MS,
                        new ProducerIdentity(producer.producerId(), (short) -1)),
                Errors.INVALID_REQUEST);
        write(producer, 0);
        call(WireProducer.end(5, ID, producer, true), Errors.NONE);
    }

    /// Clients without transactions bump their epochs themselves.
    @Test
    void without_transactions_everybody_gets_a_new_id() throws IOException {
        var first = call(WireProducer.init(INIT, null, 0, ProducerIdentity.NONE), Errors.NONE);
        assertThat(first.producer().epoch()).isZero();
        var second = call(WireProducer.init(INIT, null, 0, first.producer()), Errors.NONE);
        assertThat(second.producer().epoch()).isZero();
        assertThat(second.producer().producerId()).isGreaterThan(first.producer().producerId());

        var plain = first.producer();
        call(WireProducer.produce(12, null, plain, AT, 0, "a"), Errors.NONE);
        call(WireProducer.produce(12, null, after(plain, 1), AT, 0, "b"), Errors.NONE);
        call(WireProducer.produce(12, null, plain, AT, 1, "late"), Errors.INVALID_PRODUCER_EPOCH);
    }
}
