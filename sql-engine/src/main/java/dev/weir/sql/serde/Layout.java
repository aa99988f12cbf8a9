package dev.weir.sql.serde;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.List;

/// Where a relation's columns lie in its records: indexes into its columns.
///
/// @param keys columns written in the key's format
/// @param windowStart the WINDOWSTART column, which is the key's last 8 bytes; -1 if there is none
/// @param windowEnd the WINDOWEND column: of a session the 8 bytes before, else not written; -1 if
///   there is none
/// @param values columns written in the value's format
record Layout(
        Relation relation,
        List<Integer> keys,
        int windowStart,
        int windowEnd,
        List<Integer> values) {
    static Layout of(Relation relation) {
        List<Integer> keys = new ArrayList<>();
        List<Integer> values = new ArrayList<>();
        int start = -1;
        int end = -1;
        for (int i = 0; i < relation.columns().size(); i++) {
            RelationColumn column = relation.columns().get(i);
            if (!column.key()) {
                values.add(i);
            } else if (relation.window().isPresent()
                    && column.name().equalsIgnoreCase(WindowSpec.START)) {
                start = i;
            } else if (relation.window().isPresent()
                    && column.name().equalsIgnoreCase(WindowSpec.END)) {
                end = i;
            } else {
                keys.add(i);
            }
        }
        if (relation.keyFormat() == Format.KAFKA && keys.size() > 1) {
            throw tooMany("key");
        }
        if (relation.valueFormat() == Format.KAFKA && values.size() > 1) {
            throw tooMany("value");
        }
        return new Layout(relation, keys, start, end, values);
    }

    private static SqlException tooMany(String part) {
        return new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                null,
                "the KAFKA format holds one column, the " + part + " has several",
                "Use the format JSON.");
    }

    boolean isWindowed() {
        return windowStart >= 0;
    }

    /// True when windows are sessions.
    boolean isSession() {
        return isWindowed() && relation.window().orElseThrow().isSession();
    }

    /// Bytes that a key has after the key proper, as Kafka Streams writes them: the start of a
    /// window; of a session the end, then the start.
    int windowBytes() {
        return isWindowed() ? isSession() ? 16 : 8 : 0;
    }

    /// True when the key is the only key column's value itself.
    boolean isKeyBare() {
        return keys.size() == 1;
    }

    /// True when the value is the only value column's value itself.
    boolean isValueBare() {
        return values.size() == 1 && !relation.wrapSingleValue();
    }

    Field field(int column) {
        RelationColumn found = relation.columns().get(column);
        return new Field(found.name(), found.type());
    }

    SqlType type(int column) {
        return column < 0 ? Primitive.BIGINT : relation.columns().get(column).type();
    }
}
