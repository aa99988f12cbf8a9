package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Format;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Nearest;
import dev.weir.sql.parse.Property;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// The properties of a WITH clause, read by name and checked one by one.
final class SourceProperties {
    private static final List<String> KNOWN =
            List.of(
                    "KAFKA_TOPIC",
                    "VALUE_FORMAT",
                    "KEY_FORMAT",
                    "FORMAT",
                    "KEY_DELIMITER",
                    "VALUE_DELIMITER",
                    "PARTITIONS",
                    "REPLICAS",
                    "TIMESTAMP",
                    "TIMESTAMP_FORMAT",
                    "RETENTION_MS",
                    "CLEANUP_POLICY",
                    "WRAP_SINGLE_VALUE",
                    "WINDOW_TYPE",
                    "WINDOW_SIZE");

    /// ksqlDB's, for schemas that are not there yet.
    private static final List<String> LATER =
            List.of(
                    "KEY_SCHEMA_ID",
                    "VALUE_SCHEMA_ID",
                    "KEY_SCHEMA_FULL_NAME",
                    "VALUE_SCHEMA_FULL_NAME",
                    "VALUE_AVRO_SCHEMA_FULL_NAME",
                    "SOURCED_BY_CONNECTOR");

    private static final List<String> LATER_FORMATS =
            List.of("AVRO", "PROTOBUF", "PROTOBUF_NOSR", "JSON_SR");

    private final Map<String, Property> properties = new LinkedHashMap<>();

    SourceProperties(List<Property> given) {
        for (Property property : given) {
            Name name = property.name();
            String key = name.text().toUpperCase(Locale.ROOT);
            if (LATER.contains(key)) {
                throw new SqlException(
                        SqlState.FEATURE_NOT_SUPPORTED,
                        name.position(),
                        "the property " + key + " is not supported",
                        "Leave it out. Properties are " + String.join(", ", KNOWN) + ".");
            }
            if (!KNOWN.contains(key)) {
                throw new SqlException(
                        SqlState.INVALID_PARAMETER,
                        name.position(),
                        "unknown property \"" + name + "\"",
                        Nearest.to(key, KNOWN).map(n -> "Did you mean " + n + "? ").orElse("")
                                + "Properties are "
                                + String.join(", ", KNOWN)
                                + ".");
            }
            if (properties.put(key, property) != null) {
                throw new SqlException(
                        SqlState.INVALID_PARAMETER,
                        name.position(),
                        "property " + key + " is given twice",
                        "Write it once.");
            }
        }
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(properties.get(key)).map(Property::value);
    }

    /// Where the value of a property stands, or null.
    Position position(String key) {
        Property property = properties.get(key);
        return property == null ? null : property.valuePosition();
    }

    /// The first of these properties that is given.
    Optional<String> firstGiven(String... keys) {
        for (String key : keys) {
            if (properties.containsKey(key)) {
                return Optional.of(key);
            }
        }
        return Optional.empty();
    }

    OptionalInt count(String key) {
        OptionalLong value = number(key);
        if (value.isPresent() && (value.getAsLong() < 1 || value.getAsLong() > Short.MAX_VALUE)) {
            throw bad(key, "a number from 1 to " + Short.MAX_VALUE);
        }
        return value.isPresent() ? OptionalInt.of((int) value.getAsLong()) : OptionalInt.empty();
    }

    OptionalLong number(String key) {
        Optional<String> text = text(key);
        if (text.isEmpty()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(text.get().strip()));
        } catch (NumberFormatException e) {
            throw bad(key, "a whole number");
        }
    }

    boolean flag(String key, boolean preset) {
        Optional<String> text = text(key);
        if (text.isEmpty()) {
            return preset;
        }
        return switch (text.get().toLowerCase(Locale.ROOT)) {
            case "true" -> true;
            case "false" -> false;
            default -> throw bad(key, "TRUE or FALSE");
        };
    }

    /// FORMAT, or the more special property.
    Optional<Format> format(String key) {
        if (properties.containsKey("FORMAT") && properties.containsKey(key)) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    properties.get(key).name().position(),
                    "FORMAT and " + key + " cannot be given together",
                    "FORMAT stands for both KEY_FORMAT and VALUE_FORMAT.");
        }
        String given = properties.containsKey(key) ? key : "FORMAT";
        Optional<String> text = text(given);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String name = text.get().toUpperCase(Locale.ROOT);
        if (LATER_FORMATS.contains(name)) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    position(given),
                    "the format " + name + " is not supported",
                    "Formats are JSON, KAFKA, DELIMITED and, for keys, NONE.");
        }
        List<String> names = new ArrayList<>();
        for (Format format : Format.values()) {
            if (format.name().equals(name)) {
                return Optional.of(format);
            }
            names.add(format.name());
        }
        throw new SqlException(
                SqlState.INVALID_PARAMETER,
                position(given),
                "unknown format \"" + text.get() + "\"",
                Nearest.to(name, names).map(n -> "Did you mean " + n + "? ").orElse("")
                        + "Formats are JSON, KAFKA, DELIMITED and, for keys, NONE.");
    }

    /// What stands between the fields of the DELIMITED format: a character, or SPACE or TAB.
    char delimiter(String key) {
        Optional<String> text = text(key);
        if (text.isEmpty()) {
            return ',';
        }
        String format = key.replace("DELIMITER", "FORMAT");
        if (format(format).filter(Format.DELIMITED::equals).isEmpty()) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    properties.get(key).name().position(),
                    "property " + key + " is for the format DELIMITED",
                    "Add " + format + " = 'DELIMITED', or leave it out.");
        }
        String named = text.get();
        if (named.equalsIgnoreCase("SPACE")) {
            return ' ';
        }
        if (named.equalsIgnoreCase("TAB")) {
            return '\t';
        }
        // Quotes and line ends have a meaning of their own; halves of characters have none.
        if (named.length() != 1
                || "\"\r\n".contains(named)
                || Character.isSurrogate(named.charAt(0))) {
            throw bad(key, "one character that is neither a quote nor a line end, SPACE or TAB");
        }
        return named.charAt(0);
    }

    SqlException bad(String key, String expected) {
        return new SqlException(
                SqlState.INVALID_PARAMETER,
                position(key),
                "property " + key + " cannot be \"" + text(key).orElse("") + "\"",
                "Give " + expected + ".");
    }
}
