package dev.weir.sql.catalog;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// A stream or a table over a topic.
///
/// Columns come in declared order. A windowed table has the columns WINDOWSTART and WINDOWEND
/// (BIGINT, key) directly after its other key columns; they are not part of the value.
///
/// @param name as declared; unique ignoring case
/// @param kind append-only stream, or keyed table
/// @param topic the topic that holds its records
/// @param partitions the topic's partitions
/// @param keyDelimiter between the fields of a DELIMITED key
/// @param valueDelimiter between the fields of a DELIMITED value
/// @param timestampColumn the column that gives the row time, if not the record's timestamp
/// @param timestampFormat its pattern when it is text (java.time), else empty
/// @param wrapSingleValue false when a single value column is written bare
/// @param window for windowed tables
/// @param queryId the query that writes it; empty for a relation over an existing topic
/// @param sql the statement that made it
public record Relation(
        String name,
        Kind kind,
        List<RelationColumn> columns,
        String topic,
        int partitions,
        Format keyFormat,
        Format valueFormat,
        char keyDelimiter,
        char valueDelimiter,
        Optional<String> timestampColumn,
        Optional<String> timestampFormat,
        boolean wrapSingleValue,
        Optional<WindowSpec> window,
        Optional<String> queryId,
        String sql) {
    /// Stream or table.
    public enum Kind {
        STREAM,
        TABLE
    }

    public Relation {
        columns = List.copyOf(columns);
    }

    public boolean isTable() {
        return kind == Kind.TABLE;
    }

    /// True when a continuous query of this server writes it.
    public boolean isDerived() {
        return queryId.isPresent();
    }

    /// All columns, keys included, in declared order.
    public Schema schema() {
        return new Schema(columns.stream().map(c -> new Field(c.name(), c.type())).toList());
    }

    /// The indexes of the key columns, in order.
    public int[] keyColumns() {
        return IntStream.range(0, columns.size()).filter(i -> columns.get(i).key()).toArray();
    }

    /// The indexes of the value columns, in order.
    public int[] valueColumns() {
        return IntStream.range(0, columns.size()).filter(i -> !columns.get(i).key()).toArray();
    }
}
