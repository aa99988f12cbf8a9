package dev.weir.broker.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.TestBroker;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;

/// Kafka's Java consumer and admin client as judges of groups, under both group protocols.
@Timeout(120)
class GroupsTest {
    private static final TopicPartition FIRST = new TopicPartition("t", 0);

    @TempDir Path directory;
    private TestBroker broker;

    @BeforeEach
    void start() {
        broker =
                new TestBroker(
                        BrokerConfig.defaults(directory)
                                .withGroups(
                                        GroupsConfig.DEFAULT
                                                .withOffsetsPartitions(3)
                                                .withConsumerSessions(6_000, 300)));
        broker.broker().topics().create(new NewTopic("t", 4, Map.of()));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void two_members_share_the_partitions_and_the_one_that_stays_takes_over(String protocol)
            throws Exception {
        try (var stays = member(protocol, "g")) {
            var read = new ArrayList<String>();
            try (var leaves = member(protocol, "g")) {
                stays.subscribe(List.of("t"));
                leaves.subscribe(List.of("t"));
                pollUntil(
                        () -> stays.assignment().size() == 2 && leaves.assignment().size() == 2,
                        read,
                        stays,
                        leaves);
                assertThat(stays.assignment()).doesNotContainAnyElementsOf(leaves.assignment());
                send(0, 400);
                pollUntil(() -> read.size() >= 400, read, stays, leaves);
                commit(stays, read);
                commit(leaves, read);
            }
            pollUntil(() -> stays.assignment().size() == 4, read, stays);
            send(400, 800);
            pollUntil(() -> read.size() >= 800, read, stays);
            assertThat(read).doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void a_group_goes_on_after_a_restart_where_it_committed(String protocol) throws Exception {
        send(0, 100);
        var read = new ArrayList<String>();
        try (var consumer = member(protocol, "g", "max.poll.records", "10")) {
            consumer.subscribe(List.of("t"));
            pollUntil(() -> read.size() >= 50, read, consumer);
            commit(consumer, read);
        }
        broker.restart();
        send(100, 150);
        try (var consumer = member(protocol, "g")) {
            consumer.subscribe(List.of("t"));
            pollUntil(() -> read.size() >= 150, read, consumer);
            assertThat(read).doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void members_outlive_a_restart_of_the_broker(String protocol) throws Exception {
        var fixed = broker.broker().address().getPort();
        broker.close();
        broker = new TestBroker(BrokerConfig.defaults(directory).withListener("127.0.0.1", fixed));
        var read = new ArrayList<String>();
        try (var consumer = member(protocol, "g")) {
            consumer.subscribe(List.of("t"));
            send(0, 100);
            pollUntil(() -> read.size() >= 100, read, consumer);
            commit(consumer, read);
            broker.restart();
            send(100, 200);
            pollUntil(() -> read.size() >= 200, read, consumer);
            commit(consumer, read);
            assertThat(read).doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void a_static_member_that_comes_back_gets_its_partitions_without_a_rebalance(String protocol)
            throws Exception {
        var read = new ArrayList<String>();
        try (var other = member(protocol, "g", "group.instance.id", "a")) {
            other.subscribe(List.of("t"));
            Set<TopicPartition> own;
            try (var first = member(protocol, "g", "group.instance.id", "b")) {
                first.subscribe(List.of("t"));
                pollUntil(
                        () -> first.assignment().size() == 2 && other.assignment().size() == 2,
                        read,
                        other,
                        first);
                own = Set.copyOf(first.assignment());
            }
            var revoked = new ArrayList<TopicPartition>();
            int generation = other.groupMetadata().generationId();
            other.subscribe(
                    List.of("t"),
                    new ConsumerRebalanceListener() {
                        @Override
                        public void onPartitionsRevoked(Collection<TopicPartition> gone) {
                            revoked.addAll(gone);
                        }

                        @Override
                        public void onPartitionsAssigned(Collection<TopicPartition> came) {}
                    });
            try (var second = member(protocol, "g", "group.instance.id", "b")) {
                second.subscribe(List.of("t"));
                pollUntil(() -> second.assignment().size() == 2, read, other, second);
                assertThat(second.assignment()).isEqualTo(own);
                assertThat(other.groupMetadata().generationId()).isEqualTo(generation);
                assertThat(revoked).isEmpty();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void a_member_gets_the_partitions_its_topic_is_given_later(String protocol) throws Exception {
        try (var consumer = member(protocol, "g", "metadata.max.age.ms", "300")) {
            consumer.subscribe(List.of("t"));
            var read = new ArrayList<String>();
            pollUntil(() -> consumer.assignment().size() == 4, read, consumer);
            broker.broker().topics().addPartitions("t", 6, false);
            pollUntil(() -> consumer.assignment().size() == 6, read, consumer);
        }
    }

    @Test
    void the_broker_resolves_a_pattern_of_topics() throws Exception {
        broker.broker().topics().create(new NewTopic("other", 2, Map.of()));
        try (var consumer = member("consumer", "g")) {
            consumer.subscribe(new SubscriptionPattern("[os].*|t"));
            pollUntil(() -> consumer.assignment().size() == 6, new ArrayList<>(), consumer);
        }
    }

    @Test
    void a_member_thrown_out_of_its_group_cannot_commit() throws Exception {
        var read = new ArrayList<String>();
        try (var consumer =
                        member(
                                "classic",
                                "g",
                                "max.poll.interval.ms",
                                "1000",
                                "session.timeout.ms",
                                "6000",
                                "heartbeat.interval.ms",
                                "200");
                var other = member("classic", "g")) {
            consumer.subscribe(List.of("t"));
            pollUntil(() -> consumer.assignment().size() == 4, read, consumer);
            other.subscribe(List.of("t"));
            // Polls no more, so its own client leaves the group for it.
            pollUntil(() -> other.assignment().size() == 4, read, other);
            assertThatThrownBy(() -> consumer.commitSync(at(FIRST, 1)))
                    .isInstanceOf(CommitFailedException.class);
        }
    }

    @Test
    void groups_are_listed_described_and_deleted() throws Exception {
        try (var admin = broker.admin()) {
            assertThat(admin.listGroups().all().get()).isEmpty();
            assertThat(broker.broker().topics().find("__consumer_offsets")).isEmpty();
            var read = new ArrayList<String>();
            try (var classic = member("classic", "old", "client.id", "c1");
                    var consumer = member("consumer", "new", "client.id", "c2")) {
                classic.subscribe(List.of("t"));
                consumer.subscribe(List.of("t"));
                pollUntil(
                        () -> classic.assignment().size() == 4 && consumer.assignment().size() == 4,
                        read,
                        classic,
                        consumer);
                classic.commitSync(at(FIRST, 0));
                consumer.commitSync(at(FIRST, 0));

                var listed = new HashMap<String, GroupType>();
                for (var group : admin.listGroups().all().get()) {
                    listed.put(group.groupId(), group.type().orElseThrow());
                    assertThat(group.groupState()).contains(GroupState.STABLE);
                }
                assertThat(listed)
                        .isEqualTo(Map.of("old", GroupType.CLASSIC, "new", GroupType.CONSUMER));
                assertThat(
                                admin.listGroups(
                                                new ListGroupsOptions()
                                                        .withTypes(Set.of(GroupType.CONSUMER))
                                                        .inGroupStates(Set.of(GroupState.STABLE)))
                                        .all()
                                        .get())
                        .extracting(GroupListing::groupId)
                        .containsExactly("new");

                var described = admin.describeConsumerGroups(List.of("old", "new")).all().get();
                for (var client : Map.of("old", "c1", "new", "c2").entrySet()) {
                    var group = described.get(client.getKey());
                    assertThat(group.groupState()).isEqualTo(GroupState.STABLE);
                    assertThat(group.coordinator().port())
                            .isEqualTo(broker.broker().address().getPort());
                    assertThat(group.members()).hasSize(1);
                    var member = group.members().iterator().next();
                    assertThat(member.clientId()).isEqualTo(client.getValue());
                    assertThat(member.host()).isEqualTo("/127.0.0.1");
                    assertThat(member.assignment().topicPartitions()).hasSize(4);
                }
                assertThatThrownBy(() -> admin.deleteConsumerGroups(List.of("old")).all().get())
                        .hasCauseInstanceOf(GroupNotEmptyException.class);
                assertThatThrownBy(() -> admin.deleteConsumerGroups(List.of("new")).all().get())
                        .hasCauseInstanceOf(GroupNotEmptyException.class);
            }
            admin.deleteConsumerGroups(List.of("old", "new")).all().get();
            assertThat(admin.listGroups().all().get()).isEmpty();
            assertThatThrownBy(() -> admin.describeConsumerGroups(List.of("old")).all().get())
                    .hasCauseInstanceOf(GroupIdNotFoundException.class);
            assertThatThrownBy(() -> admin.deleteConsumerGroups(List.of("old")).all().get())
                    .hasCauseInstanceOf(GroupIdNotFoundException.class);
            broker.restart();
        }
        try (var admin = broker.admin()) {
            assertThat(admin.listGroups().all().get()).as("after a restart").isEmpty();
        }
    }

    @Test
    void committed_offsets_are_reset_and_deleted_from_outside() throws Exception {
        send(0, 100);
        try (var admin = broker.admin()) {
            var read = new ArrayList<String>();
            try (var consumer = member("classic", "g")) {
                consumer.subscribe(List.of("t"));
                pollUntil(() -> read.size() >= 100, read, consumer);
                consumer.commitSync();
                assertThatThrownBy(() ->
                                admin.alterConsumerGroupOffsets("g", at(FIRST, 3)).all().get())
                        .as("while there is a member")
                        .hasCauseInstanceOf(UnknownMemberIdException.class);
            }
            admin.alterConsumerGroupOffsets("g", Map.of(FIRST, new OffsetAndMetadata(3, "by hand")))
                    .all()
                    .get();
            var offsets = committed(admin, "g");
            assertThat(offsets).hasSize(4);
            assertThat(offsets.get(FIRST)).isEqualTo(new OffsetAndMetadata(3, "by hand"));
            try (var consumer = member("consumer", "g")) {
                consumer.subscribe(List.of("t"));
                var again = new ArrayList<String>();
                pollUntil(() -> again.size() >= 22, again, consumer);
            }
            admin.deleteConsumerGroupOffsets("g", Set.of(FIRST)).all().get();
            assertThat(committed(admin, "g")).hasSize(3).doesNotContainKey(FIRST);

            var missing = new TopicPartition("missing", 0);
            assertThatThrownBy(
                            () -> admin.alterConsumerGroupOffsets("g", at(missing, 1)).all().get())
                    .hasCauseInstanceOf(UnknownTopicOrPartitionException.class);
            assertThatThrownBy(() ->
                            admin.deleteConsumerGroupOffsets("none", Set.of(FIRST)).all().get())
                    .hasCauseInstanceOf(GroupIdNotFoundException.class);
        }
    }

    @Test
    void the_offsets_of_a_deleted_topic_go_with_it_whether_or_not_groups_were_used_since_a_restart()
            throws Exception {
        for (var restart : List.of(false, true)) {
            var topic = "doomed-" + restart;
            var partition = new TopicPartition(topic, 0);
            broker.broker().topics().create(new NewTopic(topic));
            try (var admin = broker.admin()) {
                admin.alterConsumerGroupOffsets("g", at(partition, 7)).all().get();
                admin.alterConsumerGroupOffsets("g", at(FIRST, 5)).all().get();
            }
            if (restart) {
                broker.restart();
            }
            broker.broker().topics().delete(topic);
            broker.broker().topics().create(new NewTopic(topic));
            try (var admin = broker.admin()) {
                while (committed(admin, "g").containsKey(partition)) {
                    Thread.onSpinWait();
                }
                assertThat(committed(admin, "g")).containsOnlyKeys(FIRST);
            }
        }
    }

    @Test
    void partitions_of_the_offsets_topic_are_the_brokers_alone() throws Exception {
        try (var admin = broker.admin()) {
            admin.alterConsumerGroupOffsets("g", at(FIRST, 5)).all().get();
            var topic = broker.broker().topics().get("__consumer_offsets");
            assertThat(topic.partitions()).hasSize(3);
            assertThat(topic.configs()).containsEntry("cleanup.policy", "compact");
            assertThatThrownBy(() ->
                            admin.createPartitions(
                                            Map.of(topic.name(), NewPartitions.increaseTo(9)))
                                    .all()
                                    .get())
                    .hasCauseInstanceOf(org.apache.kafka.common.errors.InvalidTopicException.class);
            assertThat(admin.describeFeatures().featureMetadata().get().finalizedFeatures())
                    .containsKey("group.version");
        }
    }

    private KafkaConsumer<String, String> member(String protocol, String group, String... more) {
        var settings =
                new ArrayList<>(
                        List.of(
                                "group.protocol",
                                protocol,
                                "group.id",
                                group,
                                "enable.auto.commit",
                                "false",
                                "reconnect.backoff.max.ms",
                                "100",
                                "retry.backoff.max.ms",
                                "100"));
        if (protocol.equals("classic")) {
            settings.addAll(List.of("heartbeat.interval.ms", "300"));
            settings.addAll(
                    List.of(
                            "partition.assignment.strategy",
                            "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"));
        }
        settings.addAll(List.of(more));
        return broker.consumer(settings.toArray(String[]::new));
    }

    @SafeVarargs
    private static void pollUntil(
            BooleanSupplier reached,
            Collection<String> read,
            KafkaConsumer<String, String>... consumers) {
        long end = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (!reached.getAsBoolean()) {
            if (System.nanoTime() > end) {
                var assigned = new ArrayList<Set<TopicPartition>>();
                for (var consumer : consumers) {
                    assigned.add(consumer.assignment());
                }
                throw new AssertionError(
                        "not reached with " + read.size() + " records read and " + assigned);
            }
            for (var consumer : consumers) {
                consumer.poll(Duration.ofMillis(20)).forEach(each -> read.add(each.value()));
            }
        }
    }

    /// A member whose group is just being balanced must poll before it can commit.
    private static void commit(KafkaConsumer<String, String> consumer, Collection<String> read) {
        while (true) {
            try {
                consumer.commitSync();
                return;
            } catch (RebalanceInProgressException e) {
                consumer.poll(Duration.ofMillis(20)).forEach(each -> read.add(each.value()));
            }
        }
    }

    private void send(int from, int to) {
        try (var producer = broker.producer(Map.of())) {
            for (int i = from; i < to; i++) {
                var _ = producer.send(new ProducerRecord<>("t", i % 4, null, Integer.toString(i)));
            }
        }
    }

    private static Map<TopicPartition, OffsetAndMetadata> at(
            TopicPartition partition, long offset) {
        return Map.of(partition, new OffsetAndMetadata(offset));
    }

    private static Map<TopicPartition, OffsetAndMetadata> committed(Admin admin, String group)
            throws ExecutionException, InterruptedException {
        return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    }
}
