package dev.weir.sql.serde;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.io.RecordBlock;

/// Turns the records of a relation's topic into rows of its wanted columns. Belongs to one thread.
public interface RecordDecoder {
    /// Appends the record as a row with weight 1 and its row time.
    ///
    /// A table's record with null value is a deletion: its row has the key columns, NULL elsewhere,
    /// and weight -1. A stream's record with null value is passed over: false, and [#isSkipped].
    ///
    /// @return false when nothing was appended: the record is skipped or cannot be decoded
    boolean decode(RecordBlock block, int record, int partition, Batch into);

    /// True when the last record was passed over without being an error.
    boolean isSkipped();

    /// Why the last record could not be decoded.
    String error();

    /// True when the record deletes its key: a table's record without a value.
    boolean tombstone(RecordBlock block, int record);
}
