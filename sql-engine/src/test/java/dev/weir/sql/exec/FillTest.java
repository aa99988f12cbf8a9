package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.MemoryTopicLog.Entry;

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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/// New queries are brought level beside the main sequence.
@Timeout(180)
class FillTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));

    /// Each query by its relation: as it is kept up to date, and what it must equal.
    private static final Map<String, String> QUERIES =
            new TreeMap<>(
                    Map.of(
                            "by_city",
                            "SELECT city, COUNT(*) AS n, SUM(age) AS ages FROM people GROUP BY"
                                    + " city",
                            "homes",
                            "SELECT p.id AS id, p.age AS age, c.country AS country FROM people p"
                                    + " JOIN cities c ON p.city = c.city",
                            "pairs",
                            "SELECT a.id AS id, a.city AS city, b.age AS age FROM people a"
                                    + " JOIN people b ON a.id = b.id",
                            "visits_by",
                            "SELECT person, COUNT(*) AS n FROM visits GROUP BY person",
                            "one",
                            "SELECT id, city FROM people WHERE id = 'p7'",
                            "ages",
                            "SELECT n, COUNT(*) AS cities FROM by_city GROUP BY n"));

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
        // Slices of 20 rows: filling takes many of them.
        return new EngineConfig(dir, Duration.ofMillis(5), 20, 3, 8, 64 << 20, false);
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

    private void sources() {
        run(
                "CREATE TABLE people (id VARCHAR PRIMARY KEY, city VARCHAR, age BIGINT)"
                        + " WITH (KAFKA_TOPIC='people', PARTITIONS=2)");
        run(
                "CREATE TABLE cities (city VARCHAR PRIMARY KEY, country VARCHAR)"
                        + " WITH (KAFKA_TOPIC='cities', PARTITIONS=1)");
        run(
                "CREATE STREAM visits (person VARCHAR, at_ms BIGINT)"
                        + " WITH (KAFKA_TOPIC='visits', PARTITIONS=3)");
    }

    private void some(Random random, int count, int people) {
        for (int i = 0; i < count; i++) {
            String person = "p" + random.nextInt(people);
            int partition = Math.floorMod(person.hashCode(), 2);
            switch (random.nextInt(10)) {
                case 0 -> log.send("people", partition, 1, person, null);
                case 1 ->
                        log.send(
                                "cities",
                                0,
                                1,
                                "c" + random.nextInt(9),
                                random.nextInt(4) == 0
                                        ? null
                                        : "{\"country\":\"l" + random.nextInt(4) + "\"}");
                case 2, 3, 4 ->
                        log.send(
                                "visits",
                                random.nextInt(3),
                                1,
                                null,
                                "{\"person\":\"" + person + "\",\"at_ms\":" + i + "}");
                default ->
                        log.send(
                                "people",
                                partition,
                                1,
                                person,
                                "{\"city\":\"c"
                                        + random.nextInt(9)
                                        + "\",\"age\":"
                                        + random.nextInt(90)
                                        + "}");
            }
        }
    }

    private void assertAllRight(String seed) {
        for (String name : engineTables()) {
            assertThat(rows("SELECT * FROM " + name))
                    .as("%s, seed %s", name, seed)
                    .isEqualTo(rows(QUERIES.get(name)));
            assertThat(keysLeft(name))
                    .as("topic of %s, seed %s", name, seed)
                    .isEqualTo(rows("SELECT * FROM " + name).size());
        }
    }

    private List<String> engineTables() {
        return QUERIES.keySet().stream()
                .filter(name -> engine.catalog().relation(name).isPresent())
                .toList();
    }

    /// Keys a consumer of the topic ends up with; no record may repeat the one before it.
    private int keysLeft(String topic) {
        Map<String, String> left = new TreeMap<>();
        for (Entry entry : log.committed(topic)) {
            String before =
                    entry.value() == null
                            ? left.remove(entry.keyText())
                            : left.put(entry.keyText(), entry.valueText());
            assertThat(entry.valueText()).as("again in " + topic).isNotEqualTo(before);
        }
        return left.size();
    }

    private void create(String name) {
        run("CREATE TABLE " + name + " AS " + QUERIES.get(name) + " EMIT CHANGES");
    }

    @Test
    void queries_made_one_behind_the_other_over_large_tables_are_filled_beside_the_steps()
            throws Exception {
        sources();
        some(new Random(1), 4000, 700);
        for (String name : List.of("by_city", "ages", "homes", "pairs", "visits_by", "one")) {
            create(name);
            some(new Random(2), 200, 700);
        }
        level();
        assertAllRight("1");
    }

    @Test
    void a_query_that_runs_goes_on_while_another_is_filled() throws Exception {
        sources();
        create("visits_by");
        some(new Random(1), 3000, 2000);
        level();
        create("pairs");
        // The worker does one slice between two steps; those rows take more than one.
        log.send("visits", 0, 1, null, "{\"person\":\"now\",\"at_ms\":0}");
        while (rows("SELECT n FROM visits_by WHERE person = 'now'").isEmpty()) {
            Thread.onSpinWait();
        }
        assertThat(
                        engine.queries().stream()
                                .filter(q -> q.sinks().contains("pairs"))
                                .findFirst()
                                .orElseThrow()
                                .state())
                .isEqualTo(QueryInfo.State.BACKFILLING);
        level();
        assertAllRight("1");
    }

    @Test
    void nothing_of_a_query_is_seen_before_it_is_level() throws Exception {
        sources();
        some(new Random(3), 3000, 900);
        create("homes");
        // A pull query waits for it.
        assertThat(rows("SELECT * FROM homes")).isEqualTo(rows(QUERIES.get("homes")));
        run("CREATE STREAM far AS SELECT person FROM visits EMIT CHANGES");
        assertThat(rows("SELECT person FROM far")).isEqualTo(rows("SELECT person FROM visits"));
    }

    @Test
    void a_query_that_is_being_filled_can_be_dropped_and_terminated() throws Exception {
        sources();
        some(new Random(4), 3000, 900);
        for (int round = 0; round < 5; round++) {
            create("pairs");
            run("DROP TABLE pairs DELETE TOPIC");
        }
        create("homes");
        run("TERMINATE ALL");
        List<String> left = rows("SELECT * FROM homes");
        create("pairs");
        level();
        restart();
        assertThat(rows("SELECT * FROM homes")).isEqualTo(left);
        run("DROP TABLE homes DELETE TOPIC");
        create("homes");
        level();
        assertAllRight("4");
    }

    private void restart() {
        engine.close();
        engine = SqlEngine.start(config(), log, CLOCK);
    }

    @Test
    void a_clean_restart_in_the_middle_changes_nothing() throws Exception {
        sources();
        some(new Random(5), 3000, 900);
        create("homes");
        restart();
        create("visits_by");
        create("by_city");
        create("ages");
        restart();
        some(new Random(6), 300, 900);
        level();
        assertAllRight("5");
    }

    @Test
    void at_random_moments_power_fails_and_nothing_is_lost_or_twice() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        sources();
        some(random, 3000, 500);
        for (int crash = 0; crash < 12; crash++) {
            log.failAfterWrites(random.nextInt(250));
            Thread writer = Thread.ofVirtual().unstarted(() -> write(new Random(seed), 500));
            try {
                writer.start();
                for (String name : missing(random)) {
                    create(name);
                }
                if (random.nextInt(3) == 0) {
                    List<String> there = engineTables();
                    if (there.contains("pairs")) {
                        run("DROP TABLE pairs DELETE TOPIC");
                    }
                }
                engine.awaitLevel(LONG);
            } catch (SqlException e) {
                assertThat(e.state()).as(e.getMessage()).isEqualTo(SqlState.IO_ERROR);
            }
            engine.halt();
            log.stop();
            writer.join();
            log = log.afterPowerLoss(random);
            engine = SqlEngine.start(config(), log, CLOCK);
        }
        while (engineTables().size() < QUERIES.size()) {
            for (String name : missing(random)) {
                create(name);
            }
        }
        level();
        assertAllRight(Long.toString(seed));
    }

    private void write(Random random, int people) {
        try {
            some(random, 400, people);
        } catch (SqlException e) {
            // The power has failed.
            assertThat(e.state()).isEqualTo(SqlState.IO_ERROR);
        }
    }

    /// Some queries that are not there and can be made, in an order in which they can.
    private List<String> missing(Random random) {
        Set<String> there = new HashSet<>(engineTables());
        List<String> missing = new ArrayList<>();
        for (String name : List.of("by_city", "homes", "pairs", "visits_by", "one", "ages")) {
            if (!there.contains(name) && log.topic(name).isPresent()) {
                log.deleteTopic(name);
            }
            if (!there.contains(name)
                    && (!name.equals("ages") || there.contains("by_city"))
                    && random.nextInt(3) != 0) {
                missing.add(name);
                there.add(name);
            }
        }
        return missing;
    }
}
