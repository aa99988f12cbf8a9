package dev.weir.server.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.Broker;
import dev.weir.broker.BrokerConfig;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.EngineConfig;
import dev.weir.sql.exec.SqlEngine;
import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Power cuts under load on the simulated disk, which forgets what was not synced: every record
/// that was acknowledged is there once and in order, and every query equals a recomputation.
///
/// `-Dweir.power.runs=N` sets how many seeds, `-Dweir.seed=S` repeats from a seed.
class PowerLossTest {
    private static final int PARTITIONS = 3;
    private static final int CUTS = 4;
    private static final String[] ITEMS = {"pen", "ink", "pad", "cap"};
    private static final long BASE_MS = 1_767_225_600_000L;

    private final InstantSource clock = InstantSource.system();
    private final List<List<String>> acknowledged = new ArrayList<>();
    private int nextId;

    @TempDir Path directory;

    @Test
    void acknowledged_records_and_results_survive_power_cuts() throws Exception {
        long first = Long.getLong("weir.seed", System.nanoTime());
        int runs = Integer.getInteger("weir.power.runs", 10);
        for (int run = 0; run < runs; run++) {
            long seed = first + run;
            try {
                survive(seed, directory.resolve("state-" + run));
            } catch (AssertionError | Exception e) {
                throw new AssertionError("-Dweir.seed=" + seed + ": " + e.getMessage(), e);
            }
        }
    }

    private void survive(long seed, Path state) throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        SimulatedFileSystem disk = new SimulatedFileSystem(seed);
        acknowledged.clear();
        for (int p = 0; p < PARTITIONS; p++) {
            acknowledged.add(new ArrayList<>());
        }
        nextId = 0;
        for (int cut = 0; cut <= CUTS; cut++) {
            Broker broker = Broker.start(BrokerConfig.defaults(Path.of("/disk")), disk, clock);
            EmbeddedTopicLog log = new EmbeddedTopicLog(broker, clock);
            SqlEngine engine = SqlEngine.start(config(state), log, clock);
            if (cut == 0) {
                define(engine);
            }
            verifyLog(log);
            if (cut == CUTS) {
                verifyQueries(engine, log);
                engine.close();
                broker.close();
                return;
            }
            load(log, random);
            disk.crash();
            abandon(engine);
            abandon(broker);
        }
    }

    private static EngineConfig config(Path state) {
        EngineConfig defaults = EngineConfig.of(state);
        // Checkpoints often, so that cuts fall on all sides of them.
        return new EngineConfig(
                state,
                Duration.ofMillis(30),
                64,
                2,
                20,
                defaults.stateMemoryBytes(),
                defaults.foldIdentifiersUp());
    }

    private static void define(SqlEngine engine) {
        SqlSession session = new SqlSession("test");
        for (String statement :
                List.of(
                        "CREATE STREAM orders (id BIGINT, item VARCHAR, qty BIGINT) WITH"
                                + " (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=3)",
                        "CREATE STREAM large AS SELECT id, item FROM orders WHERE qty > 5",
                        "CREATE TABLE by_item AS SELECT item, COUNT(*) AS n, SUM(qty) AS total,"
                                + " MIN(qty) AS lo FROM orders GROUP BY item",
                        "CREATE TABLE by_low AS SELECT lo, COUNT(*) AS items, SUM(total) AS total"
                                + " FROM by_item GROUP BY lo")) {
            engine.execute(statement, session);
        }
    }

    /// Appends batches, most of them synced (acknowledged) before the next.
    private void load(EmbeddedTopicLog log, SplittableRandom random) {
        int batches = random.nextInt(5, 60);
        for (int b = 0; b < batches; b++) {
            int partition = random.nextInt(PARTITIONS);
            TopicPartition at = new TopicPartition("orders", partition);
            RecordBlock block = new RecordBlock();
            List<String> values = new ArrayList<>();
            for (int i = random.nextInt(1, 30); i > 0; i--) {
                int id = nextId++;
                String value =
                        "{\"id\":%d,\"item\":\"%s\",\"qty\":%d}"
                                .formatted(
                                        id,
                                        ITEMS[random.nextInt(ITEMS.length)],
                                        random.nextInt(1, 11));
                values.add(value);
                block.append(-1, BASE_MS + id, null, value.getBytes(StandardCharsets.UTF_8));
            }
            log.append(at, block);
            if (b < batches - 1) {
                log.sync(List.of(at));
                acknowledged.get(partition).addAll(values);
            }
        }
    }

    private static void abandon(AutoCloseable running) {
        try {
            running.close();
        } catch (Exception e) {
            // Its disk is gone; that it cannot finish is the point.
        }
    }

    /// What was acknowledged is a prefix of what is there; what more survived counts from now on.
    private void verifyLog(EmbeddedTopicLog log) {
        for (int p = 0; p < PARTITIONS; p++) {
            List<String> there = values(log, new TopicPartition("orders", p));
            List<String> known = acknowledged.get(p);
            assertThat(there.subList(0, Math.min(known.size(), there.size())))
                    .as("orders-" + p)
                    .isEqualTo(known);
            known.addAll(there.subList(known.size(), there.size()));
        }
    }

    private static List<String> values(EmbeddedTopicLog log, TopicPartition partition) {
        List<String> values = new ArrayList<>();
        long end = log.endOffset(partition);
        long at = log.startOffset(partition);
        while (at < end) {
            RecordBlock block = new RecordBlock();
            at = log.read(partition, at, end, -1, block, 1000, 1 << 20);
            for (int i = 0; i < block.count(); i++) {
                byte[] value = block.value(i);
                values.add(value == null ? null : new String(value, StandardCharsets.UTF_8));
            }
        }
        return values;
    }

    private void verifyQueries(SqlEngine engine, EmbeddedTopicLog log) {
        List<String> orders = acknowledged.stream().flatMap(List::stream).toList();
        Map<String, long[]> byItem = new TreeMap<>();
        List<String> large = new ArrayList<>();
        for (String order : orders) {
            String item = field(order, "\"item\":\"");
            long quantity = Long.parseLong(field(order, "\"qty\":"));
            long[] sums = byItem.computeIfAbsent(item, _ -> new long[] {0, 0, Long.MAX_VALUE});
            sums[0]++;
            sums[1] += quantity;
            sums[2] = Math.min(sums[2], quantity);
            if (quantity > 5) {
                large.add("{\"id\":%s,\"item\":\"%s\"}".formatted(field(order, "\"id\":"), item));
            }
        }
        Map<Long, long[]> byLow = new TreeMap<>();
        for (long[] sums : byItem.values()) {
            long[] group = byLow.computeIfAbsent(sums[2], _ -> new long[2]);
            group[0]++;
            group[1] += sums[1];
        }
        awaitCounted(engine, orders.size());

        assertThat(rows(engine, "SELECT item, n, total, lo FROM by_item"))
                .containsExactlyInAnyOrderElementsOf(
                        byItem.entrySet().stream()
                                .map(e ->
                                        List.<Object>of(
                                                e.getKey(),
                                                e.getValue()[0],
                                                e.getValue()[1],
                                                e.getValue()[2]))
                                .toList());
        assertThat(rows(engine, "SELECT lo, items, total FROM by_low"))
                .containsExactlyInAnyOrderElementsOf(
                        byLow.entrySet().stream()
                                .map(e ->
                                        List.<Object>of(
                                                e.getKey(), e.getValue()[0], e.getValue()[1]))
                                .toList());
        List<String> written = new ArrayList<>();
        for (int p = 0; p < log.topic("large").orElseThrow().partitions(); p++) {
            written.addAll(values(log, new TopicPartition("large", p)));
        }
        assertThat(written).as("large").containsExactlyInAnyOrderElementsOf(large);
        Map<String, Integer> times = new HashMap<>();
        written.forEach(value -> times.merge(value, 1, Integer::sum));
        assertThat(times.values()).as("times written").allMatch(n -> n == 1);
    }

    private static void awaitCounted(SqlEngine engine, long orders) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            List<List<Object>> sum = rows(engine, "SELECT SUM(n) FROM by_item");
            if (!sum.isEmpty() && sum.getFirst().equals(List.of(orders))) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new AssertionError(
                        "counted "
                                + sum
                                + " of "
                                + orders
                                + " orders; queries: "
                                + engine.queries());
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    private static List<List<Object>> rows(SqlEngine engine, String sql) {
        try {
            StatementResult.Rows rows = engine.execute(sql, new SqlSession("test")).asRows();
            return rows.rows().stream().map(Arrays::asList).toList();
        } catch (SqlException e) {
            throw new AssertionError(sql + ": " + e.getMessage(), e);
        }
    }

    private static String field(String json, String prefix) {
        int from = json.indexOf(prefix) + prefix.length();
        int to = from;
        while (to < json.length() && "\",}".indexOf(json.charAt(to)) < 0) {
            to++;
        }
        return json.substring(from, to);
    }
}
