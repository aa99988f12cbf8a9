package dev.weir.sql.catalog;

import dev.weir.sql.batch.SqlType;

/// A column of a stream or table.
///
/// @param key true when it is part of the record key (KEY or PRIMARY KEY)
public record RelationColumn(String name, SqlType type, boolean key) {}
