package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.TestBroker;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.topic.BrokerSettings;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.TopicSetting;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;
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
import java.util.List;
import java.util.Map;

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

    @Test
    void lists_are_added_to() throws Exception {
        change(ALL, "log.cleanup.policy", "compact", AlterConfigOp.OpType.APPEND);
        assertThat(describe(TOPIC).get("cleanup.policy").value()).isEqualTo("delete,compact");
        var log = broker.broker().partition("t", 0).config();
        assertThat(log.compaction().enabled()).isTrue();
        change(ALL, "log.cleanup.policy", "compact", AlterConfigOp.OpType.SUBTRACT);
        assertThat(describe(TOPIC).get("cleanup.policy").value()).isEqualTo("delete");
        assertThatThrownBy(() -> change(ALL, "log.segment.bytes", "1", AlterConfigOp.OpType.APPEND))
                .hasCauseInstanceOf(InvalidConfigurationException.class);
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
                        Map.entry("max.connections", "0"),
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
    void connections_are_limited_anew_at_once() throws Exception {
        set(BROKER, "max.connections.per.ip", "3");
        assertThat(connect(6)).isLessThan(6);
        set(BROKER, "max.connections.per.ip", "100");
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
    void settings_of_topics_have_the_defaults_and_bounds_of_kafka() throws Exception {
        var kafka = new LogConfig(Map.of());
        var different = new ArrayList<String>();
        for (var setting : TopicSetting.ALL.values()) {
            assertThat(kafka.values()).containsKey(setting.name());
            if (!setting.name().equals("cleanup.policy")) { // a list there
                assertThat(kafka.values().get(setting.name()).toString())
                        .as(setting.name())
                        .isEqualTo(setting.defaultValue());
            }
            for (var value :
                    List.of(
                            "-131073", "-131072", "-3", "-2", "-1", "0", "1", "3", "4", "9", "10",
                            "13", "14", "17", "18", "22", "23", "1048576", "true", "x", "")) {
                if (isTaken(setting.name(), value) != isTakenByKafka(setting.name(), value)) {
                    different.add(setting.name() + "=" + value);
                }
            }
        }
        // Kafka takes no segments below a megabyte, to spare its own users.
        assertThat(different).isNotEmpty().allMatch(each -> each.startsWith("segment.bytes="));
    }

    private static boolean isTaken(String name, String value) {
        try {
            TopicSetting.check(Map.of(name, value));
            return true;
        } catch (BrokerException e) {
            return false;
        }
    }

    private static boolean isTakenByKafka(String name, String value) {
        try {
            LogConfig.validate(Map.of(name, value));
            return true;
        } catch (ConfigException | ApiException e) {
            return false;
        }
    }

    @Test
    void defaults_of_topics_have_the_names_they_have_in_kafka() {
        for (var name : TopicSetting.ALL.keySet()) {
            assertThat(BrokerSettings.defaultOf(name))
                    .isEqualTo(ServerTopicConfigSynonyms.serverSynonym(name));
        }
    }
}
