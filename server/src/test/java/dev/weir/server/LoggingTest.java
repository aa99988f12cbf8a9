package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;

import org.junit.jupiter.api.Test;
import org.slf4j.event.KeyValuePair;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// What the server's log looks like, and what can be set about it.
class LoggingTest {
    private final Logger logger = new LoggerContext().getLogger("dev.weir.Some");

    @Test
    void an_event_is_one_line_of_json_with_its_fields_beside_the_message() {
        LoggingEvent event = event(Level.WARN, "slow \"fsync\"\n\ttwo", null);
        event.setKeyValuePairs(
                List.of(
                        new KeyValuePair("ms", 1240L),
                        new KeyValuePair("file", "/data/\u00e9\u0001"),
                        new KeyValuePair("errors", List.of("A", "B")),
                        new KeyValuePair("level", "mine"),
                        new KeyValuePair("nothing", null)));
        String line = encoded(event);
        assertThat(line).endsWith("}\n");
        assertThat(line.indexOf('\n')).isEqualTo(line.length() - 1);
        JsonNode json = JsonMapper.shared().readTree(line);
        assertThat(json.get("time").stringValue()).isEqualTo("2026-01-31T12:00:00.042Z");
        assertThat(json.get("level").stringValue()).isEqualTo("WARN");
        assertThat(json.get("logger").stringValue()).isEqualTo("dev.weir.Some");
        assertThat(json.get("thread").stringValue()).isEqualTo(Thread.currentThread().getName());
        assertThat(json.get("message").stringValue()).isEqualTo("slow \"fsync\"\n\ttwo");
        assertThat(json.get("ms").longValue()).isEqualTo(1240);
        assertThat(json.get("file").stringValue()).isEqualTo("/data/\u00e9\u0001");
        assertThat(json.get("errors").get(1).stringValue()).isEqualTo("B");
        assertThat(json.get("level_").stringValue()).isEqualTo("mine");
        assertThat(json.get("nothing").isNull()).isTrue();
        assertThat(json.has("error")).isFalse();
    }

    @Test
    void half_a_character_does_not_break_the_line() {
        JsonNode json = JsonMapper.shared().readTree(encoded(event(Level.INFO, "\ud83d!", null)));
        assertThat(json.get("message").stringValue()).isEqualTo("\ud83d!");
    }

    @Test
    void a_failure_has_its_stack_trace() {
        var failure = new IllegalStateException("outer", new RuntimeException("inner"));
        JsonNode json = JsonMapper.shared().readTree(encoded(event(Level.ERROR, "no", failure)));
        assertThat(json.get("error").stringValue())
                .startsWith("java.lang.IllegalStateException: outer")
                .contains("Caused by: java.lang.RuntimeException: inner")
                .contains("LoggingTest");
    }

    @Test
    void an_event_is_one_line_of_text_whatever_clients_call_themselves() {
        var forged = "c\n2026-01-01 00:00:00.000 ERROR Broker all is lost\r\u001b[2J\u0085\t\u00e9";
        LoggingEvent event = event(Level.WARN, "client \"" + forged + "\"", null);
        event.setKeyValuePairs(List.of(new KeyValuePair("client", "a\nb")));
        String line = text(event);
        assertThat(line)
                .matches(
                        "2026-01-31 .{12} WARN  Some client \"c\\\\n2026-01-01 00:00:00.000 ERROR"
                                + " Broker all is lost\\\\r\\\\u001b\\[2J\\\\u0085\\\\t\u00e9\""
                                + " client=a\\\\nb\n");
        assertThat(text(event(Level.INFO, "ready", null))).endsWith(" INFO  Some ready\n");
    }

    @Test
    void a_failure_has_its_stack_trace_in_text_too() {
        assertThat(text(event(Level.ERROR, "no", new IllegalStateException("outer"))))
                .contains("ERROR Some no\njava.lang.IllegalStateException: outer\n\tat ");
    }

    @Test
    void settings_give_format_and_levels() {
        var settings =
                LogSettings.of(
                        Map.of(
                                "log.format", "json",
                                "log.level", "WARN",
                                "log.levels", "dev.weir.sql=debug, a.b = off",
                                "log.requests", "contents"));
        assertThat(settings)
                .isEqualTo(
                        new LogSettings(
                                true,
                                Level.WARN,
                                Map.of(
                                        "dev.weir.sql", Level.DEBUG,
                                        "a.b", Level.OFF,
                                        "dev.weir.broker.requests", Level.TRACE)));
        assertThat(LogSettings.of(Map.of()))
                .isEqualTo(new LogSettings(false, Level.INFO, Map.of()));
    }

    @Test
    void a_wrong_setting_stops_the_start_and_is_named() {
        assertRefused("log.format", "xml", "log.format must be text or json, got \"xml\"");
        assertRefused("log.level", "loud", "log.level: a level is trace,");
        assertRefused("log.levels", "dev.weir", "log.levels must be name=level,...");
        assertRefused("log.levels", "dev.weir=loud", "log.levels: a level is trace,");
        assertRefused("log.requests", "all", "log.requests must be none, heads or contents");
    }

    private static void assertRefused(String property, String value, String message) {
        assertThatThrownBy(() -> ServerConfig.of(Map.of(property, value)))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(message);
    }

    private LoggingEvent event(Level level, String message, Throwable failure) {
        var event = new LoggingEvent("fqcn", logger, level, message, failure, null);
        event.setInstant(Instant.parse("2026-01-31T12:00:00.042Z"));
        return event;
    }

    private static String text(LoggingEvent event) {
        return new String(
                Logging.textLines(new LoggerContext()).encode(event), StandardCharsets.UTF_8);
    }

    private static String encoded(LoggingEvent event) {
        return new String(new JsonLines().encode(event), StandardCharsets.UTF_8);
    }
}
