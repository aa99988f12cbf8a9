package dev.weir.broker.topic;

import java.util.Map;

/// A topic to be created.
///
/// @param partitions how many, or [#DEFAULT_PARTITIONS]
/// @param configs settings of its own, possibly none
public record NewTopic(String name, int partitions, Map<String, String> configs) {
    /// As many partitions as the broker gives a topic created without a number.
    public static final int DEFAULT_PARTITIONS = -1;

    /// A topic of the default shape.
    public NewTopic(String name) {
        this(name, DEFAULT_PARTITIONS, Map.of());
    }
}
