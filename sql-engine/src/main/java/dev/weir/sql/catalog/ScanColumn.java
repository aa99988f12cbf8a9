package dev.weir.sql.catalog;

import java.util.List;

/// What a scan takes from each record.
public sealed interface ScanColumn {
    /// A column of the relation, or with a path a field inside its struct: `bid->auction` is the
    /// column `bid` with the path `[auction]`.
    ///
    /// @param column index into the relation's columns
    record Value(int column, List<String> path) implements ScanColumn {
        public Value {
            path = List.copyOf(path);
        }
    }

    /// ROWTIME: milliseconds since the epoch.
    record RowTime() implements ScanColumn {}

    /// ROWPARTITION: the record's partition.
    record RowPartition() implements ScanColumn {}

    /// ROWOFFSET: the record's offset.
    record RowOffset() implements ScanColumn {}
}
