package dev.weir.broker.net;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// The rules of a connection, seen from a client that can break them.
class ConnectionTest {
    @TempDir Path directory;
    private TestBroker broker;

    @BeforeEach
    void start() {
        var config =
                BrokerConfig.defaults(directory)
                        .withRequests(new BrokerConfig.Requests(20_000_000, 16, 2));
        broker = new TestBroker(config);
        broker.broker().topics().create(new NewTopic("t", 2, Map.of()));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void responses_come_in_the_order_of_the_requests_whatever_they_wait_for() throws Exception {
        try (var client = broker.raw()) {
            int rounds = 40;
            for (int i = 0; i < rounds; i++) {
                client.send(ApiKeys.PRODUCE, 9, produce(-1, "all" + i));
                client.send(ApiKeys.METADATA, 4, metadata("t"));
                client.send(ApiKeys.PRODUCE, 9, produce(1, "one" + i));
                client.send(ApiKeys.PRODUCE, 9, produce(0, "none" + i));
                client.send(ApiKeys.METADATA, 4, metadata("made" + i));
                client.send(ApiKeys.FETCH, 11, fetch(0, 1, 100));
            }
            for (int i = 0; i < rounds; i++) {
                int first = i * 6 + 1;
                var all = (ProduceResponseData) client.receive(ApiKeys.PRODUCE, 9, first);
                assertThat(baseOffset(all)).isEqualTo(i * 3L);
                client.receive(ApiKeys.METADATA, 4, first + 1);
                var one = (ProduceResponseData) client.receive(ApiKeys.PRODUCE, 9, first + 2);
                assertThat(baseOffset(one)).isEqualTo(i * 3L + 1);
                var made = (MetadataResponseData) client.receive(ApiKeys.METADATA, 4, first + 4);
                assertThat(made.topics().find("made" + i).partitions()).hasSize(1);
                client.receive(ApiKeys.FETCH, 11, first + 5);
            }
        }
        assertThat(broker.broker().partition("t", 0).logEndOffset()).isEqualTo(120);
    }

    @Test
    void acks_all_is_answered_only_when_the_records_are_durable() throws Exception {
        try (var client = broker.raw()) {
            for (int i = 0; i < 50; i++) {
                var response =
                        (ProduceResponseData) client.call(ApiKeys.PRODUCE, 9, produce(-1, "r"));
                assertThat(broker.broker().partition("t", 0).highWatermark())
                        .isGreaterThan(baseOffset(response));
            }
        }
    }

    @Test
    void records_refused_without_acknowledgement_close_the_connection() throws Exception {
        try (var client = broker.raw()) {
            var request = produce(0, "r");
            request.topicData().iterator().next().setName("missing");
            client.send(ApiKeys.PRODUCE, 9, request);
            assertThat(client.isClosedByBroker()).isTrue();
        }
        assertOthersAreServed();
    }

    @Test
    void a_fetch_waits_for_the_bytes_it_asks_for_and_no_longer_than_it_says() throws Exception {
        try (var reader = broker.raw();
                var writer = broker.raw()) {
            long start = System.nanoTime();
            var empty = (FetchResponseData) reader.call(ApiKeys.FETCH, 11, fetch(0, 1, 150));
            assertThat(records(empty)).isZero();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(149), Duration.ofSeconds(5));

            int id = reader.send(ApiKeys.FETCH, 11, fetch(0, 1000, 15_000));
            int sent = 0;
            while (sent < 1000) {
                writer.call(ApiKeys.PRODUCE, 9, produce(-1, "x".repeat(100)));
                sent += 100 + 61 + 7;
            }
            var full = (FetchResponseData) reader.receive(ApiKeys.FETCH, 11, id);
            assertThat(records(full)).isGreaterThanOrEqualTo(1000);
        }
    }

    @Test
    void a_fetch_with_a_problem_is_answered_at_once() throws Exception {
        try (var client = broker.raw()) {
            var gone = (FetchResponseData) client.call(ApiKeys.FETCH, 11, fetch(99, 1, 15_000));
            assertThat(gone.responses().getFirst().partitions().getFirst().errorCode())
                    .isEqualTo((short) 1);
            var session = fetch(0, 1, 15_000).setSessionId(7).setSessionEpoch(3);
            assertThat(((FetchResponseData) client.call(ApiKeys.FETCH, 11, session)).errorCode())
                    .isEqualTo((short) 70);
        }
    }

    @Test
    void a_client_that_does_not_read_is_not_read_from() throws Exception {
        try (var writer = broker.raw()) {
            for (int i = 0; i < 10; i++) {
                writer.call(ApiKeys.PRODUCE, 9, produce(-1, "v".repeat(900_000)));
            }
        }
        try (var client = broker.raw()) {
            // About 1.8 GB would be due; nothing of it can be held for a client that does not read.
            int asked = 200;
            var sender =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    for (int i = 0; i < asked; i++) {
                                        client.send(ApiKeys.FETCH, 11, fetch(0, 1, 1000));
                                    }
                                } catch (IOException e) {
                                    throw new java.io.UncheckedIOException(e);
                                }
                            });
            assertOthersAreServed();
            for (int id = 1; id <= asked; id++) {
                var response = (FetchResponseData) client.receive(ApiKeys.FETCH, 11, id);
                assertThat(records(response)).isGreaterThan(8_000_000);
            }
            sender.join();
        }
    }

    @Test
    void broken_frames_close_their_own_connection_and_no_other() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        var random = new Random(seed);
        var metadata = RawClient.frame(ApiKeys.METADATA, (short) 4, 1, metadata("t"));
        var produce = RawClient.frame(ApiKeys.PRODUCE, (short) 9, 1, produce(1, "r"));
        try (var bystander = broker.raw()) {
            for (int round = 0; round < 60; round++) {
                var broken =
                        switch (round % 6) {
                            case 0 -> random(random);
                            case 1 -> ByteBuffer.allocate(8).putInt(0, Integer.MAX_VALUE);
                            case 2 -> copy(metadata).putShort(4, (short) 999);
                            case 3 -> copy(metadata).putShort(6, (short) 77);
                            case 4 -> ByteBuffer.allocate(4).putInt(0, -5);
                            default -> shorter(produce, random);
                        };
                try (var client = broker.raw()) {
                    client.sendBytes(broken);
                    assertThat(client.isClosedByBroker()).as("round " + round).isTrue();
                } catch (SocketException e) {
                    assertThat(e).as("reset while sending").hasMessageMatching("(?s).+");
                }
                bystander.call(ApiKeys.PRODUCE, 9, produce(1, "still here"));
            }
        }
        assertThat(broker.broker().metrics().requests().requestsRefused.sum())
                .isGreaterThanOrEqualTo(50);
        assertOthersAreServed();
    }

    @Test
    void a_request_cut_off_by_its_client_does_nothing() throws Exception {
        var whole = RawClient.frame(ApiKeys.PRODUCE, (short) 9, 1, produce(1, "never"));
        long before = broker.broker().partition("t", 0).logEndOffset();
        for (int length : new int[] {1, 3, 4, 9, whole.remaining() - 1}) {
            try (var client = broker.raw()) {
                client.sendBytes(whole.slice(0, length));
            }
        }
        assertOthersAreServed();
        assertThat(broker.broker().partition("t", 0).logEndOffset()).isEqualTo(before);
    }

    @Test
    void a_damaged_record_batch_is_refused_and_the_connection_goes_on() throws Exception {
        try (var client = broker.raw()) {
            var bytes = TestBroker.bytes("damaged");
            bytes.put(bytes.limit() - 3, (byte) 99);
            var response =
                    (ProduceResponseData)
                            client.call(
                                    ApiKeys.PRODUCE,
                                    9,
                                    produce(1, MemoryRecords.readableRecords(bytes)));
            assertThat(partition(response).errorCode()).isEqualTo((short) 2);
            assertThat(partition(response).errorMessage()).contains("CRC");
            var next = (ProduceResponseData) client.call(ApiKeys.PRODUCE, 9, produce(1, "fine"));
            assertThat(partition(next).errorCode()).isZero();
        }
    }

    @Test
    void a_stop_answers_what_was_asked() throws Exception {
        var partition = broker.broker().partition("t", 0);
        try (var reader = broker.raw();
                var writer = broker.raw()) {
            int fetched = reader.send(ApiKeys.FETCH, 11, fetch(0, 1_000_000, 600_000));
            while (!partition.isWatched()) {
                Thread.onSpinWait();
            }
            int produced = writer.send(ApiKeys.PRODUCE, 9, produce(-1, "last"));
            while (partition.logEndOffset() == 0) {
                Thread.onSpinWait();
            }
            broker.close();
            reader.receive(ApiKeys.FETCH, 11, fetched);
            writer.receive(ApiKeys.PRODUCE, 9, produced);
            assertThat(reader.isClosedByBroker()).isTrue();
            assertThat(writer.isClosedByBroker()).isTrue();
        }
    }

    @Test
    void more_requests_at_once_than_may_be_unanswered_are_all_served() throws Exception {
        int count = 100; // where 16 may be unanswered
        var together = ByteBuffer.allocate(100_000);
        for (int id = 1; id <= count; id++) {
            together.put(RawClient.frame(ApiKeys.PRODUCE, (short) 9, id, produce(-1, "r" + id)));
        }
        try (var client = broker.raw()) {
            client.sendBytes(together.flip());
            for (int id = 1; id <= count; id++) {
                var response = (ProduceResponseData) client.receive(ApiKeys.PRODUCE, 9, id);
                assertThat(baseOffset(response)).isEqualTo(id - 1);
            }
        }
    }

    @Test
    void a_fetch_that_waits_holds_back_what_follows_on_its_connection() throws Exception {
        try (var client = broker.raw()) {
            int first = client.send(ApiKeys.FETCH, 11, fetch(0, 1, 200));
            int produced = client.send(ApiKeys.PRODUCE, 9, produce(-1, "own"));
            int second = client.send(ApiKeys.FETCH, 11, fetch(0, 1, 15_000));
            // It is not answered by what came behind it.
            assertThat(records((FetchResponseData) client.receive(ApiKeys.FETCH, 11, first)))
                    .isZero();
            client.receive(ApiKeys.PRODUCE, 9, produced);
            assertThat(records((FetchResponseData) client.receive(ApiKeys.FETCH, 11, second)))
                    .isPositive();
        }
    }

    @Test
    void a_fetch_that_waits_is_given_up_when_its_client_goes_away() throws Exception {
        var partition = broker.broker().partition("t", 0);
        try (var client = broker.raw()) {
            client.send(ApiKeys.FETCH, 11, fetch(0, 1, Integer.MAX_VALUE));
            while (!partition.isWatched()) {
                Thread.onSpinWait();
            }
        }
        long giveUp = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (partition.isWatched() && System.nanoTime() - giveUp < 0) {
            Thread.onSpinWait();
        }
        assertThat(partition.isWatched()).isFalse();
    }

    private void assertOthersAreServed() throws IOException {
        try (var other = broker.raw()) {
            var response = (MetadataResponseData) other.call(ApiKeys.METADATA, 4, metadata("t"));
            assertThat(response.topics().find("t").partitions()).hasSize(2);
        }
    }

    private static ByteBuffer random(Random random) {
        // The length is right, so that only the contents are wrong; a known api key would be luck.
        var bytes = new byte[12 + random.nextInt(200)];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes)
                .putInt(0, bytes.length - 4)
                .putShort(4, (short) (1000 + random.nextInt(20_000)));
    }

    private static ByteBuffer shorter(ByteBuffer frame, Random random) {
        int length = 20 + random.nextInt(10);
        return copy(frame).limit(length).putInt(0, length - 4);
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    }

    private static ProduceRequestData produce(int acks, String value) {
        return produce(acks, TestBroker.batch(value));
    }

    private static ProduceRequestData produce(int acks, MemoryRecords records) {
        return TestBroker.produce("t", acks, records);
    }

    private static MetadataRequestData metadata(String topic) {
        return new MetadataRequestData()
                .setTopics(List.of(new MetadataRequestData.MetadataRequestTopic().setName(topic)));
    }

    private static FetchRequestData fetch(long offset, int minBytes, int maxWaitMs) {
        return new FetchRequestData()
                .setMinBytes(minBytes)
                .setMaxBytes(50_000_000)
                .setMaxWaitMs(maxWaitMs)
                .setTopics(
                        List.of(
                                new FetchRequestData.FetchTopic()
                                        .setTopic("t")
                                        .setPartitions(
                                                List.of(
                                                        new FetchRequestData.FetchPartition()
                                                                .setPartition(0)
                                                                .setFetchOffset(offset)
                                                                .setPartitionMaxBytes(
                                                                        50_000_000)))));
    }

    private static int records(FetchResponseData response) {
        return response.responses().getFirst().partitions().getFirst().records().sizeInBytes();
    }

    private static ProduceResponseData.PartitionProduceResponse partition(
            ProduceResponseData response) {
        return response.responses().iterator().next().partitionResponses().getFirst();
    }

    private static long baseOffset(ProduceResponseData response) {
        assertThat(partition(response).errorCode()).isZero();
        return partition(response).baseOffset();
    }

    @Test
    void http_and_tls_clients_are_told_from_broken_ones() throws Exception {
        try (var client = broker.raw()) {
            client.sendBytes(
                    ByteBuffer.wrap("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            assertThat(client.isClosedByBroker()).isTrue();
        }
        assertOthersAreServed();
    }
}
