package dev.weir.broker.net;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.ClientsConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.quota.Quotas;
import dev.weir.broker.quota.QuotasConfig;
import dev.weir.broker.request.RequestMetrics;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;

import io.netty.channel.ChannelConfig;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.embedded.EmbeddedChannel;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/// A place that a connection took is free again once it is gone, however it went.
class AdmissionCountTest {
    private static final int MANY = Integer.MAX_VALUE;

    @TempDir Path directory;

    private TestBroker start(ConnectionLimits limits) {
        return new TestBroker(
                BrokerConfig.defaults(directory)
                        .withClients(ClientsConfig.DEFAULT.withConnections(limits)));
    }

    @Test
    void refused_connections_take_no_place_of_others() throws Exception {
        try (var broker = start(new ConnectionLimits(5, 3, 600_000))) {
            try (var one = broker.raw();
                    var two = broker.raw();
                    var three = broker.raw()) {
                ask(one);
                ask(two);
                ask(three);
                for (int i = 0; i < 50; i++) {
                    try (var refused = broker.raw()) {
                        assertThat(refused.isClosedByBroker()).isTrue();
                    }
                }
            }
            askUntilServed(broker);
        }
    }

    @Test
    void connections_that_came_too_fast_take_no_place_of_others() throws Exception {
        try (var broker = start(new ConnectionLimits(60, 45, 600_000));
                var admin = broker.admin()) {
            limitRate(admin, 1.0);
            for (int round = 0; round < 3; round++) {
                var clients = new ArrayList<RawClient>();
                for (int i = 0; i < 20; i++) {
                    clients.add(broker.raw());
                }
                // Of the first round about ten are let in.
                for (var refused : clients.subList(14, 20)) {
                    assertThat(refused.isClosedByBroker()).isTrue();
                }
                for (var client : clients) {
                    client.close();
                }
            }
            limitRate(admin, null);
            var inside = new ArrayList<RawClient>();
            for (int i = 0; i < 20; i++) {
                inside.add(askUntilServed(broker));
            }
            for (var client : inside) {
                client.close();
            }
            assertThat(broker.broker().metrics().requests().connectionsRefused.sum())
                    .isGreaterThan(40);
        }
    }

    @Test
    void room_made_while_accepting_is_being_stopped_is_seen() {
        var server = new Server(new ConnectionLimits(2, MANY, 600_000));
        var first = new Client();
        server.writeInbound(first);
        server.whileStopping.add(first::leave);
        server.writeInbound(new Client());
        assertThat(server.whileStopping).isEmpty();
        server.runPendingTasks();
        assertThat(server.config().isAutoRead()).isTrue();
    }

    @Test
    void accepting_goes_on_once_there_is_room_and_not_before() {
        var server = new Server(new ConnectionLimits(3, MANY, 600_000));
        var clients = new ArrayList<Client>();
        // As many as one call of the system gave.
        for (int i = 0; i < 5; i++) {
            clients.add(new Client());
            server.writeInbound(clients.getLast());
            assertThat(server.config().isAutoRead()).isEqualTo(i < 2);
        }
        for (int i = 4; i >= 0; i--) {
            clients.remove(0).leave();
            server.runPendingTasks();
            assertThat(server.config().isAutoRead()).as("%s left", i).isEqualTo(i < 3);
        }
    }

    @Test
    void a_broker_at_its_limit_does_not_fill_the_log() {
        var logger = (Logger) LoggerFactory.getLogger(Admission.class);
        var events = new ListAppender<ILoggingEvent>();
        events.start();
        logger.addAppender(events);
        try {
            var server = new Server(new ConnectionLimits(1, MANY, 600_000));
            for (int i = 0; i < 100; i++) {
                var client = new Client();
                server.writeInbound(client);
                client.leave();
                server.runPendingTasks();
            }
        } finally {
            logger.detachAppender(events);
        }
        assertThat(events.list.stream().filter(event -> event.getLevel() == Level.WARN))
                .singleElement()
                .satisfies(event ->
                        assertThat(event.getFormattedMessage())
                                .startsWith("there are 1 connections, as many as"));
    }

    private static void ask(RawClient client) throws IOException {
        client.call(ApiKeys.API_VERSIONS, 2, new ApiVersionsRequestData());
    }

    /// Tries until those that were closed have been counted out.
    private static RawClient askUntilServed(TestBroker broker) throws IOException {
        long start = System.nanoTime();
        while (true) {
            var client = broker.raw();
            try {
                ask(client);
                return client;
            } catch (EOFException | SocketException e) {
                client.close();
                assertThat(Duration.ofNanos(System.nanoTime() - start))
                        .as("still refused: %s", e)
                        .isLessThan(Duration.ofSeconds(20));
            }
        }
    }

    private static void limitRate(Admin admin, Double perSecond) throws Exception {
        var everybody = new HashMap<String, String>();
        everybody.put(ClientQuotaEntity.IP, null);
        var change = new ClientQuotaAlteration.Op("connection_creation_rate", perSecond);
        admin.alterClientQuotas(
                        List.of(
                                new ClientQuotaAlteration(
                                        new ClientQuotaEntity(everybody), List.of(change))))
                .all()
                .get();
    }

    /// A listening socket whose loop runs when it is told to, and where things can happen at the
    /// moment when it stops accepting.
    private static final class Server extends EmbeddedChannel {
        private final ArrayDeque<Runnable> whileStopping = new ArrayDeque<>();
        private final ChannelConfig config =
                new DefaultChannelConfig(this) {
                    @Override
                    public ChannelConfig setAutoRead(boolean autoRead) {
                        if (!autoRead && !whileStopping.isEmpty()) {
                            whileStopping.remove().run();
                        }
                        return super.setAutoRead(autoRead);
                    }
                };

        Server(ConnectionLimits limits) {
            super(new Admission(limits, noQuotas(), new RequestMetrics()));
        }

        @Override
        public ChannelConfig config() {
            // Also asked for while this is being made.
            return config == null ? super.config() : config;
        }

        private static Quotas noQuotas() {
            var log =
                    MetadataLog.open(
                            new SimulatedFileSystem(1), Path.of("/d/metadata.log"), _ -> {});
            return new Quotas(
                    QuotasConfig.DEFAULT,
                    new AdminSettings(log, new MetadataImage()),
                    InstantSource.system());
        }
    }

    private static final class Client extends EmbeddedChannel {
        void leave() {
            var _ = close();
        }

        @Override
        protected SocketAddress remoteAddress0() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        }
    }
}
