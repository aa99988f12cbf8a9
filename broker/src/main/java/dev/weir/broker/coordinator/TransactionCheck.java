package dev.weir.broker.coordinator;

import org.apache.kafka.common.TopicPartition;

import java.util.concurrent.CompletableFuture;

/// Asks the coordinator of transactions, before the first records of a transaction reach a
/// partition, whether the partition is part of it. Any thread.
@FunctionalInterface
public interface TransactionCheck {
    /// What the client that sends the records can do.
    enum Mode {
        /// It adds partitions itself and does not know `TRANSACTION_ABORTABLE`.
        VERIFY_OLD,
        /// It adds partitions itself.
        VERIFY,
        /// Sending records adds their partition (KIP-890).
        ADD;

        /// What the version of a TxnOffsetCommit request says of its client.
        public static Mode ofOffsetCommit(int version) {
            return version > 4 ? ADD : version > 3 ? VERIFY : VERIFY_OLD;
        }

        /// What the version of a Produce request says of its client.
        public static Mode ofProduce(int version) {
            return version > 11 ? ADD : version > 10 ? VERIFY : VERIFY_OLD;
        }
    }

    /// @return completed when the records may be written; failed with an exception of Kafka's that
    ///   has the error the client is to see
    CompletableFuture<Void> check(
            TopicPartition partition,
            String transactionalId,
            long producerId,
            short producerEpoch,
            Mode mode);
}
