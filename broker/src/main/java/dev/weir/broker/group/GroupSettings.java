package dev.weir.broker.group;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.topic.BrokerSettings;

import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;

import java.util.Collection;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/// The settings a group can have of its own, by Kafka's names. Those of share and Streams groups
/// are kept and shown, so that tools that set them work. Any thread.
public final class GroupSettings {
    /// Kafka's number for groups as something that has settings.
    public static final byte RESOURCE_TYPE = 32;

    private final GroupsConfig config;
    private final BrokerSettings changeable;
    private Limits limits; // under this; loaded late, because most brokers start without groups

    /// @param config what holds where a group says nothing, and within which limits it may say
    ///   something
    /// @param changeable the part of it that can be changed
    public GroupSettings(GroupsConfig config, BrokerSettings changeable) {
        this.config = config;
        this.changeable = changeable;
    }

    /// The broker's side of it, in the forms Kafka wants.
    private record Limits(
            CoordinatorSettings broker,
            GroupCoordinatorConfig groups,
            ShareGroupConfig shareGroups) {}

    private synchronized Limits limits() {
        if (limits == null) {
            var broker = new CoordinatorSettings(config, changeable);
            limits =
                    new Limits(
                            broker,
                            new GroupCoordinatorConfig(broker),
                            new ShareGroupConfig(broker));
        }
        return limits;
    }

    /// All of them, sorted by name.
    public Collection<ConfigDef.ConfigKey> all() {
        return new TreeMap<>(GroupConfig.CONFIG_DEF.configKeys()).values();
    }

    /// What holds where a group says nothing.
    public String defaultValue(String name) {
        var key = GroupConfig.CONFIG_DEF.configKeys().get(name);
        var synonym = GroupConfig.brokerSynonym(name).orElse("");
        var broker = limits().broker;
        var fromBroker = broker.values().containsKey(synonym) ? broker.get(synonym) : null;
        var value = fromBroker != null ? fromBroker : key.defaultValue;
        return value == null || value == ConfigDef.NO_DEFAULT_VALUE
                ? null
                : ConfigDef.convertToString(value, key.type);
    }

    /// @throws BrokerException with `INVALID_CONFIG` if a group cannot have these settings
    public void check(Map<String, String> configs) {
        try {
            GroupConfig.validate(configs, limits().groups, limits().shareGroups);
        } catch (KafkaException e) {
            throw new BrokerException(ErrorCode.INVALID_CONFIG, e.getMessage(), e);
        }
    }

    /// As the coordinator wants them.
    static Properties properties(Map<String, String> configs) {
        var properties = new Properties();
        properties.putAll(configs);
        return properties;
    }
}
