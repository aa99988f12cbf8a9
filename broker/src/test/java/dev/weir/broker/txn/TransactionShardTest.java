package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.coordinator.common.runtime.CoordinatorResult;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;
import org.apache.kafka.timeline.SnapshotRegistry;
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
}
