package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.io.MemoryTopicLog;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;

/// Joins of streams from topic to topic, over restarts.
@Timeout(120)
class StreamJoinEngineTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));
    private static final long T0 = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();

    @TempDir Path dir;
    private final MemoryTopicLog log = new MemoryTopicLog();
    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;

    @BeforeEach
    void start() {
        engine =
                SqlEngine.start(
                        new EngineConfig(dir, Duration.ofMillis(20), 50, 2, 1, 64 << 20, false),
                        log,
                        CLOCK);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private void restart() {
        engine.close();
        start();
    }

    private StatementResult run(String sql) {
        return engine.execute(sql, session);
    }

    private List<String> rows(String sql) {
        StatementResult.Rows result = (StatementResult.Rows) run(sql);
        return result.rows().stream().map(Arrays::toString).sorted().toList();
    }

    private void level() throws InterruptedException {
        assertThat(engine.awaitLevel(LONG)).isTrue();
        assertThat(engine.awaitLevel(LONG)).isTrue();
    }

    private List<String> written(String topic) {
        return log.committed(topic).stream()
                .map(e -> e.keyText() + " " + e.valueText())
                .sorted()
                .toList();
    }

    private void order(String id, String item, long time) throws InterruptedException {
        log.send("orders", 0, T0 + time, id, "{\"item\":\"" + item + "\"}");
        level();
    }

    private void price(String item, String price, long time) throws InterruptedException {
        log.send("prices", 0, T0 + time, item, price == null ? null : "{\"price\":" + price + "}");
        level();
    }

    private void payment(String id, long time) throws InterruptedException {
        log.send("payments", 0, T0 + time, id, "{\"paid\":true}");
        level();
    }

    private void shop() {
        run(
                "CREATE STREAM orders (id VARCHAR KEY, item VARCHAR) WITH (KAFKA_TOPIC = 'orders',"
                        + " PARTITIONS = 2)");
        run(
                "CREATE STREAM payments (id VARCHAR KEY, paid BOOLEAN) WITH (KAFKA_TOPIC ="
                        + " 'payments', PARTITIONS = 1)");
        run(
                "CREATE TABLE prices (item VARCHAR PRIMARY KEY, price INT) WITH (KAFKA_TOPIC ="
                        + " 'prices', PARTITIONS = 2)");
    }

    @Test
    void a_stream_looks_a_table_up_and_its_rows_stay_as_they_were() throws Exception {
        shop();
        price("pen", "10", 0);
        order("early", "pen", 1);
        run(
                "CREATE STREAM priced AS SELECT o.id, p.price FROM orders o LEFT JOIN prices p ON"
                        + " o.item = p.item");
        level();
        order("first", "pen", 2);
        order("none", "ink", 3);
        price("pen", "20", 4);
        order("second", "pen", 5);
        restart();
        order("third", "pen", 6);
        price("pen", null, 7);
        restart();
        order("fourth", "pen", 8);
        assertThat(written("priced"))
                .containsExactly(
                        "early {\"price\":10}",
                        "first {\"price\":10}",
                        "fourth {\"price\":null}",
                        "none {\"price\":null}",
                        "second {\"price\":20}",
                        "third {\"price\":20}");
        // A query that ends looks up the table as it is.
        price("ink", "3", 9);
        assertThat(rows("SELECT o.id, p.price FROM orders o JOIN prices p ON o.item =" + " p.item"))
                .containsExactly("[none, 3]");
    }

    @Test
    void a_push_query_that_looks_up_reads_the_history_too() throws Exception {
        shop();
        price("pen", "10", 50);
        order("a", "pen", 1);
        try (PushQuery query =
                ((StatementResult.Live)
                                run(
                                        "SELECT o.id, p.price FROM orders o JOIN prices p ON o.item"
                                                + " = p.item EMIT CHANGES"))
                        .query()) {
            assertThat(query.isTable()).isFalse();
            assertThat(query.poll(LONG).rows())
                    .map(c -> Arrays.toString(c.values()))
                    .containsExactly("[a, 10]");
            order("b", "pen", 60);
            assertThat(query.poll(LONG).rows())
                    .map(c -> Arrays.toString(c.values()))
                    .containsExactly("[b, 10]");
        }
    }

    @Test
    void rows_of_two_streams_meet_within_their_time_over_restarts() throws Exception {
        shop();
        run(
                "CREATE STREAM settled AS SELECT o.id, p.paid FROM orders o LEFT JOIN payments p"
                        + " WITHIN 10 SECONDS GRACE PERIOD 5 SECONDS ON o.id = p.id");
        order("a", "pen", 0);
        order("b", "pen", 1_000);
        restart();
        payment("a", 9_000);
        payment("b", 12_000);
        restart();
        assertThat(written("settled")).containsExactly("a {\"paid\":true}");
        // Closes b, whose payment came too late.
        order("c", "ink", 16_001);
        assertThat(written("settled")).containsExactly("a {\"paid\":true}", "b {\"paid\":null}");
        payment("b", 11_000);
        order("d", "ink", 60_000);
        assertThat(written("settled"))
                .containsExactly("a {\"paid\":true}", "b {\"paid\":null}", "c {\"paid\":null}");
        assertThat(
                        rows(
                                "SELECT o.id, p.paid FROM orders o LEFT JOIN payments p WITHIN 10"
                                        + " SECONDS GRACE PERIOD 5 SECONDS ON o.id = p.id"))
                .containsExactly("[a, true]", "[b, true]", "[c, null]");
    }

    @Test
    void streams_without_bound_meet_however_far_apart_they_are() throws Exception {
        shop();
        run(
                "CREATE STREAM pairs AS SELECT o.id, p.paid FROM orders o JOIN payments p ON o.id ="
                        + " p.id");
        order("a", "pen", 0);
        restart();
        payment("a", 999_000_000);
        assertThat(written("pairs")).containsExactly("a {\"paid\":true}");
    }
}
