package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.MemoryTopicLog;
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
import java.util.Random;

/// What others write into the topic of a derived stream reaches the stream's readers.
@Timeout(120)
class DerivedStreamTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));
    private static final String ALL = "CREATE STREAM sales AS SELECT * FROM web";
    private static final String TOTAL =
            "CREATE TABLE total AS SELECT id, COUNT(*) AS n, SUM(amount) AS s FROM sales GROUP BY"
                    + " id";

    @TempDir Path dir;
    private MemoryTopicLog log = new MemoryTopicLog();
    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;

    @BeforeEach
    void start() {
        engine = SqlEngine.start(config(), log, CLOCK);
        for (String name : List.of("web", "phone")) {
            run(
                    "CREATE STREAM "
                            + name
                            + " (id VARCHAR KEY, amount BIGINT) WITH (KAFKA_TOPIC='"
                            + name
                            + "', PARTITIONS=2)");
        }
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private EngineConfig config() {
        return new EngineConfig(dir, Duration.ofMillis(10), 30, 3, 10, 64 << 20, false);
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

    private void sell(String stream, String id, long amount) {
        log.send(stream, Math.floorMod(id.hashCode(), 2), 1, id, "{\"amount\":" + amount + "}");
    }

    private long journalEnd() {
        return log.endOffset(new TopicPartition(Journal.TOPIC, 0));
    }

    @Test
    void clients_values_and_queries_insert_beside_the_streams_own_query() throws Exception {
        sell("web", "a", 1);
        run(ALL);
        run(TOTAL);
        run("INSERT INTO sales SELECT id, amount * 10 AS amount FROM phone");
        sell("phone", "a", 2);
        sell("sales", "a", 100);
        sell("web", "a", 1000);
        run("INSERT INTO sales (id, amount) VALUES ('b', 5)");
        assertThat(rows("SELECT id, s FROM total WHERE id = 'b'")).containsExactly("[b, 5]");
        level();
        assertThat(rows("SELECT * FROM total")).containsExactly("[a, 4, 1121]", "[b, 1, 5]");
        assertThat(rows("SELECT amount FROM sales"))
                .containsExactly("[1000]", "[100]", "[1]", "[20]", "[5]");
        restart();
        sell("sales", "b", 1);
        sell("web", "b", 2);
        level();
        assertThat(rows("SELECT * FROM total")).containsExactly("[a, 4, 1121]", "[b, 3, 8]");
    }

    @Test
    void a_query_that_comes_later_reads_what_others_wrote_and_goes_on_behind_it() throws Exception {
        run(ALL);
        sell("sales", "a", 1);
        sell("web", "a", 2);
        level();
        sell("sales", "a", 4);
        run(TOTAL);
        run("CREATE STREAM large AS SELECT * FROM sales WHERE amount > 3");
        sell("web", "a", 8);
        sell("sales", "a", 16);
        sell("large", "a", 32);
        run("CREATE TABLE larger AS SELECT id, SUM(amount) AS s FROM large GROUP BY id");
        level();
        assertThat(rows("SELECT * FROM total")).containsExactly("[a, 5, 31]");
        assertThat(rows("SELECT * FROM larger")).containsExactly("[a, 60]");
    }

    @Test
    void own_records_are_passed_over_without_a_step() throws Exception {
        run(ALL);
        run(TOTAL);
        level();
        long before = journalEnd();
        for (int i = 1; i <= 20; i++) {
            sell("web", "a", i);
            level();
        }
        engine.awaitWorker();
        level();
        assertThat(journalEnd() - before).isLessThanOrEqualTo(20);
        assertThat(rows("SELECT * FROM total")).containsExactly("[a, 20, 210]");
    }

    @Test
    void the_stream_goes_on_with_what_others_write_when_its_query_was_ended() throws Exception {
        run(ALL);
        run(TOTAL);
        sell("web", "a", 1);
        level();
        String id =
                engine.queries().stream()
                        .filter(q -> q.sinks().equals(List.of("sales")))
                        .findFirst()
                        .orElseThrow()
                        .id();
        PushQuery live =
                ((StatementResult.Live) run("SELECT amount FROM sales EMIT CHANGES")).query();
        assertThat(next(live)).isEqualTo(1L);
        run("TERMINATE " + id);
        sell("web", "a", 2);
        sell("sales", "a", 4);
        level();
        assertThat(next(live)).isEqualTo(4L);
        assertThat(rows("SELECT * FROM total")).containsExactly("[a, 2, 5]");
        restart();
        sell("sales", "a", 8);
        level();
        assertThat(rows("SELECT * FROM total")).containsExactly("[a, 3, 13]");
    }

    private static Object next(PushQuery query) throws InterruptedException {
        return query.poll(LONG).rows().getFirst().values()[0];
    }

    @Test
    void a_reader_waits_while_a_transaction_of_somebody_else_hides_own_records() throws Exception {
        run(ALL);
        run(TOTAL);
        level();
        RecordBlock block = new RecordBlock();
        block.append(
                -1,
                1,
                "a".getBytes(StandardCharsets.UTF_8),
                "{\"amount\":1}".getBytes(StandardCharsets.UTF_8));
        log.openForeign(new TopicPartition("sales", 0), 7, block);
        log.openForeign(new TopicPartition("sales", 1), 7, block);
        sell("web", "a", 2);
        assertThat(engine.awaitLevel(LONG)).isTrue();
        run("CREATE TABLE late AS SELECT id, SUM(amount) AS s FROM sales GROUP BY id");
        PushQuery live =
                ((StatementResult.Live) run("SELECT amount FROM sales EMIT CHANGES")).query();
        sell("web", "a", 4);
        assertThat(engine.awaitLevel(Duration.ofMillis(50))).isFalse();
        log.mark(new TopicPartition("sales", 0), 7, true);
        log.mark(new TopicPartition("sales", 1), 7, true);
        level();
        assertThat(rows("SELECT s FROM late")).containsExactly("[8]");
        assertThat(rows("SELECT s FROM total")).containsExactly("[8]");
        List<Object> seen = new ArrayList<>();
        while (seen.size() < 4) {
            live.poll(LONG).rows().forEach(change -> seen.add(change.values()[0]));
        }
        assertThat(seen).containsExactlyInAnyOrder(1L, 1L, 2L, 4L);
    }

    @Test
    void records_of_others_that_cannot_be_decoded_become_dead_letters() throws Exception {
        run(ALL);
        run(TOTAL);
        log.send("sales", 0, 1, "a", "{");
        sell("sales", "a", 1);
        level();
        assertThat(rows("SELECT * FROM total")).containsExactly("[a, 1, 1]");
        assertThat(log.committed(DeadLetters.TOPIC)).hasSize(1);
    }

    @Test
    void a_derived_table_is_its_querys_alone() {
        run(ALL);
        run(TOTAL);
        for (String refused :
                List.of(
                        "INSERT INTO total (id, n, s) VALUES ('a', 1, 1)",
                        "INSERT INTO total SELECT id, 1 AS n, amount AS s FROM web",
                        "INSERT INTO sales SELECT * FROM sales")) {
            assertThatThrownBy(() -> run(refused)).as(refused).isInstanceOf(SqlException.class);
        }
    }

    @Test
    void at_random_moments_power_fails_and_each_row_counts_once() throws Exception {
        long seed = Long.getLong("weir.seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        List<String> statements =
                List.of(
                        ALL,
                        "INSERT INTO sales SELECT id, amount * 2 AS amount FROM phone WHERE amount"
                                + " > 3",
                        TOTAL,
                        "CREATE STREAM large AS SELECT * FROM sales WHERE amount > 4",
                        "INSERT INTO large SELECT * FROM phone WHERE amount < 2",
                        "CREATE TABLE larger AS SELECT id, COUNT(*) AS n, SUM(amount) AS s FROM"
                                + " large GROUP BY id");
        int made = 0;
        List<String> sent = new ArrayList<>();
        for (int crash = 0; crash < 25; crash++) {
            log.failAfterWrites(random.nextInt(150));
            try {
                for (; made < statements.size() && random.nextInt(3) > 0; made++) {
                    run(statements.get(made));
                }
                for (int i = 0; i < 100; i++) {
                    String[] to = {"web", "phone", "sales", "large"};
                    String stream = to[random.nextInt(made > 3 ? 4 : made > 0 ? 3 : 2)];
                    String id = "k" + random.nextInt(5);
                    int amount = random.nextInt(9);
                    if (log.topic(stream).isPresent()) {
                        sell(stream, id, amount);
                        if (stream.equals("sales") || stream.equals("large")) {
                            sent.add(stream + " [" + id + ", " + amount + "]");
                        }
                    }
                }
                engine.awaitLevel(LONG);
            } catch (SqlException e) {
                assertThat(e.state()).as(e.getMessage()).isEqualTo(SqlState.IO_ERROR);
            }
            engine.halt();
            log = log.afterPowerLoss(random);
            engine = SqlEngine.start(config(), log, CLOCK);
            made = engine.queries().size();
        }
        for (; made < statements.size(); made++) {
            run(statements.get(made));
        }
        level();
        List<String> sales = new ArrayList<>(rows("SELECT id, amount FROM web"));
        sales.addAll(rows("SELECT id, amount * 2 AS amount FROM phone WHERE amount > 3"));
        sales.addAll(of("sales", sent));
        sales.sort(null);
        assertThat(rows("SELECT id, amount FROM sales")).as("seed %s", seed).isEqualTo(sales);
        List<String> large = new ArrayList<>(rows("SELECT id, amount FROM sales WHERE amount > 4"));
        large.addAll(rows("SELECT id, amount FROM phone WHERE amount < 2"));
        large.addAll(of("large", sent));
        large.sort(null);
        assertThat(rows("SELECT id, amount FROM large")).as("seed %s", seed).isEqualTo(large);
        for (String[] pair : new String[][] {{"total", "sales"}, {"larger", "large"}}) {
            assertThat(rows("SELECT * FROM " + pair[0]))
                    .as("seed %s", seed)
                    .isEqualTo(
                            rows(
                                    "SELECT id, COUNT(*) AS n, SUM(amount) AS s FROM "
                                            + pair[1]
                                            + " GROUP BY id"));
        }
    }

    private static List<String> of(String stream, List<String> sent) {
        return sent.stream()
                .filter(line -> line.startsWith(stream + " "))
                .map(line -> line.substring(stream.length() + 1))
                .toList();
    }
}
