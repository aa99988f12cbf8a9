package dev.weir.broker.record;

import dev.weir.broker.error.BrokerException;

import java.nio.ByteBuffer;

/// What the record of a control batch says that ends a transaction.
///
/// Its key is a version and a type, both int16; its value a version (int16) and the coordinator's
/// epoch (int32). A value that is too short has no epoch, as if its coordinator were older than
/// any.
///
/// @param commit whether the transaction counts
/// @param coordinatorEpoch the term of the coordinator that decided, -1 for none
public record EndMarker(boolean commit, int coordinatorEpoch) {
    /// A coordinator before the first.
    public static final int NO_COORDINATOR_EPOCH = -1;

    private static final int VALUE_BYTES = 6;

    /// Reads the control batch at a place.
    ///
    /// @return null when the batch ends no transaction: it has lost its record in a compaction, or
    ///   is of another kind
    /// @throws BrokerException `CORRUPT_MESSAGE`
    public static EndMarker read(ByteBuffer batches, int at) {
        RecordBatchReader records = new RecordBatchReader();
        records.start(batches.duplicate().position(at));
        if (!records.next() || records.controlType() > 1) {
            return null;
        }
        int epoch =
                records.valueLength() < VALUE_BYTES
                        ? NO_COORDINATOR_EPOCH
                        : ByteBuffer.wrap(records.bytes()).getInt(records.valueOffset() + 2);
        return new EndMarker(records.controlType() == 1, epoch);
    }
}
