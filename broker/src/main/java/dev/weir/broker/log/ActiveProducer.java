package dev.weir.broker.log;

/// What a partition knows of one producer.
///
/// @param lastSequence -1 when it sent nothing in this epoch
/// @param lastOffset of its last batch in this epoch, -1 for none
/// @param lastUpdateMs when it was last heard of
/// @param coordinatorEpoch of the last marker, -1 before the first
/// @param transactionStart first offset of its open transaction, -1 for none
public record ActiveProducer(
        long producerId,
        short producerEpoch,
        int lastSequence,
        long lastOffset,
        long lastUpdateMs,
        int coordinatorEpoch,
        long transactionStart) {}
