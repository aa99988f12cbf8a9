package dev.weir.broker.group;

import com.yammer.metrics.core.MetricsRegistry;

import dev.weir.broker.coordinator.ClockTime;
import dev.weir.broker.coordinator.LogLoader;
import dev.weir.broker.coordinator.LogWriter;
import dev.weir.broker.coordinator.TransactionCheck;
import dev.weir.broker.coordinator.UnmeasuredRuntime;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.topic.Topic;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RemoveTopicRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.group.GroupConfigManager;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.GroupCoordinatorService;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.apache.kafka.server.util.PartitionMetadataClient;
import org.apache.kafka.server.util.timer.SystemTimer;
import org.apache.kafka.server.util.timer.SystemTimerReaper;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Kafka's group coordinator with everything it needs around it. Owned by the worker thread of
/// [Groups]; the coordinator itself takes calls from any thread.
final class HostedCoordinator implements AutoCloseable {
    private static final int NODE = 1;
    private static final int LEADER_EPOCH = 0;
    private static final int LOAD_SECONDS = 10;

    private final InstantSource clock;
    private final GroupCoordinatorService service;
    private final GroupConfigManager groupConfigs;
    private Set<String> configured = Set.of();
    private final CountDownLatch loads;
    private MetadataImage topics = MetadataImage.EMPTY;
    private long changes;

    /// Begins to load the groups.
    ///
    /// @param partitions those of `__consumer_offsets`
    /// @param known all topics
    /// @param transactions asked before offsets are committed in a client's transaction
    /// @param configs the settings that groups have of their own
    HostedCoordinator(
            CoordinatorSettings settings,
            List<Partition> partitions,
            List<Topic> known,
            InstantSource clock,
            TransactionCheck transactions,
            Map<String, Map<String, String>> configs) {
        this.clock = clock;
        this.loads = new CountDownLatch(partitions.size());
        var groupSettings = new GroupCoordinatorConfig(settings);
        this.groupConfigs =
                new GroupConfigManager(Map.of(), groupSettings, new ShareGroupConfig(settings));
        configure(configs);
        this.service =
                new GroupCoordinatorService.Builder(NODE, groupSettings)
                        .withWriter(new LogWriter(partitions, loads::countDown, transactions))
                        .withLoader(
                                new LogLoader<>(
                                        "group-load",
                                        partitions,
                                        new GroupCoordinatorRecordSerde(),
                                        clock,
                                        loads::countDown))
                        .withTime(new ClockTime(clock))
                        .withTimer(new SystemTimerReaper("group-timer", new SystemTimer("group")))
                        .withCoordinatorRuntimeMetrics(new UnmeasuredRuntime())
                        .withGroupCoordinatorMetrics(
                                new GroupCoordinatorMetrics(new MetricsRegistry(), new Metrics()))
                        .withGroupConfigManager(groupConfigs)
                        .withPersister(new NoOpStatePersister())
                        .withAuthorizerPlugin(Optional.empty())
                        .withPartitionMetadataClient(new NoPartitionMetadata())
                        .build();
        service.startup(partitions::size);
        var delta = delta();
        known.forEach(topic -> create(delta, topic, 0));
        publish(delta);
        for (int index = 0; index < partitions.size(); index++) {
            service.onElection(index, LEADER_EPOCH);
        }
    }

    GroupCoordinator coordinator() {
        return service;
    }

    /// Waits until all groups are loaded, but not forever.
    void awaitLoaded() {
        try {
            var _ = loads.await(LOAD_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /// Tells the coordinator of a change. Waits until the offsets of a deleted topic are deleted.
    ///
    /// @param was null if the topic is new
    /// @param is null if it is gone
    void topicChanged(Topic was, Topic is) {
        var delta = delta();
        if (is == null) {
            delta.replay(new RemoveTopicRecord().setTopicId(TopicIds.toWire(was.id())));
        } else {
            int known = was == null ? 0 : was.partitions().size();
            if (known == is.partitions().size()) {
                return;
            }
            create(delta, is, known);
        }
        publish(delta);
    }

    /// Tells the coordinator which settings groups have of their own from now on.
    void configure(Map<String, Map<String, String>> configs) {
        for (var group : configured) {
            if (!configs.containsKey(group)) {
                groupConfigs.updateGroupConfig(group, new Properties());
            }
        }
        configs.forEach((group, own) ->
                groupConfigs.updateGroupConfig(group, GroupSettings.properties(own)));
        configured = Set.copyOf(configs.keySet());
    }

    private MetadataDelta delta() {
        return new MetadataDelta.Builder().setImage(topics).build();
    }

    private void publish(MetadataDelta delta) {
        changes++;
        topics = delta.apply(new MetadataProvenance(changes, 0, clock.millis(), true));
        service.onMetadataUpdate(delta, topics);
    }

    private static void create(MetadataDelta delta, Topic topic, int knownPartitions) {
        Uuid id = TopicIds.toWire(topic.id());
        if (knownPartitions == 0) {
            delta.replay(new TopicRecord().setName(topic.name()).setTopicId(id));
        }
        for (int index = knownPartitions; index < topic.partitions().size(); index++) {
            delta.replay(
                    new PartitionRecord()
                            .setTopicId(id)
                            .setPartitionId(index)
                            .setReplicas(List.of(NODE))
                            .setIsr(List.of(NODE))
                            .setLeader(NODE)
                            .setLeaderEpoch(LEADER_EPOCH));
        }
    }

    @Override
    public void close() {
        service.shutdown();
    }

    /// Asked for by share groups only, which are not served.
    private static final class NoPartitionMetadata implements PartitionMetadataClient {
        @Override
        public Map<TopicPartition, CompletableFuture<OffsetResponse>> listLatestOffsets(
                Set<TopicPartition> wanted) {
            var answers = new HashMap<TopicPartition, CompletableFuture<OffsetResponse>>();
            for (var each : wanted) {
                answers.put(
                        each,
                        CompletableFuture.completedFuture(
                                new OffsetResponse(-1, Errors.UNSUPPORTED_VERSION)));
            }
            return answers;
        }

        @Override
        public void close() {}
    }
}
