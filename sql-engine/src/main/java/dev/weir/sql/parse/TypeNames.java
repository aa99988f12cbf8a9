package dev.weir.sql.parse;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Names of types that are not reserved words: those of time, ksqlDB's and PostgreSQL's.
public final class TypeNames {
    static final List<String> ALL =
            List.of(
                    "BOOLEAN",
                    "INT",
                    "INTEGER",
                    "BIGINT",
                    "DOUBLE",
                    "DECIMAL",
                    "VARCHAR",
                    "STRING",
                    "BYTES",
                    "DATE",
                    "TIME",
                    "TIMESTAMP",
                    "ARRAY",
                    "MAP",
                    "STRUCT");

    private TypeNames() {}

    /// The type of that name, ignoring case.
    public static Optional<SqlType> find(String name) {
        return switch (name.toUpperCase(Locale.ROOT)) {
            case "STRING", "TEXT" -> Optional.of(Primitive.VARCHAR);
            case "BYTES", "BYTEA" -> Optional.of(Primitive.BYTES);
            case "BOOL" -> Optional.of(Primitive.BOOLEAN);
            case "INT4" -> Optional.of(Primitive.INT);
            case "INT8", "LONG" -> Optional.of(Primitive.BIGINT);
            case "DATE" -> Optional.of(Primitive.DATE);
            case "TIME" -> Optional.of(Primitive.TIME);
            case "TIMESTAMP" -> Optional.of(Primitive.TIMESTAMP);
            case "FLOAT8" -> Optional.of(Primitive.DOUBLE);
            default -> Optional.empty();
        };
    }
}
