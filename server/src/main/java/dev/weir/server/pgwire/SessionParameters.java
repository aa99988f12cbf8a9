package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The run-time parameters of PostgreSQL that drivers set and ask for. One connection's; its thread
/// only.
final class SessionParameters {
    /// Told to the client at connect and whenever they change, in PostgreSQL 15's order.
    private static final List<String> REPORTED =
            List.of(
                    "application_name",
                    "client_encoding",
                    "DateStyle",
                    "default_transaction_read_only",
                    "in_hot_standby",
                    "integer_datetimes",
                    "IntervalStyle",
                    "is_superuser",
                    "server_encoding",
                    "server_version",
                    "session_authorization",
                    "standard_conforming_strings",
                    "TimeZone");

    private static final Set<String> READ_ONLY =
            Set.of(
                    "in_hot_standby",
                    "integer_datetimes",
                    "is_superuser",
                    "server_encoding",
                    "server_version",
                    "server_version_num",
                    "session_authorization");

    private static final Pattern ASSIGNMENT =
            Pattern.compile(
                    "(?is)\\s*SET\\s+(?:SESSION\\s+|LOCAL\\s+)?"
                        + "(?:(TIME\\s+ZONE|NAMES)\\s+|([A-Z_][A-Z0-9_]*)\\s*(?:=|\\bTO\\b)\\s*)"
                        + "(.*\\S)\\s*");

    private final Map<String, String> values = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private Map<String, String> atStart = Map.of();

    SessionParameters(String user, String serverVersion) {
        values.putAll(
                Map.of(
                        "application_name", "",
                        "client_encoding", "UTF8",
                        "DateStyle", "ISO, MDY",
                        "default_transaction_read_only", "off",
                        "in_hot_standby", "off",
                        "integer_datetimes", "on",
                        "IntervalStyle", "postgres",
                        "is_superuser", "on",
                        "server_encoding", "UTF8",
                        "server_version", serverVersion));
        values.putAll(
                Map.of(
                        "session_authorization", user,
                        "standard_conforming_strings", "on",
                        "TimeZone", "UTC",
                        "server_version_num", "150000",
                        "search_path", "public",
                        "extra_float_digits", "1",
                        "bytea_output", "hex",
                        "client_min_messages", "notice",
                        "default_transaction_isolation", "read committed",
                        "transaction_isolation", "read committed"));
        values.putAll(
                Map.of(
                        "transaction_read_only", "off",
                        "statement_timeout", "0",
                        "lock_timeout", "0",
                        "idle_in_transaction_session_timeout", "0",
                        "max_identifier_length", "63",
                        "max_index_keys", "32",
                        "row_security", "off",
                        "synchronous_commit", "on"));
    }

    /// Those that are told to the client.
    Map<String, String> reported() {
        var reported = new LinkedHashMap<String, String>();
        REPORTED.forEach(name -> reported.put(name, values.get(name)));
        return reported;
    }

    /// The value, if there is a parameter of that name.
    Optional<String> value(String name) {
        return Optional.ofNullable(values.get(name));
    }

    /// All of them.
    Map<String, String> all() {
        return Map.copyOf(values);
    }

    /// Gives a parameter, or all when the name is empty, the value it had at the start.
    ///
    /// @return those that are to be told to the client
    List<String> reset(String name) {
        List<String> told = new ArrayList<>();
        for (Map.Entry<String, String> start : atStart.entrySet()) {
            boolean meant = name.isEmpty() || name.equalsIgnoreCase(start.getKey());
            if (meant && !start.getValue().equals(values.put(start.getKey(), start.getValue()))) {
                REPORTED.stream().filter(start.getKey()::equalsIgnoreCase).forEach(told::add);
            }
        }
        return told;
    }

    /// What was set so far is what RESET goes back to.
    void started() {
        atStart = Map.copyOf(values);
    }

    /// An assignment of a parameter that is known here.
    ///
    /// @param value without its quotes
    record Assignment(String name, String value) {}

    /// What a SET statement sets, if that is one of these parameters.
    Optional<Assignment> assignment(String statement) {
        Matcher matcher = ASSIGNMENT.matcher(statement);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String name = matcher.group(2);
        if (name == null) {
            name =
                    matcher.group(1).toUpperCase(Locale.ROOT).equals("NAMES")
                            ? "client_encoding"
                            : "TimeZone";
        }
        return values.containsKey(name)
                ? Optional.of(new Assignment(name, unquoted(matcher.group(3))))
                : Optional.empty();
    }

    /// Changes a parameter.
    ///
    /// @return its name, if the client is to be told
    /// @throws SqlException when it cannot have that value
    Optional<String> set(Assignment assignment) {
        String name = assignment.name().toLowerCase(Locale.ROOT);
        String value = assignment.value();
        if (READ_ONLY.contains(name)) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER, "parameter \"" + name + "\" cannot be changed");
        }
        values.put(name, checked(name, value));
        return REPORTED.stream().filter(name::equalsIgnoreCase).findFirst();
    }

    private static String checked(String name, String value) {
        boolean allowed =
                switch (name) {
                    case "client_encoding" ->
                            Set.of("utf8", "unicode", "sqlascii", "default")
                                    .contains(
                                            value.toLowerCase(Locale.ROOT).replaceAll("[-_]", ""));
                    case "datestyle" -> value.toLowerCase(Locale.ROOT).startsWith("iso");
                    case "standard_conforming_strings" -> isOn(value);
                    case "bytea_output" -> value.equalsIgnoreCase("hex");
                    case "statement_timeout",
                            "lock_timeout",
                            "idle_in_transaction_session_timeout" ->
                            value.matches("0\\s*[a-z]*");
                    default -> true;
                };
        if (!allowed) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    "invalid value for parameter \"" + name + "\": \"" + value + "\"");
        }
        return switch (name) {
            case "client_encoding" -> "UTF8";
            case "datestyle" -> "ISO, MDY";
            default -> value;
        };
    }

    private static boolean isOn(String value) {
        return Set.of("on", "true", "1", "yes").contains(value.toLowerCase(Locale.ROOT));
    }

    private static String unquoted(String value) {
        char quote = value.charAt(0);
        return value.length() > 1
                        && (quote == '\'' || quote == '"')
                        && value.charAt(value.length() - 1) == quote
                ? value.substring(1, value.length() - 1)
                : value;
    }
}
