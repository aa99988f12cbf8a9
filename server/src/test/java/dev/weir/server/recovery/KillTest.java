package dev.weir.server.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// `kill -9` at random moments under load, then a plain restart, each time with another number of
/// workers: every acknowledged record is there once and in order, every query equals a
/// recomputation of its inputs, and a consumer group goes on where it had committed.
///
/// `-Dweir.kills=N` sets how often, `-Dweir.seed=S` repeats a run.
@Timeout(value = 1, unit = TimeUnit.HOURS) // for as many kills as that allows
class KillTest {
    private static final int[] WORKERS = {2, 1, 3};
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final int kills = Integer.getInteger("weir.kills", 30);
    private final long seed = Long.getLong("weir.seed", System.nanoTime());
    private final SplittableRandom random = new SplittableRandom(seed);

    @TempDir Path directory;
    private ServerProcess server;
    private int starts;

    @Test
    void nothing_is_lost_doubled_or_wrong_after_kills_under_load() throws Exception {
        System.out.println("KillTest: kills " + kills + ", seed " + seed);
        long began = System.nanoTime();
        start(0);
        int kafkaPort = server.port("kafka");
        sql(
                "CREATE STREAM orders (id BIGINT, item VARCHAR, qty BIGINT, customer VARCHAR)"
                        + " WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=4)",
                "CREATE STREAM payments (id BIGINT, amount BIGINT)"
                        + " WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON', PARTITIONS=2)",
                "CREATE TABLE customers (customer VARCHAR PRIMARY KEY, city VARCHAR)"
                        + " WITH (KAFKA_TOPIC='customers', VALUE_FORMAT='JSON', PARTITIONS=2)");
        try (Orders orders = new Orders(kafkaPort, random.split());
                Payments payments = new Payments(kafkaPort, random.split());
                GroupReader reader = new GroupReader(kafkaPort)) {
            define();
            for (int kill = 0; kill < kills; kill++) {
                orders.sendFor(random.nextInt(50, 400));
                if (kill == kills / 3) {
                    killDuring(
                            "CREATE TABLE IF NOT EXISTS late AS SELECT item, MAX(id) AS newest,"
                                    + " COUNT(*) AS n FROM orders GROUP BY item");
                } else if (kill == kills * 2 / 3) {
                    killDuring("DROP TABLE IF EXISTS by_high DELETE TOPIC");
                    sql(
                            "CREATE TABLE by_high AS SELECT hi, COUNT(*) AS items, SUM(n) AS n FROM"
                                    + " by_item GROUP BY hi");
                } else {
                    server.kill();
                    start(kafkaPort);
                }
                orders.check();
            }
            orders.sendFor(200);
            orders.flush();
            payments.stop();
            System.out.printf(
                    "KillTest: %d orders, %d payments, %d transactions aborted, %d offset commits;"
                            + " %.1f s%n",
                    orders.all().size(),
                    payments.all().size(),
                    payments.aborted(),
                    reader.commits(),
                    (System.nanoTime() - began) / 1e9);

            verifyInputs(kafkaPort, orders, payments);
            reader.await(ends(orders));
            Expected expected = new Expected(orders, payments);
            verifyQueries(expected);
            verifyOutputs(kafkaPort, expected);
            server.close();
            start(kafkaPort);
            verifyQueries(expected);
        } finally {
            server.close();
        }
    }

    private void start(int kafkaPort) throws IOException {
        server =
                ServerProcess.start(
                        directory.resolve("data"),
                        kafkaPort,
                        WORKERS[starts++ % WORKERS.length],
                        directory.resolve("server.log"));
    }

    private void sql(String... statements) throws Exception {
        Statements sql = new Statements(server.address("http"));
        for (String statement : statements) {
            sql.run(statement);
        }
    }

    private void define() throws Exception {
        sql(
                "CREATE TABLE items (item VARCHAR PRIMARY KEY, colour VARCHAR)"
                        + " WITH (KAFKA_TOPIC='items', VALUE_FORMAT='JSON', PARTITIONS=1)",
                "INSERT INTO items (item, colour) VALUES "
                        + String.join(
                                ", ",
                                Expected.COLOURS.entrySet().stream()
                                        .map(e -> "('" + e.getKey() + "', '" + e.getValue() + "')")
                                        .toList()),
                "CREATE STREAM large AS SELECT id, item, qty FROM orders WHERE qty > 5",
                "CREATE TABLE by_item AS SELECT item, COUNT(*) AS n, SUM(qty) AS total,"
                        + " MIN(qty) AS lo, MAX(qty) AS hi FROM orders GROUP BY item",
                "CREATE TABLE per_minute AS SELECT item, COUNT(*) AS n FROM orders"
                        + " WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY item",
                "CREATE TABLE per_hop AS SELECT item, COUNT(*) AS n FROM orders"
                        + " WINDOW HOPPING (SIZE 3 MINUTES, ADVANCE BY 1 MINUTE) GROUP BY item",
                // Made anew, with another column, on the way.
                "CREATE TABLE by_high AS SELECT hi, COUNT(*) AS items FROM by_item GROUP BY hi",
                "CREATE TABLE coloured AS SELECT i.item AS item, i.colour AS colour, b.total AS"
                        + " total FROM items i JOIN by_item b ON i.item = b.item",
                "CREATE TABLE by_customer AS SELECT customer, COUNT(*) AS n FROM orders GROUP BY"
                        + " customer",
                "CREATE TABLE customer_orders AS SELECT c.customer AS customer, c.city AS city,"
                        + " b.n AS n FROM customers c LEFT JOIN by_customer b"
                        + " ON c.customer = b.customer",
                "CREATE TABLE customer_known AS SELECT c.customer AS customer, c.city AS city,"
                        + " b.n AS n FROM customers c JOIN by_customer b"
                        + " ON c.customer = b.customer",
                "CREATE TABLE pairs AS SELECT DISTINCT item, qty FROM orders",
                "CREATE STREAM merged AS SELECT id, qty FROM orders WHERE qty <= 2"
                        + " UNION ALL SELECT id, amount FROM payments",
                "CREATE TABLE by_merged AS SELECT qty, COUNT(*) AS n FROM merged GROUP BY qty",
                "CREATE STREAM collected (id BIGINT, qty BIGINT)"
                        + " WITH (KAFKA_TOPIC='collected', VALUE_FORMAT='JSON', PARTITIONS=3)",
                "INSERT INTO collected SELECT id, qty FROM orders WHERE qty = 7",
                "INSERT INTO collected SELECT id, amount FROM payments WHERE amount > 3",
                "CREATE TABLE by_collected AS SELECT qty, COUNT(*) AS n FROM collected"
                        + " GROUP BY qty",
                "CREATE TABLE visits AS SELECT item, COUNT(*) AS n FROM orders"
                        + " WINDOW SESSION (30 SECONDS) GROUP BY item",
                "CREATE STREAM looked AS SELECT o.id AS id, i.colour AS colour FROM orders o"
                        + " LEFT JOIN items i ON o.item = i.item",
                "CREATE STREAM paid AS SELECT o.id AS id, p.amount AS amount FROM orders o"
                        + " JOIN payments p WITHIN 1 HOUR ON o.id + 1000000000 = p.id");
    }

    /// Kills the server while it carries out a statement, or soon after; then has it carried out,
    /// whatever became of it.
    private void killDuring(String statement) throws Exception {
        Statements dying = new Statements(server.address("http"));
        Thread client =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                dying.run(statement);
                            } catch (IOException | InterruptedException e) {
                                // The server went away; what it did of it shows after the restart.
                            }
                        });
        client.join(random.nextLong(100));
        int kafkaPort = server.port("kafka");
        server.kill();
        start(kafkaPort);
        client.join();
        sql(statement);
    }

    private static long[] ends(Orders orders) {
        long[] ends = new long[Orders.PARTITIONS];
        for (int p = 0; p < ends.length; p++) {
            ends[p] = orders.of(p).size();
        }
        return ends;
    }

    /// Every record once and in order, as a client that we did not write reads them.
    private static void verifyInputs(int kafkaPort, Orders orders, Payments payments) {
        List<List<String>> stored = values(kafkaPort, "orders", Orders.PARTITIONS);
        for (int p = 0; p < Orders.PARTITIONS; p++) {
            assertThat(stored.get(p))
                    .as("orders-" + p)
                    .containsExactlyElementsOf(orders.of(p).stream().map(Order::json).toList());
        }
        stored = values(kafkaPort, "payments", Payments.PARTITIONS);
        for (int p = 0; p < Payments.PARTITIONS; p++) {
            assertThat(stored.get(p))
                    .as("payments-" + p)
                    .containsExactlyElementsOf(
                            payments.of(p).stream().map(Payments.Payment::json).toList());
        }
    }

    private static List<List<String>> values(int kafkaPort, String topic, int partitions) {
        List<List<String>> values = new ArrayList<>();
        for (int p = 0; p < partitions; p++) {
            values.add(new ArrayList<>());
        }
        for (ConsumerRecord<String, String> record : Clients.readAll(kafkaPort, topic, 0)) {
            values.get(record.partition()).add(record.value());
        }
        return values;
    }

    private void verifyQueries(Expected expected) throws Exception {
        Statements sql = new Statements(server.address("http"));
        for (Map.Entry<String, List<List<Object>>> entry : expected.rows().entrySet()) {
            List<List<Object>> rows = sql.run(entry.getKey());
            long deadline = System.nanoTime() + PATIENCE_NANOS;
            while (!new HashSet<>(rows).equals(new HashSet<>(entry.getValue()))
                    && System.nanoTime() < deadline) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                rows = sql.run(entry.getKey());
            }
            assertThat(rows)
                    .as(entry.getKey() + ", seed " + seed)
                    .containsExactlyInAnyOrderElementsOf(entry.getValue());
        }
    }

    /// What the queries wrote, read as committed.
    private void verifyOutputs(int kafkaPort, Expected expected) {
        expected.streams()
                .forEach((topic, values) ->
                        assertThat(
                                        Clients.readAll(kafkaPort, topic, values.size()).stream()
                                                .map(ConsumerRecord::value)
                                                .sorted())
                                .as(topic + ", seed " + seed)
                                .containsExactlyElementsOf(values.stream().sorted().toList()));
        Map<String, String> lastByItem = new TreeMap<>();
        for (ConsumerRecord<String, String> record : Clients.readAll(kafkaPort, "by_item", 1)) {
            lastByItem.put(record.key(), record.value());
        }
        assertThat(lastByItem).as("by_item").isEqualTo(expected.lastByItem());
    }
}
