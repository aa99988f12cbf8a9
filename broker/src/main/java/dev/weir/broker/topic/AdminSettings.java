package dev.weir.broker.topic;

import dev.weir.broker.partition.Registration;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/// What administrators decided about groups, clients and users: settings of resources other than
/// topics, quotas, SCRAM credentials and access rules.
///
/// Any thread may call. Reading never waits, since readers are given an immutable [View]. Changes
/// exclude each other and wait for the disk: each is written to the metadata log and fsynced, and
/// only then applied.
public final class AdminSettings {
    /// In a quota's entity, all clients of that kind that have no quota of their own.
    public static final String DEFAULT_NAME = "<default>";

    private final MetadataLog log;
    private final Image image;
    private volatile View view;
    private final CopyOnWriteArrayList<Runnable> listeners = new CopyOnWriteArrayList<>();

    /// @param image what the log says so far; its part about this is owned by this from here on
    public AdminSettings(MetadataLog log, MetadataImage image) {
        this.log = log;
        this.image = image.admin();
        this.view = View.of(this.image);
    }

    /// What is decided at some moment. Immutable.
    private record View(
            Map<Byte, Map<String, Map<String, String>>> configs,
            Map<Map<String, String>, Map<String, Double>> quotas,
            Map<String, Map<Byte, ScramCredential>> credentials,
            List<AccessRule> rules) {
        static View of(Image image) {
            var configs = new TreeMap<Byte, Map<String, Map<String, String>>>();
            image.configs.forEach((type, named) ->
                    configs.put(type, Collections.unmodifiableMap(new TreeMap<>(named))));
            var credentials = new TreeMap<String, Map<Byte, ScramCredential>>();
            image.credentials.forEach((user, of) ->
                    credentials.put(user, Collections.unmodifiableMap(new TreeMap<>(of))));
            return new View(
                    configs,
                    Map.copyOf(image.quotas),
                    Collections.unmodifiableMap(credentials),
                    List.copyOf(image.rules));
        }
    }

    /// What the records add up to. Not thread-safe.
    static final class Image {
        private final Map<Byte, Map<String, Map<String, String>>> configs = new TreeMap<>();
        private final Map<Map<String, String>, Map<String, Double>> quotas = new HashMap<>();
        private final Map<String, Map<Byte, ScramCredential>> credentials = new TreeMap<>();
        private final Set<AccessRule> rules = new LinkedHashSet<>();

        private Map<String, Map<String, String>> configs(byte type) {
            return configs.computeIfAbsent(type, _ -> new TreeMap<>());
        }

        private Map<Byte, ScramCredential> credentials(String user) {
            return credentials.computeIfAbsent(user, _ -> new TreeMap<>());
        }

        /// The fewest records that add up to this.
        List<MetadataRecord> snapshot() {
            var records = new ArrayList<MetadataRecord>();
            configs.forEach((type, named) ->
                    named.forEach((name, values) ->
                            records.add(
                                    new MetadataRecord.ResourceConfigsChanged(
                                            type, name, values))));
            quotas.forEach((entity, values) ->
                    records.add(new MetadataRecord.QuotasChanged(entity, values)));
            credentials.forEach((user, of) ->
                    of.values()
                            .forEach(each ->
                                    records.add(
                                            new MetadataRecord.ScramCredentialSet(user, each))));
            rules.forEach(rule -> records.add(new MetadataRecord.AccessRuleAdded(rule)));
            return records;
        }
    }

    /// Calls a listener after every change from now on, on the thread of the change.
    public Registration onChange(Runnable listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /// The settings of all resources of a type that have some, by name.
    ///
    /// @param type Kafka's number of it
    public Map<String, Map<String, String>> configs(byte type) {
        return view.configs.getOrDefault(type, Map.of());
    }

    /// The settings that a resource has of its own.
    public Map<String, String> configs(byte type, String name) {
        return configs(type).getOrDefault(name, Map.of());
    }

    /// The quotas of every entity that has some.
    public Map<Map<String, String>, Map<String, Double>> quotas() {
        return view.quotas;
    }

    /// The SCRAM credentials by user and mechanism.
    public Map<String, Map<Byte, ScramCredential>> credentials() {
        return view.credentials;
    }

    /// All access rules, oldest first.
    public List<AccessRule> rules() {
        return view.rules;
    }

    /// Makes changes durable and applies them, all or none.
    ///
    /// @throws dev.weir.broker.error.BrokerException with `KAFKA_STORAGE_ERROR` if they are not
    ///   certain to be on disk
    public void change(List<? extends MetadataRecord.AdminChange> changes) {
        if (changes.isEmpty()) {
            return;
        }
        synchronized (this) {
            log.append(changes);
            changes.forEach(each -> apply(image, each));
            view = View.of(image);
        }
        listeners.forEach(Runnable::run);
    }

    /// Takes one change in.
    static void apply(Image image, MetadataRecord.AdminChange change) {
        switch (change) {
            case MetadataRecord.ResourceConfigsChanged(var type, var name, var configs) ->
                    put(image.configs(type), name, configs);
            case MetadataRecord.QuotasChanged(var entity, var quotas) ->
                    put(image.quotas, entity, quotas);
            case MetadataRecord.ScramCredentialSet(var user, var credential) ->
                    image.credentials(user).put(credential.mechanism(), credential);
            case MetadataRecord.ScramCredentialRemoved(var user, var mechanism) -> {
                image.credentials(user).remove(mechanism);
                if (image.credentials(user).isEmpty()) {
                    image.credentials.remove(user);
                }
            }
            case MetadataRecord.AccessRuleAdded(var rule) -> image.rules.add(rule);
            case MetadataRecord.AccessRuleRemoved(var rule) -> image.rules.remove(rule);
        }
    }

    private static <K, V> void put(Map<K, Map<String, V>> all, K key, Map<String, V> values) {
        if (values.isEmpty()) {
            all.remove(key);
        } else {
            all.put(key, values);
        }
    }
}
