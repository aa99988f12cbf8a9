package dev.weir.server.pgwire;

import dev.weir.sql.batch.Schema;

import java.util.List;

/// A column of a result as clients see it.
record ResultColumn(String name, PostgresType type) {
    static List<ResultColumn> of(Schema schema) {
        return schema.fields().stream()
                .map(field -> new ResultColumn(field.name(), PostgresType.of(field.type())))
                .toList();
    }

    static ResultColumn text(String name) {
        return new ResultColumn(name, PostgresType.plain(PostgresType.TEXT));
    }
}
