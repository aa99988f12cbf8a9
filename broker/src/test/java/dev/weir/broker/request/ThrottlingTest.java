package dev.weir.broker.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.RawClient;
import dev.weir.broker.TestBroker;
import dev.weir.broker.protocol.ThrottleTimes;
import dev.weir.broker.quota.Use;
import dev.weir.broker.storage.RealFileSystem;
import dev.weir.broker.topic.NewTopic;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Clients over their quotas, on a broker whose clock stands still: what a client may use does not
/// come back by itself, and every time to wait can be told beforehand.
class ThrottlingTest {
    @TempDir Path directory;
    private Broker broker;
    private Admin admin;

    @BeforeEach
    void start() {
        var now = Instant.parse("2026-01-01T00:00:00Z");
        broker = Broker.start(BrokerConfig.defaults(directory), new RealFileSystem(), () -> now);
        broker.topics().create(new NewTopic("t", 1, Map.of()));
        admin = admin("127.0.0.1:" + broker.address().getPort());
    }

    private static Admin admin(String bootstrap) {
        return Admin.create(Map.of("bootstrap.servers", bootstrap, "client.id", "admin"));
    }

    @AfterEach
    void stop() {
        admin.close();
        broker.close();
    }

    private static void limit(Admin admin, String client, String key, double value)
            throws Exception {
        admin.alterClientQuotas(
                        List.of(
                                new ClientQuotaAlteration(
                                        new ClientQuotaEntity(
                                                Map.of(ClientQuotaEntity.CLIENT_ID, client)),
                                        List.of(new ClientQuotaAlteration.Op(key, value)))))
                .all()
                .get();
    }

    @Test
    void a_producer_over_its_limit_is_answered_at_once_and_then_not_read_from() throws Exception {
        limit(admin, "raw", "producer_byte_rate", 10_000);
        try (var client = new RawClient(broker.address())) {
            assertThat(throttleOf(client, produce(1, 90_000))).isZero();
            long start = System.nanoTime();
            // 10 s at 10,000 a second are 100,000; every 10,000 more are a second to wait.
            int wait = throttleOf(client, produce(-1, 10_000));
            assertThat(wait).isBetween(1, 1000);
            assertThat(broker.partition("t", 0).highWatermark()).isEqualTo(2);
            for (var use : Use.values()) {
                assertThat(broker.metrics().requests().throttled(use).sum())
                        .as("throttled because of %s", use)
                        .isEqualTo(use == Use.PRODUCE ? 1 : 0);
            }
            client.call(ApiKeys.METADATA, 4, metadata());
            assertThat(Duration.ofNanos(System.nanoTime() - start).toMillis())
                    .isGreaterThanOrEqualTo(wait);
        }
    }

    @Test
    void requests_sent_ahead_wait_too_each_until_the_time_of_those_before_it_is_over()
            throws Exception {
        limit(admin, "raw", "producer_byte_rate", 400);
        try (var client = new RawClient(broker.address())) {
            long start = System.nanoTime();
            int first = client.send(ApiKeys.PRODUCE, 9, produce(1, 4000));
            client.send(ApiKeys.PRODUCE, 9, produce(1, 10));
            client.send(ApiKeys.PRODUCE, 9, produce(1, 10));
            int waitMs = 0;
            for (int i = 0; i < 3; i++) {
                var answer = (ProduceResponseData) client.receive(ApiKeys.PRODUCE, 9, first + i);
                assertThat(Duration.ofNanos(System.nanoTime() - start).toMillis())
                        .isGreaterThanOrEqualTo(waitMs);
                assertThat(answer.throttleTimeMs()).isPositive();
                waitMs += answer.throttleTimeMs();
            }
            assertThat(broker.partition("t", 0).logEndOffset()).isEqualTo(3);
        }
    }

    @Test
    void nothing_of_what_was_sent_ahead_is_done_meanwhile() throws Exception {
        limit(admin, "raw", "producer_byte_rate", 1);
        try (var client = new RawClient(broker.address());
                var other = new RawClient(broker.address())) {
            int first = client.send(ApiKeys.PRODUCE, 9, produce(1, 1000));
            for (int i = 0; i < 5; i++) {
                client.send(ApiKeys.PRODUCE, 9, produce(1, 10));
            }
            var answer = (ProduceResponseData) client.receive(ApiKeys.PRODUCE, 9, first);
            // Longer than any test may take.
            assertThat(Duration.ofMillis(answer.throttleTimeMs()))
                    .isGreaterThan(Duration.ofMinutes(15));
            other.call(ApiKeys.METADATA, 4, metadata());
            assertThat(broker.partition("t", 0).logEndOffset()).isEqualTo(1);
        }
    }

    @Test
    void a_producer_without_acknowledgement_is_not_read_from_either() throws Exception {
        limit(admin, "raw", "producer_byte_rate", 1000);
        try (var client = new RawClient(broker.address())) {
            long start = System.nanoTime();
            client.send(ApiKeys.PRODUCE, 9, produce(0, 10_400));
            client.call(ApiKeys.METADATA, 4, metadata());
            assertThat(Duration.ofNanos(System.nanoTime() - start).toMillis())
                    .isGreaterThanOrEqualTo(400);
        }
    }

    @Test
    void a_consumer_over_its_limit_gets_no_records_and_they_do_not_count() throws Exception {
        try (var client = new RawClient(broker.address())) {
            throttleOf(client, produce(-1, 6_000));
            limit(admin, "raw", "consumer_byte_rate", 1000);
            var first = (FetchResponseData) client.call(ApiKeys.FETCH, 11, fetch());
            assertThat(first.throttleTimeMs()).isZero();
            assertThat(bytes(first)).isGreaterThan(6_000);
            long start = System.nanoTime();
            var second = (FetchResponseData) client.call(ApiKeys.FETCH, 11, fetch());
            assertThat(second.throttleTimeMs()).isBetween(2000, 2600);
            assertThat(bytes(second)).isZero();
            var third = (FetchResponseData) client.call(ApiKeys.FETCH, 11, fetch());
            assertThat(Duration.ofNanos(System.nanoTime() - start).toMillis())
                    .isGreaterThanOrEqualTo(second.throttleTimeMs());
            // The clock stands still, so had the second counted, this would be twice as long.
            assertThat(third.throttleTimeMs()).isEqualTo(second.throttleTimeMs());
        }
    }

    @Test
    void a_fetch_is_cut_to_what_may_be_sent_in_all_windows() throws Exception {
        try (var client = new RawClient(broker.address())) {
            for (int i = 0; i < 10; i++) {
                throttleOf(client, produce(-1, 1_000));
            }
            limit(admin, "raw", "consumer_byte_rate", 500);
            var response = (FetchResponseData) client.call(ApiKeys.FETCH, 11, fetch());
            assertThat(bytes(response)).isBetween(3_000, 5_000);
        }
    }

    @Test
    void a_batch_larger_than_may_be_sent_in_all_windows_is_sent_all_the_same() throws Exception {
        try (var client = new RawClient(broker.address())) {
            throttleOf(client, produce(-1, 6_000));
            limit(admin, "raw", "consumer_byte_rate", 500);
            var response = (FetchResponseData) client.call(ApiKeys.FETCH, 11, fetch());
            assertThat(bytes(response)).isGreaterThan(6_000);
            assertThat(response.throttleTimeMs()).isBetween(2000, 2600);
        }
    }

    @Test
    void a_client_that_takes_too_much_time_waits_at_most_a_window() throws Exception {
        limit(admin, "raw", "request_percentage", 0.000_001);
        try (var client = new RawClient(broker.address())) {
            var versions =
                    (ApiVersionsResponseData)
                            client.call(ApiKeys.API_VERSIONS, 2, new ApiVersionsRequestData());
            assertThat(versions.throttleTimeMs()).isEqualTo(1000);
            var metadata = (MetadataResponseData) client.call(ApiKeys.METADATA, 4, metadata());
            assertThat(metadata.throttleTimeMs()).isEqualTo(1000);
        }
    }

    @Test
    void a_quota_that_is_gone_holds_nobody_up() throws Exception {
        limit(admin, "raw", "producer_byte_rate", 100);
        try (var client = new RawClient(broker.address())) {
            assertThat(throttleOf(client, produce(1, 1200))).isPositive();
            admin.alterClientQuotas(
                            List.of(
                                    new ClientQuotaAlteration(
                                            new ClientQuotaEntity(
                                                    Map.of(ClientQuotaEntity.CLIENT_ID, "raw")),
                                            List.of(
                                                    new ClientQuotaAlteration.Op(
                                                            "producer_byte_rate", null)))))
                    .all()
                    .get();
            assertThat(throttleOf(client, produce(1, 90_000))).isZero();
        }
    }

    @Test
    void changes_of_topics_beyond_the_limit_are_refused_to_clients_that_know_why()
            throws Exception {
        limit(admin, "raw", "controller_mutation_rate", 1);
        try (var client = new RawClient(broker.address())) {
            // The bucket holds 11; the first may put it into debt by 9.
            var response = create(client, 7, false, "a", "b", "t");
            assertThat(response.topics().find("a").errorCode()).isZero();
            var refused = response.topics().find("b");
            assertThat(Errors.forCode(refused.errorCode()))
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
            assertThat(refused.errorMessage()).contains("controller_mutation_rate", "9000 ms");
            assertThat(Errors.forCode(response.topics().find("t").errorCode()))
                    .isEqualTo(Errors.TOPIC_ALREADY_EXISTS);
            assertThat(response.throttleTimeMs()).isEqualTo(9000);
            assertThat(broker.topics().find("b")).isEmpty();
        }
        try (var client = new RawClient(broker.address())) {
            var more =
                    (CreatePartitionsResponseData)
                            client.call(
                                    ApiKeys.CREATE_PARTITIONS,
                                    3,
                                    new CreatePartitionsRequestData()
                                            .setTopics(
                                                    new CreatePartitionsRequestData
                                                            .CreatePartitionsTopicCollection(
                                                            List.of(
                                                                            new CreatePartitionsTopic()
                                                                                    .setName("t")
                                                                                    .setCount(2)
                                                                                    .setAssignments(
                                                                                            null))
                                                                    .iterator())));
            assertThat(Errors.forCode(more.results().getFirst().errorCode()))
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        }
        try (var client = new RawClient(broker.address())) {
            var gone =
                    (DeleteTopicsResponseData)
                            client.call(
                                    ApiKeys.DELETE_TOPICS,
                                    6,
                                    new DeleteTopicsRequestData()
                                            .setTopics(
                                                    List.of(new DeleteTopicState().setName("t"))));
            assertThat(Errors.forCode(gone.responses().find("t").errorCode()))
                    .isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
            assertThat(broker.topics().find("t")).isPresent();
        }
    }

    @Test
    void changes_of_older_clients_are_made_and_then_they_wait() throws Exception {
        limit(admin, "raw", "controller_mutation_rate", 100);
        try (var client = new RawClient(broker.address())) {
            for (int i = 0; i < 55; i++) {
                assertThat(create(client, 5, true, "many" + i).throttleTimeMs()).isZero();
            }
            var response = create(client, 5, false, "a", "b");
            assertThat(response.topics()).allMatch(topic -> topic.errorCode() == 0);
            assertThat(response.throttleTimeMs()).isEqualTo(400);
        }
    }

    @Test
    void kafkas_admin_is_told_how_long_to_wait() throws Exception {
        limit(admin, "admin", "controller_mutation_rate", 1);
        var many = new org.apache.kafka.clients.admin.NewTopic("a", 20, (short) 1);
        admin.createTopics(List.of(many)).all().get();
        var one = new org.apache.kafka.clients.admin.NewTopic("b", 1, (short) 1);
        assertThatThrownBy(() ->
                        admin.createTopics(
                                        List.of(one),
                                        new CreateTopicsOptions().retryOnQuotaViolation(false))
                                .all()
                                .get())
                .cause()
                .isInstanceOfSatisfying(
                        ThrottlingQuotaExceededException.class,
                        e -> assertThat(e.throttleTimeMs()).isBetween(8000, 9000));
    }

    @Test
    void clients_measure_how_long_they_are_throttled(@TempDir Path other) throws Exception {
        try (var running = new TestBroker(other);
                var its = running.admin()) {
            its.createTopics(
                            List.of(new org.apache.kafka.clients.admin.NewTopic("t", 1, (short) 1)))
                    .all()
                    .get();
            limit(its, "slow", "producer_byte_rate", 20_000);
            limit(its, "slow", "consumer_byte_rate", 60_000);
            int records = 215;
            try (var producer = running.producer(Map.of("client.id", "slow", "linger.ms", "0"))) {
                for (int i = 0; i < records; i++) {
                    producer.send(new ProducerRecord<>("t", "x".repeat(1000))).get();
                }
                assertThat(metric(producer.metrics(), "produce-throttle-time-max")).isPositive();
                assertThat(metric(producer.metrics(), "produce-throttle-time-avg")).isPositive();
            }
            try (var consumer =
                    running.consumer("client.id", "slow", "max.partition.fetch.bytes", "200000")) {
                var partition = new TopicPartition("t", 0);
                consumer.assign(List.of(partition));
                for (int round = 0; round < 3; round++) {
                    consumer.seekToBeginning(List.of(partition));
                    while (consumer.position(partition) < records) {
                        consumer.poll(Duration.ofSeconds(1));
                    }
                }
                assertThat(metric(consumer.metrics(), "fetch-throttle-time-max")).isPositive();
            }
        }
    }

    @Test
    void every_response_that_has_a_field_for_the_time_is_given_it() throws Exception {
        int with = 0;
        try (var client = new RawClient(broker.address())) {
            var versions =
                    (ApiVersionsResponseData)
                            client.call(ApiKeys.API_VERSIONS, 2, new ApiVersionsRequestData());
            for (var served : versions.apiKeys()) {
                var response = ApiKeys.forId(served.apiKey()).messageType.newResponse();
                var field =
                        Arrays.stream(response.getClass().getMethods())
                                .filter(method -> method.getName().equals("throttleTimeMs"))
                                .findFirst();
                if (field.isPresent()) {
                    ThrottleTimes.set(response, 77);
                    assertThat(field.get().invoke(response)).as("%s", response).isEqualTo(77);
                    with++;
                }
            }
        }
        assertThat(with).isGreaterThan(45);
    }

    private static double metric(Map<MetricName, ? extends Metric> metrics, String name) {
        return metrics.entrySet().stream()
                .filter(each -> each.getKey().name().equals(name))
                .mapToDouble(each -> (double) each.getValue().metricValue())
                .max()
                .orElseThrow();
    }

    private static int throttleOf(RawClient client, ProduceRequestData request) throws Exception {
        var response = (ProduceResponseData) client.call(ApiKeys.PRODUCE, 9, request);
        var partition = response.responses().find("t", org.apache.kafka.common.Uuid.ZERO_UUID);
        assertThat(partition.partitionResponses().getFirst().errorCode()).isZero();
        return response.throttleTimeMs();
    }

    private static CreateTopicsResponseData create(
            RawClient client, int version, boolean validateOnly, String... names) throws Exception {
        var request = new CreateTopicsRequestData().setValidateOnly(validateOnly);
        for (var name : names) {
            request.topics()
                    .add(
                            new CreatableTopic()
                                    .setName(name)
                                    .setNumPartitions(20)
                                    .setReplicationFactor((short) 1));
        }
        return (CreateTopicsResponseData) client.call(ApiKeys.CREATE_TOPICS, version, request);
    }

    private static MetadataRequestData metadata() {
        return new MetadataRequestData()
                .setTopics(List.of(new MetadataRequestData.MetadataRequestTopic().setName("t")));
    }

    private static ProduceRequestData produce(int acks, int bytes) {
        return TestBroker.produce("t", acks, TestBroker.batch("x".repeat(bytes)));
    }

    private static FetchRequestData fetch() {
        return new FetchRequestData()
                .setMaxWaitMs(0)
                .setMinBytes(1)
                .setMaxBytes(10_000_000)
                .setTopics(
                        List.of(
                                new FetchRequestData.FetchTopic()
                                        .setTopic("t")
                                        .setPartitions(
                                                List.of(
                                                        new FetchRequestData.FetchPartition()
                                                                .setPartition(0)
                                                                .setFetchOffset(0)
                                                                .setPartitionMaxBytes(
                                                                        10_000_000)))));
    }

    private static int bytes(FetchResponseData response) {
        return ((MemoryRecords) response.responses().getFirst().partitions().getFirst().records())
                .sizeInBytes();
    }
}
