package dev.weir.sql.batch;

/// Weighted rows in columns: the delta of a Z-set (DBSP, Budiu et al., VLDB 2023).
///
/// Row `i` has the values `column(c)` at `i`, a weight (+1 insert, -1 retract, any integer after
/// consolidation) and a row time (milliseconds since the epoch; a derived row's is the maximum of
/// its inputs').
///
/// A selection hides rows without copying: when [#selection] is not null only its first [#size]
/// entries are the batch's rows. Loops are written `for (int i = 0; i < batch.size(); i++) { int
/// row = batch.row(i); … }`.
public final class Batch {
    private final Schema schema;
    private final Column[] columns;
    private final LongColumn rowTimes;
    private final LongColumn weights;
    private int[] selection;
    private int selected;

    private Batch(Schema schema, Column[] columns, LongColumn rowTimes, LongColumn weights) {
        this.schema = schema;
        this.columns = columns;
        this.rowTimes = rowTimes;
        this.weights = weights;
    }

    /// An empty batch.
    public static Batch of(Schema schema) {
        Column[] columns = new Column[schema.size()];
        for (int i = 0; i < columns.length; i++) {
            columns[i] = Column.of(schema.type(i));
        }
        return new Batch(schema, columns, new LongColumn(), new LongColumn());
    }

    /// The same rows seen through other columns: column i of the view is column `from[i]` of this
    /// batch, shared, not copied. The view has its own selection and sees rows appended later.
    public Batch view(Schema viewSchema, int[] from) {
        Column[] picked = new Column[from.length];
        for (int i = 0; i < from.length; i++) {
            picked[i] = columns[from[i]];
        }
        return new Batch(viewSchema, picked, rowTimes, weights);
    }

    public Schema schema() {
        return schema;
    }

    public Column column(int index) {
        return columns[index];
    }

    public LongColumn longs(int index) {
        return (LongColumn) columns[index];
    }

    public DoubleColumn doubles(int index) {
        return (DoubleColumn) columns[index];
    }

    public BytesColumn bytes(int index) {
        return (BytesColumn) columns[index];
    }

    public ObjectColumn objects(int index) {
        return (ObjectColumn) columns[index];
    }

    /// The number of rows a reader sees.
    public int size() {
        return selection == null ? rowTimes.size() : selected;
    }

    public boolean isEmpty() {
        return size() == 0;
    }

    /// The physical row of the i-th visible row.
    public int row(int i) {
        return selection == null ? i : selection[i];
    }

    /// The selection vector, or null when every physical row is visible.
    public int[] selection() {
        return selection;
    }

    /// Hides every row but the first `count` entries of `rows`; null shows all again.
    public void select(int[] rows, int count) {
        selection = rows;
        selected = count;
    }

    public long weight(int row) {
        return weights.get(row);
    }

    public long rowTime(int row) {
        return rowTimes.get(row);
    }

    public LongColumn weights() {
        return weights;
    }

    public LongColumn rowTimes() {
        return rowTimes;
    }

    /// Finishes a row whose columns have been appended.
    public void endRow(long weight, long rowTime) {
        weights.append(weight);
        rowTimes.append(rowTime);
    }

    /// Appends a row of a batch with the same columns, with another weight.
    public void appendRow(Batch source, int row, long weight) {
        for (int c = 0; c < columns.length; c++) {
            columns[c].appendFrom(source.columns[c], row);
        }
        endRow(weight, source.rowTime(row));
    }

    /// Appends some physical rows of a batch with the same columns, as they are.
    ///
    /// @param rows the first `count` of these
    public void appendRows(Batch source, int[] rows, int count) {
        for (int c = 0; c < columns.length; c++) {
            columns[c].appendFrom(source.columns[c], rows, count);
        }
        rowTimes.appendFrom(source.rowTimes, rows, count);
        weights.appendFrom(source.weights, rows, count);
    }

    /// Forgets all rows and the selection, keeps the memory.
    public void clear() {
        for (Column column : columns) {
            column.clear();
        }
        rowTimes.clear();
        weights.clear();
        selection = null;
        selected = 0;
    }

    /// The physical rows, visible or not.
    public int physicalRows() {
        return rowTimes.size();
    }

    @Override
    public String toString() {
        return "Batch[" + size() + " rows of " + schema.names() + "]";
    }
}
