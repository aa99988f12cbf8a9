package dev.weir.broker.txn;

import dev.weir.broker.coordinator.LogWriter;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.Groups;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.TransactionResult;

import java.time.InstantSource;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/// Writes the control batches that end transactions into the partitions of this broker. Any thread;
/// writes to the page cache and waits for nothing.
public final class Markers {
    private final Topics topics;
    private final Groups groups;
    private final InstantSource clock;

    /// An end to be marked.
    ///
    /// @param coordinatorEpoch the term of the coordinator that decided, empty for this broker's
    /// @param version the protocol of transactions
    public record End(
            ProducerIdentity producer,
            OptionalInt coordinatorEpoch,
            boolean commit,
            short version) {
        /// Whether the producer has a later epoch than in the transaction that is ended (KIP-890).
        boolean isBumping() {
            return LogWriter.isBumping(version);
        }

        /// This broker's coordinator is the only one, so it never gives way to what markers from
        /// elsewhere, by operators' tools, have claimed: in a partition that knows of a later term
        /// than the first it has that one.
        private int epochIn(Partition partition) {
            return coordinatorEpoch.orElseGet(() ->
                    Math.max(
                            Partition.FIRST_COORDINATOR_EPOCH,
                            partition.coordinatorEpoch(producer.producerId())));
        }
    }

    public Markers(Topics topics, Groups groups, InstantSource clock) {
        this.topics = topics;
        this.groups = groups;
        this.clock = clock;
    }

    /// Marks the end in one partition.
    ///
    /// @return completed when the marker is durable; failed with a [BrokerException] or an
    ///   exception of Kafka's
    public CompletableFuture<Void> write(TopicPartition at, End end) {
        var durable = new CompletableFuture<Void>();
        try {
            Partition partition = topics.partition(at.topic(), at.partition());
            int coordinatorEpoch = end.epochIn(partition);
            if (at.topic().equals(Groups.TOPIC)) {
                return complete(at, end, coordinatorEpoch);
            }
            long next =
                    partition
                                    .appendMarker(
                                            end.producer.producerId(),
                                            end.producer.epoch(),
                                            end.commit,
                                            coordinatorEpoch,
                                            end.isBumping(),
                                            clock.millis())
                                    .lastOffset()
                            + 1;
            partition.whenSynced(
                    next,
                    failure -> {
                        if (failure == null) {
                            durable.complete(null);
                        } else {
                            durable.completeExceptionally(failure);
                        }
                    });
        } catch (RuntimeException e) {
            durable.completeExceptionally(e);
        }
        return durable;
    }

    /// The coordinator of groups has to take the offsets in or drop them.
    private CompletableFuture<Void> complete(TopicPartition at, End end, int coordinatorEpoch) {
        return groups.coordinator()
                .thenCompose(coordinator ->
                        coordinator.completeTransaction(
                                at,
                                end.producer.producerId(),
                                end.producer.epoch(),
                                coordinatorEpoch,
                                end.commit ? TransactionResult.COMMIT : TransactionResult.ABORT,
                                end.version));
    }

    /// Whether nothing remains to be marked there: the partition is gone, or the producer has a
    /// later epoch, so that its transaction was ended.
    static boolean isMoot(Throwable failure) {
        short code =
                failure instanceof BrokerException known
                        ? known.code()
                        : Errors.forException(failure).code();
        return code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
                || code == ErrorCode.INVALID_PRODUCER_EPOCH;
    }
}
