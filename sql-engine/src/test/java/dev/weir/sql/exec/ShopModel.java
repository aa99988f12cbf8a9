package dev.weir.sql.exec;

import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.MemoryTopicLog.Entry;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/// A shop: its statements, and plain Java that computes from the input topics what each derived
/// relation must be.
final class ShopModel {
    static final List<String> STATEMENTS =
            List.of(
                    """
                    CREATE STREAM orders (id VARCHAR KEY, item VARCHAR, qty BIGINT)
                      WITH (kafka_topic = 'orders', value_format = 'JSON', partitions = 3)\
                    """,
                    """
                    CREATE TABLE prices (item VARCHAR PRIMARY KEY, price BIGINT)
                      WITH (kafka_topic = 'prices', value_format = 'JSON', partitions = 2)\
                    """,
                    """
                    CREATE STREAM big AS
                      SELECT id, item, qty * 2 AS doubled FROM orders WHERE qty > 50 EMIT CHANGES\
                    """,
                    """
                    CREATE TABLE totals AS
                      SELECT item, COUNT(*) AS n, SUM(qty) AS total FROM orders
                      GROUP BY item EMIT CHANGES\
                    """,
                    """
                    CREATE TABLE minutes AS
                      SELECT item, COUNT(*) AS n FROM orders WINDOW TUMBLING (SIZE 1 MINUTE)
                      GROUP BY item EMIT CHANGES\
                    """,
                    """
                    CREATE TABLE sizes AS
                      SELECT n, COUNT(*) AS items FROM totals GROUP BY n EMIT CHANGES\
                    """,
                    """
                    CREATE TABLE revenue AS
                      SELECT t.item AS item, t.total * p.price AS money
                      FROM totals t JOIN prices p ON t.item = p.item EMIT CHANGES\
                    """,
                    """
                    CREATE STREAM big_again (id VARCHAR KEY, item VARCHAR, doubled BIGINT)
                      WITH (kafka_topic = 'big', value_format = 'JSON')\
                    """,
                    """
                    CREATE TABLE copies AS
                      SELECT item, COUNT(*) AS n FROM big_again GROUP BY item EMIT CHANGES\
                    """);

    private static final JsonMapper JSON = new JsonMapper();

    private ShopModel() {}

    /// What each derived relation must hold: key text to value text.
    record Expected(
            List<String> big,
            Map<String, String> totals,
            Map<String, String> minutes,
            Map<String, String> sizes,
            Map<String, String> revenue,
            Map<String, String> copies,
            int malformed) {}

    static Expected expected(MemoryTopicLog log) {
        List<String> big = new ArrayList<>();
        Map<String, long[]> totals = new TreeMap<>();
        Map<String, Long> minutes = new TreeMap<>();
        Map<String, Long> copies = new TreeMap<>();
        int malformed = 0;
        for (Entry entry : log.committed("orders")) {
            JsonNode order;
            try {
                order = JSON.readTree(entry.value());
            } catch (RuntimeException e) {
                malformed++;
                continue;
            }
            String item = order.get("item").asString();
            long qty = order.get("qty").asLong();
            if (qty > 50) {
                big.add(entry.keyText() + " " + item + " " + qty * 2);
                copies.merge(item, 1L, Long::sum);
            }
            long[] total = totals.computeIfAbsent(item, i -> new long[2]);
            total[0]++;
            total[1] += qty;
            minutes.merge(item + "@" + entry.timestamp() / 60_000 * 60_000, 1L, Long::sum);
        }
        Map<String, Long> prices = new TreeMap<>();
        for (Entry entry : log.committed("prices")) {
            if (entry.value() == null) {
                prices.remove(entry.keyText());
            } else {
                prices.put(entry.keyText(), JSON.readTree(entry.value()).get("price").asLong());
            }
        }
        Map<String, Long> sizes = new TreeMap<>();
        Map<String, String> totalRows = new TreeMap<>();
        Map<String, String> revenue = new TreeMap<>();
        totals.forEach((item, total) -> {
            totalRows.put(item, total[0] + " " + total[1]);
            sizes.merge(Long.toString(total[0]), 1L, Long::sum);
            Long price = prices.get(item);
            if (price != null) {
                revenue.put(item, Long.toString(total[1] * price));
            }
        });
        big.sort(null);
        return new Expected(
                big, totalRows, texts(minutes), texts(sizes), revenue, texts(copies), malformed);
    }

    private static Map<String, String> texts(Map<String, Long> values) {
        Map<String, String> texts = new TreeMap<>();
        values.forEach((key, value) -> texts.put(key, value.toString()));
        return texts;
    }

    /// What the derived topics hold, read as a Kafka consumer would.
    static Expected written(MemoryTopicLog log) {
        List<String> big = new ArrayList<>();
        for (Entry entry : log.committed("big")) {
            JsonNode value = JSON.readTree(entry.value());
            big.add(
                    entry.keyText()
                            + " "
                            + value.get("item").asString()
                            + " "
                            + value.get("doubled").asLong());
        }
        big.sort(null);
        return new Expected(
                big,
                table(log, "totals", Entry::keyText, v -> v.get("n") + " " + v.get("total")),
                table(log, "minutes", ShopModel::windowedKey, v -> v.get("n").toString()),
                table(
                        log,
                        "sizes",
                        e -> Long.toString(ByteBuffer.wrap(e.key()).getLong()),
                        v -> v.get("items").toString()),
                table(log, "revenue", Entry::keyText, v -> v.get("money").toString()),
                table(log, "copies", Entry::keyText, v -> v.get("n").toString()),
                log.committed("_weir_dead_letters").size());
    }

    private static String windowedKey(Entry entry) {
        byte[] key = entry.key();
        long start = ByteBuffer.wrap(key).getLong(key.length - 8);
        return new String(key, 0, key.length - 8, StandardCharsets.UTF_8) + "@" + start;
    }

    /// The last value of each key.
    ///
    /// @throws AssertionError when a record repeats the one before it, or deletes what is not there
    private static Map<String, String> table(
            MemoryTopicLog log,
            String topic,
            Function<Entry, String> key,
            Function<JsonNode, String> value) {
        Map<String, String> rows = new LinkedHashMap<>();
        for (Entry entry : log.committed(topic)) {
            String row = entry.value() == null ? null : value.apply(JSON.readTree(entry.value()));
            String before =
                    row == null ? rows.remove(key.apply(entry)) : rows.put(key.apply(entry), row);
            if (before == null ? row == null : before.equals(row)) {
                throw new AssertionError(
                        topic
                                + " repeats "
                                + key.apply(entry)
                                + " = "
                                + row
                                + " at "
                                + entry.offset());
            }
        }
        return new TreeMap<>(rows);
    }
}
