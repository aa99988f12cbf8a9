package dev.weir.server;

import ch.qos.logback.classic.Level;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// What the server writes to its log, and how.
///
/// @param json a line of JSON for each event instead of text
/// @param level of Weir's own loggers
/// @param levels of single loggers or packages, by name
record LogSettings(boolean json, Level level, Map<String, Level> levels) {
    private static final String REQUESTS = "dev.weir.broker.requests";

    LogSettings {
        levels = Map.copyOf(levels);
    }

    /// @throws ConfigException naming the property
    static LogSettings of(Map<String, String> values) {
        var levels = new TreeMap<String, Level>();
        switch (Property.LOG_REQUESTS.in(values)) {
            case "none" -> {}
            case "heads" -> levels.put(REQUESTS, Level.DEBUG);
            case "contents" -> levels.put(REQUESTS, Level.TRACE);
            default ->
                    throw new ConfigException(
                            Property.LOG_REQUESTS.key
                                    + " must be none, heads or contents, got \""
                                    + Property.LOG_REQUESTS.in(values)
                                    + "\"");
        }
        for (String each : Property.LOG_LEVELS.in(values).split(",", -1)) {
            if (!each.isBlank()) {
                int equals = each.indexOf('=');
                if (equals < 1) {
                    throw new ConfigException(
                            Property.LOG_LEVELS.key
                                    + " must be name=level,..., such as dev.weir.broker=debug, got"
                                    + " \""
                                    + each
                                    + "\"");
                }
                levels.put(
                        each.substring(0, equals).strip(),
                        level(Property.LOG_LEVELS, each.substring(equals + 1).strip()));
            }
        }
        return new LogSettings(
                Property.LOG_FORMAT.choiceIn(values, "text", "json"),
                level(Property.LOG_LEVEL, Property.LOG_LEVEL.in(values)),
                levels);
    }

    private static Level level(Property property, String name) {
        return switch (name.toLowerCase(Locale.ROOT)) {
            case "trace" -> Level.TRACE;
            case "debug" -> Level.DEBUG;
            case "info" -> Level.INFO;
            case "warn" -> Level.WARN;
            case "error" -> Level.ERROR;
            case "off" -> Level.OFF;
            default ->
                    throw new ConfigException(
                            property.key
                                    + ": a level is trace, debug, info, warn, error or off, got \""
                                    + name
                                    + "\"");
        };
    }
}
