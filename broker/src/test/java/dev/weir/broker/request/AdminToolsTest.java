package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.TestBroker;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.FeatureUpdate;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UpdateFeaturesOptions;
import org.apache.kafka.clients.admin.UserScramCredentialDeletion;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionReplica;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.InvalidUpdateVersionException;
import org.apache.kafka.common.errors.LogDirNotFoundException;
import org.apache.kafka.common.errors.ResourceNotFoundException;
import org.apache.kafka.common.errors.UnacceptableCredentialException;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.quota.ClientQuotaFilter;
import org.apache.kafka.common.quota.ClientQuotaFilterComponent;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What administrators set and ask through Kafka's own client, also after a restart.
class AdminToolsTest {
    @TempDir Path directory;
    private TestBroker broker;
    private Admin admin;

    @BeforeEach
    void start() throws Exception {
        broker = new TestBroker(directory);
        admin = broker.admin();
        admin.createTopics(List.of(new NewTopic("t", 2, (short) 1))).all().get();
    }

    @AfterEach
    void stop() {
        admin.close();
        broker.close();
    }

    private void restart() {
        admin.close();
        broker.restart();
        admin = broker.admin();
    }

    @Test
    void the_log_directory_says_how_much_each_partition_holds() throws Exception {
        try (var producer = broker.producer(Map.of())) {
            producer.send(new ProducerRecord<>("t", 1, null, "x".repeat(5000))).get();
        }
        var ofBroker = admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1);
        assertThat(ofBroker).hasSize(1);
        var found = ofBroker.values().iterator().next();
        assertThat(ofBroker.keySet()).containsExactly(directory.resolve("log").toString());
        assertThat(found.error()).isNull();
        assertThat(found.totalBytes().getAsLong()).isPositive();
        var replicas = found.replicaInfos();
        assertThat(replicas.get(new TopicPartition("t", 0)).size()).isZero();
        assertThat(replicas.get(new TopicPartition("t", 1)).size()).isBetween(5000L, 6000L);
    }

    @Test
    void a_partition_cannot_move_to_a_directory_that_is_not_there() {
        var replica = new TopicPartitionReplica("t", 0, 1);
        assertThatThrownBy(
                        () -> admin.alterReplicaLogDirs(Map.of(replica, "/elsewhere")).all().get())
                .hasCauseInstanceOf(LogDirNotFoundException.class);
    }

    @Test
    void leaders_are_those_preferred_already() throws Exception {
        var partition = new TopicPartition("t", 0);
        var one = admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions().get();
        assertThat(one.get(partition)).get().isInstanceOf(ElectionNotNeededException.class);
        assertThat(admin.electLeaders(ElectionType.PREFERRED, null).partitions().get()).isEmpty();
    }

    @Test
    void the_metadata_quorum_has_one_voter_that_leads() throws Exception {
        long before = System.currentTimeMillis();
        var quorum = admin.describeMetadataQuorum().quorumInfo().get();
        assertThat(quorum.leaderId()).isEqualTo(1);
        assertThat(quorum.voters()).hasSize(1);
        assertThat(quorum.voters().getFirst().logEndOffset()).isEqualTo(quorum.highWatermark());
        assertThat(quorum.voters().getFirst().lastFetchTimestamp().orElseThrow())
                .isBetween(before, System.currentTimeMillis());
        assertThat(quorum.voters().getFirst().lastCaughtUpTimestamp())
                .isEqualTo(quorum.voters().getFirst().lastFetchTimestamp());
        assertThat(quorum.highWatermark()).isPositive();
        assertThat(quorum.observers()).isEmpty();
    }

    @Test
    void settings_of_a_group_are_checked_kept_and_explained() throws Exception {
        var group = new ConfigResource(ConfigResource.Type.GROUP, "g");
        set(group, "consumer.session.timeout.ms", "50000");
        restart();
        var options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
        var config = admin.describeConfigs(List.of(group), options).all().get().get(group);
        var session = config.get("consumer.session.timeout.ms");
        assertThat(session.value()).isEqualTo("50000");
        assertThat(session.source()).isEqualTo(ConfigEntry.ConfigSource.DYNAMIC_GROUP_CONFIG);
        assertThat(session.documentation()).isNotBlank();
        assertThat(session.synonyms()).hasSize(2);
        var heartbeat = config.get("consumer.heartbeat.interval.ms");
        assertThat(heartbeat.value()).isEqualTo("5000");
        assertThat(heartbeat.isDefault()).isTrue();
        assertThat(
                        admin.listConfigResources(
                                        Set.of(ConfigResource.Type.GROUP),
                                        new org.apache.kafka.clients.admin
                                                .ListConfigResourcesOptions())
                                .all()
                                .get())
                .containsExactly(group);
        assertThatThrownBy(() -> set(group, "consumer.session.timeout.ms", "1"))
                .hasCauseInstanceOf(InvalidConfigurationException.class);
        assertThatThrownBy(() -> set(group, "nonsense", "1"))
                .hasCauseInstanceOf(InvalidConfigurationException.class);
    }

    @Test
    void a_member_is_told_the_heartbeat_of_its_group() throws Exception {
        set(
                new ConfigResource(ConfigResource.Type.GROUP, "quick"),
                "consumer.heartbeat.interval.ms",
                "5500");
        try (var raw = broker.raw()) {
            var heartbeat =
                    new org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData()
                            .setGroupId("quick")
                            .setMemberId("m")
                            .setRebalanceTimeoutMs(10_000)
                            .setSubscribedTopicNames(List.of("t"))
                            .setTopicPartitions(List.of());
            var response =
                    (org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData)
                            raw.call(
                                    org.apache.kafka.common.protocol.ApiKeys
                                            .CONSUMER_GROUP_HEARTBEAT,
                                    1,
                                    heartbeat);
            assertThat(response.errorCode()).isZero();
            assertThat(response.heartbeatIntervalMs()).isEqualTo(5500);
        }
    }

    private void set(ConfigResource resource, String name, String value) throws Exception {
        admin.incrementalAlterConfigs(
                        Map.of(
                                resource,
                                List.of(
                                        new AlterConfigOp(
                                                new ConfigEntry(name, value),
                                                AlterConfigOp.OpType.SET))))
                .all()
                .get();
    }

    @Test
    void quotas_are_kept_and_found_by_what_is_asked_for() throws Exception {
        var client = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, "c"));
        Map<String, String> everybody = new HashMap<>();
        everybody.put(ClientQuotaEntity.USER, null);
        everybody.put(ClientQuotaEntity.CLIENT_ID, "c");
        var both = new ClientQuotaEntity(everybody);
        quota(client, "producer_byte_rate", 1000.0);
        quota(client, "request_percentage", 12.5);
        quota(both, "consumer_byte_rate", 2000.0);
        restart();
        assertThat(admin.describeClientQuotas(ClientQuotaFilter.all()).entities().get())
                .isEqualTo(
                        Map.of(
                                client,
                                Map.of("producer_byte_rate", 1000.0, "request_percentage", 12.5),
                                both,
                                Map.of("consumer_byte_rate", 2000.0)));
        var named = ClientQuotaFilterComponent.ofEntity(ClientQuotaEntity.CLIENT_ID, "c");
        assertThat(found(ClientQuotaFilter.contains(List.of(named)))).containsOnly(client, both);
        assertThat(found(ClientQuotaFilter.containsOnly(List.of(named)))).containsOnly(client);
        var anyUser = ClientQuotaFilterComponent.ofDefaultEntity(ClientQuotaEntity.USER);
        assertThat(found(ClientQuotaFilter.contains(List.of(anyUser)))).containsOnly(both);
        quota(client, "producer_byte_rate", null);
        quota(client, "request_percentage", null);
        assertThat(found(ClientQuotaFilter.all())).containsOnly(both);
        for (double wrong : new double[] {0, -1, 1.5, Double.NaN}) {
            assertThatThrownBy(() -> quota(client, "producer_byte_rate", wrong))
                    .hasCauseInstanceOf(InvalidRequestException.class);
        }
        assertThatThrownBy(() -> quota(client, "connection_creation_rate", 5.0))
                .hasCauseInstanceOf(InvalidRequestException.class);
    }

    private Set<ClientQuotaEntity> found(ClientQuotaFilter filter) throws Exception {
        return admin.describeClientQuotas(filter).entities().get().keySet();
    }

    private void quota(ClientQuotaEntity entity, String key, Double value) throws Exception {
        admin.alterClientQuotas(
                        List.of(
                                new ClientQuotaAlteration(
                                        entity,
                                        Collections.singleton(
                                                new ClientQuotaAlteration.Op(key, value)))))
                .all()
                .get();
    }

    @Test
    void a_feature_can_be_set_to_the_level_it_has_and_to_no_other() throws Exception {
        var features = admin.describeFeatures().featureMetadata().get().finalizedFeatures();
        assertThat(features.get("transaction.version").maxVersionLevel()).isEqualTo((short) 2);
        assertThat(features.get("group.version").maxVersionLevel()).isEqualTo((short) 1);
        update("transaction.version", 2, FeatureUpdate.UpgradeType.UPGRADE);
        update("group.version", 1, FeatureUpdate.UpgradeType.SAFE_DOWNGRADE);
        assertThatThrownBy(() ->
                        update(
                                "transaction.version",
                                1,
                                FeatureUpdate.UpgradeType.UNSAFE_DOWNGRADE))
                .hasCauseInstanceOf(InvalidUpdateVersionException.class)
                .hasMessageContaining("only level 2 is supported");
        assertThatThrownBy(() -> update("share.version", 1, FeatureUpdate.UpgradeType.UPGRADE))
                .hasCauseInstanceOf(InvalidUpdateVersionException.class)
                .hasMessageContaining("\"share.version\"")
                .hasMessageContaining("there is no such feature");
        assertThat(admin.describeFeatures().featureMetadata().get().finalizedFeatures())
                .isEqualTo(features);
    }

    private void update(String feature, int level, FeatureUpdate.UpgradeType how) throws Exception {
        for (boolean validateOnly : new boolean[] {true, false}) {
            admin.updateFeatures(
                            Map.of(feature, new FeatureUpdate((short) level, how)),
                            new UpdateFeaturesOptions().validateOnly(validateOnly))
                    .all()
                    .get();
        }
    }

    @Test
    void scram_credentials_are_kept_without_the_password() throws Exception {
        var info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_256, 8192);
        admin.alterUserScramCredentials(
                        List.of(
                                new UserScramCredentialUpsertion("u", info, "secret"),
                                new UserScramCredentialUpsertion(
                                        "u",
                                        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                                        "secret")))
                .all()
                .get();
        restart();
        var described = admin.describeUserScramCredentials().description("u").get();
        assertThat(described.credentialInfos()).contains(info).hasSize(2);
        admin.alterUserScramCredentials(
                        List.of(new UserScramCredentialDeletion("u", ScramMechanism.SCRAM_SHA_256)))
                .all()
                .get();
        assertThat(admin.describeUserScramCredentials().description("u").get().credentialInfos())
                .hasSize(1);
        assertThatThrownBy(() ->
                        admin.alterUserScramCredentials(
                                        List.of(
                                                new UserScramCredentialDeletion(
                                                        "u", ScramMechanism.SCRAM_SHA_256)))
                                .all()
                                .get())
                .hasCauseInstanceOf(ResourceNotFoundException.class);
        assertThatThrownBy(() ->
                        admin.alterUserScramCredentials(
                                        List.of(
                                                new UserScramCredentialUpsertion(
                                                        "v",
                                                        new ScramCredentialInfo(
                                                                ScramMechanism.SCRAM_SHA_256, 10),
                                                        "secret")))
                                .all()
                                .get())
                .hasCauseInstanceOf(UnacceptableCredentialException.class);
    }

    @Test
    void access_rules_are_kept_found_and_deleted_by_filters() throws Exception {
        var reading = rule("t", "User:a", AclOperation.READ);
        var writing = rule("t", "User:b", AclOperation.WRITE);
        admin.createAcls(List.of(reading, writing, reading)).all().get();
        restart();
        assertThat(admin.describeAcls(AclBindingFilter.ANY).values().get())
                .containsExactlyInAnyOrder(reading, writing);
        assertThat(admin.describeAcls(reading.toFilter()).values().get()).containsExactly(reading);
        assertThat(admin.deleteAcls(List.of(writing.toFilter())).all().get())
                .containsExactly(writing);
        restart();
        assertThat(admin.describeAcls(AclBindingFilter.ANY).values().get())
                .containsExactly(reading);
        assertThatThrownBy(() ->
                        admin.createAcls(List.of(rule("t", "nobody", AclOperation.READ)))
                                .all()
                                .get())
                .hasCauseInstanceOf(InvalidRequestException.class);
    }

    private static AclBinding rule(String topic, String principal, AclOperation operation) {
        return new AclBinding(
                new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL),
                new AccessControlEntry(principal, "*", operation, AclPermissionType.ALLOW));
    }

    @Test
    void the_id_of_a_subscription_to_metrics_is_listed() throws Exception {
        var metrics = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "m");
        set(metrics, "interval.ms", "1000");
        restart();
        assertThat(admin.listConfigResources().all().get())
                .contains(
                        metrics,
                        new ConfigResource(ConfigResource.Type.TOPIC, "t"),
                        new ConfigResource(ConfigResource.Type.BROKER, "1"));
        assertThat(
                        Optional.of(
                                admin.describeConfigs(List.of(metrics))
                                        .all()
                                        .get()
                                        .get(metrics)
                                        .get("interval.ms")
                                        .value()))
                .hasValue("1000");
        assertThatThrownBy(() -> set(metrics, "interval.ms", "99"))
                .hasCauseInstanceOf(InvalidConfigurationException.class);
    }

    @Test
    void a_setting_of_a_topic_that_is_not_known_can_be_taken_away_but_not_set() throws Exception {
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, "t");
        var unknown = new ConfigEntry("no.such.setting", "");
        for (var type : AlterConfigOp.OpType.values()) {
            var done =
                    admin.incrementalAlterConfigs(
                                    Map.of(topic, List.of(new AlterConfigOp(unknown, type))))
                            .all();
            if (type == AlterConfigOp.OpType.DELETE) {
                done.get();
            } else {
                assertThatThrownBy(done::get)
                        .hasCauseInstanceOf(InvalidConfigurationException.class);
            }
        }
    }

    @Test
    void changes_that_contradict_themselves_are_refused() throws Exception {
        admin.createTopics(List.of(new NewTopic("twice", 1, (short) 1))).all().get();
        var topic = new ConfigResource(ConfigResource.Type.TOPIC, "twice");
        var first =
                new AlterConfigOp(new ConfigEntry("retention.ms", "7"), AlterConfigOp.OpType.SET);
        var second =
                new AlterConfigOp(new ConfigEntry("retention.ms", "8"), AlterConfigOp.OpType.SET);
        assertThatThrownBy(() ->
                        admin.incrementalAlterConfigs(Map.of(topic, List.of(first, second)))
                                .all()
                                .get())
                .hasCauseInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() ->
                        admin.createPartitions(
                                        Map.of(
                                                "twice",
                                                NewPartitions.increaseTo(3, List.of(List.of(1)))))
                                .all()
                                .get())
                .hasCauseInstanceOf(InvalidReplicaAssignmentException.class);
        assertThatThrownBy(() ->
                        quota(
                                new ClientQuotaEntity(Map.of(ClientQuotaEntity.USER, "")),
                                "producer_byte_rate",
                                1.0))
                .hasCauseInstanceOf(InvalidRequestException.class);
    }

    @Test
    void throttles_of_replicas_can_be_set_and_taken_away_also_when_they_were_not_set()
            throws Exception {
        var throttle = new ConfigEntry("leader.replication.throttled.rate", "");
        for (var name : List.of("1", "")) {
            var self = new ConfigResource(ConfigResource.Type.BROKER, name);
            admin.incrementalAlterConfigs(
                            Map.of(
                                    self,
                                    List.of(
                                            new AlterConfigOp(
                                                    throttle, AlterConfigOp.OpType.DELETE))))
                    .all()
                    .get();
            set(self, "leader.replication.throttled.rate", "1");
        }
    }
}
