package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.codec.RowCodec;
import dev.weir.sql.state.PointState;

/// How the rows of a table lie in its point state.
///
/// ```
/// key   = the key columns, as KeyCodec has them
/// value = row time, 8 bytes; all columns, as RowCodec has them
/// ```
final class TableRows {
    static final int ROW = 8;

    private final KeyCodec keys;
    private final RowCodec rows;

    TableRows(Schema schema, int[] keyColumns) {
        this.keys = new KeyCodec(schema, keyColumns);
        this.rows = new RowCodec(schema);
    }

    /// The keys of slices of batches, to be looked up in a state.
    KeySlice keySlice(PointState state) {
        return new KeySlice(keys, state);
    }

    void writeValue(Batch in, int row, ByteSink out) {
        out.putLong(in.rowTime(row));
        rows.write(in, row, out);
    }

    /// Appends the row of a value to a batch.
    void read(byte[] data, int offset, Batch into, long weight) {
        rows.read(data, offset + ROW, into);
        into.endRow(weight, Slots.getLong(data, offset));
    }
}
