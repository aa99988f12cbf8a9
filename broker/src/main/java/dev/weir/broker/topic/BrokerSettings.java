package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// The broker's settings that can be changed while it runs (KIP-226): what holds for topics that
/// have nothing of their own, by Kafka's names for it, and how many connections there may be.
///
/// Each has up to four values: that of this broker, that of all brokers of the cluster, that of the
/// configuration file, and the default; the first there is holds. Administrators decide about the
/// first two, which [AdminSettings] keeps.
///
/// Any thread may call; nothing waits.
public final class BrokerSettings {
    /// Kafka's number of the kind of resource that brokers are.
    public static final byte RESOURCE_TYPE = 4;

    /// The name under which what holds for all brokers is kept.
    public static final String ALL_BROKERS = "";

    public static final String MAX_CONNECTIONS = "max.connections";
    public static final String MAX_CONNECTIONS_PER_ADDRESS = "max.connections.per.ip";

    /// Topics' settings whose default Kafka keeps under another name with other units
    /// (`log.retention.hours`), so that the one of this name has no default to be shown.
    private static final Set<String> WITHOUT_DEFAULT =
            Set.of(
                    "log.retention.ms",
                    "log.roll.ms",
                    "log.roll.jitter.ms",
                    "log.flush.interval.ms");

    /// Rates at which replicas are moved: kept and shown without effect, since tools that move
    /// replicas set them and take them away.
    private static final List<String> THROTTLES =
            List.of(
                    "follower.replication.throttled.rate",
                    "leader.replication.throttled.rate",
                    "replica.alter.log.dirs.io.max.bytes.per.second");

    private static final Map<String, Setting> ALL = all();

    private final AdminSettings admins;
    private final String broker;
    private final Map<String, String> file;

    /// Who decided about a value.
    public enum Source {
        BROKER,
        CLUSTER,
        FILE,
        DEFAULT
    }

    /// One of the values a setting has.
    public record Valued(String value, Source source) {}

    /// A setting of the broker.
    ///
    /// @param topicSetting the setting of topics whose default it is, or null
    /// @param defaultValue what holds where nobody says anything
    public record Setting(
            String name,
            String topicSetting,
            TopicSetting.Type type,
            String defaultValue,
            String doc) {}

    /// @param broker the id of this broker
    /// @param file what the configuration file says about some of them
    public BrokerSettings(AdminSettings admins, String broker, Map<String, String> file) {
        this.admins = admins;
        this.broker = broker;
        this.file = Map.copyOf(file);
    }

    /// All that can be changed, by name.
    public static Map<String, Setting> settings() {
        return ALL;
    }

    /// The broker's name of what topics have a setting for.
    public static String defaultOf(String topicSetting) {
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

    /// The values a setting has, the one that holds first.
    public List<Valued> values(String name) {
        var values = new ArrayList<Valued>(4);
        add(values, admins.configs(RESOURCE_TYPE, broker).get(name), Source.BROKER);
        add(values, admins.configs(RESOURCE_TYPE, ALL_BROKERS).get(name), Source.CLUSTER);
        add(values, file.get(name), Source.FILE);
        if (!WITHOUT_DEFAULT.contains(name)) {
            add(values, ALL.get(name).defaultValue, Source.DEFAULT);
        }
        return values;
    }

    /// The value that holds.
    public String value(String name) {
        var values = values(name);
        return values.isEmpty() ? ALL.get(name).defaultValue : values.getFirst().value;
    }

    /// What is not as usual for topics that have nothing of their own, by the topics' names for it.
    public Map<String, String> topicDefaults() {
        return topicDefaults(
                admins.configs(RESOURCE_TYPE, ALL_BROKERS), admins.configs(RESOURCE_TYPE, broker));
    }

    private static Map<String, String> topicDefaults(
            Map<String, String> ofCluster, Map<String, String> ofBroker) {
        var defaults = new HashMap<String, String>();
        for (var configs : List.of(ofCluster, ofBroker)) {
            configs.forEach((name, value) -> {
                var setting = ALL.get(name);
                if (setting != null && setting.topicSetting != null) {
                    defaults.put(setting.topicSetting, value);
                }
            });
        }
        return defaults;
    }

    /// Checks settings that a broker, or all of them, would have, and gives the topics' defaults
    /// that would then hold.
    ///
    /// @param name of the broker, or [#ALL_BROKERS]
    /// @throws BrokerException with `INVALID_REQUEST`, Kafka's answer to all that is wrong here
    public Map<String, String> check(String name, Map<String, String> configs) {
        for (var entry : configs.entrySet()) {
            var setting = ALL.get(entry.getKey());
            if (setting == null) {
                throw invalid(
                        "\"" + entry.getKey() + "\" cannot be changed while the broker runs", null);
            }
            if (entry.getValue() == null) {
                throw invalid(entry.getKey() + " has no value", null);
            }
            if (setting.topicSetting == null) {
                checkNumber(setting, entry.getValue().strip());
            }
        }
        boolean ofAll = name.equals(ALL_BROKERS);
        var defaults =
                topicDefaults(
                        ofAll ? configs : admins.configs(RESOURCE_TYPE, ALL_BROKERS),
                        ofAll ? admins.configs(RESOURCE_TYPE, broker) : configs);
        try {
            TopicSetting.check(defaults);
        } catch (BrokerException e) {
            throw invalid("the default of topics would be wrong: " + e.getMessage(), e);
        }
        return defaults;
    }

    private static void checkNumber(Setting setting, String value) {
        try {
            long number =
                    setting.type == TopicSetting.Type.INT
                            ? Integer.parseInt(value)
                            : Long.parseLong(value);
            if (number < 1) {
                throw invalid(setting.name + " must be at least 1, got " + value, null);
            }
        } catch (NumberFormatException e) {
            throw invalid(setting.name + ": \"" + value + "\" is not a number", e);
        }
    }

    private static void add(List<Valued> values, String value, Source source) {
        if (value != null) {
            values.add(new Valued(value.strip(), source));
        }
    }

    private static Map<String, Setting> all() {
        var all = new TreeMap<String, Setting>();
        for (var each : TopicSetting.ALL.values()) {
            var name = defaultOf(each.name());
            all.put(
                    name,
                    new Setting(
                            name,
                            each.name(),
                            each.type(),
                            each.defaultValue(),
                            "Of topics without a setting of their own. " + each.doc()));
        }
        for (var name : THROTTLES) {
            all.put(
                    name,
                    new Setting(
                            name,
                            null,
                            TopicSetting.Type.LONG,
                            Long.toString(Long.MAX_VALUE),
                            "Kept for tools; there is one replica."));
        }
        var most = Integer.toString(Integer.MAX_VALUE);
        all.put(
                MAX_CONNECTIONS,
                new Setting(
                        MAX_CONNECTIONS,
                        null,
                        TopicSetting.Type.INT,
                        most,
                        "Connections of all clients; the next one waits."));
        all.put(
                MAX_CONNECTIONS_PER_ADDRESS,
                new Setting(
                        MAX_CONNECTIONS_PER_ADDRESS,
                        null,
                        TopicSetting.Type.INT,
                        most,
                        "Connections of one address; the next one is closed."));
        return Collections.unmodifiableMap(all);
    }

    private static BrokerException invalid(String message, Throwable cause) {
        return new BrokerException(ErrorCode.INVALID_REQUEST, message, cause);
    }
}
