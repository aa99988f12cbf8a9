package dev.weir.broker.txn;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.Groups;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.TransactionResult;

import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;

/// Writes the control batches that end transactions into the partitions of this broker. Any thread;
/// writes to the page cache and waits for nothing.
public final class Markers {
    private final Topics topics;
    private final Groups groups;
    private final InstantSource clock;

    /// An end to be marked.
    ///
    /// @param coordinatorEpoch the term of the coordinator that decided
    /// @param version the protocol of transactions
    public record End(
            ProducerIdentity producer, int coordinatorEpoch, boolean commit, short version) {}

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
        if (at.topic().equals(Groups.TOPIC)) {
            // The coordinator of groups has to take the offsets in or drop them.
            return groups.coordinator()
                    .thenCompose(coordinator ->
                            coordinator.completeTransaction(
                                    at,
                                    end.producer.producerId(),
                                    end.producer.epoch(),
                                    end.coordinatorEpoch,
                                    end.commit ? TransactionResult.COMMIT : TransactionResult.ABORT,
                                    end.version));
        }
        var durable = new CompletableFuture<Void>();
        try {
            Partition partition = topics.partition(at.topic(), at.partition());
            long next =
                    partition
                                    .appendMarker(
                                            end.producer.producerId(),
                                            end.producer.epoch(),
                                            end.commit,
                                            end.coordinatorEpoch,
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
