package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.state.PointChanges;
import dev.weir.sql.state.PointScan;
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

    /// Begins to read the rows that one lane keeps in slices; to be closed before the snapshot is.
    public Slices slices(StateSnapshot snapshot, int lane) {
        return new Scan(snapshot.scan(rows.lane(lane)));
    }

    /// Begins to read in slices what has changed in a lane between two snapshots; to be closed
    /// before they are.
    public Slices changes(StateSnapshot from, StateSnapshot to, int lane) {
        return new Changes(to.changesSince(from, rows.lane(lane)));
    }

    /// A table being read in slices.
    public sealed interface Slices extends AutoCloseable permits Scan, Changes {
        /// Emits the next rows.
        ///
        /// @param records about how many to look at
        /// @return false when there are no more
        boolean next(int records, Output output);

        @Override
        void close();
    }

    /// All rows, with weight +1.
    private final class Scan implements Slices {
        private final PointScan scan;
        private final Batch batch = Batch.of(schema);

        private Scan(PointScan scan) {
            this.scan = scan;
        }

        @Override
        public boolean next(int records, Output output) {
            batch.clear();
            scan.next(
                    records,
                    (_, _, _, values, offset, _) -> {
                        format.read(values, offset, batch, 1);
                        return true;
                    });
            if (!batch.isEmpty()) {
                output.emit(batch);
            }
            return scan.hasNext();
        }

        @Override
        public void close() {
            scan.close();
        }
    }

    /// The rows that went, with weight -1, and those that came, with weight +1.
    private final class Changes implements Slices {
        private final PointChanges changes;
        private final Batch batch = Batch.of(schema);

        private Changes(PointChanges changes) {
            this.changes = changes;
        }

        @Override
        public boolean next(int records, Output output) {
            batch.clear();
            changes.next(
                    records,
                    (before, after) -> {
                        if (Arrays.equals(before, after)) {
                            return;
                        }
                        if (before != null) {
                            format.read(before, 0, batch, -1);
                        }
                        if (after != null) {
                            format.read(after, 0, batch, 1);
                        }
                    });
            if (!batch.isEmpty()) {
                output.emit(batch);
            }
            return changes.hasNext();
        }

        @Override
        public void close() {
            changes.close();
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
