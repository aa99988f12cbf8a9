package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Queries that insert into a stream.
@Timeout(120)
class InsertSelectTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));

    @TempDir Path dir;
    private MemoryTopicLog log = new MemoryTopicLog();
    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;

    @BeforeEach
    void start() {
        engine = SqlEngine.start(config(), log, CLOCK);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private EngineConfig config() {
        return new EngineConfig(dir, Duration.ofMillis(10), 30, 2, 10, 64 << 20, false);
    }

    private void restart() {
        engine.close();
        engine = SqlEngine.start(config(), log, CLOCK);
    }

    private StatementResult run(String sql) {
        return engine.execute(sql, session);
    }

    private List<String> rows(String sql) {
        StatementResult.Rows result = (StatementResult.Rows) run(sql);
        return result.rows().stream().map(Arrays::toString).sorted().toList();
    }

    private void level() throws InterruptedException {
        // What is inserted is read in a later step, and may be inserted again.
        for (int i = 0; i < 4; i++) {
            assertThat(engine.awaitLevel(LONG)).isTrue();
        }
    }

    private void streams() {
        for (String name : List.of("web", "phone", "sales")) {
            run(
                    "CREATE STREAM "
                            + name
                            + " (id VARCHAR KEY, amount BIGINT) WITH (KAFKA_TOPIC='"
                            + name
                            + "', PARTITIONS=2)");
        }
        run("CREATE TABLE total AS SELECT id, SUM(amount) AS s FROM sales GROUP BY id");
    }

    private void sell(String stream, String id, long amount) {
        log.send(stream, Math.floorMod(id.hashCode(), 2), 1, id, "{\"amount\":" + amount + "}");
    }

    @Test
    void several_queries_insert_into_a_stream_beside_its_clients() throws Exception {
        streams();
        sell("web", "a", 1);
        run("INSERT INTO sales SELECT * FROM web");
        run("INSERT INTO sales SELECT id, amount * 10 AS amount FROM phone");
        sell("phone", "a", 2);
        sell("sales", "a", 100);
        run("INSERT INTO sales (id, amount) VALUES ('b', 5)");
        level();
        assertThat(rows("SELECT id, s FROM total")).containsExactly("[a, 121]", "[b, 5]");
        restart();
        sell("web", "b", 1);
        level();
        assertThat(rows("SELECT id, s FROM total")).containsExactly("[a, 121]", "[b, 6]");
        assertThat(rows("SELECT amount FROM sales WHERE id = 'a'"))
                .containsExactlyInAnyOrder("[1]", "[100]", "[20]");
    }

    @Test
    void a_query_that_inserts_is_listed_and_can_be_ended() throws Exception {
        streams();
        StatementResult.Done made =
                (StatementResult.Done) run("INSERT INTO sales SELECT * FROM web");
        String id = made.queryId().orElseThrow();
        assertThat(id).startsWith("INSERTQUERY_");
        assertThat(engine.queries())
                .filteredOn(q -> q.id().equals(id))
                .map(QueryInfo::sinks, QueryInfo::sources, QueryInfo::kind)
                .containsExactly(
                        tuple(List.of("sales"), List.of("web"), QueryInfo.Kind.PERSISTENT));
        assertThat(engine.catalog().relation(id)).isEmpty();
        run("DROP TABLE total");
        for (String statement : List.of("DROP STREAM sales", "DROP STREAM web")) {
            assertThatThrownBy(() -> run(statement))
                    .isInstanceOfSatisfying(
                            SqlException.class,
                            e -> assertThat(e.state()).isEqualTo(SqlState.DEPENDENT_OBJECTS))
                    .hasMessageContaining(id);
        }
        sell("web", "a", 1);
        level();
        run("TERMINATE " + id);
        sell("web", "a", 2);
        level();
        assertThat(rows("SELECT amount FROM sales")).containsExactly("[1]");
        restart();
        sell("web", "a", 3);
        level();
        assertThat(rows("SELECT amount FROM sales")).containsExactly("[1]");
        assertThat(engine.queries()).isEmpty();
        run("DROP STREAM sales");
    }

    @Test
    void cascade_ends_queries_that_read_and_write_the_stream() {
        streams();
        run("INSERT INTO sales SELECT * FROM web");
        run("INSERT INTO phone SELECT * FROM sales WHERE amount > 10");
        run("DROP STREAM sales CASCADE");
        assertThat(engine.queries()).isEmpty();
        assertThat(engine.catalog().relations())
                .map(r -> r.name())
                .containsExactlyInAnyOrder("web", "phone");
    }

    @Test
    void a_cycle_goes_through_the_topic_until_nothing_is_left_to_insert() throws Exception {
        streams();
        run("INSERT INTO sales SELECT id, amount - 1 AS amount FROM web WHERE amount > 0");
        run("INSERT INTO web SELECT id, amount FROM sales");
        sell("web", "a", 5);
        for (int i = 0; i < 12; i++) {
            level();
        }
        assertThat(rows("SELECT amount FROM sales"))
                .containsExactly("[0]", "[1]", "[2]", "[3]", "[4]");
        assertThat(rows("SELECT s FROM total")).containsExactly("[10]");
    }

    @Test
    void what_cannot_be_inserted_into_is_refused() {
        streams();
        run("CREATE STREAM large AS SELECT * FROM sales WHERE amount > 100 EMIT CHANGES");
        for (String refused :
                List.of(
                        "INSERT INTO sales SELECT * FROM sales",
                        "INSERT INTO large SELECT * FROM large",
                        "INSERT INTO total SELECT id, amount FROM web",
                        "INSERT INTO sales WITH (QUERY_ID='web') SELECT * FROM web")) {
            assertThatThrownBy(() -> run(refused)).as(refused).isInstanceOf(SqlException.class);
        }
        run("INSERT INTO sales WITH (QUERY_ID='mine') SELECT * FROM web");
        assertThatThrownBy(() -> run("CREATE STREAM mine (a INT) WITH (PARTITIONS=1)"))
                .hasMessageContaining("a query \"mine\" exists already");
        assertThat(log.topic("mine")).isEmpty();
    }

    @Test
    void at_random_moments_power_fails_and_each_row_is_inserted_once() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        streams();
        List<String> statements =
                List.of(
                        "INSERT INTO sales SELECT * FROM web",
                        "INSERT INTO sales SELECT id, amount * 2 AS amount FROM phone WHERE amount"
                                + " > 3");
        int made = 0;
        for (int crash = 0; crash < 15; crash++) {
            log.failAfterWrites(random.nextInt(120));
            try {
                for (; made < statements.size() && random.nextBoolean(); made++) {
                    run(statements.get(made));
                }
                for (int i = 0; i < 150; i++) {
                    sell(
                            random.nextBoolean() ? "web" : "phone",
                            "k" + random.nextInt(5),
                            random.nextInt(9));
                }
                engine.awaitLevel(LONG);
            } catch (SqlException e) {
                assertThat(e.state()).as(e.getMessage()).isEqualTo(SqlState.IO_ERROR);
            }
            engine.halt();
            log = log.afterPowerLoss(random);
            engine = SqlEngine.start(config(), log, CLOCK);
            made = (int) engine.queries().stream().filter(q -> q.id().startsWith("INSERT")).count();
        }
        for (; made < statements.size(); made++) {
            run(statements.get(made));
        }
        level();
        List<String> expected = new ArrayList<>(rows("SELECT id, amount FROM web"));
        expected.addAll(rows("SELECT id, amount * 2 AS amount FROM phone WHERE amount > 3"));
        expected.sort(null);
        assertThat(rows("SELECT id, amount FROM sales")).as("seed %s", seed).isEqualTo(expected);
        assertThat(rows("SELECT id, s FROM total"))
                .as("seed %s", seed)
                .isEqualTo(rows("SELECT id, SUM(amount) AS s FROM sales GROUP BY id"));
    }
}
