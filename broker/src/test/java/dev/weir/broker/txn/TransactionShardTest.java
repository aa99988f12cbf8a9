package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.timeline.SnapshotRegistry;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/// The decisions about one transactional id, in memory.
class TransactionShardTest {
    private static final TopicPartition AT = new TopicPartition("t", 0);
    private static final int TIMEOUT_MS = 60_000;

    private final AtomicLong nowMs = new AtomicLong(1_000_000);
    private final AtomicLong producerIds = new AtomicLong(7);
    private final TransactionShard shard =
            new TransactionShard(
                    new SnapshotRegistry(new LogContext()),
                    () -> Instant.ofEpochMilli(nowMs.get()),
                    producerIds::getAndIncrement);

    private <T> T done(CoordinatorResult<T, TransactionChange> decision) {
        decision.records().forEach(change -> shard.replay(0, -1, (short) -1, change));
        return decision.response();
    }

    @Test
    void a_late_completion_leaves_the_next_transaction_of_an_old_client_alone() {
        // Neither the epoch nor, within one millisecond, any time tells the two apart.
        var producer = done(shard.initialize("id", TIMEOUT_MS, ProducerIdentity.NONE)).identity();
        done(shard.add("id", producer, Set.of(AT), TransactionVersion.TV_0));
        var first = done(shard.end("id", producer, true, TransactionVersion.TV_0));
        done(shard.complete("id", first));
        done(shard.add("id", producer, Set.of(AT), TransactionVersion.TV_0));
        var second = done(shard.end("id", producer, true, TransactionVersion.TV_0));

        assertThat(shard.complete("id", first).records()).isEmpty();
        assertThat(shard.complete("id", second).response().state())
                .isEqualTo(TransactionState.COMPLETE_COMMIT);
    }

    private ProducerIdentity init() {
        return done(shard.initialize("id", TIMEOUT_MS, ProducerIdentity.NONE)).identity();
    }

    private void add(ProducerIdentity producer) {
        done(shard.add("id", producer, Set.of(AT), TransactionVersion.TV_2));
    }

    /// An end of a client of transaction version 2, with its markers.
    private ProducerIdentity end(ProducerIdentity producer, boolean commit) {
        var now = done(shard.end("id", producer, commit, TransactionVersion.TV_2));
        return now.isEnding() ? done(shard.complete("id", now)).identity() : now.identity();
    }

    /// The owner of the last epoch there is.
    private ProducerIdentity last() {
        var producer = init();
        while (producer.epoch() < Transaction.LAST_EPOCH) {
            producer = init();
        }
        return producer;
    }

    private static void fails(Errors error, ThrowingCallable asked) {
        assertThatThrownBy(asked).isInstanceOf(error.exception().getClass());
    }

    @Test
    void the_end_of_the_last_epoch_gives_a_new_producer_id_also_to_those_who_ask_again() {
        var producer = last();
        add(producer);
        var next = end(producer, true);
        assertThat(next).isEqualTo(new ProducerIdentity(producer.producerId() + 1, (short) 0));

        assertThat(end(producer, true)).isEqualTo(next);
        fails(Errors.INVALID_TXN_STATE, () -> end(producer, false));
        add(next);
        fails(Errors.INVALID_PRODUCER_ID_MAPPING, () -> add(producer));
    }

    @Test
    void a_new_owner_of_the_last_epoch_gets_a_new_producer_id() {
        var producer = last();
        assertThat(init()).isEqualTo(new ProducerIdentity(producer.producerId() + 1, (short) 0));
    }

    @Test
    void an_abort_for_a_new_owner_in_the_last_epoch_gives_a_new_producer_id() {
        var producer = last();
        add(producer);
        var aborted = done(shard.initialize("id", TIMEOUT_MS, ProducerIdentity.NONE));
        assertThat(aborted.epoch()).isEqualTo(Short.MAX_VALUE); // the markers shut the owner out
        done(shard.complete("id", aborted));
        assertThat(init()).isEqualTo(new ProducerIdentity(producer.producerId() + 1, (short) 1));
    }

    @Test
    void a_producer_that_goes_on_after_the_last_epoch_may_ask_again() {
        var producer = last();
        var next = done(shard.initialize("id", TIMEOUT_MS, producer)).identity();
        assertThat(next).isEqualTo(new ProducerIdentity(producer.producerId() + 1, (short) 0));
        assertThat(done(shard.initialize("id", TIMEOUT_MS, producer)).identity()).isEqualTo(next);
    }

    @Test
    void a_producer_that_goes_on_may_ask_again_until_there_is_a_new_owner() {
        var producer = init();
        var next = done(shard.initialize("id", TIMEOUT_MS, producer)).identity();
        assertThat(next.epoch()).isEqualTo((short) 1);
        assertThat(done(shard.initialize("id", TIMEOUT_MS, producer)).identity()).isEqualTo(next);
        init();
        fails(Errors.PRODUCER_FENCED, () -> shard.initialize("id", TIMEOUT_MS, next));
    }

    @Test
    void ends_are_repeated_and_refused_as_kip_890_says() {
        var empty = init();
        fails(Errors.INVALID_TXN_STATE, () -> end(empty, true));
        var aborted = end(empty, false); // aborting nothing is fine, and bumps
        assertThat(aborted.epoch()).isEqualTo((short) (empty.epoch() + 1));
        assertThat(end(empty, false)).isEqualTo(aborted);
        fails(Errors.INVALID_TXN_STATE, () -> end(empty, true));
        fails(Errors.INVALID_TXN_STATE, () -> end(aborted, true));

        add(aborted);
        fails(Errors.PRODUCER_FENCED, () -> end(empty, false));
        var decided = done(shard.end("id", aborted, true, TransactionVersion.TV_2));
        fails(Errors.CONCURRENT_TRANSACTIONS, () -> end(aborted, true));
        fails(Errors.INVALID_TXN_STATE, () -> end(aborted, false));
        fails(Errors.PRODUCER_FENCED, () -> end(decided.identity(), true));
        fails(Errors.CONCURRENT_TRANSACTIONS, () -> add(decided.identity()));
        fails(Errors.CONCURRENT_TRANSACTIONS, this::init);
        var committed = done(shard.complete("id", decided)).identity();
        assertThat(end(aborted, true)).isEqualTo(committed);
        fails(Errors.INVALID_TXN_STATE, () -> end(aborted, false));
        fails(Errors.INVALID_TXN_STATE, () -> end(committed, true));
        fails(Errors.PRODUCER_FENCED, () -> end(empty, false));
    }

    @Test
    void what_takes_too_long_is_aborted_in_a_new_epoch_and_not_a_millisecond_earlier() {
        var producer = init();
        add(producer);
        nowMs.addAndGet(TIMEOUT_MS);
        assertThat(shard.abortOverdue("id").records()).isEmpty();
        nowMs.incrementAndGet();
        var aborted = done(shard.abortOverdue("id"));
        assertThat(aborted.state()).isEqualTo(TransactionState.PREPARE_ABORT);
        assertThat(aborted.epoch()).isEqualTo((short) (producer.epoch() + 1));
        assertThat(shard.abortOverdue("id").records()).isEmpty();
        done(shard.complete("id", aborted));
        fails(Errors.PRODUCER_FENCED, () -> add(producer));
        fails(Errors.INVALID_TXN_STATE, () -> end(producer, true));
    }

    @Test
    void an_idle_id_is_forgotten_but_not_while_its_transaction_is_open_or_being_ended() {
        var producer = init();
        add(producer);
        nowMs.addAndGet(1000);
        assertThat(done(shard.forgetIdle(1000))).isZero();
        var decided = done(shard.end("id", producer, true, TransactionVersion.TV_2));
        nowMs.addAndGet(1000);
        assertThat(done(shard.forgetIdle(1000))).isZero();
        var committed = done(shard.complete("id", decided)).identity();
        nowMs.addAndGet(999);
        assertThat(done(shard.forgetIdle(1000))).isZero();
        nowMs.addAndGet(1);
        assertThat(done(shard.forgetIdle(1000))).isEqualTo(1);

        fails(Errors.INVALID_PRODUCER_ID_MAPPING, () -> end(committed, true));
        assertThat(init()).isEqualTo(new ProducerIdentity(committed.producerId() + 1, (short) 0));
    }
}
