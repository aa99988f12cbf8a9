package dev.weir.sql.io;

import java.util.Map;

/// A topic as it stands.
///
/// @param id tells it from others that had its name before
/// @param partitions number of partitions, numbered from 0
/// @param replicas replicas of each partition
/// @param config settings that were set for it, by Kafka's names
public record TopicInfo(
        String name, String id, int partitions, int replicas, Map<String, String> config) {
    public TopicInfo {
        config = Map.copyOf(config);
    }
}
