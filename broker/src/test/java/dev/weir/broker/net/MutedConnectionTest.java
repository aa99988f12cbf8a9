package dev.weir.broker.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.ClientsConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.topic.NewTopic;

import io.netty.channel.embedded.EmbeddedChannel;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// The end of a connection that is not read from because its client used more than its quota: what
/// the client sent before, and will not send again, is not lost.
class MutedConnectionTest {
    @TempDir Path directory;
    private Broker broker;

    private void start(ConnectionLimits limits, double bytesPerSecond) throws Exception {
        var now = Instant.parse("2026-01-01T00:00:00Z");
        broker =
                Broker.start(
                        BrokerConfig.defaults(directory)
                                .withClients(ClientsConfig.DEFAULT.withConnections(limits)),
                        new RealFileSystem(),
                        () -> now);
        if (broker.topics().find("t").isEmpty()) {
            broker.topics().create(new NewTopic("t", 1, Map.of()));
        }
        var address = "127.0.0.1:" + broker.address().getPort();
        try (var admin = Admin.create(Map.of("bootstrap.servers", address, "client.id", "admin"))) {
            var quota = new ClientQuotaAlteration.Op("producer_byte_rate", bytesPerSecond);
            admin.alterClientQuotas(
                            List.of(
                                    new ClientQuotaAlteration(
                                            new ClientQuotaEntity(
                                                    Map.of(ClientQuotaEntity.CLIENT_ID, "raw")),
                                            List.of(quota))))
                    .all()
                    .get();
        }
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void records_without_acknowledgement_are_kept_when_their_client_leaves() throws Exception {
        start(ConnectionLimits.DEFAULT, 1);
        try (var client = new RawClient(broker.address())) {
            client.sendBytes(burst());
            awaitRecords(1);
        }
        awaitRecords(4);
    }

    @Test
    void records_without_acknowledgement_are_kept_when_the_connection_breaks() throws Exception {
        start(ConnectionLimits.DEFAULT, 1);
        try (var client = new Socket(broker.address().getAddress(), broker.address().getPort())) {
            client.setSoLinger(true, 0); // closing resets
            client.getOutputStream().write(burst().array());
            awaitRecords(1);
        }
        awaitRecords(4);
    }

    @Test
    void a_stop_does_not_wait_for_a_client_that_has_to_be_quiet_and_keeps_its_records()
            throws Exception {
        start(ConnectionLimits.DEFAULT, 1);
        try (var client = new RawClient(broker.address())) {
            client.sendBytes(burst());
            awaitRecords(1);
            long start = System.nanoTime();
            broker.close();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(5));
            assertThat(client.isClosedByBroker()).isTrue();
        }
        start(ConnectionLimits.DEFAULT, 1);
        awaitRecords(4);
    }

    @Test
    void a_client_that_has_to_be_quiet_is_not_idle() throws Exception {
        start(new ConnectionLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, 1000), 10_000);
        try (var client = new RawClient(broker.address())) {
            // What is above 100,000 bytes is to be waited for: 3 s.
            client.sendBytes(produce(0, "v".repeat(130_000)));
            var answer = client.call(ApiKeys.METADATA, 4, new MetadataRequestData());
            assertThat(answer).isNotNull();
        }
    }

    @Test
    void a_connection_that_was_just_closed_does_not_disturb_a_stop() throws Exception {
        start(ConnectionLimits.DEFAULT, 1);
        var gone = new EmbeddedChannel();
        assertThatCode(() -> KafkaListener.shutDown(gone)).doesNotThrowAnyException();
    }

    /// Together: records that use up the quota for minutes, more of them, and a request of which
    /// nobody will read the answer.
    private static ByteBuffer burst() {
        var first = produce(0, "v".repeat(200));
        var next = produce(0, "next");
        var answered = produce(1, "nobody knows");
        return ByteBuffer.allocate(first.remaining() + 3 * next.remaining() + answered.remaining())
                .put(first)
                .put(next.duplicate())
                .put(answered)
                .put(next.duplicate())
                .put(next)
                .flip();
    }

    private static ByteBuffer produce(int acks, String value) {
        var request = TestBroker.produce("t", acks, TestBroker.batch(value));
        return RawClient.frame(ApiKeys.PRODUCE, (short) 9, 1, request);
    }

    private void awaitRecords(long count) throws IOException {
        long start = System.nanoTime();
        while (broker.partition("t", 0).logEndOffset() != count) {
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as("%s of %s records", broker.partition("t", 0).logEndOffset(), count)
                    .isLessThan(Duration.ofSeconds(20));
            Thread.onSpinWait();
        }
    }
}
