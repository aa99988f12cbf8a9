package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// The whole server: Kafka records in, SQL between, Kafka records and rows out.
@Timeout(120)
class WeirServerTest {
    private static final String ORDERS =
            "CREATE STREAM orders (id BIGINT, item VARCHAR, qty INT) WITH (KAFKA_TOPIC='orders',"
                    + " VALUE_FORMAT='JSON', PARTITIONS=2)";

    @TempDir Path dir;

    @Test
    void records_of_a_kafka_producer_are_aggregated_and_read_by_a_kafka_consumer()
            throws Exception {
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir))) {
            execute(server, ORDERS);
            execute(
                    server,
                    "CREATE TABLE by_item AS SELECT item, COUNT(*) AS n, SUM(qty) AS total"
                            + " FROM orders GROUP BY item");
            try (var producer =
                    new KafkaProducer<String, String>(
                            Map.of("bootstrap.servers", kafka(server), "acks", "all"),
                            new StringSerializer(),
                            new StringSerializer())) {
                for (int i = 0; i < 1000; i++) {
                    var _ =
                            producer.send(
                                    new ProducerRecord<>(
                                            "orders",
                                            i % 2,
                                            null,
                                            "{\"id\":"
                                                    + i
                                                    + ",\"item\":\"i"
                                                    + i % 5
                                                    + "\",\"qty\":2}"));
                }
            }
            awaitRows(
                    server,
                    "SELECT item, n, total FROM by_item ORDER BY item",
                    List.of(
                            List.of("i0", 200L, 400L),
                            List.of("i1", 200L, 400L),
                            List.of("i2", 200L, 400L),
                            List.of("i3", 200L, 400L),
                            List.of("i4", 200L, 400L)));
            assertThat(lastValue(server, "by_item", "i3")).isEqualTo("{\"n\":200,\"total\":400}");
        }
    }

    @Test
    void everything_is_there_again_after_a_restart() throws Exception {
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir))) {
            execute(server, ORDERS);
            execute(
                    server,
                    "CREATE TABLE by_item AS SELECT item, SUM(qty) AS total FROM orders"
                            + " GROUP BY item");
            execute(server, "INSERT INTO orders VALUES (1, 'pen', 2), (2, 'ink', 3)");
        }
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir))) {
            execute(server, "INSERT INTO orders VALUES (3, 'pen', 40)");
            awaitRows(
                    server,
                    "SELECT item, total FROM by_item ORDER BY item",
                    List.of(List.of("ink", 3L), List.of("pen", 42L)));
        }
    }

    @Test
    void a_server_that_cannot_bind_leaves_nothing_behind() {
        try (var first = WeirServer.start(ServerConfig.onFreePorts(dir.resolve("first")))) {
            var clash =
                    ServerConfig.onFreePorts(dir.resolve("second"))
                            .with(
                                    "postgres.listen",
                                    "127.0.0.1:" + first.postgresAddress().orElseThrow().getPort());
            assertThatThrownBy(() -> WeirServer.start(clash))
                    .hasMessageContaining("postgres.listen: cannot listen at");
        }
        // The data directory is free again, and what the failed start made of it is usable.
        WeirServer.start(ServerConfig.onFreePorts(dir.resolve("second"))).close();
    }

    @Test
    void without_doors_the_broker_and_the_engine_run_all_the_same() {
        var config =
                ServerConfig.onFreePorts(dir)
                        .with("http.listen", "none")
                        .with("postgres.listen", "none");
        try (var server = WeirServer.start(config)) {
            assertThat(server.readyLine()).matches("weir ready kafka=127\\.0\\.0\\.1:\\d+");
        }
    }

    private static StatementResult execute(WeirServer server, String sql) {
        return server.engine().execute(sql, new SqlSession("test"));
    }

    private static void awaitRows(WeirServer server, String sql, List<List<Object>> expected) {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (true) {
            List<List<Object>> rows =
                    execute(server, sql).asRows().rows().stream().map(List::of).toList();
            if (rows.equals(expected) || System.nanoTime() > deadline) {
                assertThat(rows).isEqualTo(expected);
                return;
            }
            Thread.onSpinWait();
        }
    }

    private static String lastValue(WeirServer server, String topic, String key) {
        try (var consumer =
                new KafkaConsumer<String, String>(
                        Map.of(
                                "bootstrap.servers",
                                kafka(server),
                                "isolation.level",
                                "read_committed"),
                        new StringDeserializer(),
                        new StringDeserializer())) {
            var partitions =
                    consumer.partitionsFor(topic).stream()
                            .map(p -> new TopicPartition(topic, p.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            String last = null;
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    last = key.equals(record.key()) ? record.value() : last;
                }
            }
            return last;
        }
    }

    private static String kafka(WeirServer server) {
        return "127.0.0.1:" + server.kafkaAddress().getPort();
    }
}
