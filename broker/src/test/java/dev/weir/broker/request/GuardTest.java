package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.ClientsConfig;
import dev.weir.broker.TestBroker;
import dev.weir.broker.access.AccessConfig;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.request.Fetches.From;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;

/// Access rules enforced: rules are made while they are not, then the broker starts again and holds
/// real clients to them.
@Timeout(120)
class GuardTest {
    private static final String ME = "User:ANONYMOUS";
    private static final int REFUSED = Errors.TOPIC_AUTHORIZATION_FAILED.code();
    private static final TopicPartition OPEN = new TopicPartition("open", 0);
    private static final TopicPartition SECRET = new TopicPartition("secret", 0);

    @TempDir Path directory;
    private TestBroker broker;

    @AfterEach
    void stop() {
        if (broker != null) {
            broker.close();
        }
    }

    private static AclBinding allow(ResourceType type, String name, AclOperation operation) {
        return rule(type, name, operation, AclPermissionType.ALLOW);
    }

    private static AclBinding rule(
            ResourceType type, String name, AclOperation operation, AclPermissionType permission) {
        return new AclBinding(
                new ResourcePattern(type, name, PatternType.LITERAL),
                new AccessControlEntry(ME, "127.0.0.1", operation, permission));
    }

    /// Two topics with a record each, then the rules, then a broker that enforces them.
    private void start(AclBinding... rules) throws Exception {
        start(new AccessConfig(true, Set.of(), false), rules);
    }

    private void start(AccessConfig access, AclBinding... rules) throws Exception {
        try (var free = new TestBroker(directory);
                var admin = free.admin()) {
            admin.createTopics(
                            List.of(
                                    new NewTopic("open", 1, (short) 1),
                                    new NewTopic("secret", 1, (short) 1)))
                    .all()
                    .get();
            try (var producer = free.producer(Map.of())) {
                producer.send(new ProducerRecord<>("open", "o")).get();
                producer.send(new ProducerRecord<>("secret", "s")).get();
            }
            try (var consumer = free.consumer("group.id", "hidden")) {
                consumer.assign(List.of(SECRET));
                consumer.commitSync(Map.of(SECRET, new OffsetAndMetadata(1)));
            }
            admin.createAcls(List.of(rules)).all().get();
        }
        broker =
                new TestBroker(
                        BrokerConfig.defaults(directory)
                                .withClients(ClientsConfig.DEFAULT.withAccess(access)));
    }

    private static void refused(Class<? extends AuthorizationException> how, Callable<?> what) {
        assertThatThrownBy(what::call)
                .satisfiesAnyOf(
                        e -> assertThat(e).isInstanceOf(how),
                        e -> assertThat(e).hasCauseInstanceOf(how),
                        e -> assertThat(e).rootCause().isInstanceOf(how));
    }

    private static <T> Callable<T> of(KafkaFuture<T> future) {
        return future::get;
    }

    @Test
    void without_a_rule_nobody_may_do_anything() throws Exception {
        start();
        try (var admin = broker.admin()) {
            var topic = new ConfigResource(ConfigResource.Type.TOPIC, "open");
            var self = new ConfigResource(ConfigResource.Type.BROKER, "1");
            var group = new ConfigResource(ConfigResource.Type.GROUP, "g");
            var topicRefusals = new ArrayList<Callable<?>>();
            topicRefusals.add(of(admin.describeTopics(List.of("open")).allTopicNames()));
            topicRefusals.add(
                    of(
                            admin.describeTopics(List.of("nowhere"), new DescribeTopicsOptions())
                                    .allTopicNames()));
            topicRefusals.add(
                    of(admin.createTopics(List.of(new NewTopic("n", 1, (short) 1))).all()));
            topicRefusals.add(of(admin.deleteTopics(List.of("open")).all()));
            topicRefusals.add(
                    of(admin.createPartitions(Map.of("open", NewPartitions.increaseTo(2))).all()));
            topicRefusals.add(of(admin.listOffsets(Map.of(OPEN, OffsetSpec.latest())).all()));
            topicRefusals.add(
                    of(admin.deleteRecords(Map.of(OPEN, RecordsToDelete.beforeOffset(1))).all()));
            topicRefusals.add(of(admin.describeConfigs(List.of(topic)).all()));
            topicRefusals.add(
                    of(
                            admin.incrementalAlterConfigs(
                                            Map.of(
                                                    topic,
                                                    List.of(
                                                            new AlterConfigOp(
                                                                    new ConfigEntry(
                                                                            "retention.ms", "1"),
                                                                    AlterConfigOp.OpType.SET))))
                                    .all()));
            topicRefusals.add(of(admin.describeProducers(List.of(OPEN)).all()));
            topicRefusals.forEach(each -> refused(TopicAuthorizationException.class, each));

            var clusterRefusals = new ArrayList<Callable<?>>();
            clusterRefusals.add(of(admin.describeConfigs(List.of(self)).all()));
            clusterRefusals.add(of(admin.describeAcls(AclBindingFilter.ANY).values()));
            clusterRefusals.add(
                    of(
                            admin.createAcls(
                                            List.of(
                                                    allow(
                                                            ResourceType.TOPIC,
                                                            "t",
                                                            AclOperation.ALL)))
                                    .all()));
            clusterRefusals.add(of(admin.deleteAcls(List.of(AclBindingFilter.ANY)).all()));
            clusterRefusals.add(of(admin.describeClientQuotas(ClientQuotaFilter.all()).entities()));
            clusterRefusals.add(of(admin.describeUserScramCredentials().all()));
            clusterRefusals.add(of(admin.describeLogDirs(List.of(1)).allDescriptions()));
            clusterRefusals.add(of(admin.describeMetadataQuorum().quorumInfo()));
            clusterRefusals.add(of(admin.listPartitionReassignments().reassignments()));
            clusterRefusals.add(of(admin.listConfigResources().all()));
            clusterRefusals.forEach(each -> refused(ClusterAuthorizationException.class, each));

            var groupRefusals = new ArrayList<Callable<?>>();
            groupRefusals.add(of(admin.describeConsumerGroups(List.of("hidden")).all()));
            groupRefusals.add(of(admin.describeClassicGroups(List.of("hidden")).all()));
            groupRefusals.add(of(admin.deleteConsumerGroups(List.of("hidden")).all()));
            groupRefusals.add(
                    of(
                            admin.listConsumerGroupOffsets(
                                            Map.of("hidden", new ListConsumerGroupOffsetsSpec()))
                                    .all()));
            groupRefusals.add(of(admin.describeConfigs(List.of(group)).all()));
            groupRefusals.forEach(each -> refused(GroupAuthorizationException.class, each));

            refused(
                    TransactionalIdAuthorizationException.class,
                    of(admin.describeTransactions(List.of("x")).all()));
            assertThat(admin.listTopics().names().get()).isEmpty();
            assertThat(admin.listGroups().all().get()).isEmpty();
            assertThat(admin.listTransactions().all().get()).isEmpty();
            assertThat(admin.describeCluster().nodes().get()).hasSize(1);
        }
        try (var producer = broker.producer(Map.of("enable.idempotence", "false"))) {
            refused(
                    TopicAuthorizationException.class,
                    () -> producer.send(new ProducerRecord<>("open", "x")).get());
        }
        try (var producer = broker.producer(Map.of())) {
            refused(
                    AuthorizationException.class,
                    () -> producer.send(new ProducerRecord<>("open", "x")).get());
        }
        try (var producer = broker.producer(Map.of("transactional.id", "x"))) {
            refused(
                    TransactionalIdAuthorizationException.class,
                    () -> {
                        producer.initTransactions();
                        return null;
                    });
        }
        assertThat(broker.broker().partition("open", 0).logEndOffset()).isEqualTo(1);
    }

    @Test
    void who_may_write_one_topic_writes_that_and_no_other() throws Exception {
        start(allow(ResourceType.TOPIC, "open", AclOperation.WRITE));
        try (KafkaProducer<String, String> producer = broker.producer(Map.of())) {
            producer.send(new ProducerRecord<>("open", "x")).get();
            refused(
                    TopicAuthorizationException.class,
                    () -> producer.send(new ProducerRecord<>("secret", "x")).get());
            producer.send(new ProducerRecord<>("open", "x")).get();
        }
        assertThat(broker.broker().partition("open", 0).logEndOffset()).isEqualTo(3);
        assertThat(broker.broker().partition("secret", 0).logEndOffset()).isEqualTo(1);
        try (var consumer = broker.consumer()) {
            consumer.assign(List.of(OPEN));
            refused(
                    TopicAuthorizationException.class,
                    () -> {
                        while (true) {
                            consumer.poll(Duration.ofSeconds(1));
                        }
                    });
        }
        try (var admin = broker.admin()) {
            assertThat(admin.listTopics().names().get()).containsExactly("open");
            var described =
                    admin.describeTopics(
                                    List.of("open"),
                                    new DescribeTopicsOptions().includeAuthorizedOperations(true))
                            .allTopicNames()
                            .get()
                            .get("open");
            assertThat(described.authorizedOperations())
                    .containsOnly(AclOperation.WRITE, AclOperation.DESCRIBE);
        }
    }

    @Test
    void a_member_needs_its_group_and_its_topics() throws Exception {
        start(
                allow(ResourceType.TOPIC, "open", AclOperation.READ),
                allow(ResourceType.GROUP, "classic", AclOperation.READ),
                allow(ResourceType.GROUP, "consumer", AclOperation.READ));
        for (var protocol : List.of("classic", "consumer")) {
            try (var consumer = broker.consumer("group.id", protocol, "group.protocol", protocol)) {
                consumer.subscribe(List.of("open"));
                var read = 0;
                while (read == 0) {
                    read = consumer.poll(Duration.ofSeconds(1)).count();
                }
                assertThat(read).isEqualTo(1);
                refused(
                        TopicAuthorizationException.class,
                        () -> {
                            consumer.commitSync(Map.of(SECRET, new OffsetAndMetadata(1)));
                            return null;
                        });
            }
            try (var consumer = broker.consumer("group.id", "other", "group.protocol", protocol)) {
                consumer.subscribe(List.of("open"));
                refused(
                        GroupAuthorizationException.class,
                        () -> {
                            while (true) {
                                consumer.poll(Duration.ofSeconds(1));
                            }
                        });
            }
            try (var admin = broker.admin()) {
                assertThat(admin.listGroups().all().get())
                        .extracting(each -> each.groupId())
                        .contains(protocol)
                        .doesNotContain("hidden");
            }
        }
    }

    @Test
    void a_rule_that_denies_is_stronger_than_one_that_allows() throws Exception {
        start(
                allow(ResourceType.TOPIC, "*", AclOperation.ALL),
                rule(ResourceType.TOPIC, "secret", AclOperation.READ, AclPermissionType.DENY));
        assertThat(broker.readAll("open", 1)).hasSize(1);
        try (var consumer = broker.consumer()) {
            consumer.assign(List.of(SECRET));
            refused(
                    TopicAuthorizationException.class,
                    () -> {
                        while (true) {
                            consumer.poll(Duration.ofSeconds(1));
                        }
                    });
        }
    }

    @Test
    void rules_hold_for_what_is_read_already() throws Exception {
        start(
                allow(ResourceType.TOPIC, "secret", AclOperation.READ),
                allow(ResourceType.CLUSTER, "kafka-cluster", AclOperation.ALTER));
        try (var raw = broker.raw();
                var admin = broker.admin()) {
            var first = (FetchResponseData) raw.call(ApiKeys.FETCH, 11, fetch(0));
            assertThat(first.responses().getFirst().partitions().getFirst().errorCode()).isZero();
            admin.createAcls(
                            List.of(
                                    rule(
                                            ResourceType.TOPIC,
                                            "secret",
                                            AclOperation.READ,
                                            AclPermissionType.DENY)))
                    .all()
                    .get();
            var next = (FetchResponseData) raw.call(ApiKeys.FETCH, 11, fetch(10_000));
            var data = next.responses().getFirst().partitions().getFirst();
            assertThat(Errors.forCode(data.errorCode()))
                    .isEqualTo(Errors.TOPIC_AUTHORIZATION_FAILED);
            assertThat(data.highWatermark()).isEqualTo(-1);
            assertThat(data.records().sizeInBytes()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Fetches.BY_NAME, Fetches.BY_ID})
    void a_session_names_what_it_may_not_read_each_time_and_hears_nothing_of_it(int version)
            throws Exception {
        start(allow(ResourceType.TOPIC, "open", AclOperation.READ));
        try (var fetches = new Fetches(broker, version)) {
            var full = fetches.fetch(0, 0, new From("secret", 0, 1), new From("open", 0, 1));
            int session = full.session();
            assertThat(session).isPositive();
            assertThat(full.names()).containsExactly("open-0", "secret-0");
            assertThat(full.error("secret-0")).isEqualTo(REFUSED);
            for (int epoch = 1; epoch <= 3; epoch++) {
                var next = fetches.fetch(session, epoch);
                assertThat(next.names()).containsExactly("secret-0");
                assertThat(next.error("secret-0")).isEqualTo(REFUSED);
            }

            assertThat(broker.broker().partition("open", 0).isWatched()).isTrue();
            assertThat(broker.broker().partition("secret", 0).isWatched()).isFalse();
            fetches.maxWaitMs = 60_000;
            int waiting = fetches.send(session, 4, List.of(), List.of());
            append("secret");
            append("open");
            var woken = fetches.receive(waiting);
            assertThat(woken.bytes("open-0")).isPositive();
            assertThat(woken.error("secret-0")).isEqualTo(REFUSED);
            assertThat(woken.bytes("secret-0")).isZero();

            broker.broker().topics().delete("secret");
            assertThat(fetches.fetch(session, 5).error("secret-0")).isEqualTo(REFUSED);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Fetches.BY_NAME, Fetches.BY_ID})
    void a_session_feels_rules_that_change_though_nothing_happens_to_its_partitions(int version)
            throws Exception {
        start(
                allow(ResourceType.TOPIC, "open", AclOperation.READ),
                allow(ResourceType.CLUSTER, "kafka-cluster", AclOperation.ALTER));
        try (var fetches = new Fetches(broker, version);
                var admin = broker.admin()) {
            var full = fetches.fetch(0, 0, new From("open", 0, 1), new From("secret", 0, 0));
            int session = full.session();
            admin.createAcls(List.of(allow(ResourceType.TOPIC, "secret", AclOperation.READ)))
                    .all()
                    .get();
            var allowed = fetches.fetch(session, 1);
            assertThat(allowed.names()).containsExactly("secret-0");
            assertThat(allowed.bytes("secret-0")).isPositive();
            assertThat(fetches.fetch(session, 2, new From("secret", 0, 1)).names()).isEmpty();

            var deny = rule(ResourceType.TOPIC, "open", AclOperation.READ, AclPermissionType.DENY);
            admin.createAcls(List.of(deny)).all().get();
            var denied = fetches.fetch(session, 3);
            assertThat(denied.names()).containsExactly("open-0");
            assertThat(denied.error("open-0")).isEqualTo(REFUSED);
            assertThat(broker.broker().partition("open", 0).isWatched()).isFalse();

            admin.deleteAcls(List.of(deny.toFilter())).all().get();
            var again = fetches.fetch(session, 4);
            assertThat(again.names()).containsExactly("open-0");
            assertThat(again.error("open-0")).isZero();
            assertThat(fetches.fetch(session, 5).names()).isEmpty();
        }
    }

    private void append(String topic) {
        var partition = broker.broker().partition(topic, 0);
        partition.append(TestBroker.bytes("more"), AppendOrigin.CLIENT);
        partition.syncNow();
    }

    private static FetchRequestData fetch(int maxWaitMs) {
        return new FetchRequestData()
                .setMaxWaitMs(maxWaitMs)
                .setMinBytes(maxWaitMs == 0 ? 0 : 1_000_000)
                .setTopics(
                        List.of(
                                new FetchRequestData.FetchTopic()
                                        .setTopic("secret")
                                        .setPartitions(
                                                List.of(
                                                        new FetchRequestData.FetchPartition()
                                                                .setPartition(0)
                                                                .setPartitionMaxBytes(1000)))));
    }

    @Test
    void a_super_user_needs_no_rules() throws Exception {
        start(
                new AccessConfig(true, Set.of(ME), false),
                rule(ResourceType.TOPIC, "*", AclOperation.ALL, AclPermissionType.DENY));
        assertThat(broker.readAll("secret", 1)).hasSize(1);
        try (Admin admin = broker.admin()) {
            assertThat(admin.describeAcls(AclBindingFilter.ANY).values().get()).hasSize(1);
        }
    }

    @Test
    void what_no_rule_is_about_can_be_left_open() throws Exception {
        start(
                new AccessConfig(true, Set.of(), true),
                new AclBinding(
                        new ResourcePattern(ResourceType.TOPIC, "secret", PatternType.LITERAL),
                        new AccessControlEntry(
                                "User:alice", "*", AclOperation.ALL, AclPermissionType.ALLOW)));
        assertThat(broker.readAll("open", 1)).hasSize(1);
        try (var admin = broker.admin()) {
            assertThat(admin.listTopics().names().get()).containsExactly("open");
        }
    }
}
