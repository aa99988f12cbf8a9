package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import java.util.Set;

/// Kafka's rules for topic names.
public final class TopicNames {
    public static final int MAX_LENGTH = 249;

    private static final Set<String> INTERNAL =
            Set.of("__consumer_offsets", "__transaction_state", "__share_group_state");

    /// A log of Kafka's that no client reads or writes, and that this broker does not have.
    public static final String CLUSTER_METADATA = "__cluster_metadata";

    /// What this process keeps for itself besides, such as the journal of the SQL engine.
    private static final String OWN_PREFIX = "_weir_";

    private TopicNames() {}

    /// @throws BrokerException with `INVALID_TOPIC_EXCEPTION` saying what is wrong with the name
    public static void check(String name) {
        if (name.isEmpty()) {
            throw invalid("topic name is empty");
        }
        if (name.equals(".") || name.equals("..")) {
            throw invalid("topic name cannot be \".\" or \"..\"");
        }
        if (name.length() > MAX_LENGTH) {
            throw invalid(
                    "topic name is "
                            + name.length()
                            + " characters long, longer than "
                            + MAX_LENGTH);
        }
        for (int i = 0; i < name.length(); i++) {
            if (!isAllowed(name.charAt(i))) {
                throw invalid(
                        "topic name \""
                                + printable(name)
                                + "\" contains a character other than ASCII letters, digits, '.',"
                                + " '_' and '-'");
            }
        }
    }

    /// Whether the name belongs to this process itself: clients may read such a topic, not change
    /// it.
    public static boolean isInternal(String name) {
        return INTERNAL.contains(name) || name.startsWith(OWN_PREFIX);
    }

    /// What two names have in common that must not both exist: metrics write `.` as `_`.
    static String collisionKey(String name) {
        return name.replace('.', '_');
    }

    private static boolean isAllowed(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == '-';
    }

    private static String printable(String name) {
        var safe = new StringBuilder();
        name.chars().forEach(c -> safe.append(c >= ' ' && c < 127 ? (char) c : '?'));
        return safe.toString();
    }

    private static BrokerException invalid(String message) {
        return new BrokerException(ErrorCode.INVALID_TOPIC_EXCEPTION, message);
    }
}
