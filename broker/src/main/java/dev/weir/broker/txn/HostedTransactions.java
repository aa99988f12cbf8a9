package dev.weir.broker.txn;

import dev.weir.broker.coordinator.ClockTime;
import dev.weir.broker.coordinator.LogLoader;
import dev.weir.broker.coordinator.LogWriter;
import dev.weir.broker.coordinator.UnmeasuredRuntime;
import dev.weir.broker.partition.Partition;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.common.runtime.CoordinatorBackgroundThreadPoolExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorExecutor;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetrics;
import org.apache.kafka.coordinator.common.runtime.CoordinatorMetricsShard;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime;
import org.apache.kafka.coordinator.common.runtime.CoordinatorShardBuilder;
import org.apache.kafka.coordinator.common.runtime.CoordinatorTimer;
import org.apache.kafka.coordinator.common.runtime.MultiThreadedEventProcessor;
import org.apache.kafka.server.util.timer.Timer;
import org.apache.kafka.timeline.SnapshotRegistry;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// Kafka's coordinator runtime with one [TransactionShard] for each partition of
/// `__transaction_state`. Any thread may schedule operations on it.
final class HostedTransactions implements AutoCloseable {
    private static final int LEADER_EPOCH = 0;
    private static final int EVENT_THREADS = 2;
    private static final int LOAD_SECONDS = 10;
    private static final int BUFFER_BYTES = 1 << 20;

    /// After which a write that is not durable fails for those who wait for it.
    private static final Duration WRITE_TIMEOUT = Duration.ofSeconds(30);

    private final String topic;
    private final int partitions;
    private final CoordinatorRuntime<TransactionShard, TransactionChange> runtime;
    private final Timer timer;
    private final CountDownLatch loads;

    /// Begins to load.
    ///
    /// @param logs the partitions of the topic
    /// @param timer measures how long writes take; closed with this
    HostedTransactions(
            String topic,
            List<Partition> logs,
            InstantSource clock,
            LongSupplier producerIds,
            Timer timer) {
        this.topic = topic;
        this.partitions = logs.size();
        this.loads = new CountDownLatch(partitions);
        var time = new ClockTime(clock);
        var measured = new UnmeasuredRuntime();
        var records = new TransactionRecords();
        var log = new LogContext("[transactions] ");
        this.timer = timer;
        this.runtime =
                new CoordinatorRuntime.Builder<TransactionShard, TransactionChange>()
                        .withTime(time)
                        .withTimer(timer)
                        .withLogPrefix("transactions")
                        .withLogContext(log)
                        .withEventProcessor(
                                new MultiThreadedEventProcessor(
                                        log, "transaction-event-", EVENT_THREADS, time, measured))
                        .withPartitionWriter(
                                new LogWriter(
                                        logs,
                                        loads::countDown,
                                        (_, _, _, _, _) -> {
                                            throw new IllegalStateException(
                                                    "records of transactions are in none");
                                        }))
                        .withLoader(
                                new LogLoader<>(
                                        "transaction-load", logs, records, clock, loads::countDown))
                        .withCoordinatorShardBuilderSupplier(
                                () -> new ShardBuilder(clock, producerIds))
                        .withWriteTimeout(WRITE_TIMEOUT)
                        .withCoordinatorRuntimeMetrics(measured)
                        .withCoordinatorMetrics(new UnmeasuredShards())
                        .withSerializer(records)
                        .withExecutorService(
                                new CoordinatorBackgroundThreadPoolExecutor(
                                        "transaction-background-", 1, time, measured))
                        .withCachedBufferMaxBytesSupplier(() -> BUFFER_BYTES)
                        .build();
        for (int index = 0; index < partitions; index++) {
            runtime.scheduleLoadOperation(new TopicPartition(topic, index), LEADER_EPOCH);
        }
    }

    /// Waits until everything is loaded, but not forever.
    void awaitLoaded() {
        try {
            var _ = loads.await(LOAD_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    CoordinatorRuntime<TransactionShard, TransactionChange> runtime() {
        return runtime;
    }

    /// Where a transactional id is kept, as Kafka distributes them.
    TopicPartition partitionOf(String transactionalId) {
        return new TopicPartition(topic, Utils.abs(transactionalId.hashCode()) % partitions);
    }

    @Override
    public void close() {
        Utils.closeQuietly(runtime, "transaction coordinator");
        Utils.closeQuietly(timer, "transaction timer");
    }

    /// Takes what the runtime offers to a shard; ours needs its snapshots only.
    private static final class ShardBuilder
            implements CoordinatorShardBuilder<TransactionShard, TransactionChange> {
        private final InstantSource clock;
        private final LongSupplier producerIds;
        private SnapshotRegistry snapshots;

        ShardBuilder(InstantSource clock, LongSupplier producerIds) {
            this.clock = clock;
            this.producerIds = producerIds;
        }

        @Override
        public ShardBuilder withSnapshotRegistry(SnapshotRegistry registry) {
            snapshots = registry;
            return this;
        }

        @Override
        public ShardBuilder withLogContext(LogContext log) {
            return this;
        }

        @Override
        public ShardBuilder withTime(Time time) {
            return this;
        }

        @Override
        public ShardBuilder withTimer(CoordinatorTimer<TransactionChange> operations) {
            return this;
        }

        @Override
        public ShardBuilder withExecutor(CoordinatorExecutor<TransactionChange> executor) {
            return this;
        }

        @Override
        public ShardBuilder withCoordinatorMetrics(CoordinatorMetrics metrics) {
            return this;
        }

        @Override
        public ShardBuilder withTopicPartition(TopicPartition partition) {
            return this;
        }

        @Override
        public TransactionShard build() {
            return new TransactionShard(snapshots, clock, producerIds);
        }
    }

    /// Keeps no measurements, as [UnmeasuredRuntime].
    private static final class UnmeasuredShards extends CoordinatorMetrics {
        private record Shard(TopicPartition topicPartition) implements CoordinatorMetricsShard {
            @Override
            public void record(String sensorName) {}

            @Override
            public void record(String sensorName, double value) {}

            @Override
            public void commitUpTo(long offset) {}
        }

        @Override
        public CoordinatorMetricsShard newMetricsShard(
                SnapshotRegistry snapshots, TopicPartition partition) {
            return new Shard(partition);
        }

        @Override
        public void activateMetricsShard(CoordinatorMetricsShard shard) {}

        @Override
        public void deactivateMetricsShard(CoordinatorMetricsShard shard) {}

        @Override
        public void onUpdateLastCommittedOffset(TopicPartition partition, long offset) {}
    }
}
