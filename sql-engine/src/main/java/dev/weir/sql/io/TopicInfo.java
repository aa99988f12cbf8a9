package dev.weir.sql.io;

import java.util.Map;
import java.util.Optional;

/// A topic as it stands.
///
/// @param id tells it from others that had its name before
/// @param partitions number of partitions, numbered from 0
/// @param replicas replicas of each partition
/// @param config settings that were set for it, by Kafka's names
/// @param offline the partitions that cannot be used, and why: damage that was found when they were
///   opened. Does not change until the next start
public record TopicInfo(
        String name,
        String id,
        int partitions,
        int replicas,
        Map<String, String> config,
        Map<Integer, String> offline) {
    public TopicInfo {
        config = Map.copyOf(config);
        offline = Map.copyOf(offline);
    }

    /// Why not all of the topic can be used, of the first partition that cannot; empty if all can.
    public Optional<String> offlineReason() {
        return offline.entrySet().stream().min(Map.Entry.comparingByKey()).map(Map.Entry::getValue);
    }
}
