package dev.weir.server.local;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.SqlEngine;
import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Orders and prices, queries over them, and a recomputation of what those must say, for tests that
/// treat the disk badly.
final class Shop {
    private static final int PARTITIONS = 3;
    private static final TopicPartition PRICES = new TopicPartition("prices", 0);
    private static final String[] ITEMS = {"pen", "ink", "pad", "cap"};
    private static final long BASE_MS = 1_767_225_600_000L;
    private static final long MINUTE_MS = 60_000;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final List<List<String>> acknowledged = new ArrayList<>();
    private final List<String> acknowledgedPrices = new ArrayList<>();
    private int nextId;

    Shop() {
        for (int p = 0; p < PARTITIONS; p++) {
            acknowledged.add(new ArrayList<>());
        }
    }

    static void define(SqlEngine engine) {
        SqlSession session = new SqlSession("test");
        for (String statement :
                List.of(
                        "CREATE STREAM orders (id BIGINT, item VARCHAR, qty BIGINT) WITH"
                                + " (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=3)",
                        "CREATE TABLE prices (item VARCHAR PRIMARY KEY, price BIGINT) WITH"
                                + " (KAFKA_TOPIC='prices', VALUE_FORMAT='JSON', PARTITIONS=1)",
                        "CREATE STREAM large AS SELECT id, item FROM orders WHERE qty > 5",
                        "CREATE TABLE by_item AS SELECT item, COUNT(*) AS n, SUM(qty) AS total,"
                                + " MIN(qty) AS lo FROM orders GROUP BY item",
                        "CREATE TABLE by_low AS SELECT lo, COUNT(*) AS items, SUM(total) AS total"
                                + " FROM by_item GROUP BY lo",
                        "CREATE TABLE per_hop AS SELECT item, COUNT(*) AS n FROM orders WINDOW"
                                + " HOPPING (SIZE 2 MINUTES, ADVANCE BY 1 MINUTE) GROUP BY item",
                        "CREATE TABLE pairs AS SELECT DISTINCT item, qty FROM orders",
                        "CREATE TABLE priced AS SELECT p.item AS item, p.price AS price, b.n AS n"
                                + " FROM prices p LEFT JOIN by_item b ON p.item = b.item",
                        "CREATE STREAM merged AS SELECT id, item FROM orders WHERE qty > 8"
                                + " UNION ALL SELECT id, item FROM orders WHERE qty < 3",
                        "CREATE STREAM collected (id BIGINT, item VARCHAR) WITH"
                                + " (KAFKA_TOPIC='collected', VALUE_FORMAT='JSON', PARTITIONS=2)",
                        "INSERT INTO collected SELECT id, item FROM orders WHERE qty = 4",
                        "CREATE TABLE by_collected AS SELECT item, COUNT(*) AS n FROM collected"
                                + " GROUP BY item")) {
            engine.execute(statement, session);
        }
    }

    /// Appends some orders to a partition, and sometimes a price.
    ///
    /// @param synced whether to make them durable: acknowledged
    /// @return false when the disk was full; nothing was appended then
    boolean append(EmbeddedTopicLog log, SplittableRandom random, boolean synced) {
        int partition = random.nextInt(PARTITIONS);
        RecordBlock block = new RecordBlock();
        List<String> values = new ArrayList<>();
        for (int i = random.nextInt(1, 30); i > 0; i--) {
            int id = nextId++;
            String value =
                    "{\"id\":%d,\"item\":\"%s\",\"qty\":%d}"
                            .formatted(
                                    id, ITEMS[random.nextInt(ITEMS.length)], random.nextInt(1, 11));
            values.add(value);
            block.append(-1, timeMs(id), null, value.getBytes(StandardCharsets.UTF_8));
        }
        if (!append(log, new TopicPartition("orders", partition), block, synced)) {
            return false;
        }
        if (synced) {
            acknowledged.get(partition).addAll(values);
        }
        if (random.nextInt(3) == 0) {
            String item = ITEMS[random.nextInt(ITEMS.length)];
            String price =
                    random.nextInt(4) == 0
                            ? null
                            : "{\"price\":%d}".formatted(random.nextInt(1, 100));
            block.clear();
            block.append(
                    -1,
                    BASE_MS,
                    item.getBytes(StandardCharsets.UTF_8),
                    price == null ? null : price.getBytes(StandardCharsets.UTF_8));
            if (!append(log, PRICES, block, synced)) {
                return false;
            }
            if (synced) {
                acknowledgedPrices.add(item + "=" + price);
            }
        }
        return true;
    }

    private static boolean append(
            EmbeddedTopicLog log, TopicPartition at, RecordBlock block, boolean synced) {
        try {
            log.append(at, block);
        } catch (SqlException e) {
            assertThat(e.state()).isEqualTo(SqlState.DISK_FULL);
            return false;
        }
        if (synced) {
            log.sync(List.of(at));
        }
        return true;
    }

    private static long timeMs(long id) {
        return BASE_MS + id * 500;
    }

    /// What was acknowledged is a prefix of what is there; what more survived counts from now on.
    void verifyLog(EmbeddedTopicLog log) {
        for (int p = 0; p < PARTITIONS; p++) {
            takeIn(
                    values(log, new TopicPartition("orders", p), false),
                    acknowledged.get(p),
                    "orders-" + p);
        }
        takeIn(values(log, PRICES, true), acknowledgedPrices, "prices");
    }

    private static void takeIn(List<String> there, List<String> known, String what) {
        assertThat(there.subList(0, Math.min(known.size(), there.size())))
                .as(what)
                .isEqualTo(known);
        known.addAll(there.subList(known.size(), there.size()));
    }

    private static List<String> values(EmbeddedTopicLog log, TopicPartition at, boolean keyed) {
        List<String> values = new ArrayList<>();
        long end = log.endOffset(at);
        long next = log.startOffset(at);
        while (next < end) {
            RecordBlock block = new RecordBlock();
            next = log.read(at, next, end, -1, block, 1000, 1 << 20);
            for (int i = 0; i < block.count(); i++) {
                String value = text(block.value(i));
                values.add(keyed ? text(block.key(i)) + "=" + value : value);
            }
        }
        return values;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private record Order(long id, String item, long quantity) {
        static Order of(String json) {
            return new Order(
                    Long.parseLong(field(json, "\"id\":")),
                    field(json, "\"item\":\""),
                    Long.parseLong(field(json, "\"qty\":")));
        }

        String small() {
            return "{\"id\":%d,\"item\":\"%s\"}".formatted(id, item);
        }
    }

    /// Every query equals a recomputation; it may still be catching up.
    void verifyQueries(SqlEngine engine, EmbeddedTopicLog log) {
        List<Order> orders = acknowledged.stream().flatMap(List::stream).map(Order::of).toList();
        expected(orders).forEach((query, rows) -> awaitRows(engine, query, rows));
        Map<String, List<String>> streams = new LinkedHashMap<>();
        streams.put("large", small(orders, 6, 10));
        List<String> merged = new ArrayList<>(small(orders, 9, 10));
        merged.addAll(small(orders, 1, 2));
        streams.put("merged", merged);
        streams.put("collected", small(orders, 4, 4));
        streams.forEach((topic, values) -> {
            List<String> written = new ArrayList<>();
            for (int p = 0; p < log.topic(topic).orElseThrow().partitions(); p++) {
                written.addAll(values(log, new TopicPartition(topic, p), false));
            }
            assertThat(written).as(topic).containsExactlyInAnyOrderElementsOf(values);
        });
    }

    private static List<String> small(List<Order> orders, long from, long to) {
        return orders.stream()
                .filter(o -> o.quantity() >= from && o.quantity() <= to)
                .map(Order::small)
                .toList();
    }

    private Map<String, List<List<Object>>> expected(List<Order> orders) {
        Map<String, long[]> byItem = new TreeMap<>();
        Map<List<Object>, Long> perHop = new HashMap<>();
        Set<List<Object>> pairs = new HashSet<>();
        Map<String, Long> byCollected = new HashMap<>();
        for (Order order : orders) {
            long[] sums =
                    byItem.computeIfAbsent(order.item(), _ -> new long[] {0, 0, Long.MAX_VALUE});
            sums[0]++;
            sums[1] += order.quantity();
            sums[2] = Math.min(sums[2], order.quantity());
            long minute = timeMs(order.id()) / MINUTE_MS * MINUTE_MS;
            perHop.merge(List.of(order.item(), minute), 1L, Long::sum);
            perHop.merge(List.of(order.item(), minute - MINUTE_MS), 1L, Long::sum);
            pairs.add(List.of(order.item(), order.quantity()));
            if (order.quantity() == 4) {
                byCollected.merge(order.item(), 1L, Long::sum);
            }
        }
        Map<Long, long[]> byLow = new TreeMap<>();
        for (long[] sums : byItem.values()) {
            long[] group = byLow.computeIfAbsent(sums[2], _ -> new long[2]);
            group[0]++;
            group[1] += sums[1];
        }
        Map<String, Long> prices = new TreeMap<>();
        for (String change : acknowledgedPrices) {
            String item = change.substring(0, change.indexOf('='));
            if (change.endsWith("=null")) {
                prices.remove(item);
            } else {
                prices.put(item, Long.parseLong(field(change, "\"price\":")));
            }
        }
        Map<String, List<List<Object>>> rows = new LinkedHashMap<>();
        rows.put("SELECT item, n, total, lo FROM by_item", new ArrayList<>());
        byItem.forEach((item, sums) ->
                rows.get("SELECT item, n, total, lo FROM by_item")
                        .add(List.of(item, sums[0], sums[1], sums[2])));
        List<List<Object>> lows = new ArrayList<>();
        byLow.forEach((low, group) -> lows.add(List.of(low, group[0], group[1])));
        rows.put("SELECT lo, items, total FROM by_low", lows);
        List<List<Object>> hops = new ArrayList<>();
        perHop.forEach((key, n) -> hops.add(List.of(key.get(0), key.get(1), n)));
        rows.put("SELECT item, WINDOWSTART, n FROM per_hop", hops);
        rows.put("SELECT item, qty FROM pairs", List.copyOf(pairs));
        List<List<Object>> priced = new ArrayList<>();
        prices.forEach((item, price) ->
                priced.add(
                        Arrays.asList(
                                item,
                                price,
                                byItem.containsKey(item) ? byItem.get(item)[0] : null)));
        rows.put("SELECT item, price, n FROM priced", priced);
        List<List<Object>> collected = new ArrayList<>();
        byCollected.forEach((item, n) -> collected.add(List.of(item, n)));
        rows.put("SELECT item, n FROM by_collected", collected);
        return rows;
    }

    private static void awaitRows(SqlEngine engine, String query, List<List<Object>> expected) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        List<List<Object>> rows = rows(engine, query);
        while (!new HashSet<>(rows).equals(new HashSet<>(expected))
                && System.nanoTime() < deadline) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            rows = rows(engine, query);
        }
        assertThat(rows)
                .as(query + "; queries: " + engine.queries())
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    static List<List<Object>> rows(SqlEngine engine, String sql) {
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
