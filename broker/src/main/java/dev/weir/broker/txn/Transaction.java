package dev.weir.broker.txn;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;

import java.util.HashSet;
import java.util.Set;

/// What is known of one transactional id: who owns it and how far its transaction is. A value.
///
/// @param previousProducerId the id before the last change of this value
/// @param nextProducerId the id that the producer gets when its transaction has ended, because the
///   epochs of the present one are used up; -1 for none
/// @param epoch of the producer, -1 before its first
/// @param lastEpoch the epoch before the last bump, so that a repeated request is recognised; -1
///   for none. Not stored, as in Kafka.
/// @param timeoutMs after which an open transaction is aborted
/// @param partitions those that take part
/// @param startMs when the open transaction began, -1 for none
/// @param version the protocol of the client that made the last change
/// @param decision tells the end that was decided from all others since the start, which may have
///   the same producer, epoch and times; 0 if it was decided before. Not stored.
record Transaction(
        long producerId,
        long previousProducerId,
        long nextProducerId,
        short epoch,
        short lastEpoch,
        int timeoutMs,
        TransactionState state,
        Set<TopicPartition> partitions,
        long startMs,
        long updateMs,
        TransactionVersion version,
        long decision) {
    static final long NO_ID = -1;
    static final short NO_EPOCH = -1;

    /// One below the greatest number, which is left for fencing the last owner.
    static final short LAST_EPOCH = Short.MAX_VALUE - 1;

    Transaction {
        partitions = Set.copyOf(partitions);
    }

    /// A transactional id nobody had before.
    static Transaction created(long producerId, int timeoutMs, long nowMs) {
        return new Transaction(
                producerId,
                NO_ID,
                NO_ID,
                NO_EPOCH,
                NO_EPOCH,
                timeoutMs,
                TransactionState.EMPTY,
                Set.of(),
                -1,
                nowMs,
                TransactionVersion.TV_0,
                0);
    }

    ProducerIdentity identity() {
        return new ProducerIdentity(producerId, epoch);
    }

    boolean isEpochExhausted() {
        return epoch >= LAST_EPOCH;
    }

    /// Whether an end was decided whose markers may not be written yet.
    boolean isEnding() {
        return state == TransactionState.PREPARE_COMMIT || state == TransactionState.PREPARE_ABORT;
    }

    boolean isCommitting() {
        return state == TransactionState.PREPARE_COMMIT;
    }

    /// Given to a new owner, or to the same one again after an error (KIP-360).
    ///
    /// @param expectedEpoch the epoch the owner has, -1 for a new owner
    Transaction initialized(short expectedEpoch, int newTimeoutMs, long nowMs) {
        if (expectedEpoch == NO_EPOCH) {
            return owned(producerId, (short) (epoch + 1), NO_EPOCH, newTimeoutMs, nowMs);
        }
        if (epoch == NO_EPOCH || expectedEpoch == epoch) {
            return owned(producerId, (short) (epoch + 1), epoch, newTimeoutMs, nowMs);
        }
        if (expectedEpoch == lastEpoch) {
            // The answer to an earlier request was lost. Nobody else came in between: a new owner
            // would have cleared the last epoch.
            return owned(producerId, epoch, lastEpoch, newTimeoutMs, nowMs);
        }
        throw Errors.PRODUCER_FENCED.exception(
                "epoch " + expectedEpoch + " is over, the producer has epoch " + epoch);
    }

    /// Given a new producer id, because the epochs of this one are used up.
    Transaction rotated(long newId, boolean sameOwner, int newTimeoutMs, long nowMs) {
        return owned(newId, (short) 0, sameOwner ? epoch : NO_EPOCH, newTimeoutMs, nowMs);
    }

    private Transaction owned(
            long newId, short newEpoch, short newLastEpoch, int newTimeoutMs, long nowMs) {
        return new Transaction(
                newId,
                producerId,
                nextProducerId,
                newEpoch,
                newLastEpoch,
                newTimeoutMs,
                TransactionState.EMPTY,
                Set.of(),
                -1,
                nowMs,
                version,
                0);
    }

    /// With more partitions; begins a transaction where none is open.
    Transaction with(Set<TopicPartition> added, TransactionVersion clientVersion, long nowMs) {
        var all = new HashSet<>(partitions);
        all.addAll(added);
        return new Transaction(
                producerId,
                producerId,
                nextProducerId,
                epoch,
                lastEpoch,
                timeoutMs,
                TransactionState.ONGOING,
                all,
                state == TransactionState.ONGOING ? startMs : nowMs,
                nowMs,
                clientVersion,
                0);
    }

    /// Decided to commit or abort. With version 2 every end is also a bump of the epoch, so that
    /// nothing sent before it can arrive after it.
    ///
    /// @param nextId see [#nextProducerId]
    /// @param number see [#decision]
    Transaction decided(
            boolean commit,
            TransactionVersion clientVersion,
            long nextId,
            long number,
            long nowMs) {
        boolean bump = clientVersion.supportsEpochBump();
        boolean neverBegan = state != TransactionState.ONGOING;
        return new Transaction(
                producerId,
                producerId,
                nextId,
                bump && epoch != Short.MAX_VALUE ? (short) (epoch + 1) : epoch,
                bump ? epoch : lastEpoch,
                timeoutMs,
                commit ? TransactionState.PREPARE_COMMIT : TransactionState.PREPARE_ABORT,
                partitions,
                neverBegan ? nowMs : startMs,
                nowMs,
                clientVersion,
                number);
    }

    /// Ended: all markers are durable.
    Transaction completed(long nowMs) {
        boolean renewed = version.supportsEpochBump() && nextProducerId != NO_ID;
        return new Transaction(
                renewed ? nextProducerId : producerId,
                producerId,
                NO_ID,
                renewed ? 0 : epoch,
                lastEpoch,
                timeoutMs,
                isCommitting() ? TransactionState.COMPLETE_COMMIT : TransactionState.COMPLETE_ABORT,
                Set.of(),
                startMs,
                nowMs,
                version,
                0);
    }
}
