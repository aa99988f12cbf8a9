package dev.weir.broker.topic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.server.config.DynamicConfig;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/// The settings of the broker that can be changed while it runs beside Apache Kafka's own table of
/// them: names, types, defaults and bounds. What is different on purpose is listed here.
class BrokerSettingsComparisonTest {
    /// Kafka's table.
    private static final Map<String, ConfigDef.ConfigKey> KAFKA = DynamicConfig.Broker.configKeys();

    private static String kind(String name) {
        return Stream.of("ssl.", "sasl.", "remote.log.", "remote.")
                .filter(name::startsWith)
                .findFirst()
                .map(start -> start.startsWith("remote.") ? "remote.*" : start + "*")
                .orElse(name);
    }

    @Test
    void every_setting_is_one_of_kafkas() {
        assertThat(KAFKA.keySet()).containsAll(BrokerSetting.ALL.keySet());
    }

    @Test
    void what_is_absent_belongs_to_what_weir_does_not_have() {
        var absent = new TreeSet<String>();
        for (var name : KAFKA.keySet()) {
            if (!BrokerSetting.ALL.containsKey(name)) {
                absent.add(kind(name));
            }
        }
        assertThat(absent)
                .containsExactly(
                        "config.providers", // plug-ins
                        "cordoned.log.dirs", // there is one log directory
                        "follower.fetch.last.tiered.offset.enable", // remote storage
                        "group.share.assignment.interval.ms", // share groups
                        "group.streams.assignment.interval.ms", // Streams groups
                        "listener.security.protocol.map", // TLS and SASL
                        "listeners", // there is one listener
                        "max.connection.creation.rate",
                        "metric.reporters", // plug-ins
                        "principal.builder.class", // plug-ins
                        "remote.*",
                        "sasl.*",
                        "share.coordinator.cached.buffer.max.bytes", // share groups
                        "ssl.*");
    }

    @Test
    void types_are_kafkas() {
        for (var setting : BrokerSetting.ALL.values()) {
            var expected =
                    switch (KAFKA.get(setting.name()).type) {
                        case BOOLEAN -> TopicSetting.Type.BOOLEAN;
                        case INT -> TopicSetting.Type.INT;
                        case LONG -> TopicSetting.Type.LONG;
                        case DOUBLE -> TopicSetting.Type.DOUBLE;
                        case STRING -> TopicSetting.Type.CHOICE;
                        case LIST -> TopicSetting.Type.CHOICES;
                        case SHORT, CLASS, PASSWORD -> null;
                    };
            assertThat(setting.type()).as(setting.name()).isEqualTo(expected);
        }
    }

    @Test
    void defaults_are_kafkas_unless_the_configuration_decides() {
        var decided = new TreeSet<String>();
        for (var setting : BrokerSetting.ALL.values()) {
            if (setting.defaultValue() == null) {
                decided.add(setting.name());
            } else {
                var key = KAFKA.get(setting.name());
                var usual = ConfigDef.convertToString(key.defaultValue, key.type);
                assertThat(setting.showsDefault() ? setting.defaultValue() : null)
                        .as(setting.name())
                        .isEqualTo(usual);
            }
        }
        assertThat(decided)
                .containsExactly(
                        "log.cleaner.backoff.ms",
                        "log.cleaner.dedupe.buffer.size",
                        "log.cleaner.threads",
                        "max.connections",
                        "max.connections.per.ip",
                        "num.network.threads",
                        "num.recovery.threads.per.data.dir",
                        "producer.id.expiration.ms");
    }

    @Test
    void defaults_of_topics_have_the_names_they_have_in_kafka() {
        for (var name : TopicSetting.ALL.keySet()) {
            assertThat(BrokerSetting.defaultOf(name).orElse(null))
                    .as(name)
                    .isEqualTo(ServerTopicConfigSynonyms.TOPIC_CONFIG_SYNONYMS.get(name));
        }
    }

    /// Values on both sides of every bound there is, and such as are no number, switch or list.
    private static final Set<String> VALUES =
            Set.of(
                    "-9223372036854775809",
                    "-9223372036854775808",
                    "-131073",
                    "-131072",
                    "-3",
                    "-2",
                    "-1",
                    "0",
                    "1",
                    "3",
                    "4",
                    "9",
                    "10",
                    "17",
                    "18",
                    "22",
                    "23",
                    "15000",
                    "15001",
                    "524287",
                    "524288",
                    "1048575",
                    "1048576",
                    "2147483647",
                    "2147483648",
                    "9223372036854775807",
                    "9223372036854775808",
                    "0.5",
                    "1e3",
                    "NaN",
                    "true",
                    "FALSE",
                    "yes",
                    "x",
                    "",
                    ",",
                    " 5 ",
                    "+5",
                    "0x5",
                    "compact",
                    "delete,compact",
                    "delete,",
                    "delete,delete",
                    "Delete",
                    "producer",
                    "gzip",
                    "none",
                    "uncompressed",
                    "Zstd",
                    "CreateTime",
                    "LogAppendTime",
                    "logappendtime");

    @Test
    void bounds_are_kafkas_but_for_these() {
        var refusedHere = new TreeMap<String, Set<String>>();
        var takenHere = new TreeMap<String, Set<String>>();
        for (var setting : BrokerSetting.ALL.values()) {
            if (setting.name().equals("max.connections.per.ip.overrides")) {
                continue; // Kafka's table knows nothing of its form: see below
            }
            for (var value : VALUES) {
                boolean here = isTaken(setting, value);
                boolean there = isTakenByKafka(setting.name(), value);
                if (here != there) {
                    (here ? takenHere : refusedHere)
                            .computeIfAbsent(setting.name(), _ -> new TreeSet<>())
                            .add(value);
                }
            }
        }
        assertThat(takenHere)
                .containsOnly(
                        // Kafka takes no segments below a megabyte, to spare its own users.
                        entry(
                                "log.segment.bytes",
                                "17",
                                "18",
                                "22",
                                "23",
                                "15000",
                                "15001",
                                "524287",
                                "524288",
                                "1048575"));
        assertThat(refusedHere)
                .containsOnly(
                        // group.consumer.max.assignment.interval.ms, which Kafka looks at later
                        entry(
                                "group.consumer.assignment.interval.ms",
                                "15001",
                                "524287",
                                "524288",
                                "1048575",
                                "1048576",
                                "2147483647"),
                        // No number, which Kafka's bounds do not catch.
                        entry("log.cleaner.min.cleanable.ratio", "NaN"),
                        // Kafka refuses 0 when it takes the setting over.
                        entry("log.cleaner.threads", "0"),
                        entry("max.connections", "0"),
                        // Below -1 there is nothing to say; Kafka refuses 0 when it takes it over.
                        entry(
                                "log.retention.ms",
                                "-131072",
                                "-131073",
                                "-2",
                                "-3",
                                "-9223372036854775808",
                                "0"),
                        // Kafka refuses what is below 1 or 0 when it takes these over.
                        entry(
                                "log.roll.ms",
                                "-1",
                                "-131072",
                                "-131073",
                                "-2",
                                "-3",
                                "-9223372036854775808",
                                "0"),
                        entry(
                                "log.roll.jitter.ms",
                                "-1",
                                "-131072",
                                "-131073",
                                "-2",
                                "-3",
                                "-9223372036854775808"),
                        // Without effect; Kafka has no bound of it for brokers.
                        entry(
                                "log.flush.interval.ms",
                                "-1",
                                "-131072",
                                "-131073",
                                "-2",
                                "-3",
                                "-9223372036854775808"),
                        entry("transaction.partition.verification.enable", "FALSE"));
    }

    /// What Apache Kafka 4.3.1 answered to the same values, but for less than none.
    @Test
    void numbers_of_hosts_have_kafkas_form() {
        var setting = BrokerSetting.ALL.get("max.connections.per.ip.overrides");
        for (var taken :
                Set.of(
                        "",
                        "127.0.0.1:100",
                        "127.0.0.1:0",
                        "::1:5",
                        " localhost : 5 ,",
                        "a:1,b:2")) {
            assertThat(isTaken(setting, taken)).as(taken).isTrue();
        }
        for (var refused : Set.of("127.0.0.1", "127.0.0.1:x", ":5", "a:1,b", "127.0.0.1:-1")) {
            assertThat(isTaken(setting, refused)).as(refused).isFalse();
        }
        assertThat(BrokerSetting.connectionsByHost("::1:5, 10.0.0.1 : 7"))
                .isEqualTo(Map.of("::1", 5, "10.0.0.1", 7));
    }

    private static Map.Entry<String, Set<String>> entry(String name, String... values) {
        return Map.entry(name, new TreeSet<>(Arrays.asList(values)));
    }

    private static boolean isTaken(BrokerSetting setting, String value) {
        try {
            setting.check(value);
            return true;
        } catch (BrokerException e) {
            return false;
        }
    }

    private static boolean isTakenByKafka(String name, String value) {
        var one = new Properties();
        one.put(name, value);
        try {
            DynamicConfig.Broker.validate(one);
            return true;
        } catch (ConfigException e) {
            return false;
        }
    }
}
