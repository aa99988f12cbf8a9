package dev.weir.broker.group;

import dev.weir.broker.topic.BrokerSetting;
import dev.weir.broker.topic.BrokerSettings;

import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The broker's settings in the form in which Kafka's group coordinator reads them. Those that can
/// be changed while the broker runs are looked up each time the coordinator asks. Any thread.
final class CoordinatorSettings extends AbstractConfig {
    private static final int EVENT_THREADS = 2;
    private static final int BACKGROUND_THREADS = 1;

    static final Set<String> CHANGEABLE =
            Set.of(BrokerSetting.CACHED_BUFFER_BYTES, BrokerSetting.CONSUMER_ASSIGNMENT_INTERVAL);

    private final BrokerSettings changeable;

    CoordinatorSettings(GroupsConfig config, BrokerSettings changeable) {
        super(
                Utils.mergeConfigs(
                        List.of(GroupCoordinatorConfig.CONFIG_DEF, ShareGroupConfig.CONFIG_DEF)),
                values(config),
                false);
        this.changeable = changeable;
    }

    /// @param key one that the definition has
    @Override
    protected Object get(String key) {
        return CHANGEABLE.contains(key) ? changeable.integer(key) : super.get(key);
    }

    private static Map<String, Object> values(GroupsConfig config) {
        int heartbeatMs = config.consumerHeartbeatIntervalMs();
        int sessionMs = config.consumerSessionTimeoutMs();
        var values = new HashMap<String, Object>();
        values.put("group.coordinator.threads", EVENT_THREADS);
        values.put("group.coordinator.background.threads", BACKGROUND_THREADS);
        values.put("offsets.topic.num.partitions", config.offsetsPartitions());
        values.put("offsets.topic.replication.factor", (short) 1);
        values.put("offsets.retention.minutes", config.offsetsRetentionMinutes());
        values.put("group.initial.rebalance.delay.ms", config.initialRebalanceDelayMs());
        values.put("group.min.session.timeout.ms", config.minSessionTimeoutMs());
        values.put("group.max.session.timeout.ms", config.maxSessionTimeoutMs());
        values.put("group.consumer.session.timeout.ms", sessionMs);
        values.put("group.consumer.min.session.timeout.ms", Math.min(sessionMs, 45_000));
        values.put("group.consumer.max.session.timeout.ms", Math.max(sessionMs, 60_000));
        values.put("group.consumer.heartbeat.interval.ms", heartbeatMs);
        values.put("group.consumer.min.heartbeat.interval.ms", Math.min(heartbeatMs, 5_000));
        values.put("group.consumer.max.heartbeat.interval.ms", Math.max(heartbeatMs, 15_000));
        return values;
    }
}
