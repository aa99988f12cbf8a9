package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.weir.sql.catalog.Format;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.MemoryTopicLog;

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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// Statements beside CREATE, INSERT … VALUES and SELECT, on a whole engine.
@Timeout(120)
class StatementsEngineTest {
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));

    @TempDir Path dir;
    private final MemoryTopicLog log = new MemoryTopicLog();
    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;

    @BeforeEach
    void start() {
        engine =
                SqlEngine.start(
                        new EngineConfig(dir, Duration.ofMillis(20), 50, 2, 10, 64 << 20, false),
                        log,
                        CLOCK);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private StatementResult run(String sql) {
        return engine.execute(sql, session);
    }

    private String tag(String sql) {
        return ((StatementResult.Done) run(sql)).tag();
    }

    private List<String> rows(String sql) {
        return run(sql).asRows().rows().stream().map(Arrays::toString).sorted().toList();
    }

    private SqlException refused(String sql) {
        SqlException refused = catchThrowableOfType(SqlException.class, () -> run(sql));
        assertThat(refused).as(sql).isNotNull();
        assertThat(refused.hint()).as("hint of " + refused.getMessage()).isPresent();
        return refused;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private void level() throws InterruptedException {
        assertThat(engine.awaitLevel(Duration.ofSeconds(30))).isTrue();
        assertThat(engine.awaitLevel(Duration.ofSeconds(30))).isTrue();
    }

    private void items() {
        run(
                """
                CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR, price DECIMAL(10, 2),
                  stock BIGINT, added TIMESTAMP, tags ARRAY<VARCHAR>)\
                """);
        run(
                """
                INSERT INTO items VALUES
                  (1, 'pen', 1.50, 10, '2025-01-01T00:00:00', ARRAY['a', 'b']),
                  (2, 'ink', 7, NULL, NULL, NULL)\
                """);
    }

    // ---- UPDATE and DELETE

    @Test
    void an_update_writes_the_whole_row_anew() {
        items();

        assertThat(tag("UPDATE items SET stock = stock - 3, name = UPPER(name) WHERE id = 1"))
                .isEqualTo("UPDATE 1");

        assertThat(rows("SELECT * FROM items"))
                .containsExactly(
                        "[1, PEN, 1.50, 7, 2025-01-01T00:00:00Z, [a, b]]",
                        "[2, ink, 7.00, null, null, null]");
    }

    @Test
    void an_update_sees_the_updates_before_it() {
        items();
        for (int i = 0; i < 20; i++) {
            run("UPDATE items SET stock = stock + 1 WHERE id = 1");
        }
        assertThat(rows("SELECT stock FROM items WHERE id = 1")).containsExactly("[30]");
    }

    @Test
    void no_update_of_many_sessions_is_lost() throws Exception {
        items();
        try (ExecutorService sessions = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int s = 0; s < 4; s++) {
                SqlSession own = new SqlSession("s" + s);
                all.add(
                        sessions.submit(() -> {
                            for (int i = 0; i < 10; i++) {
                                engine.execute(
                                        "UPDATE items SET stock = stock + 1 WHERE id = 1", own);
                            }
                        }));
            }
            for (Future<?> one : all) {
                one.get();
            }
        }
        // A session sees its own writes at once, those of others a little later: so one more.
        run("UPDATE items SET stock = stock + 1 WHERE id = 1");
        assertThat(rows("SELECT stock FROM items WHERE id = 1")).containsExactly("[51]");
    }

    @Test
    void an_update_counts_only_rows_that_are_there_and_match() {
        items();
        assertThat(tag("UPDATE items SET stock = 1 WHERE id = 9")).isEqualTo("UPDATE 0");
        assertThat(tag("UPDATE items SET stock = 1 WHERE id = 1 AND stock > 99"))
                .isEqualTo("UPDATE 0");
        assertThat(tag("UPDATE items SET stock = 1 WHERE id IN (1, 2, 3)")).isEqualTo("UPDATE 2");
    }

    @Test
    void values_are_cast_to_the_columns_they_are_assigned_to() {
        items();
        run("UPDATE items SET price = 2, stock = 3.4, added = '2026-02-03 04:05:06' WHERE id = 2");
        assertThat(rows("SELECT price, stock, added FROM items WHERE id = 2"))
                .containsExactly("[2.00, 3, 2026-02-03T04:05:06Z]");
        run("UPDATE items SET price = NULL, tags = ARRAY['x'] WHERE id = 2");
        assertThat(rows("SELECT price, tags FROM items WHERE id = 2"))
                .containsExactly("[null, [x]]");
    }

    @Test
    void a_deleted_row_is_gone_and_its_topic_has_a_record_without_value()
            throws InterruptedException {
        items();
        run("CREATE TABLE names AS SELECT id, name FROM items");

        assertThat(tag("DELETE FROM items WHERE id = 1")).isEqualTo("DELETE 1");
        assertThat(tag("DELETE FROM items WHERE id = 1")).isEqualTo("DELETE 0");

        assertThat(rows("SELECT id FROM items")).containsExactly("[2]");
        level();
        assertThat(rows("SELECT * FROM names")).containsExactly("[2, ink]");
        assertThat(log.committed("items", 0).getLast().value()).isNull();
    }

    @Test
    void keys_of_several_columns_must_all_be_given() {
        run("CREATE TABLE t (a INT PRIMARY KEY, b VARCHAR PRIMARY KEY, v INT)");
        run("INSERT INTO t VALUES (1, 'x', 10), (1, 'y', 20)");

        assertThat(refused("DELETE FROM t WHERE a = 1"))
                .hasMessage("DELETE needs the primary key of the rows, and WHERE does not fix b");
        assertThat(tag("DELETE FROM t WHERE b = 'y' AND 1 = a")).isEqualTo("DELETE 1");
        assertThat(rows("SELECT * FROM t")).containsExactly("[1, x, 10]");
    }

    @Test
    void what_cannot_be_changed_is_refused() {
        items();
        run("CREATE STREAM clicks (usr VARCHAR KEY, n INT)");
        run("CREATE TABLE named AS SELECT id, name FROM items");

        assertThat(refused("UPDATE clicks SET n = 1 WHERE usr = 'a'").state())
                .isEqualTo(SqlState.WRONG_OBJECT_TYPE);
        assertThat(refused("DELETE FROM named WHERE id = 1").getMessage())
                .startsWith("table \"named\" is written by the query CTAS_named_");
        assertThat(refused("UPDATE items SET stock = 1").state())
                .isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
        assertThat(refused("DELETE FROM items WHERE stock = 1").state())
                .isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
        assertThat(refused("UPDATE items SET id = 3 WHERE id = 1"))
                .hasMessage("the primary key column \"id\" cannot be updated");
        assertThat(refused("UPDATE items SET stok = 3 WHERE id = 1").state())
                .isEqualTo(SqlState.UNDEFINED_COLUMN);
        assertThat(refused("UPDATE items SET stock = 3, stock = 4 WHERE id = 1").state())
                .isEqualTo(SqlState.DUPLICATE_COLUMN);
        assertThat(refused("UPDATE items SET stock = name WHERE id = 1"))
                .hasMessage(
                        "column \"stock\" is of type BIGINT but the expression is of type VARCHAR");
        assertThat(rows("SELECT id, stock FROM items")).containsExactly("[1, 10]", "[2, null]");
    }

    @Test
    void random_inserts_updates_and_deletes_leave_what_a_map_would() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        run("CREATE TABLE kv (k INT PRIMARY KEY, v BIGINT)");
        Map<Integer, Long> model = new TreeMap<>();
        for (int i = 0; i < 150; i++) {
            int key = random.nextInt(8);
            long value = random.nextInt(1000);
            switch (random.nextInt(3)) {
                case 0 -> {
                    run("INSERT INTO kv VALUES (" + key + ", " + value + ")");
                    model.put(key, value);
                }
                case 1 -> {
                    assertThat(tag("UPDATE kv SET v = v * 2 + " + value + " WHERE k = " + key))
                            .as("seed " + seed)
                            .isEqualTo("UPDATE " + (model.containsKey(key) ? 1 : 0));
                    model.computeIfPresent(key, (k, v) -> v * 2 + value);
                }
                default -> {
                    assertThat(tag("DELETE FROM kv WHERE k = " + key))
                            .as("seed " + seed)
                            .isEqualTo("DELETE " + (model.containsKey(key) ? 1 : 0));
                    model.remove(key);
                }
            }
        }
        assertThat(rows("SELECT * FROM kv"))
                .as("seed " + seed)
                .containsExactlyElementsOf(
                        model.entrySet().stream()
                                .map(e -> "[" + e.getKey() + ", " + e.getValue() + "]")
                                .toList());
    }

    // ---- PARTITION BY

    @Test
    void partition_by_gives_a_stream_another_key() throws InterruptedException {
        run("CREATE STREAM clicks (usr VARCHAR KEY, page VARCHAR, n INT)");
        run("CREATE STREAM by_page AS SELECT page, usr, n FROM clicks PARTITION BY page");
        run("INSERT INTO clicks VALUES ('u1', 'a', 1), ('u2', NULL, 2)");
        level();

        assertThat(engine.catalog().relation("by_page").orElseThrow().keyColumns())
                .containsExactly(0);
        assertThat(
                        log.committed("by_page", 0).stream()
                                .map(e -> text(e.key()) + "=" + text(e.value()))
                                .toList())
                .containsExactly("a={\"usr\":\"u1\",\"n\":1}", "null={\"usr\":\"u2\",\"n\":2}");
        assertThat(rows("SELECT * FROM by_page")).containsExactly("[a, u1, 1]", "[null, u2, 2]");
    }

    @Test
    void a_star_has_the_key_first_and_by_itself() {
        run("CREATE STREAM clicks (usr VARCHAR KEY, page VARCHAR, n INT)");
        run("CREATE STREAM twice AS SELECT * FROM clicks PARTITION BY n * 2, page");

        assertThat(rows("DESCRIBE twice"))
                .containsExactly(
                        "[KSQL_COL_0, INT, KEY]",
                        "[n, INT, null]",
                        "[page, VARCHAR, KEY]",
                        "[usr, VARCHAR, null]");
        assertThat(engine.catalog().relation("twice").orElseThrow().schema().names())
                .containsExactly("KSQL_COL_0", "page", "usr", "n");
        assertThat(engine.catalog().relation("twice").orElseThrow().keyFormat())
                .isEqualTo(Format.JSON);
    }

    @Test
    void partition_by_null_takes_the_key_away() {
        run("CREATE STREAM clicks (usr VARCHAR KEY, n INT)");
        run("CREATE STREAM free AS SELECT * FROM clicks PARTITION BY NULL");

        assertThat(engine.catalog().relation("free").orElseThrow().keyColumns()).isEmpty();
    }

    @Test
    void partition_by_is_refused_where_it_makes_no_sense() {
        run("CREATE STREAM clicks (usr VARCHAR KEY, n INT, m MAP<VARCHAR, INT>)");
        items();

        assertThat(refused("CREATE STREAM x AS SELECT n FROM clicks PARTITION BY usr"))
                .hasMessage("the key usr is not selected");
        assertThat(refused("CREATE STREAM x AS SELECT * FROM items PARTITION BY name").state())
                .isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
        assertThat(refused("CREATE TABLE x AS SELECT * FROM clicks PARTITION BY n").state())
                .isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
        assertThat(refused("CREATE STREAM x AS SELECT * FROM clicks PARTITION BY m"))
                .hasMessage("a key of type MAP<VARCHAR, INT> is not supported");
        assertThat(refused("SELECT * FROM clicks PARTITION BY n").state())
                .isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
        assertThat(
                        refused(
                                        "CREATE STREAM x AS SELECT n FROM clicks GROUP BY n"
                                                + " PARTITION BY n")
                                .state())
                .isEqualTo(SqlState.SYNTAX_ERROR);
        assertThat(refused("CREATE STREAM x AS SELECT * FROM clicks PARTITION BY n, NULL").state())
                .isEqualTo(SqlState.SYNTAX_ERROR);
    }

    // ---- DROP … CASCADE

    @Test
    void drop_cascade_takes_the_readers_with_it() {
        items();
        run("CREATE TABLE a AS SELECT id, name FROM items");
        run("CREATE TABLE b AS SELECT id, name FROM a");
        run("CREATE TABLE c AS SELECT a.id AS id, b.name AS name FROM a JOIN b ON a.id = b.id");

        assertThat(refused("DROP TABLE a").state()).isEqualTo(SqlState.DEPENDENT_OBJECTS);
        StatementResult.Done done = (StatementResult.Done) run("DROP TABLE a CASCADE DELETE TOPIC");

        assertThat(done.tag()).isEqualTo("DROP TABLE");
        assertThat(rows("SELECT id FROM items")).hasSize(2);
        assertThat(rows("SHOW TABLES")).hasSize(1);
        assertThat(log.topic("a")).isEmpty();
        assertThat(log.topic("b")).isPresent();

        engine.close();
        start();
        assertThat(rows("SHOW TABLES")).hasSize(1);
    }

    // ---- ALTER

    @Test
    void alter_adds_columns_that_the_records_may_have_already() {
        run(
                "CREATE STREAM s (k VARCHAR KEY, a INT, st STRUCT<x INT, \"y z\" INT>) WITH"
                        + " (KAFKA_TOPIC = 's_topic', PARTITIONS = 1)");
        log.send("s_topic", 0, 1, "k1", "{\"a\": 1, \"b\": \"old\"}");

        assertThat(tag("ALTER STREAM s ADD COLUMN b VARCHAR, ADD \"Column\" INT"))
                .isEqualTo("ALTER STREAM");
        run("INSERT INTO s (k, a, b, \"Column\") VALUES ('k2', 2, 'new', 7)");

        assertThat(rows("SELECT k, a, b, \"Column\" FROM s"))
                .containsExactly("[k1, 1, old, null]", "[k2, 2, new, 7]");

        engine.close();
        start();
        assertThat(rows("SELECT k, b FROM s")).containsExactly("[k1, old]", "[k2, new]");
        assertThat(rows("DESCRIBE s")).hasSize(5);
    }

    @Test
    void alter_keeps_the_rows_of_a_table() {
        items();
        run("ALTER TABLE items ADD COLUMN colour VARCHAR");
        run("UPDATE items SET colour = 'red' WHERE id = 2");

        assertThat(rows("SELECT id, name, colour FROM items"))
                .containsExactly("[1, pen, null]", "[2, ink, red]");
    }

    @Test
    void alter_is_refused_where_it_cannot_be() {
        items();
        run("CREATE TABLE a AS SELECT id, name FROM items");

        assertThat(refused("ALTER TABLE a ADD COLUMN x INT").state())
                .isEqualTo(SqlState.WRONG_OBJECT_TYPE);
        assertThat(refused("ALTER TABLE items ADD COLUMN x INT").state())
                .isEqualTo(SqlState.DEPENDENT_OBJECTS);
        run("DROP TABLE a");
        assertThat(refused("ALTER STREAM items ADD COLUMN x INT").state())
                .isEqualTo(SqlState.WRONG_OBJECT_TYPE);
        assertThat(refused("ALTER TABLE items ADD COLUMN NAME INT").state())
                .isEqualTo(SqlState.DUPLICATE_COLUMN);
        assertThat(refused("ALTER TABLE items ADD COLUMN x INT PRIMARY KEY").state())
                .isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
    }

    // ---- INSERT with a column that gives the time

    @Test
    void a_row_must_have_the_column_that_gives_its_time() {
        run("CREATE TABLE t (id INT PRIMARY KEY, at BIGINT) WITH (TIMESTAMP = 'at')");
        run("INSERT INTO t VALUES (1, 5)");

        SqlException missing = refused("INSERT INTO t (id) VALUES (1)");
        assertThat(missing).hasMessage("column \"at\" gives the row's time and cannot be NULL");
        assertThat(missing.position()).isPresent();
        assertThat(refused("UPDATE t SET at = NULL WHERE id = 1").state())
                .isEqualTo(SqlState.NOT_NULL_VIOLATION);
        assertThat(rows("SELECT id, ROWTIME FROM t")).containsExactly("[1, 5]");
    }

    // ---- SET

    @Test
    void set_takes_only_what_means_something() {
        run("SET 'auto.offset.reset' = 'LATEST'");
        assertThat(session.property("auto.offset.reset")).contains("latest");
        run("SET 'ksql.streams.auto.offset.reset' = 'earliest'");
        assertThat(session.property("auto.offset.reset")).contains("earliest");
        run("SET 'processing.guarantee' = 'exactly_once_v2'");
        run("SET 'ksql.streams.num.stream.threads' = '4'");
        run("UNSET 'auto.offset.reset'");

        assertThat(rows("SHOW PROPERTIES")).contains("[auto.offset.reset, earliest]");
        SqlException unknown = refused("SET 'auto.offset.rest' = 'latest'");
        assertThat(unknown).hasMessage("unknown property \"auto.offset.rest\"");
        assertThat(unknown.hint().orElseThrow()).startsWith("Did you mean \"auto.offset.reset\"?");
        assertThat(unknown.position()).isPresent();
        assertThat(refused("SET 'auto.offset.reset' = 'newest'"))
                .hasMessage("property \"auto.offset.reset\" cannot be \"newest\"");
        assertThat(refused("UNSET 'nonsense'").state()).isEqualTo(SqlState.INVALID_PARAMETER);
        assertThat(refused("SET 'ksql.persistence.wrap.single.values' = 'false'").state())
                .isEqualTo(SqlState.FEATURE_NOT_SUPPORTED);
    }

    // ---- variables

    @Test
    void a_variable_stands_for_its_value() {
        run("DEFINE topic = 'things'");
        run("DEFINE n = '3'");
        run(
                "CREATE STREAM ${topic} (v VARCHAR) WITH (KAFKA_TOPIC = '${TOPIC}', PARTITIONS ="
                        + " ${n})");
        run("INSERT INTO things VALUES ('$${n} is ${n}, ${unknown}')");

        assertThat(rows("SELECT v FROM things")).containsExactly("[${n} is 3, ${unknown}]");
        assertThat(rows("SHOW VARIABLES")).containsExactly("[n, 3]", "[topic, things]");
        run("UNDEFINE n");
        assertThat(rows("SHOW VARIABLES")).containsExactly("[topic, things]");
        assertThat(refused("UNDEFINE n").state()).isEqualTo(SqlState.UNDEFINED_OBJECT);
    }
}
