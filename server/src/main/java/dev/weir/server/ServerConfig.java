package dev.weir.server;

import dev.weir.server.local.EmbeddedBroker;
import dev.weir.sql.exec.EngineConfig;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;

/// How one server is set up. [Property] has the names, defaults and meanings.
///
/// @param dataDir everything on disk
/// @param kafka where Kafka clients connect
/// @param kafkaAdvertised what Kafka clients are told instead
/// @param postgres where PostgreSQL clients connect, if they may
/// @param http where HTTP clients connect, if they may
/// @param insecure whether listeners beyond loopback are allowed although nobody is authenticated
/// @param fetchSessionSlots consumers whose partitions are remembered between their fetches
/// @param osDurability true when acknowledged records may still be only in the page cache
/// @param upkeep how the broker looks after transactions and compacted topics
/// @param clients how Kafka clients are kept within bounds
/// @param properties every property's value by name, defaults included
public record ServerConfig(
        Path dataDir,
        ListenAddress kafka,
        Optional<ListenAddress> kafkaAdvertised,
        Optional<ListenAddress> postgres,
        Optional<ListenAddress> http,
        boolean insecure,
        int numPartitions,
        boolean autoCreateTopics,
        boolean capReplicas,
        int fetchSessionSlots,
        boolean osDurability,
        EmbeddedBroker.Upkeep upkeep,
        EmbeddedBroker.Clients clients,
        boolean foldIdentifiersUp,
        int workers,
        int stepMaxRows,
        Duration checkpointInterval,
        long stateMemoryBytes,
        Duration planningTimeout,
        int httpBodyMaxBytes,
        int postgresMessageMaxBytes,
        Map<String, String> properties) {
    private static final String NO_LISTENER = "none";

    public ServerConfig {
        properties = Map.copyOf(properties);
        requireLoopback(Property.KAFKA_LISTEN, kafka, insecure);
        postgres.ifPresent(at -> requireLoopback(Property.POSTGRES_LISTEN, at, insecure));
        http.ifPresent(at -> requireLoopback(Property.HTTP_LISTEN, at, insecure));
    }

    /// The configuration with these properties and defaults for the rest.
    ///
    /// @throws ConfigException naming the property that is unknown or wrong
    public static ServerConfig of(Map<String, String> values) {
        values.keySet().forEach(Property::named);
        var all = new TreeMap<String, String>();
        for (Property property : Property.values()) {
            all.put(property.key, property.in(values));
        }
        listener(Property.REGISTRY_LISTEN, values);
        LogSettings.of(values);
        return new ServerConfig(
                Path.of(Property.DATA_DIR.in(values)),
                listener(Property.KAFKA_LISTEN, values)
                        .orElseThrow(() ->
                                new ConfigException(
                                        Property.KAFKA_LISTEN.key + " cannot be " + NO_LISTENER)),
                Property.KAFKA_ADVERTISED.in(values).isEmpty()
                        ? Optional.empty()
                        : listener(Property.KAFKA_ADVERTISED, values),
                listener(Property.POSTGRES_LISTEN, values),
                listener(Property.HTTP_LISTEN, values),
                Property.SECURITY_INSECURE.flagIn(values),
                (int) Property.NUM_PARTITIONS.numberIn(values, 1, 10_000),
                Property.AUTO_CREATE_TOPICS.flagIn(values),
                Property.REPLICAS_CAP.flagIn(values),
                (int) Property.FETCH_SESSION_SLOTS.numberIn(values, 0, 1_000_000),
                Property.LOG_DURABILITY.choiceIn(values, "fsync", "os"),
                new EmbeddedBroker.Upkeep(
                        (int)
                                Property.TRANSACTION_MAX_TIMEOUT_MS.numberIn(
                                        values, 1, Integer.MAX_VALUE),
                        (int)
                                Property.TRANSACTIONAL_ID_EXPIRATION_MS.numberIn(
                                        values, 1, Integer.MAX_VALUE),
                        Property.LOG_CLEANER_BACKOFF_MS.numberIn(values, 1, 86_400_000),
                        Property.LOG_CLEANER_DEDUPE_BUFFER_SIZE.numberIn(
                                values, 1 << 16, 1L << 33)),
                clients(values),
                Property.SQL_IDENTIFIERS.choiceIn(values, "keep", "upper"),
                workers(values),
                (int) Property.SQL_STEP_MAX_ROWS.numberIn(values, 1, 1 << 24),
                Duration.ofMillis(
                        Property.SQL_CHECKPOINT_INTERVAL_MS.numberIn(values, 10, 86_400_000)),
                Property.SQL_STATE_MEMORY_BYTES.numberIn(values, 1 << 20, 1L << 44),
                Duration.ofMillis(Property.SQL_PLANNING_TIMEOUT_MS.numberIn(values, 1, 86_400_000)),
                (int) Property.HTTP_BODY_MAX_BYTES.numberIn(values, 1 << 10, 1 << 30),
                (int) Property.POSTGRES_MESSAGE_MAX_BYTES.numberIn(values, 1 << 10, 1 << 30),
                all);
    }

    private static EmbeddedBroker.Clients clients(Map<String, String> values) {
        var superUsers = new TreeSet<String>();
        for (String each : Property.SUPER_USERS.in(values).split(";", -1)) {
            String principal = each.strip();
            if (!principal.isEmpty() && principal.indexOf(':') <= 0) {
                throw new ConfigException(
                        Property.SUPER_USERS.key
                                + " must be like User:alice;User:bob, got \""
                                + principal
                                + "\"");
            }
            if (!principal.isEmpty()) {
                superUsers.add(principal);
            }
        }
        return new EmbeddedBroker.Clients(
                (int) Property.MAX_CONNECTIONS.numberIn(values, 1, Integer.MAX_VALUE),
                (int) Property.MAX_CONNECTIONS_PER_IP.numberIn(values, 1, Integer.MAX_VALUE),
                Property.CONNECTIONS_MAX_IDLE_MS.numberIn(values, 1, Integer.MAX_VALUE),
                (int) Property.QUOTA_WINDOW_NUM.numberIn(values, 1, 86_400),
                (int) Property.QUOTA_WINDOW_SIZE_SECONDS.numberIn(values, 1, 86_400),
                Property.KAFKA_AUTHORIZER.choiceIn(values, "none", "acl"),
                superUsers,
                Property.ALLOW_EVERYONE_IF_NO_ACL_FOUND.flagIn(values));
    }

    private static int workers(Map<String, String> values) {
        return Property.SQL_WORKERS.in(values).isEmpty()
                ? EngineConfig.defaultWorkers()
                : (int) Property.SQL_WORKERS.numberIn(values, 1, EngineConfig.MOST_WORKERS);
    }

    /// A server over `dataDir` whose listeners are on free loopback ports.
    public static ServerConfig onFreePorts(Path dataDir) {
        return of(
                Map.of(
                        Property.DATA_DIR.key, dataDir.toString(),
                        Property.KAFKA_LISTEN.key, "127.0.0.1:0",
                        Property.POSTGRES_LISTEN.key, "127.0.0.1:0",
                        Property.HTTP_LISTEN.key, "127.0.0.1:0"));
    }

    /// The same with one property changed.
    public ServerConfig with(String property, String value) {
        Property.named(property);
        var changed = new TreeMap<>(properties);
        changed.put(property, value);
        return of(changed);
    }

    /// Reads a file of `key=value` lines.
    ///
    /// @throws ConfigException when it cannot be read
    static Map<String, String> read(Path file) {
        var properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        } catch (NoSuchFileException e) {
            throw new ConfigException(
                    "cannot read the configuration file " + file + ": no such file", e);
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigException("cannot read the configuration file " + file + ": " + e, e);
        }
        var values = new TreeMap<String, String>();
        properties.stringPropertyNames().forEach(k -> values.put(k, properties.getProperty(k)));
        return values;
    }

    private static Optional<ListenAddress> listener(Property property, Map<String, String> values) {
        String text = property.in(values);
        return text.equals(NO_LISTENER)
                ? Optional.empty()
                : Optional.of(ListenAddress.parse(property.key, text));
    }

    private static void requireLoopback(Property property, ListenAddress at, boolean insecure) {
        if (!insecure && !at.isLoopback(property.key)) {
            throw new ConfigException(
                    property.key
                            + "="
                            + at
                            + " can be reached from other machines and nobody is authenticated;"
                            + " bind it to 127.0.0.1, or set security.insecure=true");
        }
    }
}
