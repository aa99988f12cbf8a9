package dev.weir.broker.coordinator;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.partition.Registration;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.coordinator.common.runtime.PartitionWriter;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/// Lets a coordinator write to the partitions of its topic. What it writes counts as done when the
/// high watermark has passed it, so when it is durable. Called by the coordinator's event threads.
public final class LogWriter implements PartitionWriter {
    private static final Logger LOGGER = LoggerFactory.getLogger(LogWriter.class);

    /// The first version of transactions each of which has an epoch of its own (KIP-890).
    private static final short FIRST_BUMPING_VERSION = 2;

    private record Listening(TopicPartition partition, Listener listener) {}

    /// Whether the end of a transaction of this version has a later epoch than what it ends.
    public static boolean isBumping(short transactionVersion) {
        return transactionVersion >= FIRST_BUMPING_VERSION;
    }

    private record Limit(int maxMessageBytes, LogConfig config) {}

    private final List<Partition> partitions;
    private final Runnable ready;
    private final Map<Listening, Registration> listening = new ConcurrentHashMap<>();
    private final TransactionCheck transactions;

    /// For records of transactions not yet open in their partition: what the partition must still
    /// say when they are appended. Entries go with the guards, also with those never used.
    private final Map<VerificationGuard, Long> guards =
            Collections.synchronizedMap(new WeakHashMap<>());

    private volatile Limit limit; // null before the first append

    /// @param ready called when a partition begins to be written to, which is when it is loaded
    /// @param transactions asked before records are written in a client's transaction
    public LogWriter(List<Partition> partitions, Runnable ready, TransactionCheck transactions) {
        this.partitions = partitions;
        this.ready = ready;
        this.transactions = transactions;
    }

    @Override
    public void registerListener(TopicPartition tp, Listener listener) {
        var partition = partitions.get(tp.partition());
        listening.put(
                new Listening(tp, listener),
                partition.onAdvance(true, () -> tell(partition, tp, listener)));
        // It may have advanced between the end of loading and now.
        tell(partition, tp, listener);
        ready.run();
    }

    @Override
    public void deregisterListener(TopicPartition tp, Listener listener) {
        var registration = listening.remove(new Listening(tp, listener));
        if (registration != null) {
            registration.close();
        }
    }

    private static void tell(Partition partition, TopicPartition tp, Listener listener) {
        try {
            listener.onHighWatermarkUpdated(tp, partition.highWatermark());
        } catch (NotCoordinatorException e) {
            LOGGER.debug("the coordinator of {} has stopped", tp, e);
        }
    }

    @Override
    public LogConfig config(TopicPartition tp) {
        try {
            int maxMessageBytes = partitions.get(tp.partition()).config().maxMessageBytes();
            var now = limit;
            if (now == null || now.maxMessageBytes != maxMessageBytes) {
                now =
                        new Limit(
                                maxMessageBytes,
                                new LogConfig(Map.of("max.message.bytes", maxMessageBytes)));
                limit = now;
            }
            return now.config;
        } catch (BrokerException e) {
            throw translated(e);
        }
    }

    @Override
    public long append(
            TopicPartition tp,
            VerificationGuard guard,
            MemoryRecords records,
            short transactionVersion) {
        Long verified = guards.remove(guard);
        try {
            return partitions
                            .get(tp.partition())
                            .append(
                                    records.buffer(),
                                    AppendOrigin.COORDINATOR,
                                    verified == null ? Partition.UNVERIFIED : verified,
                                    isBumping(transactionVersion))
                            .lastOffset()
                    + 1;
        } catch (BrokerException e) {
            throw translated(e);
        }
    }

    @Override
    public CompletableFuture<VerificationGuard> maybeStartTransactionVerification(
            TopicPartition tp,
            String transactionalId,
            long producerId,
            short producerEpoch,
            int apiVersion) {
        OptionalLong needed;
        try {
            needed = partitions.get(tp.partition()).verification(producerId, producerEpoch);
        } catch (BrokerException e) {
            return CompletableFuture.failedFuture(translated(e));
        }
        if (needed.isEmpty()) {
            return CompletableFuture.completedFuture(VerificationGuard.SENTINEL);
        }
        var mode = TransactionCheck.Mode.ofOffsetCommit(apiVersion);
        var guard = new VerificationGuard();
        guards.put(
                guard,
                switch (mode) {
                    case ADD -> Partition.ADDED;
                    case VERIFY, VERIFY_OLD -> needed.getAsLong();
                });
        return transactions
                .check(tp, transactionalId, producerId, producerEpoch, mode)
                .thenApply(_ -> guard);
    }

    /// Used by share groups only, which are not served.
    @Override
    public CompletableFuture<Void> deleteRecords(TopicPartition tp, long deleteBeforeOffset) {
        return CompletableFuture.failedFuture(
                new UnsupportedVersionException("records of " + tp + " are kept by key"));
    }

    private static RuntimeException translated(BrokerException e) {
        return Errors.forCode(e.code()).exception(e.getMessage());
    }
}
