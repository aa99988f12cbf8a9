package dev.weir.broker.group;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.BrokerSettings;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.MetadataRecord.ResourceConfigsChanged;

import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What Kafka's group coordinator is told when it asks for its settings.
class CoordinatorSettingsTest {
    private final MetadataImage image = new MetadataImage();
    private final MetadataLog log =
            MetadataLog.open(new SimulatedFileSystem(1), Path.of("/meta"), image::apply);
    private final AdminSettings admins = new AdminSettings(log, image);
    private final CoordinatorSettings settings =
            new CoordinatorSettings(
                    GroupsConfig.DEFAULT, new BrokerSettings(admins, "1", Map.of()));

    @Test
    void what_is_changed_while_the_coordinator_runs_holds_when_it_asks_again() {
        var asked = new GroupCoordinatorConfig(settings);
        assertThat(asked.consumerGroupAssignmentIntervalMs()).isEqualTo(1000);
        assertThat(asked.cachedBufferMaxBytes()).isEqualTo(1048588);
        admins.change(
                List.of(
                        new ResourceConfigsChanged(
                                BrokerSettings.RESOURCE_TYPE,
                                BrokerSettings.ALL_BROKERS,
                                Map.of(
                                        "group.consumer.assignment.interval.ms", "7",
                                        "group.coordinator.cached.buffer.max.bytes", "600000"))));
        assertThat(asked.consumerGroupAssignmentIntervalMs()).isEqualTo(7);
        assertThat(asked.cachedBufferMaxBytes()).isEqualTo(600_000);
    }

    @Test
    void what_kafka_lets_change_can_change_but_for_groups_that_are_not_served() {
        var fixed = new HashSet<>(GroupCoordinatorConfig.RECONFIGURABLE_CONFIGS);
        fixed.removeAll(CoordinatorSettings.CHANGEABLE);
        assertThat(fixed)
                .isEqualTo(
                        Set.of(
                                "group.share.assignment.interval.ms",
                                "group.streams.assignment.interval.ms"));
    }
}
