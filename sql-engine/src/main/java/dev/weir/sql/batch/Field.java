package dev.weir.sql.batch;

/// A named, typed column of a schema or member of a struct; the name keeps its declared case.
public record Field(String name, SqlType type) {}
