package dev.weir.sql.catalog;

/// How keys or values are written in the topic.
public enum Format {
    /// A JSON object of the columns by name (or, for a single unwrapped column, a bare value).
    JSON,
    /// Kafka's primitive serializers: one column as big-endian int, long, double, UTF-8 or bytes.
    KAFKA,
    /// Fields separated by a delimiter.
    DELIMITED,
    /// No key at all.
    NONE
}
