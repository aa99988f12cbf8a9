package dev.weir.broker.topic;

import dev.weir.broker.error.BrokerException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The values of the broker's settings that can be changed while it runs (KIP-226), and what holds
/// by them for topics that have nothing of their own.
///
/// Each has up to four values: that of this broker, that of all brokers of the cluster, that of the
/// configuration, and the default; the first there is holds. Administrators decide about the first
/// two, which [AdminSettings] keeps.
///
/// Any thread may call; nothing waits.
public final class BrokerSettings {
    /// Kafka's number of the kind of resource that brokers are.
    public static final byte RESOURCE_TYPE = 4;

    /// The name under which what holds for all brokers is kept.
    public static final String ALL_BROKERS = "";

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

    /// @param broker the id of this broker
    /// @param file what the configuration says about some of them, and about all that have no
    ///   default
    public BrokerSettings(AdminSettings admins, String broker, Map<String, String> file) {
        this.admins = admins;
        this.broker = broker;
        this.file = Map.copyOf(file);
    }

    /// The values a setting has, the one that holds first.
    public List<Valued> values(String name) {
        var values = new ArrayList<Valued>(4);
        add(values, ofBroker().get(name), Source.BROKER);
        add(values, ofCluster().get(name), Source.CLUSTER);
        add(values, file.get(name), Source.FILE);
        var setting = BrokerSetting.ALL.get(name);
        if (setting.showsDefault()) {
            add(values, setting.defaultValue(), Source.DEFAULT);
        }
        return values;
    }

    /// The value that holds.
    public String value(String name) {
        return value(name, ofCluster(), ofBroker());
    }

    /// The value that would hold if no administrator had decided anything. To this, and not to what
    /// holds, Kafka adds when something is added to a list that a resource has not of its own.
    public String configured(String name) {
        return value(name, Map.of(), Map.of());
    }

    /// The value that holds, as a number.
    public long number(String name) {
        return Long.parseLong(value(name));
    }

    /// The value that holds, as a small number.
    public int integer(String name) {
        return Integer.parseInt(value(name));
    }

    /// How many connections single hosts may have, where that is not as for others.
    public Map<String, Integer> connectionsByHost() {
        return BrokerSetting.connectionsByHost(value(BrokerSetting.MAX_CONNECTIONS_BY_HOST));
    }

    private String value(String name, Map<String, String> ofCluster, Map<String, String> ofBroker) {
        for (var configs : List.of(ofBroker, ofCluster, file)) {
            var value = configs.get(name);
            if (value != null) {
                return value.strip();
            }
        }
        return BrokerSetting.ALL.get(name).defaultValue();
    }

    private Map<String, String> ofBroker() {
        return admins.configs(RESOURCE_TYPE, broker);
    }

    private Map<String, String> ofCluster() {
        return admins.configs(RESOURCE_TYPE, ALL_BROKERS);
    }

    /// What is not as usual for topics that have nothing of their own, by the topics' names for it.
    public Map<String, String> topicDefaults() {
        return topicDefaults(ofCluster(), ofBroker());
    }

    private static Map<String, String> topicDefaults(
            Map<String, String> ofCluster, Map<String, String> ofBroker) {
        var defaults = new HashMap<String, String>();
        for (var configs : List.of(ofCluster, ofBroker)) {
            configs.forEach((name, value) -> {
                var setting = BrokerSetting.ALL.get(name);
                if (setting != null && setting.topicSetting() != null) {
                    defaults.put(setting.topicSetting(), value);
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
        configs.forEach((key, value) -> {
            var setting = BrokerSetting.ALL.get(key);
            if (setting == null) {
                throw BrokerSetting.invalid(
                        "\"" + key + "\" cannot be changed while the broker runs", null);
            }
            if (value == null) {
                throw BrokerSetting.invalid(key + " has no value", null);
            }
            setting.check(value);
        });
        boolean ofAll = name.equals(ALL_BROKERS);
        var ofCluster = ofAll ? configs : ofCluster();
        var ofBroker = ofAll ? ofBroker() : configs;
        checkThreads(ofCluster, ofBroker);
        checkConnections(ofCluster, ofBroker);
        checkLocalRetention("ms", ofCluster, ofBroker);
        checkLocalRetention("bytes", ofCluster, ofBroker);
        var defaults = topicDefaults(ofCluster, ofBroker);
        try {
            TopicSetting.checkTogether(defaults);
        } catch (BrokerException e) {
            throw BrokerSetting.invalid(
                    "the defaults of topics would not go together: " + e.getMessage(), e);
        }
        return defaults;
    }

    private void checkConnections(Map<String, String> ofCluster, Map<String, String> ofBroker) {
        var perAddress = value(BrokerSetting.MAX_CONNECTIONS_PER_ADDRESS, ofCluster, ofBroker);
        var byHost = value(BrokerSetting.MAX_CONNECTIONS_BY_HOST, ofCluster, ofBroker);
        if (Integer.parseInt(perAddress) == 0
                && BrokerSetting.connectionsByHost(byHost).isEmpty()) {
            throw BrokerSetting.invalid(
                    BrokerSetting.MAX_CONNECTIONS_PER_ADDRESS
                            + " can be 0 only if "
                            + BrokerSetting.MAX_CONNECTIONS_BY_HOST
                            + " lets somebody in",
                    null);
        }
    }

    private void checkThreads(Map<String, String> ofCluster, Map<String, String> ofBroker) {
        for (var name : BrokerSetting.THREADS) {
            int now = integer(name);
            int wanted = Integer.parseInt(value(name, ofCluster, ofBroker));
            if (wanted < now / 2 || wanted > 2L * now) {
                throw BrokerSetting.invalid(
                        name
                                + " is "
                                + now
                                + " and would become "
                                + wanted
                                + "; it can at most be doubled or halved at a time",
                        null);
            }
        }
        long keyBytes = Long.parseLong(value(BrokerSetting.CLEANER_KEY_BYTES, ofCluster, ofBroker));
        int threads = Integer.parseInt(value(BrokerSetting.CLEANER_THREADS, ofCluster, ofBroker));
        // What the configuration says may be less, but nobody can change to less.
        boolean changed =
                keyBytes != number(BrokerSetting.CLEANER_KEY_BYTES)
                        || threads != integer(BrokerSetting.CLEANER_THREADS);
        if (changed && keyBytes / threads < BrokerSetting.LEAST_KEY_BYTES) {
            throw BrokerSetting.invalid(
                    BrokerSetting.CLEANER_KEY_BYTES
                            + " must be at least "
                            + threads * BrokerSetting.LEAST_KEY_BYTES
                            + ", 1 MiB for each of "
                            + BrokerSetting.CLEANER_THREADS
                            + ", got "
                            + keyBytes,
                    null);
        }
    }

    /// What stays here of a log whose rest is elsewhere is not more than all of it. Kafka holds the
    /// two against each other also where there is no remote storage.
    private void checkLocalRetention(
            String unit, Map<String, String> ofCluster, Map<String, String> ofBroker) {
        var name = "log.local.retention." + unit;
        long local = Long.parseLong(value(name, ofCluster, ofBroker));
        long all = Long.parseLong(value("log.retention." + unit, ofCluster, ofBroker));
        if (all > -1 && (local == -1 || local > all)) {
            throw BrokerSetting.invalid(
                    name
                            + " must be -2 or at most log.retention."
                            + unit
                            + ", which is "
                            + all
                            + ", got "
                            + local,
                    null);
        }
    }

    private static void add(List<Valued> values, String value, Source source) {
        if (value != null) {
            values.add(new Valued(value.strip(), source));
        }
    }
}
