package dev.weir.broker.topic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The settings of topics beside Apache Kafka's own table of them: names, types, defaults and
/// bounds.
class TopicSettingsComparisonTest {
    private static final List<String> VALUES =
            List.of(
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
                    "13",
                    "14",
                    "17",
                    "18",
                    "22",
                    "23",
                    "1048576",
                    "true",
                    "TRUE",
                    "false",
                    "yes",
                    "x",
                    "",
                    ",",
                    "delete,",
                    "delete,delete",
                    "compact, delete",
                    "*",
                    " * ",
                    "*,",
                    "*,*",
                    "0:1,*",
                    "0:1",
                    "00:101,7:2",
                    "0:1 , 1:2",
                    "0:1,,",
                    "0:1,0:1",
                    "0:",
                    ":1",
                    "-1:1",
                    "0:1:2",
                    "0 :1",
                    " 5 ",
                    "+5");

    @Test
    void names_types_and_defaults_are_kafkas() {
        assertThat(TopicSetting.ALL.keySet())
                .containsExactlyElementsOf(LogConfig.nonInternalConfigNames());
        for (var setting : TopicSetting.ALL.values()) {
            var key = LogConfig.configKeys().get(setting.name());
            assertThat(ConfigDef.convertToString(key.defaultValue, key.type))
                    .as(setting.name())
                    .isEqualTo(setting.defaultValue());
            var type =
                    switch (setting.type()) {
                        case BOOLEAN -> ConfigDef.Type.BOOLEAN;
                        case INT -> ConfigDef.Type.INT;
                        case LONG -> ConfigDef.Type.LONG;
                        case DOUBLE -> ConfigDef.Type.DOUBLE;
                        case CHOICE -> ConfigDef.Type.STRING;
                        case CHOICES, REPLICAS -> ConfigDef.Type.LIST;
                    };
            assertThat(type).as(setting.name()).isEqualTo(key.type);
        }
    }

    @Test
    void bounds_are_kafkas_but_for_the_least_segment() {
        var different = new ArrayList<String>();
        for (var setting : TopicSetting.ALL.values()) {
            for (var value : VALUES) {
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

    /// By a broker without remote storage. It holds topics against its own settings, one of which
    /// is enough to make that happen.
    private static boolean isTakenByKafka(String name, String value) {
        var ofBroker = Map.of("retention.ms", LogConfig.DEFAULT_RETENTION_MS);
        try {
            LogConfig.validate(Map.of(), Map.of(name, value), ofBroker, false);
            return true;
        } catch (ConfigException | ApiException e) {
            return false;
        }
    }
}
