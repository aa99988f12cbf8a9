package dev.weir.broker.group;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.protocol.TopicIds;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;

/// The power fails again and again just after commits were acknowledged. Each group has what it was
/// told it has, or something it sent later.
class CommitDurabilityTest {
    private static final int ROUNDS = 5;
    private static final int GROUPS = 7;
    private static final int COMMITS_A_ROUND = 60;

    @Test
    @Timeout(120)
    void acknowledged_offsets_survive_every_power_loss() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        var files = new SimulatedFileSystem(random.nextLong());
        var config = BrokerConfig.defaults(Path.of("/data"));
        var broker = Broker.start(config, files, Clock.systemUTC());
        var topic = broker.topics().create(new NewTopic("t", 1, Map.of())).id();
        var acknowledged = new HashMap<String, Long>();
        long next = 0;
        for (int round = 0; round < ROUNDS; round++) {
            try (var client = new RawClient(broker.address())) {
                for (int i = 0; i < COMMITS_A_ROUND; i++) {
                    var group = "g" + random.nextInt(GROUPS);
                    commit(client, topic, group, ++next);
                    acknowledged.put(group, next);
                }
                // One more is under way when the power fails.
                client.send(ApiKeys.OFFSET_COMMIT, 10, request(topic, "g0", ++next));
                files.crash();
            }
            broker.close();
            broker = Broker.start(config, files, Clock.systemUTC());
            try (var client = new RawClient(broker.address())) {
                for (var each : acknowledged.entrySet()) {
                    long found = fetch(client, topic, each.getKey());
                    if (each.getKey().equals("g0") && found == next) {
                        each.setValue(found);
                    }
                    assertThat(found)
                            .as("%s in round %d", each.getKey(), round)
                            .isEqualTo(each.getValue());
                }
            }
        }
        broker.close();
    }

    private static void commit(RawClient client, UUID topic, String group, long offset)
            throws Exception {
        var response =
                (OffsetCommitResponseData)
                        client.call(ApiKeys.OFFSET_COMMIT, 10, request(topic, group, offset));
        assertThat(response.topics().getFirst().partitions().getFirst().errorCode()).isZero();
    }

    private static OffsetCommitRequestData request(UUID topic, String group, long offset) {
        return new OffsetCommitRequestData()
                .setGroupId(group)
                .setTopics(
                        List.of(
                                new OffsetCommitRequestTopic()
                                        .setTopicId(TopicIds.toWire(topic))
                                        .setPartitions(
                                                List.of(
                                                        new OffsetCommitRequestPartition()
                                                                .setCommittedOffset(offset)))));
    }

    private static long fetch(RawClient client, UUID topic, String group) throws Exception {
        var request =
                new OffsetFetchRequestData()
                        .setRequireStable(true)
                        .setGroups(
                                List.of(
                                        new OffsetFetchRequestGroup()
                                                .setGroupId(group)
                                                .setTopics(
                                                        List.of(
                                                                new OffsetFetchRequestTopics()
                                                                        .setTopicId(
                                                                                TopicIds.toWire(
                                                                                        topic))
                                                                        .setPartitionIndexes(
                                                                                List.of(0))))));
        var response = (OffsetFetchResponseData) client.call(ApiKeys.OFFSET_FETCH, 10, request);
        var found = response.groups().getFirst();
        assertThat(found.errorCode()).isZero();
        return found.topics().getFirst().partitions().getFirst().committedOffset();
    }
}
