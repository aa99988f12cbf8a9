package dev.weir.broker.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.ClientsConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchPartition;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// Limits that hold before a client has said anything.
class AdmissionTest {
    private static final int MANY = Integer.MAX_VALUE;

    @TempDir Path directory;
    private TestBroker broker;

    @AfterEach
    void stop() {
        broker.close();
    }

    private void start(ConnectionLimits limits) {
        broker =
                new TestBroker(
                        BrokerConfig.defaults(directory)
                                .withClients(ClientsConfig.DEFAULT.withConnections(limits)));
    }

    private static void ask(RawClient client) throws IOException {
        var answer =
                (ApiVersionsResponseData)
                        client.call(ApiKeys.API_VERSIONS, 2, new ApiVersionsRequestData());
        assertThat(answer.errorCode()).isZero();
    }

    @Test
    void a_flood_of_connections_waits_outside_and_those_inside_go_on() throws Exception {
        start(new ConnectionLimits(5, MANY, 600_000));
        var inside = new ArrayList<RawClient>();
        var outside = new ArrayList<RawClient>();
        try {
            for (int i = 0; i < 5; i++) {
                inside.add(broker.raw());
                ask(inside.getLast());
            }
            for (int i = 0; i < 200; i++) {
                outside.add(broker.raw());
            }
            for (var client : inside) {
                ask(client);
            }
            var waiting = outside.getFirst();
            int id = waiting.send(ApiKeys.API_VERSIONS, 2, new ApiVersionsRequestData());
            var answer =
                    CompletableFuture.supplyAsync(() -> {
                        try {
                            return waiting.receive(ApiKeys.API_VERSIONS, 2, id);
                        } catch (IOException e) {
                            throw new java.io.UncheckedIOException(e);
                        }
                    });
            ask(inside.getFirst());
            assertThat(answer).isNotDone();
            inside.removeLast().close();
            assertThat(answer.get(20, TimeUnit.SECONDS)).isNotNull();
            for (var client : inside) {
                ask(client);
            }
        } finally {
            for (var client : outside) {
                client.close();
            }
            for (var client : inside) {
                client.close();
            }
        }
        // All places are free again.
        for (int i = 0; i < 20; i++) {
            try (var client = broker.raw()) {
                ask(client);
            }
        }
    }

    @Test
    void one_address_cannot_have_all_connections() throws Exception {
        start(new ConnectionLimits(MANY, 3, 600_000));
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
            ask(one);
            ask(three);
        }
        assertThat(broker.broker().metrics().requests().connectionsRefused.sum()).isEqualTo(50);
    }

    @Test
    void a_connection_that_asks_nothing_is_closed() throws Exception {
        start(new ConnectionLimits(MANY, MANY, 300));
        try (var idle = broker.raw()) {
            assertThat(idle.isClosedByBroker()).isTrue();
        }
    }

    @Test
    void a_connection_that_waits_for_an_answer_is_not_idle() throws Exception {
        start(new ConnectionLimits(MANY, MANY, 300));
        broker.broker().topics().create(new NewTopic("t"));
        var fetch =
                new FetchRequestData()
                        .setMaxWaitMs(1500)
                        .setMinBytes(1)
                        .setTopics(
                                List.of(
                                        new FetchTopic()
                                                .setTopic("t")
                                                .setPartitions(
                                                        List.of(
                                                                new FetchPartition()
                                                                        .setPartition(0)
                                                                        .setPartitionMaxBytes(
                                                                                1000)))));
        // On a busy machine a connection can be idle for too long before its request is read. Such
        // a one proves nothing, so that another is tried.
        var taken = broker.broker().metrics().requests().api(ApiKeys.FETCH).requests;
        while (taken.sum() == 0) {
            try (var waiting = broker.raw()) {
                int id = waiting.send(ApiKeys.FETCH, 11, fetch);
                assertThat(waiting.receive(ApiKeys.FETCH, 11, id)).isNotNull();
            } catch (EOFException | SocketException e) {
                assertThat(taken.sum()).as("requests taken in and not answered").isZero();
            }
        }
    }

    @Test
    void connections_that_come_too_fast_are_closed_after_a_while() throws Exception {
        start(ConnectionLimits.DEFAULT);
        try (var admin = broker.admin()) {
            var everybody = new HashMap<String, String>();
            everybody.put(ClientQuotaEntity.IP, null);
            var rate = new ClientQuotaAlteration.Op("connection_creation_rate", 1.0);
            admin.alterClientQuotas(
                            List.of(
                                    new ClientQuotaAlteration(
                                            new ClientQuotaEntity(everybody), List.of(rate))))
                    .all()
                    .get();
            int served = 0;
            int closed = 0;
            for (int i = 0; i < 13; i++) {
                try (var client = broker.raw()) {
                    client.send(ApiKeys.API_VERSIONS, 2, new ApiVersionsRequestData());
                    if (client.isClosedByBroker()) {
                        closed++;
                    } else {
                        served++;
                    }
                }
            }
            assertThat(served).isBetween(10, 12);
            assertThat(closed).isPositive();
            // Who is inside is not touched.
            assertThat(admin.describeCluster().clusterId().get()).isNotBlank();
        }
    }
}
