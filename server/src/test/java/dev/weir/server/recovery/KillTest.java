package dev.weir.server.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// `kill -9` at random moments under load, then a plain restart: every acknowledged record is there
/// once and in order, and every query equals a recomputation of its inputs.
///
/// `-Dweir.kills=N` sets how often, `-Dweir.seed=S` repeats a run.
class KillTest {
    private static final int PARTITIONS = 4;
    private static final String[] ITEMS = {"pen", "ink", "pad", "cap", "nib", "wax"};
    private static final long BASE_MS = 1_767_225_600_000L;

    private final int kills = Integer.getInteger("weir.kills", 10);
    private final long seed = Long.getLong("weir.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);
    private final List<List<Order>> sent = new ArrayList<>();
    private final AtomicReference<Exception> produceFailure = new AtomicReference<>();

    @TempDir Path directory;

    private record Order(long id, String item, long quantity, long timeMs) {
        String json() {
            return "{\"id\":%d,\"item\":\"%s\",\"qty\":%d}".formatted(id, item, quantity);
        }
    }

    @Test
    void nothing_is_lost_doubled_or_wrong_after_kills_under_load() throws Exception {
        System.out.println("KillTest: kills " + kills + ", seed " + seed);
        Path data = directory.resolve("data");
        Path log = directory.resolve("server.log");
        ServerProcess server = ServerProcess.start(data, 0, log);
        int kafkaPort = server.port("kafka");
        define(new Statements(server.address("http")));

        for (int p = 0; p < PARTITIONS; p++) {
            sent.add(new ArrayList<>());
        }
        try (KafkaProducer<String, String> producer = producer(kafkaPort)) {
            long[] nextId = {0};
            for (int kill = 0; kill < kills; kill++) {
                produceFor(producer, random.nextInt(50, 600), nextId);
                server.kill();
                server = ServerProcess.start(data, kafkaPort, log);
                assertThat(produceFailure.get()).isNull();
            }
            produceFor(producer, 200, nextId);
            producer.flush();
            assertThat(produceFailure.get()).isNull();
        }
        try {
            verify(server, kafkaPort);
        } finally {
            server.close();
        }
    }

    private static void define(Statements sql) throws Exception {
        sql.run(
                "CREATE STREAM orders (id BIGINT, item VARCHAR, qty BIGINT)"
                        + " WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=4)");
        sql.run(
                "CREATE TABLE items (item VARCHAR PRIMARY KEY, colour VARCHAR)"
                        + " WITH (KAFKA_TOPIC='items', VALUE_FORMAT='JSON', PARTITIONS=1)");
        sql.run("CREATE STREAM large AS SELECT id, item, qty FROM orders WHERE qty > 5");
        sql.run(
                "CREATE TABLE by_item AS SELECT item, COUNT(*) AS n, SUM(qty) AS total,"
                        + " MIN(qty) AS lo, MAX(qty) AS hi FROM orders GROUP BY item");
        sql.run(
                "CREATE TABLE per_minute AS SELECT item, COUNT(*) AS n FROM orders"
                        + " WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY item");
        sql.run(
                "CREATE TABLE by_high AS SELECT hi, COUNT(*) AS items, SUM(n) AS n FROM by_item"
                        + " GROUP BY hi");
        sql.run(
                "CREATE TABLE coloured AS SELECT i.item AS item, i.colour AS colour, b.total AS"
                        + " total FROM items i JOIN by_item b ON i.item = b.item");
        sql.run(
                "INSERT INTO items (item, colour) VALUES ('pen', 'blue'), ('ink', 'black'), ('wax',"
                        + " 'red')");
    }

    private static KafkaProducer<String, String> producer(int port) {
        return new KafkaProducer<>(
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        "127.0.0.1:" + port,
                        ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG,
                        true,
                        ProducerConfig.ACKS_CONFIG,
                        "all",
                        ProducerConfig.LINGER_MS_CONFIG,
                        1,
                        ProducerConfig.BATCH_SIZE_CONFIG,
                        4096,
                        ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
                        100,
                        ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
                        180_000,
                        ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG,
                        10_000),
                new StringSerializer(),
                new StringSerializer());
    }

    /// Sends orders for about that long. A producer that retries delivers each exactly once.
    private void produceFor(KafkaProducer<String, String> producer, long millis, long[] nextId) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (System.nanoTime() < until) {
            for (int i = 0; i < 20; i++) {
                long id = nextId[0]++;
                Order order =
                        new Order(
                                id,
                                ITEMS[random.nextInt(ITEMS.length)],
                                random.nextInt(1, 11),
                                BASE_MS + id * 37);
                int partition = random.nextInt(PARTITIONS);
                sent.get(partition).add(order);
                var _ =
                        producer.send(
                                new ProducerRecord<>(
                                        "orders", partition, order.timeMs(), null, order.json()),
                                (_, failure) -> {
                                    if (failure != null) {
                                        produceFailure.compareAndSet(null, failure);
                                    }
                                });
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
        }
    }

    private void verify(ServerProcess server, int kafkaPort) throws Exception {
        List<Order> all = sent.stream().flatMap(List::stream).toList();
        System.out.println("KillTest: " + all.size() + " orders");

        // Every record once and in order, by a client we did not write.
        List<ConsumerRecord<String, String>> stored = consume(kafkaPort, "orders", all.size());
        for (int p = 0; p < PARTITIONS; p++) {
            int partition = p;
            assertThat(
                            stored.stream()
                                    .filter(r -> r.partition() == partition)
                                    .map(ConsumerRecord::value))
                    .as("orders-" + p)
                    .containsExactlyElementsOf(sent.get(p).stream().map(Order::json).toList());
        }

        Statements sql = new Statements(server.address("http"));
        awaitCaughtUp(sql, all.size());

        Map<String, long[]> byItem = new TreeMap<>();
        Map<List<Object>, Long> perMinute = new HashMap<>();
        for (Order order : all) {
            long[] sums =
                    byItem.computeIfAbsent(order.item(), _ -> new long[] {0, 0, Long.MAX_VALUE, 0});
            sums[0]++;
            sums[1] += order.quantity();
            sums[2] = Math.min(sums[2], order.quantity());
            sums[3] = Math.max(sums[3], order.quantity());
            long minute = order.timeMs() / 60_000 * 60_000;
            perMinute.merge(List.of(order.item(), minute), 1L, Long::sum);
        }
        assertThat(sql.run("SELECT item, n, total, lo, hi FROM by_item"))
                .containsExactlyInAnyOrderElementsOf(
                        byItem.entrySet().stream()
                                .map(e ->
                                        List.<Object>of(
                                                e.getKey(),
                                                e.getValue()[0],
                                                e.getValue()[1],
                                                e.getValue()[2],
                                                e.getValue()[3]))
                                .toList());
        assertThat(sql.run("SELECT item, WINDOWSTART, n FROM per_minute"))
                .containsExactlyInAnyOrderElementsOf(
                        perMinute.entrySet().stream()
                                .map(e ->
                                        List.of(
                                                e.getKey().get(0),
                                                e.getKey().get(1),
                                                (Object) e.getValue()))
                                .toList());
        Map<Long, long[]> byHigh = new TreeMap<>();
        for (long[] sums : byItem.values()) {
            long[] group = byHigh.computeIfAbsent(sums[3], _ -> new long[2]);
            group[0]++;
            group[1] += sums[0];
        }
        assertThat(sql.run("SELECT hi, items, n FROM by_high"))
                .containsExactlyInAnyOrderElementsOf(
                        byHigh.entrySet().stream()
                                .map(e ->
                                        List.<Object>of(
                                                e.getKey(), e.getValue()[0], e.getValue()[1]))
                                .toList());
        assertThat(sql.run("SELECT item, colour, total FROM coloured"))
                .containsExactlyInAnyOrderElementsOf(
                        Map.of("pen", "blue", "ink", "black", "wax", "red").entrySet().stream()
                                .filter(e -> byItem.containsKey(e.getKey()))
                                .map(e ->
                                        List.<Object>of(
                                                e.getKey(),
                                                e.getValue(),
                                                byItem.get(e.getKey())[1]))
                                .toList());

        // What the queries wrote, read as committed: each large order exactly once.
        List<String> large =
                all.stream()
                        .filter(o -> o.quantity() > 5)
                        .sorted(Comparator.comparingLong(Order::id))
                        .map(Order::json)
                        .toList();
        assertThat(
                        consume(kafkaPort, "large", large.size()).stream()
                                .map(ConsumerRecord::value)
                                .sorted(Comparator.comparingLong(KillTest::id)))
                .containsExactlyElementsOf(large);
        Map<String, String> lastByItem = new HashMap<>();
        for (ConsumerRecord<String, String> record : consume(kafkaPort, "by_item", 1)) {
            lastByItem.put(record.key(), record.value());
        }
        assertThat(lastByItem.keySet()).isEqualTo(byItem.keySet());
        byItem.forEach((item, sums) ->
                assertThat(lastByItem.get(item))
                        .isEqualTo(
                                "{\"n\":%d,\"total\":%d,\"lo\":%d,\"hi\":%d}"
                                        .formatted(sums[0], sums[1], sums[2], sums[3])));
    }

    private static long id(String json) {
        return Long.parseLong(json.substring(json.indexOf(':') + 1, json.indexOf(',')));
    }

    private static void awaitCaughtUp(Statements sql, long orders) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (true) {
            List<List<Object>> counted = sql.run("SELECT SUM(n) FROM by_item");
            if (!counted.isEmpty()
                    && counted.getFirst().getFirst() instanceof Long n
                    && n >= orders) {
                return;
            }
            assertThat(System.nanoTime())
                    .as("caught up with %d orders: %s", orders, counted)
                    .isLessThan(deadline);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }

    /// Reads a whole topic as committed.
    private static List<ConsumerRecord<String, String>> consume(
            int port, String topic, int atLeast) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(
                        Map.of(
                                ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
                                "127.0.0.1:" + port,
                                ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                                "read_committed"),
                        new StringDeserializer(),
                        new StringDeserializer())) {
            List<TopicPartition> partitions =
                    consumer.partitionsFor(topic).stream()
                            .map(p -> new TopicPartition(topic, p.partition()))
                            .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (records.size() < atLeast
                    || partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                assertThat(System.nanoTime())
                        .as("reading %s: %d of %d records", topic, records.size(), atLeast)
                        .isLessThan(deadline);
            }
        }
        return records;
    }
}
