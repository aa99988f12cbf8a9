package dev.weir.broker.group;

/// How consumer groups are kept, by Kafka's names.
///
/// @param offsetsPartitions partitions that `__consumer_offsets` is created with
///   (`offsets.topic.num.partitions`)
/// @param offsetsRetentionMinutes how long the offsets of a group without members are kept
///   (`offsets.retention.minutes`)
/// @param initialRebalanceDelayMs how long the first member of a classic group waits for others to
///   join (`group.initial.rebalance.delay.ms`)
/// @param minSessionTimeoutMs the shortest session a member of a classic group may ask for
///   (`group.min.session.timeout.ms`)
/// @param maxSessionTimeoutMs the longest one (`group.max.session.timeout.ms`)
/// @param consumerSessionTimeoutMs after which silence a member of a KIP-848 group is gone
///   (`group.consumer.session.timeout.ms`)
/// @param consumerHeartbeatIntervalMs how often such members are told to report
///   (`group.consumer.heartbeat.interval.ms`)
public record GroupsConfig(
        int offsetsPartitions,
        int offsetsRetentionMinutes,
        int initialRebalanceDelayMs,
        int minSessionTimeoutMs,
        int maxSessionTimeoutMs,
        int consumerSessionTimeoutMs,
        int consumerHeartbeatIntervalMs) {

    /// Kafka's defaults but for fewer partitions, which one node has no use for, and for no delay
    /// of the first rebalance, which Kafka's own quick start chooses too.
    public static final GroupsConfig DEFAULT =
            new GroupsConfig(8, 7 * 24 * 60, 0, 6_000, 1_800_000, 45_000, 5_000);

    public GroupsConfig {
        positive("offsets.topic.num.partitions", offsetsPartitions);
        positive("offsets.retention.minutes", offsetsRetentionMinutes);
        if (initialRebalanceDelayMs < 0) {
            throw new IllegalArgumentException(
                    "group.initial.rebalance.delay.ms must not be negative, got "
                            + initialRebalanceDelayMs);
        }
        positive("group.min.session.timeout.ms", minSessionTimeoutMs);
        if (maxSessionTimeoutMs < minSessionTimeoutMs) {
            throw new IllegalArgumentException(
                    "group.max.session.timeout.ms must be at least "
                            + minSessionTimeoutMs
                            + ", got "
                            + maxSessionTimeoutMs);
        }
        positive("group.consumer.heartbeat.interval.ms", consumerHeartbeatIntervalMs);
        if (consumerSessionTimeoutMs <= consumerHeartbeatIntervalMs) {
            throw new IllegalArgumentException(
                    "group.consumer.session.timeout.ms must be more than the heartbeat interval of "
                            + consumerHeartbeatIntervalMs
                            + ", got "
                            + consumerSessionTimeoutMs);
        }
    }

    /// The same with `__consumer_offsets` created with another number of partitions.
    public GroupsConfig withOffsetsPartitions(int partitions) {
        return new GroupsConfig(
                partitions,
                offsetsRetentionMinutes,
                initialRebalanceDelayMs,
                minSessionTimeoutMs,
                maxSessionTimeoutMs,
                consumerSessionTimeoutMs,
                consumerHeartbeatIntervalMs);
    }

    /// The same with other sessions of KIP-848 groups.
    public GroupsConfig withConsumerSessions(int sessionTimeoutMs, int heartbeatIntervalMs) {
        return new GroupsConfig(
                offsetsPartitions,
                offsetsRetentionMinutes,
                initialRebalanceDelayMs,
                minSessionTimeoutMs,
                maxSessionTimeoutMs,
                sessionTimeoutMs,
                heartbeatIntervalMs);
    }

    private static void positive(String property, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(property + " must be at least 1, got " + value);
        }
    }
}
