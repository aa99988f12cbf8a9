package dev.weir.sql.serde;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.codec.ByteSink;

/// Turns rows into the keys and values of a relation's topic. The batch's columns are the
/// relation's, in order. Belongs to one thread.
public interface RecordEncoder {
    /// Appends the key's bytes.
    ///
    /// @return false when the key is null; then nothing was appended
    boolean encodeKey(Batch in, int row, ByteSink out);

    /// Appends the value's bytes.
    void encodeValue(Batch in, int row, ByteSink out);

    /// Appends the key columns read from a key's bytes, one for each of the relation's key columns
    /// in order.
    ///
    /// @return false when the bytes are no key of this relation; then nothing was appended
    boolean decodeKey(byte[] data, int offset, int length, Column[] into);
}
