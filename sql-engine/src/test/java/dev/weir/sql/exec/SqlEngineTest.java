package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.MemoryTopicLog.Entry;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

@Timeout(120)
class SqlEngineTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));
    private static final long T0 = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();

    @TempDir Path dir;
    private MemoryTopicLog log = new MemoryTopicLog();
    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;
    private int workers = 2;

    @BeforeEach
    void start() {
        engine = SqlEngine.start(config(), log, CLOCK);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private EngineConfig config() {
        return new EngineConfig(dir, Duration.ofMillis(20), 50, workers, 10, 64 << 20, false);
    }

    private StatementResult run(String sql) {
        return engine.execute(sql, session);
    }

    private List<String> rows(String sql) {
        StatementResult.Rows result = (StatementResult.Rows) run(sql);
        return result.rows().stream().map(Arrays::toString).sorted().toList();
    }

    private void level() throws InterruptedException {
        // Twice, for what is read of a topic that a query writes.
        assertThat(engine.awaitLevel(LONG)).isTrue();
        assertThat(engine.awaitLevel(LONG)).isTrue();
    }

    private void order(int partition, long time, String id, String item, long qty) {
        log.send(
                "orders",
                partition,
                T0 + time,
                id,
                "{\"item\":\"" + item + "\",\"qty\":" + qty + "}");
    }

    private void price(String item, Long price) {
        log.send(
                "prices",
                Math.floorMod(item.hashCode(), 2),
                T0,
                item,
                price == null ? null : "{\"price\":" + price + "}");
    }

    private static List<String> take(PushQuery query, int rows) throws InterruptedException {
        List<String> taken = new ArrayList<>();
        while (taken.size() < rows) {
            PushQuery.Step step = query.poll(LONG);
            assertThat(step).as("after " + taken).isNotNull();
            for (PushQuery.Change change : step.rows()) {
                taken.add((change.deleted() ? "-" : "+") + Arrays.toString(change.values()));
            }
            if (step.end()) {
                break;
            }
        }
        return taken;
    }

    private void shop() {
        ShopModel.STATEMENTS.forEach(this::run);
    }

    private void someOrders(Random random, int count) {
        for (int i = 0; i < count; i++) {
            order(
                    random.nextInt(3),
                    random.nextInt(200_000),
                    "o" + random.nextInt(1000),
                    "item" + random.nextInt(8),
                    random.nextInt(100));
            if (random.nextInt(10) == 0) {
                price(
                        "item" + random.nextInt(8),
                        random.nextInt(4) == 0 ? null : (long) random.nextInt(50));
            }
        }
    }

    @Test
    void what_queries_write_equals_a_recomputation() throws Exception {
        shop();
        someOrders(new Random(1), 2000);
        level();
        assertThat(ShopModel.written(log)).isEqualTo(ShopModel.expected(log));
    }

    @Test
    void queries_made_after_the_data_are_filled_with_it() throws Exception {
        run(ShopModel.STATEMENTS.get(0));
        run(ShopModel.STATEMENTS.get(1));
        someOrders(new Random(2), 2000);
        ShopModel.STATEMENTS.subList(2, ShopModel.STATEMENTS.size()).forEach(this::run);
        someOrders(new Random(3), 300);
        level();
        assertThat(ShopModel.written(log)).isEqualTo(ShopModel.expected(log));
    }

    @Test
    void pull_queries_equal_a_recomputation() throws Exception {
        shop();
        someOrders(new Random(4), 1000);
        level();
        ShopModel.Expected expected = ShopModel.expected(log);

        List<String> totals = new ArrayList<>();
        expected.totals()
                .forEach((k, v) -> totals.add("[" + k + ", " + v.replace(" ", ", ") + "]"));
        assertThat(rows("SELECT * FROM totals")).isEqualTo(totals);
        assertThat(rows("SELECT item, COUNT(*) AS n, SUM(qty) AS total FROM orders GROUP BY item"))
                .isEqualTo(totals);
        assertThat(rows("SELECT item, n, total FROM totals WHERE item = 'item3'"))
                .isEqualTo(totals.stream().filter(r -> r.startsWith("[item3,")).toList());
        assertThat(rows("SELECT COUNT(*) FROM big"))
                .containsExactly("[" + expected.big().size() + "]");
        List<String> minutes = new ArrayList<>();
        expected.minutes()
                .forEach((k, v) -> {
                    long start = Long.parseLong(k.substring(k.indexOf('@') + 1));
                    minutes.add(
                            "["
                                    + k.substring(0, k.indexOf('@'))
                                    + ", "
                                    + start
                                    + ", "
                                    + (start + 60_000)
                                    + ", "
                                    + v
                                    + "]");
                });
        assertThat(rows("SELECT * FROM minutes")).isEqualTo(minutes);
        assertThat(rows("SELECT * FROM revenue"))
                .isEqualTo(
                        expected.revenue().entrySet().stream()
                                .map(e -> "[" + e.getKey() + ", " + e.getValue() + "]")
                                .toList());
        StatementResult.Rows top =
                (StatementResult.Rows)
                        run("SELECT item, total FROM totals ORDER BY total DESC LIMIT 3");
        assertThat(top.rows())
                .map(r -> (Long) r[1])
                .isEqualTo(
                        expected.totals().values().stream()
                                .map(v -> Long.valueOf(v.substring(v.indexOf(' ') + 1)))
                                .sorted((a, b) -> Long.compare(b, a))
                                .limit(3)
                                .toList());
    }

    @Test
    void a_push_query_over_a_stream_gives_every_record_once() throws Exception {
        shop();
        order(0, 0, "a", "pen", 1);
        order(1, 0, "b", "ink", 60);
        try (PushQuery query = live("SELECT id, item, qty FROM orders EMIT CHANGES")) {
            assertThat(query.isTable()).isFalse();
            assertThat(take(query, 2)).containsExactlyInAnyOrder("+[a, pen, 1]", "+[b, ink, 60]");
            order(2, 0, "c", "pen", 3);
            assertThat(take(query, 1)).containsExactly("+[c, pen, 3]");
        }
        assertThat(engine.queries()).noneMatch(q -> q.kind() == QueryInfo.Kind.PUSH);
    }

    @Test
    void a_push_query_over_a_table_gives_its_rows_then_their_changes() throws Exception {
        shop();
        order(0, 0, "a", "pen", 1);
        price("pen", 10L);
        level();
        try (PushQuery totals = live("SELECT * FROM totals EMIT CHANGES");
                PushQuery prices = live("SELECT * FROM prices EMIT CHANGES");
                PushQuery joined =
                        live(
                                "SELECT t.item, t.n, p.price FROM totals t"
                                        + " JOIN prices p ON t.item = p.item EMIT CHANGES")) {
            assertThat(totals.isTable()).isTrue();
            assertThat(take(totals, 1)).containsExactly("+[pen, 1, 1]");
            assertThat(take(prices, 1)).containsExactly("+[pen, 10]");
            assertThat(take(joined, 1)).containsExactly("+[pen, 1, 10]");
            order(1, 0, "b", "pen", 5);
            assertThat(take(totals, 1)).containsExactly("+[pen, 2, 6]");
            assertThat(take(joined, 1)).containsExactly("+[pen, 2, 10]");
            price("pen", null);
            assertThat(take(prices, 1)).containsExactly("-[pen, null]");
        }
    }

    @Test
    void a_push_query_with_limit_ends() throws Exception {
        shop();
        someOrders(new Random(5), 200);
        try (PushQuery query = live("SELECT id FROM orders EMIT CHANGES LIMIT 7")) {
            assertThat(take(query, 100)).hasSize(7);
            assertThat(query.poll(LONG).end()).isTrue();
        }
    }

    @Test
    void a_push_query_from_latest_gives_only_what_comes() throws Exception {
        shop();
        order(0, 0, "old", "pen", 1);
        level();
        run("SET 'auto.offset.reset' = 'latest'");
        try (PushQuery orders = live("SELECT id FROM orders EMIT CHANGES");
                PushQuery totals = live("SELECT item, n FROM totals EMIT CHANGES")) {
            run("SELECT 1");
            level();
            engine.awaitWorker();
            order(0, 0, "new", "pen", 1);
            assertThat(take(orders, 1)).containsExactly("+[new]");
            assertThat(take(totals, 1)).containsExactly("+[pen, 2]");
        }
    }

    @Test
    void a_cancelled_push_query_tells_its_reader() throws Exception {
        shop();
        try (PushQuery query = live("SELECT * FROM totals EMIT CHANGES")) {
            assertThat(engine.queries()).anyMatch(q -> q.id().equals(query.id()));
            run("CANCEL QUERY " + query.id());
            assertThatThrownBy(() -> query.poll(LONG))
                    .isInstanceOfSatisfying(
                            SqlException.class,
                            e -> assertThat(e.state()).isEqualTo(SqlState.QUERY_CANCELED));
            assertThat(engine.queries()).noneMatch(q -> q.id().equals(query.id()));
        }
    }

    private PushQuery live(String sql) {
        return ((StatementResult.Live) run(sql)).query();
    }

    @Test
    void a_session_reads_what_it_inserted() {
        shop();
        for (int i = 1; i <= 50; i++) {
            run("INSERT INTO orders (id, item, qty) VALUES ('o" + i + "', 'pen', " + i + ")");
            assertThat(rows("SELECT n, total FROM totals WHERE item = 'pen'"))
                    .containsExactly("[" + i + ", " + (i * (i + 1) / 2) + "]");
        }
        assertThat(rows("SELECT COUNT(*) FROM orders")).containsExactly("[50]");
    }

    @Test
    void a_record_that_cannot_be_read_is_kept_as_a_dead_letter() throws Exception {
        shop();
        order(0, 0, "a", "pen", 1);
        log.send("orders", 0, T0, "k", "{\"item\": nonsense");
        order(0, 0, "b", "pen", 1);
        level();
        assertThat(rows("SELECT item, n FROM totals")).containsExactly("[pen, 2]");
        List<Entry> letters = log.committed("_weir_dead_letters");
        assertThat(letters).hasSize(1);
        assertThat(letters.getFirst().valueText())
                .contains("\"topic\":\"orders\",\"partition\":0,\"offset\":1,")
                .contains("\"value\":\"{\\\"item\\\": nonsense\"")
                .contains("\"keyBase64\":\"aw==\"");
        assertThat(engine.metrics().deadLetters()).isEqualTo(1);
    }

    @Test
    void a_row_that_cannot_be_computed_is_kept_as_a_dead_letter() throws Exception {
        shop();
        run("CREATE STREAM shares AS SELECT id, 100 / qty AS share FROM orders EMIT CHANGES");
        order(0, 0, "a", "pen", 0);
        order(0, 0, "b", "pen", 4);
        level();
        assertThat(log.committed("shares")).map(Entry::keyText).containsExactly("b");
        List<Entry> letters = log.committed("_weir_dead_letters");
        assertThat(letters).hasSize(1);
        assertThat(letters.getFirst().valueText())
                .startsWith(
                        "{\"query\":\"shares\",\"topic\":\"orders\",\"partition\":0,\"offset\":0,");
    }

    @Test
    void what_others_read_cannot_be_dropped() {
        shop();
        assertThatThrownBy(() -> run("DROP TABLE totals"))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> {
                            assertThat(e.state()).isEqualTo(SqlState.DEPENDENT_OBJECTS);
                            assertThat(e)
                                    .hasMessageContaining("sizes")
                                    .hasMessageContaining("revenue");
                        });
        run("DROP TABLE sizes");
        run("DROP TABLE revenue DELETE TOPIC");
        run("DROP TABLE totals");
        assertThat(engine.catalog().relation("totals")).isEmpty();
        assertThat(log.topic("revenue")).isEmpty();
        assertThat(log.topic("sizes")).isPresent();
        assertThatThrownBy(() -> run("SELECT * FROM totals"))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.UNDEFINED_TABLE));
    }

    @Test
    void a_terminated_query_leaves_its_table_as_it_was() throws Exception {
        shop();
        order(0, 0, "a", "pen", 1);
        level();
        String id =
                engine.queries().stream()
                        .filter(q -> q.sinks().contains("totals"))
                        .findFirst()
                        .orElseThrow()
                        .id();
        run("TERMINATE " + id);
        order(0, 0, "b", "pen", 1);
        level();
        assertThat(rows("SELECT item, n FROM totals")).containsExactly("[pen, 1]");
        assertThat(engine.queries()).noneMatch(q -> q.id().equals(id));
        restart();
        order(0, 0, "c", "pen", 1);
        level();
        assertThat(rows("SELECT item, n FROM totals")).containsExactly("[pen, 1]");
        assertThat(rows("SELECT * FROM minutes")).hasSize(1);
    }

    private void restart() {
        engine.close();
        engine = SqlEngine.start(config(), log, CLOCK);
    }

    @Test
    void after_a_restart_everything_goes_on() throws Exception {
        shop();
        someOrders(new Random(6), 500);
        restart();
        someOrders(new Random(7), 500);
        level();
        assertThat(ShopModel.written(log)).isEqualTo(ShopModel.expected(log));
        assertThat(engine.catalog().relations()).hasSize(9);
        run(
                "CREATE TABLE again AS SELECT item, MAX(qty) AS most FROM big2 GROUP BY item"
                        .replace("big2", "orders"));
        level();
        assertThat(rows("SELECT item FROM again")).hasSize(ShopModel.expected(log).totals().size());
    }

    @Test
    void statements_are_numbered_in_the_order_of_the_journal() {
        List<Long> numbers = new ArrayList<>();
        for (String statement : ShopModel.STATEMENTS) {
            numbers.add(((StatementResult.Done) run(statement)).commandSequence());
        }
        assertThat(numbers).containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
        restart();
        assertThat(((StatementResult.Done) run("DROP TABLE sizes")).commandSequence()).isEqualTo(9);
    }

    @Test
    void print_shows_the_records_of_a_topic() throws Exception {
        shop();
        order(0, 5, "a", "pen", 1);
        try (PushQuery print = live("PRINT 'orders' FROM BEGINNING LIMIT 1")) {
            assertThat(take(print, 1))
                    .containsExactly(
                            "+[2026-01-01T00:00:00.005Z, 0, 0, a, {\"item\":\"pen\",\"qty\":1}]");
        }
    }

    @Test
    void a_reader_that_is_too_slow_loses_its_query_and_nobody_else_does() throws Exception {
        run(ShopModel.STATEMENTS.get(0));
        run(ShopModel.STATEMENTS.get(2));
        try (PushQuery slow = live("SELECT id FROM orders EMIT CHANGES");
                PushQuery other = live("SELECT id FROM big EMIT CHANGES")) {
            order(0, 0, "first", "pen", 60);
            assertThat(take(slow, 1)).hasSize(1);
            RecordBlock block = new RecordBlock();
            byte[] value = "{\"item\":\"pen\",\"qty\":1}".getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 110_000; i++) {
                block.append(-1, T0, null, value);
            }
            TopicPartition partition = new TopicPartition("orders", 1);
            log.append(partition, block);
            log.sync(List.of(partition));
            level();
            assertThatThrownBy(() -> slow.poll(LONG))
                    .isInstanceOfSatisfying(
                            SqlException.class,
                            e -> assertThat(e.state()).isEqualTo(SqlState.LIMIT_EXCEEDED));
            order(0, 0, "last", "pen", 61);
            assertThat(take(other, 2)).containsExactly("+[first]", "+[last]");
        }
    }

    @Test
    void a_topic_deleted_under_its_relation_stops_nothing_else() throws Exception {
        shop();
        run("CREATE STREAM clicks (page VARCHAR) WITH (kafka_topic='clicks', partitions=1)");
        run("CREATE STREAM shown AS SELECT page FROM clicks EMIT CHANGES");
        log.deleteTopic("clicks");
        log.deleteTopic("big");
        order(0, 0, "a", "pen", 60);
        order(0, 0, "b", "pen", 60);
        assertThat(engine.awaitLevel(LONG)).isTrue();
        assertThat(rows("SELECT item, n FROM totals")).containsExactly("[pen, 2]");
        restart();
        order(0, 0, "c", "pen", 60);
        assertThat(engine.awaitLevel(LONG)).isTrue();
        assertThat(rows("SELECT item, n FROM totals")).containsExactly("[pen, 3]");
    }

    @Test
    void a_relation_that_fails_takes_with_it_only_what_reads_it() throws Exception {
        shop();
        run("CREATE STREAM clicks (page VARCHAR) WITH (kafka_topic='clicks', partitions=1)");
        run("CREATE TABLE pages AS SELECT page, COUNT(*) AS n FROM clicks GROUP BY page");
        run("CREATE TABLE counts AS SELECT n, COUNT(*) AS pages FROM pages GROUP BY n");
        PushQuery push = live("SELECT * FROM pages EMIT CHANGES");
        log.send("clicks", 0, T0, null, "{\"page\":\"a\"}");
        assertThat(take(push, 1)).containsExactly("+[a, 1]");

        log.loseTopicWhenRead("clicks");
        log.send("clicks", 0, T0, null, "{\"page\":\"a\"}");
        assertThatThrownBy(() -> push.poll(LONG)).hasMessageContaining("\"pages\" failed");
        for (int round = 0; round < 2; round++) {
            order(0, 0, "a", "pen", 60);
            level();
            assertThat(rows("SELECT item, n FROM totals"))
                    .containsExactly("[pen, " + (round + 1) + "]");
            assertThat(engine.queries())
                    .filteredOn(q -> q.state() == QueryInfo.State.FAILED)
                    .map(q -> q.sinks().getFirst())
                    .containsExactly("pages", "counts");
            assertThatThrownBy(() -> run("SELECT * FROM pages"))
                    .hasMessageContaining("\"pages\" has stopped");
            restart();
        }
        run("DROP TABLE counts");
        run("DROP TABLE pages");
        run("DROP STREAM clicks");
    }

    @Test
    void state_and_journal_that_do_not_belong_together_are_refused() throws Exception {
        shop();
        someOrders(new Random(8), 300);
        level();
        engine.close();
        EngineConfig elsewhere =
                new EngineConfig(
                        dir.resolve("elsewhere"),
                        Duration.ofSeconds(1),
                        50,
                        2,
                        10,
                        64 << 20,
                        false);
        assertThatThrownBy(() -> SqlEngine.start(elsewhere, log, CLOCK))
                .isInstanceOf(SqlException.class)
                .hasMessageContaining("needs the journal from record 0");
        engine = SqlEngine.start(config(), log, CLOCK);
    }

    @Test
    void a_statement_that_is_not_planned_in_time_is_refused() {
        EngineConfig noTime =
                new EngineConfig(
                        dir.resolve("no-time"),
                        Duration.ofSeconds(1),
                        50,
                        1,
                        10,
                        64 << 20,
                        false,
                        Duration.ZERO);
        try (SqlEngine hasty = SqlEngine.start(noTime, new MemoryTopicLog(), CLOCK)) {
            SqlSession session = new SqlSession("hasty");
            for (String statement :
                    List.of(
                            "SELECT 1",
                            "CREATE STREAM s (a INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON',"
                                    + " PARTITIONS=1)")) {
                assertThatThrownBy(() -> hasty.execute(statement, session))
                        .isInstanceOfSatisfying(
                                SqlException.class,
                                e -> assertThat(e.state()).isEqualTo(SqlState.QUERY_CANCELED))
                        .hasMessage("the statement was not planned within 0 ms");
            }
            assertThatThrownBy(() -> hasty.prepare("SELECT 1", List.of(), session))
                    .hasMessage("the statement was not planned within 0 ms");
            assertThat(hasty.catalog().relations()).isEmpty();
        }
    }

    @Test
    void where_a_record_lies_can_be_selected() throws Exception {
        run(ShopModel.STATEMENTS.get(0));
        order(2, 7, "a", "pen", 1);
        run(
                "CREATE STREAM placed AS SELECT id, ROWTIME AS t, ROWPARTITION AS p, ROWOFFSET AS o"
                        + " FROM orders EMIT CHANGES");
        order(2, 8, "b", "pen", 1);
        level();
        assertThat(log.committed("placed"))
                .map(Entry::valueText)
                .containsExactlyInAnyOrder(
                        "{\"t\":" + (T0 + 7) + ",\"p\":2,\"o\":0}",
                        "{\"t\":" + (T0 + 8) + ",\"p\":2,\"o\":1}");
        assertThat(rows("SELECT id, ROWTIME FROM placed"))
                .containsExactly("[a, " + (T0 + 7) + "]", "[b, " + (T0 + 8) + "]");
        assertThatThrownBy(() ->
                        run(
                                "CREATE STREAM again AS"
                                        + " SELECT id, ROWOFFSET AS o FROM placed"
                                        + " EMIT CHANGES"))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.FEATURE_NOT_SUPPORTED));
    }

    @Test
    void what_is_too_large_to_be_written_stops_nothing() throws Exception {
        shop();
        run("CREATE STREAM twice AS SELECT id, item || item AS long FROM orders EMIT CHANGES");
        order(0, 0, "large", "x".repeat(900_000), 60);
        log.send("orders", 0, T0, "malformed", "{" + "\u0001".repeat(1_000_000));
        order(0, 0, "small", "pen", 60);
        level();
        assertThat(log.committed("twice")).map(Entry::keyText).containsExactly("small");
        assertThat(log.committed("big"))
                .map(Entry::keyText)
                .containsExactlyInAnyOrder("large", "small");
        List<Entry> letters = log.committed("_weir_dead_letters");
        assertThat(letters).hasSize(2);
        assertThat(letters)
                .anyMatch(l -> l.valueText().contains("\"valueBytes\":1000001,"))
                .anyMatch(l -> l.valueText().contains("the row takes 1800016 bytes"));
    }

    @Test
    void a_query_whose_topic_takes_no_such_records_any_more_fails_alone() throws Exception {
        shop();
        run("CREATE STREAM bigger AS SELECT id, item FROM big EMIT CHANGES");
        order(0, 0, "a", "pen", 60);
        level();
        log.limitRecords("big", 20);
        order(0, 0, "b", "pencil", 60);
        for (int round = 0; round < 2; round++) {
            order(1, 0, "c", "pen", 60);
            level();
            engine.awaitWorker();
            assertThat(engine.queries())
                    .filteredOn(q -> q.state() == QueryInfo.State.FAILED)
                    .map(q -> q.sinks().getFirst())
                    .containsExactly("big", "bigger");
            assertThat(rows("SELECT item, n FROM totals"))
                    .containsExactly("[pen, " + (round + 2) + "]", "[pencil, 1]");
            assertThat(log.committed("big")).map(Entry::keyText).containsExactly("a");
            restart();
        }
        run("DROP STREAM bigger");
        run("DROP STREAM big");
        log.limitRecords("big", 1000);
        run("CREATE STREAM big AS SELECT id, item FROM orders EMIT CHANGES");
        level();
        assertThat(log.committed("big")).hasSize(5);
    }

    @Test
    void a_malformed_record_is_reported_by_the_first_query_that_meets_it() throws Exception {
        run(ShopModel.STATEMENTS.get(0));
        log.send("orders", 2, T0, "k", "[]");
        log.send("orders", 2, T0, "k", "{");
        run(ShopModel.STATEMENTS.get(2));
        level();
        run(ShopModel.STATEMENTS.get(3));
        level();
        List<Entry> letters = log.committed("_weir_dead_letters");
        assertThat(letters.getLast().valueText())
                .startsWith(
                        "{\"query\":\"big\",\"topic\":\"orders\",\"partition\":2,\"offset\":1,");
        assertThat(letters).allMatch(l -> l.valueText().contains("\"query\":\"big\""));
    }

    @Test
    void a_topic_made_anew_is_not_taken_for_the_one_that_was_dropped() throws Exception {
        run("CREATE STREAM source (id BIGINT) WITH (PARTITIONS = 1)");
        for (int i = 1; i <= 5; i++) {
            log.send("source", 0, T0 + i, null, "{\"id\":" + i + "}");
        }
        run("CREATE STREAM copy AS SELECT id FROM source");
        level();
        run("DROP STREAM copy DELETE TOPIC");
        run("CREATE STREAM copy AS SELECT id FROM source WHERE id = 5");
        run("CREATE STREAM again AS SELECT id FROM copy");
        level();
        assertThat(rows("SELECT id FROM copy")).containsExactly("[5]");
        assertThat(rows("SELECT id FROM again")).containsExactly("[5]");
        restart();
        level();
        assertThat(rows("SELECT id FROM copy")).containsExactly("[5]");
    }

    @Test
    void nothing_is_made_of_itself_or_of_the_journal() {
        shop();
        run("CREATE STREAM mine AS SELECT item FROM orders");
        assertThatThrownBy(() -> run("CREATE OR REPLACE STREAM mine AS SELECT item FROM mine"))
                .isInstanceOf(SqlException.class)
                .hasMessageContaining("cannot be made of itself");
        assertThatThrownBy(() ->
                        run("CREATE STREAM j (a BIGINT) WITH (KAFKA_TOPIC = '_weir_journal')"))
                .isInstanceOf(SqlException.class)
                .hasMessageContaining("the engine's own");
        restart();
        assertThat(rows("SELECT item FROM mine")).isEmpty();
    }

    @Test
    void a_refused_statement_changes_nothing() {
        shop();
        for (String refused :
                List.of(
                        "CREATE STREAM big AS SELECT id FROM orders EMIT CHANGES",
                        "CREATE STREAM x AS SELECT nothing FROM orders EMIT CHANGES",
                        "CREATE STREAM x AS SELECT id FROM nowhere EMIT CHANGES",
                        "CREATE OR REPLACE TABLE totals AS"
                                + " SELECT item, COUNT(*) AS n FROM orders GROUP BY item",
                        "TERMINATE nothing",
                        "CANCEL QUERY nothing",
                        "INSERT INTO totals (item, n) VALUES ('pen', 1)")) {
            assertThatThrownBy(() -> run(refused)).as(refused).isInstanceOf(SqlException.class);
        }
        assertThat(engine.catalog().relations()).hasSize(9);
        assertThat(log.topic("x")).isEmpty();
        assertThat(((StatementResult.Done) run("DROP TABLE sizes")).commandSequence()).isEqualTo(9);
    }

    @Test
    void a_replaced_stream_reads_what_it_says_now() throws Exception {
        shop();
        run(
                "CREATE OR REPLACE STREAM big AS SELECT id, item, qty AS doubled FROM orders WHERE"
                        + " qty > 90 EMIT CHANGES");
        order(0, 0, "a", "pen", 60);
        order(0, 0, "b", "pen", 95);
        level();
        restart();
        order(0, 0, "c", "pen", 96);
        level();
        assertThat(log.committed("big")).map(Entry::keyText).containsExactlyInAnyOrder("b", "c");
    }

    @Test
    void at_random_moments_power_fails_and_nothing_is_lost_or_twice() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        log.createTopic("orders", 3, Map.of());
        log.createTopic("prices", 2, Map.of());
        int made = 0;
        for (int crash = 0; crash < 20; crash++) {
            log.failAfterWrites(random.nextInt(300));
            try {
                for (; made < ShopModel.STATEMENTS.size() && random.nextInt(4) != 0; made++) {
                    run(ShopModel.STATEMENTS.get(made));
                }
                someOrders(random, 300);
                engine.awaitLevel(LONG);
            } catch (SqlException e) {
                assertThat(e.state()).as(e.getMessage()).isEqualTo(SqlState.IO_ERROR);
            }
            engine.halt();
            log = log.afterPowerLoss(random);
            workers = 1 + random.nextInt(4);
            engine = SqlEngine.start(config(), log, CLOCK);
            made = engine.catalog().relations().size();
        }
        for (; made < ShopModel.STATEMENTS.size(); made++) {
            run(ShopModel.STATEMENTS.get(made));
        }
        someOrders(random, 300);
        level();
        TreeMap<String, String> totals = new TreeMap<>(ShopModel.expected(log).totals());
        assertThat(totals).as("seed %s", seed).isNotEmpty();
        assertThat(ShopModel.written(log)).as("seed %s", seed).isEqualTo(ShopModel.expected(log));
        List<String> pulled = new ArrayList<>();
        totals.forEach((k, v) -> pulled.add("[" + k + ", " + v.replace(" ", ", ") + "]"));
        assertThat(rows("SELECT * FROM totals")).as("seed %s", seed).isEqualTo(pulled);
        try (PushQuery push = live("SELECT * FROM totals EMIT CHANGES")) {
            assertThat(take(push, pulled.size()))
                    .as("seed %s", seed)
                    .containsExactlyInAnyOrderElementsOf(
                            pulled.stream().map(row -> "+" + row).toList());
        }
    }
}
