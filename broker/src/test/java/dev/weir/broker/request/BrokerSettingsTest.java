package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.TestBroker;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Settings of the broker changed while it runs, by Apache Kafka's own client.
@Timeout(60)
class BrokerSettingsTest {
    private static final ConfigResource BROKER =
            new ConfigResource(ConfigResource.Type.BROKER, "1");
    private static final ConfigResource ALL = new ConfigResource(ConfigResource.Type.BROKER, "");
    private static final ConfigResource TOPIC = new ConfigResource(ConfigResource.Type.TOPIC, "t");

    @TempDir Path directory;
    private TestBroker broker;
    private Admin admin;

    @BeforeEach
    void start() throws Exception {
        broker = new TestBroker(directory);
        admin = broker.admin();
        var _ = broker.broker().topics().create(new NewTopic("t", 1, Map.of()));
    }

    @AfterEach
    void stop() throws Exception {
        admin.close();
        broker.close();
    }

    private void restart() throws Exception {
        admin.close();
        broker.restart();
        admin = broker.admin();
    }

    private void change(
            ConfigResource resource, String name, String value, AlterConfigOp.OpType operation)
            throws Exception {
        var change = new AlterConfigOp(new ConfigEntry(name, value), operation);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all().get();
    }

    private void set(ConfigResource resource, String name, String value) throws Exception {
        change(resource, name, value, AlterConfigOp.OpType.SET);
    }

    private void unset(ConfigResource resource, String name) throws Exception {
        change(resource, name, "", AlterConfigOp.OpType.DELETE);
    }

    private Config describe(ConfigResource resource) throws Exception {
        return admin.describeConfigs(
                        List.of(resource), new DescribeConfigsOptions().includeSynonyms(true))
                .all()
                .get()
                .get(resource);
    }

    private List<String> synonyms(ConfigResource resource, String name) throws Exception {
        return describe(resource).get(name).synonyms().stream()
                .map(each -> each.source() + " " + each.name() + "=" + each.value())
                .toList();
    }

    private void send(int bytes) throws Exception {
        try (var producer = broker.producer(Map.of())) {
            producer.send(new ProducerRecord<>("t", "x".repeat(bytes))).get();
        }
    }

    @Test
    void what_holds_for_topics_is_the_most_special_of_topic_broker_cluster_and_default()
            throws Exception {
        send(3000);
        set(ALL, "message.max.bytes", "2000");
        assertThatThrownBy(() -> send(3000)).hasCauseInstanceOf(RecordTooLargeException.class);
        set(BROKER, "message.max.bytes", "4000");
        send(3000);
        set(TOPIC, "max.message.bytes", "1000");
        assertThatThrownBy(() -> send(1500)).hasCauseInstanceOf(RecordTooLargeException.class);
        restart();
        assertThatThrownBy(() -> send(1500)).hasCauseInstanceOf(RecordTooLargeException.class);
        assertThat(synonyms(TOPIC, "max.message.bytes"))
                .containsExactly(
                        "DYNAMIC_TOPIC_CONFIG max.message.bytes=1000",
                        "DYNAMIC_BROKER_CONFIG message.max.bytes=4000",
                        "DYNAMIC_DEFAULT_BROKER_CONFIG message.max.bytes=2000",
                        "DEFAULT_CONFIG message.max.bytes=1048588");
        unset(TOPIC, "max.message.bytes");
        send(3000);
        assertThatThrownBy(() -> send(5000)).hasCauseInstanceOf(RecordTooLargeException.class);
        unset(BROKER, "message.max.bytes");
        assertThatThrownBy(() -> send(3000)).hasCauseInstanceOf(RecordTooLargeException.class);
        unset(ALL, "message.max.bytes");
        send(5000);
    }

    @Test
    void a_described_setting_says_who_decided() throws Exception {
        set(ALL, "log.retention.ms", "1000000");
        assertThat(describe(TOPIC).get("retention.ms").value()).isEqualTo("1000000");
        assertThat(describe(TOPIC).get("retention.ms").source())
                .isEqualTo(ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
        assertThat(describe(ALL).entries())
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.name()).isEqualTo("log.retention.ms");
                    assertThat(each.isReadOnly()).isFalse();
                });
        set(BROKER, "log.retention.ms", "2000000");
        var shown = describe(BROKER).get("log.retention.ms");
        assertThat(shown.value()).isEqualTo("2000000");
        assertThat(shown.source()).isEqualTo(ConfigSource.DYNAMIC_BROKER_CONFIG);
        assertThat(synonyms(BROKER, "log.retention.ms"))
                .containsExactly(
                        "DYNAMIC_BROKER_CONFIG log.retention.ms=2000000",
                        "DYNAMIC_DEFAULT_BROKER_CONFIG log.retention.ms=1000000");
        assertThat(synonyms(BROKER, "log.retention.bytes"))
                .containsExactly("DEFAULT_CONFIG log.retention.bytes=-1");
        var fixed = describe(BROKER).get("controller.quota.window.num");
        assertThat(fixed.isReadOnly()).isTrue();
        var created =
                admin.createTopics(
                                List.of(
                                        new org.apache.kafka.clients.admin.NewTopic(
                                                "u", 1, (short) 1)))
                        .config("u")
                        .get()
                        .get("retention.ms");
        assertThat(created.value()).isEqualTo("2000000");
        assertThat(created.source()).isEqualTo(ConfigSource.DYNAMIC_BROKER_CONFIG);
    }

    /// What Apache Kafka 4.3.1 answered to the same changes.
    @Test
    void lists_are_added_to_and_taken_from_as_in_kafka() throws Exception {
        append(ALL, "compact");
        assertPolicies("delete,compact", "delete,compact", "delete,compact");
        subtract(ALL, "delete");
        assertPolicies("compact", "compact", "compact");
        append(ALL, "compact"); // is in it already
        assertPolicies("compact", "compact", "compact");
        append(BROKER, "delete"); // to what would be without administrators, not to what holds
        assertPolicies("compact", "delete", "delete");
        append(BROKER, "compact,delete");
        assertPolicies("compact", "delete,compact", "delete,compact");
        unset(ALL, "log.cleanup.policy");
        subtract(BROKER, "delete,compact");
        assertPolicies(null, "", "");
        set(BROKER, "log.cleanup.policy", "compact");
        append(ALL, "compact"); // to that of all brokers, not to that of this one
        assertPolicies("delete,compact", "compact", "compact");
        append(TOPIC, "delete");
        assertPolicies("delete,compact", "compact", "delete");
        subtract(TOPIC, "delete");
        assertPolicies("delete,compact", "compact", "");
        unset(TOPIC, "cleanup.policy");
        subtract(TOPIC, "compact");
        assertPolicies("delete,compact", "compact", "delete");
        assertThat(broker.broker().partition("t", 0).config().compaction().enabled()).isFalse();
        assertThatThrownBy(() -> change(ALL, "log.segment.bytes", "1", AlterConfigOp.OpType.APPEND))
                .hasCauseInstanceOf(InvalidConfigurationException.class);
    }

    private void append(ConfigResource resource, String policy) throws Exception {
        change(resource, policyOf(resource), policy, AlterConfigOp.OpType.APPEND);
    }

    private void subtract(ConfigResource resource, String policy) throws Exception {
        change(resource, policyOf(resource), policy, AlterConfigOp.OpType.SUBTRACT);
    }

    private static String policyOf(ConfigResource resource) {
        return resource.equals(TOPIC) ? "cleanup.policy" : "log.cleanup.policy";
    }

    private void assertPolicies(String ofAll, String ofBroker, String ofTopic) throws Exception {
        var all = describe(ALL).get("log.cleanup.policy");
        assertThat(all == null ? null : all.value()).isEqualTo(ofAll);
        assertThat(describe(BROKER).get("log.cleanup.policy").value()).isEqualTo(ofBroker);
        assertThat(describe(TOPIC).get("cleanup.policy").value()).isEqualTo(ofTopic);
    }

    @Test
    void what_is_wrong_is_refused_also_where_it_would_not_hold() throws Exception {
        set(BROKER, "log.cleanup.policy", "compact");
        assertThatThrownBy(() -> append(ALL, "burn"))
                .hasCauseInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() -> set(ALL, "log.cleanup.policy", "burn"))
                .hasCauseInstanceOf(InvalidRequestException.class);
        assertThat(describe(ALL).entries()).isEmpty();
    }

    @Test
    void what_the_broker_keeps_for_itself_goes_by_no_such_defaults() throws Exception {
        var _ = broker.broker().topics().create(new NewTopic("_weir_own", 1, Map.of()));
        set(BROKER, "log.cleanup.policy", "compact");
        set(BROKER, "log.segment.bytes", "1048576");
        for (int start = 0; start < 2; start++) {
            var own = broker.broker().partition("_weir_own", 0).config();
            assertThat(own.compaction().enabled()).isFalse();
            assertThat(own.segmentBytes()).isEqualTo(1 << 30);
            var others = broker.broker().partition("t", 0).config();
            assertThat(others.compaction().enabled()).isTrue();
            assertThat(others.segmentBytes()).isEqualTo(1 << 20);
            restart();
        }
        var own = new ConfigResource(ConfigResource.Type.TOPIC, "_weir_own");
        assertThat(synonyms(own, "cleanup.policy"))
                .containsExactly("DEFAULT_CONFIG log.cleanup.policy=delete");
    }

    @Test
    void a_dry_run_checks_and_changes_nothing() throws Exception {
        var change =
                new AlterConfigOp(
                        new ConfigEntry("message.max.bytes", "2000"), AlterConfigOp.OpType.SET);
        var wrong =
                new AlterConfigOp(
                        new ConfigEntry("message.max.bytes", "many"), AlterConfigOp.OpType.SET);
        var dry = new AlterConfigsOptions().validateOnly(true);
        admin.incrementalAlterConfigs(Map.of(ALL, List.of(change)), dry).all().get();
        assertThat(describe(ALL).entries()).isEmpty();
        send(3000);
        assertThatThrownBy(() ->
                        admin.incrementalAlterConfigs(Map.of(ALL, List.of(wrong)), dry).all().get())
                .hasCauseInstanceOf(InvalidRequestException.class);
    }

    @Test
    void what_cannot_be_is_refused_as_by_kafka() throws Exception {
        for (var wrong :
                List.of(
                        Map.entry("log.dirs", "/elsewhere"),
                        Map.entry("controller.quota.window.num", "5"),
                        Map.entry("connections.max.idle.ms", "5"),
                        Map.entry("no.such.setting", "5"),
                        Map.entry("log.retention.ms", "soon"),
                        Map.entry("log.cleanup.policy", "burn"),
                        Map.entry("log.cleaner.min.cleanable.ratio", "2"),
                        Map.entry("log.retention.ms", "0"),
                        Map.entry("log.cleaner.threads", "0"),
                        Map.entry("log.cleaner.dedupe.buffer.size", "1048575"),
                        Map.entry("producer.id.expiration.ms", "5000000000"),
                        Map.entry("transaction.partition.verification.enable", "false"),
                        Map.entry("leader.replication.throttled.rate", "-1"),
                        Map.entry("ssl.keystore.location", "/keys"),
                        Map.entry("max.connections", "0"),
                        Map.entry("max.connections.per.ip", "0"),
                        Map.entry("max.connections.per.ip.overrides", "127.0.0.1"),
                        Map.entry("max.connections.per.ip", "x"))) {
            for (var resource : List.of(BROKER, ALL)) {
                assertThatThrownBy(() -> set(resource, wrong.getKey(), wrong.getValue()))
                        .as(wrong.toString())
                        .hasCauseInstanceOf(InvalidRequestException.class);
            }
        }
        set(TOPIC, "max.compaction.lag.ms", "1000");
        assertThatThrownBy(() -> set(ALL, "log.cleaner.min.compaction.lag.ms", "5000"))
                .hasCauseInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("topic \"t\"");
        assertThat(describe(ALL).entries()).isEmpty();
    }

    @Test
    void what_has_no_effect_is_kept_and_says_so() throws Exception {
        for (var each :
                List.of(
                        Map.entry("num.io.threads", "4"),
                        Map.entry("background.threads", "20"),
                        Map.entry("num.replica.fetchers", "2"),
                        Map.entry("log.cleaner.io.max.bytes.per.second", "1e6"),
                        Map.entry("leader.replication.throttled.rate", "0"))) {
            set(ALL, each.getKey(), each.getValue());
            var shown =
                    admin.describeConfigs(
                                    List.of(BROKER),
                                    new DescribeConfigsOptions().includeDocumentation(true))
                            .all()
                            .get()
                            .get(BROKER)
                            .get(each.getKey());
            assertThat(shown.value()).isEqualTo(each.getValue());
            assertThat(shown.documentation()).startsWith("Kept without effect");
            assertThat(shown.isReadOnly()).isFalse();
        }
    }

    @Test
    void numbers_of_threads_at_most_double_or_halve_with_one_change() throws Exception {
        int now = Integer.parseInt(describe(BROKER).get("num.network.threads").value());
        set(BROKER, "num.network.threads", Integer.toString(2 * now));
        assertThatThrownBy(() -> set(BROKER, "num.network.threads", Integer.toString(4 * now + 1)))
                .hasCauseInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("doubled or halved");
        set(ALL, "num.network.threads", "1000"); // does not hold
        assertThatThrownBy(() -> unset(BROKER, "num.network.threads"))
                .hasCauseInstanceOf(InvalidRequestException.class);
        unset(ALL, "num.network.threads");
        unset(BROKER, "num.network.threads");
        assertThat(synonyms(BROKER, "num.network.threads"))
                .containsExactly("STATIC_BROKER_CONFIG num.network.threads=" + now);
    }

    @Test
    void each_thread_that_compacts_has_memory_for_keys() throws Exception {
        set(ALL, "log.cleaner.threads", "2");
        assertThatThrownBy(() -> set(ALL, "log.cleaner.dedupe.buffer.size", "2097151"))
                .hasCauseInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("at least 2097152");
        set(ALL, "log.cleaner.dedupe.buffer.size", "2097152");
        assertThatThrownBy(() -> set(BROKER, "log.cleaner.threads", "3"))
                .hasCauseInstanceOf(InvalidRequestException.class);
    }

    @Test
    void threads_of_connections_are_as_many_as_said_at_the_next_start() throws Exception {
        int now = Integer.parseInt(describe(BROKER).get("num.network.threads").value());
        set(BROKER, "num.network.threads", Integer.toString(2 * now));
        restart();
        assertThat(connect(4 * now)).isEqualTo(4 * now);
        var byPool =
                Thread.getAllStackTraces().keySet().stream()
                        .map(Thread::getName)
                        .filter(name -> name.startsWith("broker-io-"))
                        .map(name ->
                                Integer.parseInt(name.replaceAll("broker-io-([0-9]+)-.*", "$1")))
                        .collect(Collectors.groupingBy(pool -> pool, Collectors.counting()));
        assertThat(byPool.get(Collections.max(byPool.keySet()))).isEqualTo(2L * now);
    }

    @Test
    void a_producer_is_forgotten_as_soon_as_is_said() throws Exception {
        broker.close();
        var quick = LogDirectoryConfig.DEFAULT.withUpkeepIntervalMs(5);
        broker = new TestBroker(BrokerConfig.defaults(directory).withLogs(quick));
        restart();
        send(1);
        var at = new TopicPartition("t", 0);
        assertThat(producers(at)).hasSize(1);
        set(ALL, "producer.id.expiration.ms", "1");
        while (!producers(at).isEmpty()) {
            Thread.onSpinWait();
        }
        unset(ALL, "producer.id.expiration.ms");
        send(1);
        assertThat(producers(at)).hasSize(1);
    }

    private List<ProducerState> producers(TopicPartition at) throws Exception {
        return admin.describeProducers(List.of(at)).partitionResult(at).get().activeProducers();
    }

    @Test
    void a_shorter_wait_for_compaction_ends_the_longer_one() throws Exception {
        broker.close();
        var slow = LogDirectoryConfig.DEFAULT.withCompaction(86_400_000, 2 << 20);
        broker = new TestBroker(BrokerConfig.defaults(directory).withLogs(slow));
        restart();
        set(ALL, "log.cleaner.threads", "2");
        set(TOPIC, "cleanup.policy", "compact");
        set(TOPIC, "segment.bytes", "20000");
        set(TOPIC, "min.cleanable.dirty.ratio", "0.01");
        broker.broker().compactAtOnce();
        try (var producer = broker.producer(Map.of("batch.size", "1000"))) {
            for (int i = 0; i < 2000; i++) {
                var _ = producer.send(new ProducerRecord<>("t", "k", "v".repeat(50)));
            }
        }
        long before = broker.broker().partition("t", 0).sizeInBytes();
        set(ALL, "log.cleaner.backoff.ms", "1");
        while (broker.broker().partition("t", 0).sizeInBytes() > before / 2) {
            Thread.onSpinWait();
        }
    }

    @Test
    void groups_without_a_setting_of_their_own_go_by_that_of_the_broker() throws Exception {
        var group = new ConfigResource(ConfigResource.Type.GROUP, "g");
        assertThat(describe(group).get("consumer.assignment.interval.ms").value())
                .isEqualTo("1000");
        set(ALL, "group.consumer.assignment.interval.ms", "7");
        assertThat(describe(group).get("consumer.assignment.interval.ms").value()).isEqualTo("7");
    }

    @Test
    void connections_are_limited_anew_at_once() throws Exception {
        set(BROKER, "max.connections.per.ip", "3");
        assertThat(connect(6)).isLessThan(6);
        set(BROKER, "max.connections.per.ip", "100");
        assertThat(connect(6)).isEqualTo(6);
    }

    @Test
    void single_hosts_may_have_more_connections_or_fewer() throws Exception {
        set(BROKER, "max.connections.per.ip.overrides", "10.1.2.3:100,127.0.0.1:3");
        assertThat(connect(6)).isLessThan(6);
        set(BROKER, "max.connections.per.ip.overrides", "127.0.0.1:100");
        set(ALL, "max.connections.per.ip", "0"); // nobody else
        assertThat(connect(6)).isEqualTo(6);
        assertThatThrownBy(() -> unset(BROKER, "max.connections.per.ip.overrides"))
                .hasCauseInstanceOf(InvalidRequestException.class);
        restart();
        assertThat(connect(6)).isEqualTo(6);
        unset(ALL, "max.connections.per.ip");
        unset(BROKER, "max.connections.per.ip.overrides");
        assertThat(connect(6)).isEqualTo(6);
    }

    /// How many of so many connections are served.
    private int connect(int count) throws IOException {
        var sockets = new ArrayList<Socket>();
        int served = 0;
        try {
            for (int i = 0; i < count; i++) {
                var socket =
                        new Socket(
                                InetAddress.getLoopbackAddress(),
                                broker.broker().address().getPort());
                sockets.add(socket);
                // ApiVersions, version 0, without a client id
                socket.getOutputStream()
                        .write(new byte[] {0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, -1, -1});
                served += answers(socket) ? 1 : 0;
            }
        } finally {
            for (var socket : sockets) {
                socket.close();
            }
        }
        return served;
    }

    private static boolean answers(Socket socket) {
        try {
            return socket.getInputStream().read() >= 0;
        } catch (IOException reset) {
            return false;
        }
    }

    @Test
    void without_a_policy_nothing_is_deleted() throws Exception {
        change(TOPIC, "cleanup.policy", "delete", AlterConfigOp.OpType.SUBTRACT);
        assertThat(describe(TOPIC).get("cleanup.policy").value()).isEmpty();
        set(BROKER, "log.retention.ms", "1");
        restart();
        var log = broker.broker().partition("t", 0).config();
        assertThat(log.retentionMs()).isEqualTo(-1);
        assertThat(log.compaction().enabled()).isFalse();
        change(TOPIC, "cleanup.policy", "delete", AlterConfigOp.OpType.APPEND);
        assertThat(broker.broker().partition("t", 0).config().retentionMs()).isEqualTo(1);
    }

    @Test
    void settings_of_what_weir_does_not_have_are_kept_and_shown() throws Exception {
        var settings =
                Map.of(
                        "remote.storage.enable", "false",
                        "remote.log.copy.disable", "true",
                        "remote.log.delete.on.disable", "true",
                        "local.retention.ms", "-1",
                        "local.retention.bytes", "5",
                        "leader.replication.throttled.replicas", "0:1, 7:2",
                        "follower.replication.throttled.replicas", "*");
        var made = new org.apache.kafka.clients.admin.NewTopic("kept", 1, (short) 1);
        admin.createTopics(List.of(made.configs(settings))).all().get();
        restart();
        var shown = describe(new ConfigResource(ConfigResource.Type.TOPIC, "kept"));
        settings.forEach((name, value) -> {
            assertThat(shown.get(name).value()).as(name).isEqualTo(value);
            assertThat(shown.get(name).source()).isEqualTo(ConfigSource.DYNAMIC_TOPIC_CONFIG);
        });
        var usual = describe(TOPIC).get("remote.storage.enable");
        assertThat(usual.value()).isEqualTo("false");
        assertThat(usual.source()).isEqualTo(ConfigSource.DEFAULT_CONFIG);
        assertThat(usual.synonyms()).isEmpty();
    }

    @Test
    void a_topic_cannot_be_put_into_remote_storage() throws Exception {
        var far = new org.apache.kafka.clients.admin.NewTopic("far", 1, (short) 1);
        assertThatThrownBy(() ->
                        admin.createTopics(
                                        List.of(
                                                far.configs(
                                                        Map.of("remote.storage.enable", "TRUE"))))
                                .all()
                                .get())
                .hasCauseInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("there is no remote storage");
        assertThatThrownBy(() -> set(TOPIC, "remote.storage.enable", "true"))
                .hasCauseInstanceOf(InvalidConfigurationException.class);
        assertThat(admin.listTopics().names().get()).containsExactly("t");
    }

    @Test
    void throttled_replicas_can_be_added_and_taken_away() throws Exception {
        var name = "leader.replication.throttled.replicas";
        change(TOPIC, name, "0:1,1:1", AlterConfigOp.OpType.APPEND);
        change(TOPIC, name, "0:1", AlterConfigOp.OpType.SUBTRACT);
        assertThat(describe(TOPIC).get(name).value()).isEqualTo("1:1");
        assertThatThrownBy(() -> change(TOPIC, name, "1", AlterConfigOp.OpType.APPEND))
                .hasCauseInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("a list of partition:broker, or *");
        unset(TOPIC, name);
        assertThat(describe(TOPIC).get(name).value()).isEmpty();
    }

    @Test
    void what_stays_here_of_a_log_is_not_more_than_all_of_it() throws Exception {
        set(ALL, "log.local.retention.ms", "604800000");
        for (var longer : List.of("604800001", "-1")) {
            assertThatThrownBy(() -> set(BROKER, "log.local.retention.ms", longer))
                    .hasCauseInstanceOf(InvalidRequestException.class)
                    .hasMessageContaining("at most log.retention.ms, which is 604800000");
        }
        assertThatThrownBy(() -> set(ALL, "log.retention.ms", "604799999"))
                .hasCauseInstanceOf(InvalidRequestException.class);
        set(BROKER, "log.local.retention.bytes", "-1");
        assertThatThrownBy(() -> set(ALL, "log.retention.bytes", "1"))
                .hasCauseInstanceOf(InvalidRequestException.class);
        assertThat(describe(TOPIC).get("local.retention.bytes").value()).isEqualTo("-1");
    }
}
