package dev.weir.broker.txn;

import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.apache.kafka.coordinator.common.runtime.Serializer;
import org.apache.kafka.coordinator.transaction.TransactionLog;
import org.apache.kafka.coordinator.transaction.TransactionLog.TxnRecord;
import org.apache.kafka.coordinator.transaction.TransactionLog.TxnTombstone;
import org.apache.kafka.coordinator.transaction.TransactionLog.UnknownKeyVersion;
import org.apache.kafka.coordinator.transaction.TransactionLog.UnknownValueVersion;
import org.apache.kafka.coordinator.transaction.TransactionMetadata;
import org.apache.kafka.coordinator.transaction.TxnTransitMetadata;
import org.apache.kafka.server.common.TransactionVersion;

import java.nio.ByteBuffer;
import java.util.HashSet;

/// Changes as the bytes that Kafka's coordinator writes, so that its tools can read them.
/// Stateless.
final class TransactionRecords
        implements Serializer<TransactionChange>, Deserializer<TransactionChange> {
    @Override
    public byte[] serializeKey(TransactionChange change) {
        return TransactionLog.keyToBytes(change.transactionalId());
    }

    @Override
    public byte[] serializeValue(TransactionChange change) {
        var now = change.now();
        if (now == null) {
            return null;
        }
        return TransactionLog.valueToBytes(
                new TxnTransitMetadata(
                        now.producerId(),
                        now.previousProducerId(),
                        now.nextProducerId(),
                        now.epoch(),
                        now.lastEpoch(),
                        now.timeoutMs(),
                        now.state(),
                        new HashSet<>(now.partitions()),
                        now.startMs(),
                        now.updateMs(),
                        now.version()),
                TransactionVersion.TV_2);
    }

    @Override
    public TransactionChange deserialize(ByteBuffer key, ByteBuffer value) {
        return switch (TransactionLog.read(key, value)) {
            case TxnRecord(var id, var metadata) ->
                    new TransactionChange(id, transaction(metadata));
            case TxnTombstone(var id) -> new TransactionChange(id, null);
            case UnknownKeyVersion(var version) -> throw new UnknownRecordTypeException(version);
            case UnknownValueVersion(var version) ->
                    throw new IllegalStateException(
                            "a record of __transaction_state has the unknown version " + version);
        };
    }

    private static Transaction transaction(TransactionMetadata metadata) {
        return new Transaction(
                metadata.producerId(),
                metadata.prevProducerId(),
                nextId(metadata),
                metadata.producerEpoch(),
                Transaction.NO_EPOCH,
                metadata.txnTimeoutMs(),
                metadata.state(),
                metadata.topicPartitions(),
                metadata.txnStartTimestamp(),
                metadata.txnLastUpdateTimestamp(),
                metadata.clientTransactionVersion(),
                0);
    }

    /// The library keeps it to itself but for what a completed transaction has.
    private static long nextId(TransactionMetadata metadata) {
        return metadata.prepareNoTransit().nextProducerId();
    }
}
