package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.state.PointState;
import dev.weir.sql.state.PointStates;
import dev.weir.sql.state.StateSnapshot;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// Reads the rows that a [SourceTableOperator] or [TableSinkOperator] keeps, as of a snapshot. One
/// thread, any thread.
public final class TableReader {
    private static final int BATCH_ROWS = 4096;

    private final Schema schema;
    private final PointStates rows;
    private final TableRows format;
    private final KeyCodec keys;
    private final ByteSink key = new ByteSink();

    /// @param schema all columns of the table
    public TableReader(Schema schema, int[] keyColumns, PointStates rows) {
        this.schema = schema;
        this.rows = rows;
        this.format = new TableRows(schema, keyColumns);
        List<Field> fields = Arrays.stream(keyColumns).mapToObj(schema::field).toList();
        this.keys =
                new KeyCodec(new Schema(fields), IntStream.range(0, keyColumns.length).toArray());
    }

    /// How many lanes the rows are divided among.
    public int lanes() {
        return rows.lanes();
    }

    /// Emits all rows, in batches, with weight +1.
    public void scan(StateSnapshot snapshot, Output output) {
        for (int lane = 0; lane < rows.lanes(); lane++) {
            scan(snapshot, lane, output);
        }
    }

    /// Emits the rows that one lane keeps.
    public void scan(StateSnapshot snapshot, int lane, Output output) {
        Batch batch = Batch.of(schema);
        snapshot.scan(
                rows.lane(lane),
                (_, _, _, values, offset, _) -> {
                    format.read(values, offset, batch, 1);
                    if (batch.size() == BATCH_ROWS) {
                        output.emit(batch);
                        batch.clear();
                    }
                    return true;
                });
        if (!batch.isEmpty()) {
            output.emit(batch);
        }
    }

    /// Appends the row whose key stands at `row` of `keyRows`, with weight +1.
    ///
    /// @param keyRows has the key columns only, in key order
    /// @return false when there is none
    public boolean lookup(StateSnapshot snapshot, Batch keyRows, int row, Batch into) {
        PointState lane = rows.lane(lane(keyRows, row));
        byte[] value = snapshot.get(lane, key.array(), 0, key.size());
        if (value == null) {
            return false;
        }
        format.read(value, 0, into, 1);
        return true;
    }

    /// The lane that keeps the row whose key stands at `row` of `keyRows`.
    public int lane(Batch keyRows, int row) {
        key.clear();
        keys.write(keyRows, row, key);
        return rows.laneOf(key.array(), 0, key.size());
    }
}
