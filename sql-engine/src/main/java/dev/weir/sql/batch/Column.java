package dev.weir.sql.batch;

/// A growable column of values with NULLs. Not thread-safe: it belongs to one operator.
public sealed interface Column permits LongColumn, DoubleColumn, BytesColumn, ObjectColumn {
    int size();

    boolean isNull(int row);

    /// True when no row is NULL, so that loops may skip the test.
    boolean hasNoNulls();

    void appendNull();

    /// Appends one row of a column of the same class.
    void appendFrom(Column source, int row);

    /// Appends some rows of a column of the same class.
    ///
    /// @param rows the first `count` of these
    void appendFrom(Column source, int[] rows, int count);

    /// Forgets all rows, keeps the memory.
    void clear();

    static Column of(SqlType type) {
        return switch (type.layout()) {
            case LONG -> new LongColumn();
            case DOUBLE -> new DoubleColumn();
            case BYTES -> new BytesColumn();
            case OBJECT -> new ObjectColumn();
        };
    }
}
