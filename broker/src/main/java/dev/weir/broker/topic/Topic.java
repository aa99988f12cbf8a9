package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.Partition;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/// A topic as it is now: a value, replaced when anything about it changes.
public final class Topic {
    private final MetadataImage.Description description;
    private final List<Partition> partitions;
    private final boolean compactedOnly;

    /// @param effective the settings that hold for it, whether its own or not
    Topic(
            MetadataImage.Description description,
            List<Partition> partitions,
            Map<String, String> effective) {
        this.description = description;
        this.partitions = List.copyOf(partitions);
        var policy = TopicSetting.listOf(TopicSetting.value(effective, "cleanup.policy"));
        this.compactedOnly = policy.contains("compact") && !policy.contains("delete");
    }

    /// Tells this topic from an earlier one of the same name.
    public UUID id() {
        return description.id();
    }

    public String name() {
        return description.name();
    }

    /// The settings it has of its own; [Topics#effective] gives those that hold.
    public Map<String, String> configs() {
        return description.configs();
    }

    /// All partitions, by index. One whose log is damaged is here too and says why it is offline.
    public List<Partition> partitions() {
        return partitions;
    }

    /// @throws BrokerException with `UNKNOWN_TOPIC_OR_PARTITION` if there is no such partition
    public Partition partition(int index) {
        if (index < 0 || index >= partitions.size()) {
            throw new BrokerException(
                    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                    "topic \"" + name() + "\" has no partition " + index);
        }
        return partitions.get(index);
    }

    /// Whether the topic belongs to the broker itself.
    public boolean isInternal() {
        return TopicNames.isInternal(name());
    }

    /// Whether records go only when another of their key replaces them, never by age or size.
    public boolean isCompactedOnly() {
        return compactedOnly;
    }

    MetadataImage.Description description() {
        return description;
    }

    @Override
    public String toString() {
        return name() + " (" + id() + ")";
    }
}
