package dev.weir.sql.parse;

import dev.weir.sql.batch.SqlType;

/// A column of CREATE STREAM or CREATE TABLE.
public record ColumnDefinition(Name name, SqlType type, Key key) {
    /// How the column was marked.
    public enum Key {
        NONE,
        KEY,
        PRIMARY_KEY
    }
}
