package dev.weir.server;

import dev.weir.server.http.HttpDoor;
import dev.weir.server.http.ServerFacts;
import dev.weir.server.local.EmbeddedBroker;
import dev.weir.server.metric.MetricSource;
import dev.weir.server.metric.ProcessMetrics;
import dev.weir.server.net.Transport;
import dev.weir.server.pgwire.PostgresDoor;
import dev.weir.server.session.Sessions;
import dev.weir.sql.exec.EngineConfig;
import dev.weir.sql.exec.SqlEngine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// A running server: a broker, the engine over its log, and the doors in front of the engine.
///
/// ```
///  Kafka clients ─────────────► broker ◄── topic log ── engine ◄── sessions ◄─┬─ HTTP door
///                                                                             └─ PostgreSQL door
/// ```
///
/// One thread starts and closes it.
public final class WeirServer implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(WeirServer.class);

    /// What must be closed, the last started first.
    private final Deque<Part> parts = new ArrayDeque<>();

    private final EmbeddedBroker broker;
    private final SqlEngine engine;
    private final Optional<HttpDoor> http;
    private final Optional<PostgresDoor> postgres;

    private record Part(String name, AutoCloseable closeable) {}

    private record Doors(Optional<HttpDoor> http, Optional<PostgresDoor> postgres)
            implements AutoCloseable {
        void stopAccepting() {
            http.ifPresent(HttpDoor::stopAccepting);
            postgres.ifPresent(PostgresDoor::stopAccepting);
        }

        @Override
        public void close() {
            http.ifPresent(HttpDoor::close);
            postgres.ifPresent(PostgresDoor::close);
        }
    }

    private WeirServer(ServerConfig config, InstantSource clock) {
        try {
            started("the data directory", DataDirectoryLock.take(config.dataDir()));
            var transport = started("the event loops", new Transport(loopThreads()));
            var sessions = new Sessions(clock);
            var brokerStarted = new CompletableFuture<EmbeddedBroker>();

            // The doors open while the broker recovers; until the engine is there they say so.
            var doorsOpened =
                    CompletableFuture.supplyAsync(
                            () -> openDoors(config, transport, sessions, brokerStarted),
                            task -> Thread.ofPlatform().name("start-doors").start(task));
            try {
                broker = started("the broker", EmbeddedBroker.start(brokerSettings(config), clock));
                brokerStarted.complete(broker);
                engine =
                        started(
                                "the engine",
                                SqlEngine.start(engineConfig(config), broker.log(), clock));
                broker.resumeRetention();
            } finally {
                awaitQuietly(doorsOpened);
            }
            Doors doors = joined(doorsOpened);
            http = doors.http();
            postgres = doors.postgres();
            // Closed in the opposite order: no new clients, no new statements and no push queries,
            // the last answers go out, and only then does the engine stop.
            started("the doors", doors);
            started("the sessions", sessions);
            started("the listeners", doors::stopAccepting);
            sessions.open(engine);
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    /// Starts a server and returns when it carries out statements.
    ///
    /// @throws ConfigException when the data directory is in use or cannot be
    /// @throws java.io.UncheckedIOException when a listener cannot be bound
    public static WeirServer start(ServerConfig config) {
        return start(config, InstantSource.system());
    }

    /// The same with the time taken from `clock`.
    public static WeirServer start(ServerConfig config, InstantSource clock) {
        return new WeirServer(config, clock);
    }

    /// Where Kafka clients connect.
    public InetSocketAddress kafkaAddress() {
        return broker.address();
    }

    /// Where PostgreSQL clients connect, if they may.
    public Optional<InetSocketAddress> postgresAddress() {
        return postgres.map(PostgresDoor::address);
    }

    /// Where HTTP clients connect, if they may.
    public Optional<InetSocketAddress> httpAddress() {
        return http.map(HttpDoor::address);
    }

    /// The engine, for programs that embed the server.
    public SqlEngine engine() {
        return engine;
    }

    /// The line that says where to connect.
    String readyLine() {
        var line = new StringBuilder("weir ready kafka=").append(text(kafkaAddress()));
        postgresAddress().ifPresent(at -> line.append(" postgres=").append(text(at)));
        httpAddress().ifPresent(at -> line.append(" http=").append(text(at)));
        return line.toString();
    }

    /// Ends what is running and makes everything durable. What fails is logged, and the rest is
    /// closed all the same. Closing again does nothing.
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            Part part = parts.pop();
            try {
                part.closeable().close();
            } catch (Exception e) {
                LOGGER.error("closing {} failed", part.name(), e);
            }
        }
    }

    private <T extends AutoCloseable> T started(String name, T part) {
        parts.push(new Part(name, part));
        return part;
    }

    private Doors openDoors(
            ServerConfig config,
            Transport transport,
            Sessions sessions,
            CompletableFuture<EmbeddedBroker> broker) {
        var facts =
                new ServerFacts(
                        Version.current(), () -> broker.isDone() ? broker.join().clusterId() : "");
        MetricSource brokerMetrics =
                page -> {
                    if (broker.isDone()) {
                        broker.join().metrics().collect(page);
                    }
                };
        Optional<PostgresDoor> postgresDoor =
                config.postgres()
                        .map(at ->
                                PostgresDoor.open(
                                        transport,
                                        at.toSocketAddress(),
                                        config.postgresMessageMaxBytes(),
                                        sessions,
                                        Version.current()));
        MetricSource doorMetrics =
                page -> {
                    page.gauge("weir_postgres_connections", "Connections at the PostgreSQL door.");
                    postgresDoor.ifPresent(door -> page.sample("", door.connections()));
                };
        try {
            Optional<HttpDoor> httpDoor =
                    config.http()
                            .map(at ->
                                    HttpDoor.open(
                                            transport,
                                            at.toSocketAddress(),
                                            config.httpBodyMaxBytes(),
                                            sessions,
                                            facts,
                                            List.of(
                                                    new ProcessMetrics(
                                                            Version.current(), config.dataDir()),
                                                    doorMetrics,
                                                    brokerMetrics)));
            return new Doors(httpDoor, postgresDoor);
        } catch (RuntimeException e) {
            postgresDoor.ifPresent(PostgresDoor::close);
            throw e;
        }
    }

    private static EmbeddedBroker.Settings brokerSettings(ServerConfig config) {
        return new EmbeddedBroker.Settings(
                config.dataDir(),
                config.kafka().toSocketAddress(),
                config.kafkaAdvertised().map(ListenAddress::toSocketAddress).orElse(null),
                config.numPartitions(),
                config.autoCreateTopics(),
                config.capReplicas(),
                config.fetchSessionSlots(),
                config.osDurability(),
                config.upkeep(),
                config.clients());
    }

    private static EngineConfig engineConfig(ServerConfig config) {
        return new EngineConfig(
                config.dataDir().resolve("state"),
                config.checkpointInterval(),
                config.stepMaxRows(),
                config.workers(),
                EngineConfig.SHARED_STEP_ROWS,
                config.stateMemoryBytes(),
                config.foldIdentifiersUp(),
                config.planningTimeout());
    }

    private static int loopThreads() {
        return Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4);
    }

    private static void awaitQuietly(CompletableFuture<?> future) {
        future.handle((_, _) -> null).join();
    }

    private static <T> T joined(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private static String text(InetSocketAddress at) {
        return new ListenAddress(at.getAddress().getHostAddress(), at.getPort()).toString();
    }
}
