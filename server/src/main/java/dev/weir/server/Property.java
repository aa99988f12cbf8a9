package dev.weir.server;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// The properties of a server: their names, defaults and meanings.
enum Property {
    DATA_DIR("data.dir", "weir-data", "everything on disk"),
    KAFKA_LISTEN("kafka.listen", "127.0.0.1:9092", "Kafka protocol; port 0 picks a free one"),
    POSTGRES_LISTEN(
            "postgres.listen",
            "127.0.0.1:5433",
            "PostgreSQL protocol, database weir; \"none\" for no listener"),
    HTTP_LISTEN(
            "http.listen",
            "127.0.0.1:8088",
            "REST, /metrics, /healthcheck; \"none\" for no listener"),
    REGISTRY_LISTEN(
            "registry.listen",
            "127.0.0.1:8081",
            "Schema Registry REST; reserved, this version does not listen there"),
    SECURITY_INSECURE(
            "security.insecure",
            "false",
            "allow listeners beyond loopback although nobody is authenticated"),
    KAFKA_ADVERTISED(
            "kafka.advertised", "", "host:port that Kafka clients are told; default: the listener"),
    NUM_PARTITIONS("num.partitions", "1", "partitions of a topic created without a number"),
    AUTO_CREATE_TOPICS(
            "auto.create.topics.enable", "true", "whether a Kafka client's asking makes a topic"),
    REPLICAS_CAP(
            "replicas.cap", "false", "cut more than one replica to one instead of refusing it"),
    FETCH_SESSION_SLOTS(
            "max.incremental.fetch.session.cache.slots",
            "1000",
            "consumers whose partitions are remembered between their fetches"),
    MAX_CONNECTIONS(
            "max.connections", "10000", "most connections of Kafka clients; the next ones wait"),
    MAX_CONNECTIONS_PER_IP(
            "max.connections.per.ip",
            "2147483647",
            "most of them from one address; the next ones are closed"),
    CONNECTIONS_MAX_IDLE_MS(
            "connections.max.idle.ms",
            "600000",
            "time after which a Kafka client that asks nothing is disconnected"),
    QUOTA_WINDOW_NUM("quota.window.num", "11", "windows over which quotas are measured"),
    QUOTA_WINDOW_SIZE_SECONDS("quota.window.size.seconds", "1", "how long each window is"),
    KAFKA_AUTHORIZER(
            "kafka.authorizer", "none", "acl: access rules hold for Kafka clients; none: not"),
    SUPER_USERS("super.users", "", "principals that need no access rules, separated by ;"),
    ALLOW_EVERYONE_IF_NO_ACL_FOUND(
            "allow.everyone.if.no.acl.found",
            "false",
            "whether everybody may do everything with what no access rule is about"),
    LOG_DURABILITY(
            "log.durability",
            "fsync",
            "fsync: acknowledged means on disk; os: left to the operating system"),
    LOG_FORMAT("log.format", "text", "text or json: how the server's log is written to stderr"),
    LOG_LEVEL(
            "log.level", "info", "trace, debug, info, warn, error or off, for Weir's own loggers"),
    LOG_LEVELS(
            "log.levels", "", "levels of single loggers, such as dev.weir.broker.group=debug,..."),
    LOG_REQUESTS(
            "log.requests",
            "none",
            "heads: a line for each request of Kafka clients; contents: with what it says"),
    LOG_CLEANER_BACKOFF_MS(
            "log.cleaner.backoff.ms", "15000", "time between two looks for topics to compact"),
    LOG_CLEANER_DEDUPE_BUFFER_SIZE(
            "log.cleaner.dedupe.buffer.size",
            "67108864",
            "memory for the keys of a partition while it is compacted"),
    TRANSACTION_MAX_TIMEOUT_MS(
            "transaction.max.timeout.ms",
            "900000",
            "the longest transaction.timeout.ms a producer may ask for"),
    TRANSACTIONAL_ID_EXPIRATION_MS(
            "transactional.id.expiration.ms",
            "604800000",
            "idle time after which a transactional id is forgotten"),
    SQL_IDENTIFIERS(
            "sql.identifiers",
            "keep",
            "upper: unquoted names fold to upper case as in ksqlDB; keep: they do not"),
    SQL_WORKERS("sql.workers", "", "threads that share the queries' work; default: the cores"),
    SQL_STEP_MAX_ROWS("sql.step.max.rows", "65536", "most input records in one step"),
    SQL_CHECKPOINT_INTERVAL_MS(
            "sql.checkpoint.interval.ms", "5000", "time between checkpoints of query state"),
    SQL_STATE_MEMORY_BYTES(
            "sql.state.memory.bytes", "536870912", "memory for the maps of query state"),
    SQL_PLANNING_TIMEOUT_MS(
            "sql.planning.timeout.ms", "10000", "how long a statement may take to be planned"),
    HTTP_BODY_MAX_BYTES("http.body.max.bytes", "16777216", "the largest request body"),
    POSTGRES_MESSAGE_MAX_BYTES(
            "postgres.message.max.bytes", "16777216", "the largest PostgreSQL message");

    final String key;
    final String defaultValue;
    final String meaning;

    Property(String key, String defaultValue, String meaning) {
        this.key = key;
        this.defaultValue = defaultValue;
        this.meaning = meaning;
    }

    /// The property of that name.
    ///
    /// @throws ConfigException suggesting the nearest name
    static Property named(String key) {
        for (Property property : values()) {
            if (property.key.equals(key)) {
                return property;
            }
        }
        throw new ConfigException(
                "unknown property \""
                        + key
                        + "\""
                        + nearest(key).map(name -> "; did you mean \"" + name + "\"?").orElse(""));
    }

    /// The value given, or the default.
    String in(Map<String, String> values) {
        return values.getOrDefault(key, defaultValue).strip();
    }

    boolean flagIn(Map<String, String> values) {
        String value = in(values).toLowerCase(Locale.ROOT);
        if (!value.equals("true") && !value.equals("false")) {
            throw new ConfigException(key + " must be true or false, got \"" + value + "\"");
        }
        return value.equals("true");
    }

    /// Whether the second of two values was chosen.
    ///
    /// @throws ConfigException for any other
    boolean choiceIn(Map<String, String> values, String first, String second) {
        String value = in(values);
        if (!value.equals(first) && !value.equals(second)) {
            throw new ConfigException(
                    key + " must be " + first + " or " + second + ", got \"" + value + "\"");
        }
        return value.equals(second);
    }

    long numberIn(Map<String, String> values, long least, long most) {
        String value = in(values);
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException _) {
            // Reported below with everything else that is no number in range.
        }
        throw new ConfigException(
                key
                        + " must be a number from "
                        + least
                        + " to "
                        + most
                        + ", got \""
                        + value
                        + "\"");
    }

    /// All of them, one a line, for people.
    static String describeAll() {
        return Arrays.stream(values())
                .map(p ->
                        String.format(
                                Locale.ROOT,
                                "  %-28s %s (%s)",
                                p.key,
                                p.meaning,
                                p.defaultValue.isEmpty() ? "none" : p.defaultValue))
                .collect(Collectors.joining("\n"));
    }

    private static Optional<String> nearest(String key) {
        String best = null;
        int distance = Math.max(2, key.length() / 3) + 1;
        for (Property property : values()) {
            int candidate = editDistance(key, property.key);
            if (candidate < distance) {
                distance = candidate;
                best = property.key;
            }
        }
        return Optional.ofNullable(best);
    }

    private static int editDistance(String from, String to) {
        int[] row = new int[to.length() + 1];
        Arrays.setAll(row, i -> i);
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int above = row[j];
                int replace = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(replace, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[to.length()];
    }
}
