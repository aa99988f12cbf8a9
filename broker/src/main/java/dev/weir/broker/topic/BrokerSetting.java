package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/// A setting of the broker that can be changed while it runs (KIP-226), named as in Kafka.
///
/// @param topicSetting the setting of topics whose default it is, or null
/// @param least the least number it may be
/// @param greatest the greatest number it may be
/// @param defaultValue what holds where nobody says anything; null if the configuration always says
///   something
/// @param doc for people; tells of those that are kept without effect
public record BrokerSetting(
        String name,
        String topicSetting,
        TopicSetting.Type type,
        long least,
        long greatest,
        String defaultValue,
        String doc) {
    public static final String CACHED_BUFFER_BYTES = "group.coordinator.cached.buffer.max.bytes";
    public static final String CLEANER_BACKOFF = "log.cleaner.backoff.ms";
    public static final String CLEANER_KEY_BYTES = "log.cleaner.dedupe.buffer.size";
    public static final String CLEANER_THREADS = "log.cleaner.threads";
    public static final String CONSUMER_ASSIGNMENT_INTERVAL =
            "group.consumer.assignment.interval.ms";
    public static final String MAX_CONNECTIONS = "max.connections";
    public static final String MAX_CONNECTIONS_PER_ADDRESS = "max.connections.per.ip";
    public static final String MAX_CONNECTIONS_BY_HOST = "max.connections.per.ip.overrides";
    public static final String NETWORK_THREADS = "num.network.threads";
    public static final String PRODUCER_EXPIRATION = "producer.id.expiration.ms";
    public static final String RECOVERY_THREADS = "num.recovery.threads.per.data.dir";

    /// Least memory for the keys of one log while it is compacted, Kafka's.
    static final long LEAST_KEY_BYTES = 1 << 20;

    /// Numbers of threads may at most double or halve with one change, as in Kafka, so that a slip
    /// does no harm.
    static final Set<String> THREADS =
            Set.of(
                    "background.threads",
                    CLEANER_THREADS,
                    "num.io.threads",
                    NETWORK_THREADS,
                    RECOVERY_THREADS,
                    "num.replica.fetchers");

    private static final String VERIFICATION = "transaction.partition.verification.enable";

    /// Topics' settings whose default Kafka keeps under another name with other units
    /// (`log.retention.hours`), so that the one of this name has no default to be shown.
    private static final Set<String> WITHOUT_DEFAULT =
            Set.of(
                    "log.retention.ms",
                    "log.roll.ms",
                    "log.roll.jitter.ms",
                    "log.flush.interval.ms");

    /// All of them, by name.
    public static final Map<String, BrokerSetting> ALL = all();

    /// Whether the default is one of this name.
    boolean showsDefault() {
        return defaultValue != null && !WITHOUT_DEFAULT.contains(name);
    }

    /// Checks a value for itself.
    ///
    /// @throws BrokerException with `INVALID_REQUEST`, Kafka's answer to all that is wrong here
    void check(String given) {
        var value = given.strip();
        if (topicSetting != null) {
            checkDefaultOfTopics(value);
            return;
        }
        try {
            switch (type) {
                case INT -> checkBounds(Integer.parseInt(value));
                case LONG -> checkBounds(Long.parseLong(value));
                case DOUBLE -> {
                    var _ = Double.parseDouble(value);
                }
                case BOOLEAN -> checkSwitch(value.toLowerCase(Locale.ROOT));
                case CHOICE -> {
                    var _ = connectionsByHost(value);
                }
                case CHOICES, REPLICAS ->
                        throw new IllegalStateException(name + " is checked by nobody");
            }
        } catch (NumberFormatException e) {
            throw invalid(name + ": \"" + value + "\" is not a number", e);
        }
    }

    /// What [#MAX_CONNECTIONS_BY_HOST] says: `host:number,…`. An address may have colons itself.
    ///
    /// @throws BrokerException with `INVALID_REQUEST` if it says nothing of that form
    static Map<String, Integer> connectionsByHost(String value) {
        var byHost = new TreeMap<String, Integer>();
        for (var each : TopicSetting.listOf(value)) {
            int colon = each.lastIndexOf(':');
            var host = each.substring(0, Math.max(0, colon)).strip();
            var number = each.substring(colon + 1).strip();
            if (host.isEmpty() || !number.matches("[0-9]{1,9}")) {
                throw invalid(
                        MAX_CONNECTIONS_BY_HOST
                                + " must be a list of host:number, such as 10.0.0.1:100, got \""
                                + each
                                + "\"",
                        null);
            }
            byHost.put(host, Integer.valueOf(number));
        }
        return byHost;
    }

    private void checkDefaultOfTopics(String value) {
        if (name.equals("log.retention.ms") && value.equals("0")) {
            // Topics may have it, but Kafka does not let all of them lose everything by a slip.
            throw invalid("log.retention.ms must be -1 or at least 1, got 0", null);
        }
        try {
            TopicSetting.check(Map.of(topicSetting, value));
        } catch (BrokerException e) {
            throw invalid("the default of topics would be wrong: " + e.getMessage(), e);
        }
    }

    private void checkBounds(long number) {
        if (number < least || number > greatest) {
            var bounds =
                    greatest == Long.MAX_VALUE
                            ? "at least " + least
                            : "from " + least + " to " + greatest;
            throw invalid(name + " must be " + bounds + ", got " + number, null);
        }
    }

    private void checkSwitch(String value) {
        if (!value.equals("true") && !value.equals("false")) {
            throw invalid(name + " must be true or false, got \"" + value + "\"", null);
        }
        if (name.equals(VERIFICATION) && value.equals("false")) {
            throw invalid(name + " cannot be switched off: transactions are always verified", null);
        }
    }

    static BrokerException invalid(String message, Throwable cause) {
        return new BrokerException(ErrorCode.INVALID_REQUEST, message, cause);
    }

    /// The broker's name of what topics have a setting for. It has none for some, whose usual
    /// default always holds.
    public static Optional<String> defaultOf(String topicSetting) {
        return switch (topicSetting) {
            case "follower.replication.throttled.replicas",
                    "leader.replication.throttled.replicas",
                    "remote.log.copy.disable",
                    "remote.log.delete.on.disable",
                    "remote.storage.enable" ->
                    Optional.empty();
            default -> Optional.of(nameOfDefault(topicSetting));
        };
    }

    private static String nameOfDefault(String topicSetting) {
        return switch (topicSetting) {
            case "max.message.bytes" -> "message.max.bytes";
            case "segment.ms" -> "log.roll.ms";
            case "segment.jitter.ms" -> "log.roll.jitter.ms";
            case "flush.messages" -> "log.flush.interval.messages";
            case "flush.ms" -> "log.flush.interval.ms";
            case "file.delete.delay.ms" -> "log.segment.delete.delay.ms";
            case "min.cleanable.dirty.ratio" -> "log.cleaner.min.cleanable.ratio";
            case "delete.retention.ms", "min.compaction.lag.ms", "max.compaction.lag.ms" ->
                    "log.cleaner." + topicSetting;
            case "segment.index.bytes" -> "log.index.size.max.bytes";
            case "compression.gzip.level",
                    "compression.lz4.level",
                    "compression.type",
                    "compression.zstd.level",
                    "min.insync.replicas",
                    "unclean.leader.election.enable" ->
                    topicSetting;
            default -> "log." + topicSetting;
        };
    }

    private static Map<String, BrokerSetting> all() {
        var all = new Table();
        for (var each : TopicSetting.ALL.values()) {
            defaultOf(each.name())
                    .ifPresent(name ->
                            all.add(
                                    new BrokerSetting(
                                            name,
                                            each.name(),
                                            each.type(),
                                            0,
                                            0,
                                            each.defaultValue(),
                                            "Of topics without a setting of their own. "
                                                    + each.doc())));
        }

        all.integer(MAX_CONNECTIONS, 1, null, "Connections of all clients; the next one waits.");
        all.integer(
                MAX_CONNECTIONS_PER_ADDRESS,
                0, // only together with other numbers for some hosts
                null,
                "Connections of one address; the next one is closed.");
        all.add(
                new BrokerSetting(
                        MAX_CONNECTIONS_BY_HOST,
                        null,
                        TopicSetting.Type.CHOICE,
                        0,
                        0,
                        "",
                        "Connections of single hosts instead, as host:number,host:number."));
        all.integer(
                PRODUCER_EXPIRATION,
                1,
                null,
                "Idle time after which a partition forgets a producer and its sequence numbers.");
        all.integer(CLEANER_THREADS, 1, null, "How many partitions are compacted at a time.");
        all.number(CLEANER_BACKOFF, 0, null, "Time between two looks for topics to compact.");
        all.number(
                CLEANER_KEY_BYTES,
                Long.MIN_VALUE, // checked together with the threads that share it
                null,
                "Memory for the keys of partitions while they are compacted, shared by the"
                        + " threads; more keys take several rounds.");
        all.integer(
                RECOVERY_THREADS,
                1,
                null,
                "How many partitions are opened at a time, at the start and when topics are made.");
        all.integer(
                NETWORK_THREADS,
                1,
                null,
                "Threads that serve the connections of clients, from the next start on.");
        all.add(
                new BrokerSetting(
                        CONSUMER_ASSIGNMENT_INTERVAL,
                        null,
                        TopicSetting.Type.INT,
                        0,
                        15_000,
                        "1000",
                        "Time between two assignments of a KIP-848 group; of groups without a"
                                + " setting of their own."));
        all.integer(
                CACHED_BUFFER_BYTES,
                524_288,
                "1048588",
                "Largest buffer for writing to __consumer_offsets that is kept for the next use.");

        var replicas = "Kept without effect: there is one replica.";
        all.integer("num.replica.fetchers", 1, "1", replicas);
        for (var name :
                Set.of(
                        "follower.replication.throttled.rate",
                        "leader.replication.throttled.rate",
                        "replica.alter.log.dirs.io.max.bytes.per.second")) {
            all.number(name, 0, Long.toString(Long.MAX_VALUE), replicas);
        }
        all.integer(
                "num.io.threads",
                1,
                "8",
                "Kept without effect: requests are answered on the threads of their connections.");
        all.integer(
                "background.threads",
                1,
                "10",
                "Kept without effect: what is done in the background has threads of its own.");
        var cleaner = "Kept without effect: compaction reads and writes as fast as it can.";
        all.integer("log.cleaner.io.buffer.size", 0, "524288", cleaner);
        all.ratio("log.cleaner.io.buffer.load.factor", "0.9", cleaner);
        all.ratio(
                "log.cleaner.io.max.bytes.per.second", Double.toString(Double.MAX_VALUE), cleaner);
        all.add(
                new BrokerSetting(
                        VERIFICATION,
                        null,
                        TopicSetting.Type.BOOLEAN,
                        0,
                        0,
                        "true",
                        "Transactions are always verified; true is the only value."));
        return Collections.unmodifiableMap(all.byName);
    }

    /// The settings while they are put together.
    private static final class Table {
        final Map<String, BrokerSetting> byName = new TreeMap<>();

        void add(BrokerSetting setting) {
            byName.put(setting.name, setting);
        }

        void integer(String name, long least, String defaultValue, String doc) {
            add(
                    new BrokerSetting(
                            name,
                            null,
                            TopicSetting.Type.INT,
                            least,
                            Integer.MAX_VALUE,
                            defaultValue,
                            doc));
        }

        void number(String name, long least, String defaultValue, String doc) {
            add(
                    new BrokerSetting(
                            name,
                            null,
                            TopicSetting.Type.LONG,
                            least,
                            Long.MAX_VALUE,
                            defaultValue,
                            doc));
        }

        void ratio(String name, String defaultValue, String doc) {
            add(new BrokerSetting(name, null, TopicSetting.Type.DOUBLE, 0, 0, defaultValue, doc));
        }
    }
}
