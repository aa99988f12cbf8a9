package dev.weir.sql.analyze;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;

import java.util.List;
import java.util.Optional;

/// What is known of a statement before its parameters have values.
///
/// @param parameters the type of each, `$1` first
/// @param result the columns of a query; empty for everything else
public record Described(List<SqlType> parameters, Optional<Schema> result) {
    public Described {
        parameters = List.copyOf(parameters);
    }
}
