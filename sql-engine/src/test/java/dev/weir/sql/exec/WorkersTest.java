package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.MemoryTopicLog.Entry;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/// The answer does not depend on how many workers computed it, nor on where steps were cut, nor on
/// how often the engine was started again with how many workers: random programs over random
/// records.
class WorkersTest {
    private static final Duration LONG = Duration.ofSeconds(60);
    private static final long T0 = Instant.parse("2026-01-01T00:00:00Z").toEpochMilli();
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(T0));

    @TempDir Path dir;

    private final long seed = Long.getLong("weir.seed", System.nanoTime());
    private final Random random = new Random(seed);
    private final List<Run> runs = new ArrayList<>();
    private int engines;

    /// A derived relation that a program may have.
    ///
    /// @param needs other derived relations it reads
    private record Derived(String name, boolean table, String sql, String... needs) {}

    /// A record sent to a topic.
    private record Sent(String topic, int partition, long timestamp, String key, String value) {}

    /// An engine over its own log.
    private final class Run {
        final Path state = dir.resolve("engine" + engines++);
        final MemoryTopicLog log = new MemoryTopicLog();
        final SqlSession session = new SqlSession("test");
        int workers;
        int stepRows;
        SqlEngine engine;

        Run(int workers, int stepRows) {
            this.workers = workers;
            this.stepRows = stepRows;
            start();
            runs.add(this);
        }

        void start() {
            EngineConfig config =
                    new EngineConfig(
                            state, Duration.ofMillis(20), stepRows, workers, 5, 64 << 20, false);
            engine = SqlEngine.start(config, log, CLOCK);
        }

        void execute(String sql) {
            engine.execute(sql, session);
        }

        void send(Sent sent) {
            log.send(sent.topic, sent.partition, sent.timestamp, sent.key, sent.value);
        }

        void level() throws InterruptedException {
            for (int i = 0; i < 2; i++) {
                assertThat(engine.awaitLevel(LONG)).as("seed %s", seed).isTrue();
            }
            assertThat(engine.queries())
                    .as("seed %s", seed)
                    .allMatch(query -> query.error().isEmpty());
        }

        List<String> rows(String relation) {
            StatementResult.Rows rows =
                    (StatementResult.Rows) engine.execute("SELECT * FROM " + relation, session);
            return rows.rows().stream().map(Arrays::toString).sorted().toList();
        }
    }

    @BeforeEach
    void tellSeed() {
        System.out.println("seed " + seed);
    }

    @AfterEach
    void close() {
        runs.forEach(run -> run.engine.close());
    }

    // ---- Programs

    private List<String> sources() {
        return List.of(
                "CREATE STREAM s (k VARCHAR KEY, a INT, b BIGINT, c VARCHAR, d DECIMAL(9, 2)) WITH"
                        + " (kafka_topic = 's', value_format = 'JSON', partitions = "
                        + (1 + random.nextInt(3))
                        + ")",
                "CREATE TABLE t (id BIGINT PRIMARY KEY, a INT, c VARCHAR) WITH"
                        + " (kafka_topic = 't', key_format = 'JSON', value_format = 'JSON',"
                        + " partitions = "
                        + (1 + random.nextInt(3))
                        + ")",
                "CREATE TABLE u (c VARCHAR PRIMARY KEY, x BIGINT) WITH"
                        + " (kafka_topic = 'u', value_format = 'JSON', partitions = 2)");
    }

    private List<Derived> menu() {
        int n = random.nextInt(20);
        return List.of(
                new Derived("few", false, "SELECT k, a, b, c FROM s WHERE a > " + n),
                new Derived("ratio", false, "SELECT k, 100 / (a - " + n + ") AS r, c FROM s"),
                new Derived(
                        "by_a",
                        true,
                        "SELECT a, COUNT(*) AS n, SUM(b) AS total, MIN(b) AS least, MAX(c) AS most"
                                + " FROM s GROUP BY a"),
                new Derived(
                        "by_ac",
                        true,
                        "SELECT a, c, COUNT(b) AS n, AVG(b) AS mean, SUM(d) AS money FROM s"
                                + " GROUP BY a, c"),
                new Derived(
                        "by_ca",
                        true,
                        "SELECT c, a, SUM(n) AS n FROM by_ac GROUP BY c, a",
                        "by_ac"),
                new Derived(
                        "by_ac_again",
                        true,
                        "SELECT a, c, SUM(n) AS n, MAX(mean) AS mean FROM by_ac GROUP BY a, c",
                        "by_ac"),
                new Derived(
                        "hot",
                        true,
                        "SELECT MOD(b, 2) AS h, COUNT(*) AS n FROM s GROUP BY MOD(b, 2)"),
                new Derived("unique_keys", true, "SELECT k, b, MAX(a) AS a FROM s GROUP BY k, b"),
                new Derived(
                        "minutes",
                        true,
                        "SELECT c, COUNT(*) AS n, SUM(b) AS total FROM s"
                                + " WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY c"),
                new Derived(
                        "sizes", true, "SELECT n, COUNT(*) AS groups FROM by_a GROUP BY n", "by_a"),
                new Derived("large", true, "SELECT a, n FROM by_a WHERE n > 10", "by_a"),
                new Derived(
                        "t_by_c",
                        true,
                        "SELECT c, COUNT(*) AS n, MIN(a) AS least, MAX(id) AS most FROM t GROUP BY"
                                + " c"),
                new Derived("few_by_c", true, "SELECT c, COUNT(*) AS n FROM few GROUP BY c", "few"),
                new Derived(
                        "t_u",
                        true,
                        "SELECT t.id AS id, u.c AS uc, t.a AS a, u.x AS x FROM t JOIN u ON t.c ="
                                + " u.c"),
                new Derived(
                        "t_by_a",
                        true,
                        "SELECT t.id AS id, g.a AS ga, g.n AS n FROM t JOIN by_a g ON t.id = g.a",
                        "by_a"),
                new Derived(
                        "twice",
                        true,
                        "SELECT p.c AS pc, q.c AS qc, p.n AS pn, q.n AS qn FROM t_by_c p"
                                + " JOIN few_by_c q ON p.c = q.c AND p.n > q.n - 40",
                        "t_by_c",
                        "few_by_c"),
                new Derived(
                        "totals", true, "SELECT x, SUM(a) AS total FROM t_u GROUP BY x", "t_u"));
    }

    private List<Derived> program() {
        List<Derived> chosen = new ArrayList<>();
        Set<String> names = new LinkedHashSet<>();
        for (Derived derived : menu()) {
            if (random.nextInt(10) < 7 && names.containsAll(List.of(derived.needs))) {
                chosen.add(derived);
                names.add(derived.name);
            }
        }
        return chosen;
    }

    private static String create(Derived derived, int partitions) {
        return "CREATE "
                + (derived.table ? "TABLE " : "STREAM ")
                + derived.name
                + " WITH (key_format = 'JSON', partitions = "
                + partitions
                + ") AS "
                + derived.sql
                + " EMIT CHANGES";
    }

    // ---- Records

    private List<Sent> records(MemoryTopicLog log, int count) {
        List<Sent> records = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            records.add(
                    switch (random.nextInt(10)) {
                        case 0, 1 -> ofT(log);
                        case 2 -> ofU(log);
                        default -> ofS(log);
                    });
        }
        return records;
    }

    private Sent ofS(MemoryTopicLog log) {
        String key = "k" + random.nextInt(60);
        StringBuilder json = new StringBuilder("{\"b\":").append(random.nextInt(1000));
        if (random.nextInt(12) != 0) {
            json.append(",\"a\":").append(random.nextInt(40));
        }
        if (random.nextInt(12) != 0) {
            json.append(",\"c\":\"c").append(random.nextInt(15)).append('"');
        }
        json.append(",\"d\":").append(random.nextInt(100)).append('.').append(random.nextInt(10));
        String value = random.nextInt(200) == 0 ? "{" : json.append('}').toString();
        int partitions = log.topic("s").orElseThrow().partitions();
        return new Sent(
                "s",
                Math.floorMod(key.hashCode(), partitions),
                T0 + random.nextInt(300_000),
                key,
                value);
    }

    private Sent ofT(MemoryTopicLog log) {
        int id = random.nextInt(40);
        String key = random.nextInt(40) == 0 ? null : Integer.toString(id);
        String value =
                random.nextInt(5) == 0
                        ? null
                        : "{\"a\":"
                                + (random.nextInt(8) == 0 ? null : random.nextInt(40))
                                + ",\"c\":\"c"
                                + random.nextInt(15)
                                + "\"}";
        int partitions = log.topic("t").orElseThrow().partitions();
        return new Sent("t", id % partitions, T0 + random.nextInt(300_000), key, value);
    }

    private Sent ofU(MemoryTopicLog log) {
        String key = "c" + random.nextInt(15);
        int partitions = log.topic("u").orElseThrow().partitions();
        return new Sent(
                "u",
                Math.floorMod(key.hashCode(), partitions),
                T0 + random.nextInt(300_000),
                key,
                random.nextInt(5) == 0 ? null : "{\"x\":" + random.nextInt(10) + "}");
    }

    // ---- What must be the same

    /// The values of each key of a topic, in their order.
    private static Map<String, List<String>> byKey(Run run, String topic) {
        Map<String, List<String>> values = new TreeMap<>();
        for (Entry entry : run.log.committed(topic)) {
            String key = entry.key() == null ? "" : HexFormat.of().formatHex(entry.key());
            values.computeIfAbsent(key, k -> new ArrayList<>()).add(entry.valueText());
        }
        return values;
    }

    /// The last value of each key of a topic.
    private static Map<String, String> latest(Run run, String topic) {
        Map<String, String> latest = new TreeMap<>();
        byKey(run, topic)
                .forEach((key, values) -> {
                    if (values.getLast() != null) {
                        latest.put(key, values.getLast());
                    }
                });
        return latest;
    }

    private void compare(Run expected, Run actual, List<Derived> program) {
        for (Derived derived : program) {
            String what =
                    "seed %s, %s with %d workers in steps of %d"
                            .formatted(seed, derived.name, actual.workers, actual.stepRows);
            if (derived.table) {
                assertThat(actual.rows(derived.name))
                        .as(what)
                        .isEqualTo(expected.rows(derived.name));
                assertThat(latest(actual, derived.name))
                        .as(what)
                        .isEqualTo(latest(expected, derived.name));
            } else {
                assertThat(byKey(actual, derived.name))
                        .as(what)
                        .isEqualTo(byKey(expected, derived.name));
            }
        }
        assertThat(letters(actual)).as("seed %s", seed).isEqualTo(letters(expected));
    }

    /// What could not be read or computed of records: their places.
    private static List<String> letters(Run run) {
        return run.log.committed("_weir_dead_letters").stream()
                .map(Entry::valueText)
                .filter(letter -> letter.contains("\"offset\":"))
                // Who met a malformed record first differs, and queries that are filled at the same
                // time each tell of it.
                .map(letter -> letter.substring(letter.indexOf("\"topic\"")))
                .distinct()
                .sorted()
                .toList();
    }

    /// Mostly hundreds of records, sometimes a few.
    private int stepRows() {
        return 1 + random.nextInt(random.nextInt(4) == 0 ? 10 : 1000);
    }

    private int partitions() {
        return 1 + random.nextInt(3);
    }

    @Test
    void any_number_of_workers_gives_the_answer_of_one_big_step_of_one() throws Exception {
        for (int round = 0; round < 3; round++) {
            List<String> sources = sources();
            List<Derived> program = program();
            List<String> statements =
                    program.stream().map(derived -> create(derived, partitions())).toList();
            Run whole = new Run(1, 1 << 20);
            sources.forEach(whole::execute);
            List<Sent> records = records(whole.log, 200 + random.nextInt(1500));
            records.forEach(whole::send);
            statements.forEach(whole::execute);
            whole.level();
            for (int workers : new int[] {1, 2, 3, 5}) {
                Run run = new Run(workers, stepRows());
                sources.forEach(run::execute);
                // Some queries are made before there is anything to read, some while it comes.
                int made = 0;
                int sent = 0;
                while (made < statements.size() || sent < records.size()) {
                    if (made < statements.size() && random.nextBoolean()) {
                        run.execute(statements.get(made++));
                    }
                    int next = Math.min(records.size(), sent + random.nextInt(800));
                    records.subList(sent, next).forEach(run::send);
                    sent = next;
                }
                run.level();
                compare(whole, run, program);
                run.engine.close();
            }
            whole.engine.close();
            runs.clear();
        }
    }

    @Test
    void an_engine_may_be_started_again_with_another_number_of_workers() throws Exception {
        for (int round = 0; round < 2; round++) {
            List<String> sources = sources();
            List<Derived> program = program();
            List<String> statements =
                    program.stream().map(derived -> create(derived, partitions())).toList();
            Run whole = new Run(1, 1 << 20);
            Run run = new Run(2, stepRows());
            sources.forEach(whole::execute);
            sources.forEach(run::execute);
            int made = 0;
            for (int workers : new int[] {1, 3, 2, 5, 2, 1, 4}) {
                for (; made < statements.size() && random.nextInt(4) != 0; made++) {
                    run.execute(statements.get(made));
                }
                for (Sent record : records(whole.log, random.nextInt(600))) {
                    whole.send(record);
                    run.send(record);
                }
                if (random.nextBoolean()) {
                    run.engine.close();
                } else {
                    if (random.nextBoolean()) {
                        run.level();
                    }
                    run.engine.halt();
                }
                run.workers = workers;
                run.stepRows = stepRows();
                run.start();
            }
            for (; made < statements.size(); made++) {
                run.execute(statements.get(made));
            }
            run.level();
            statements.forEach(whole::execute);
            whole.level();
            compare(whole, run, program);
            run.engine.close();
            whole.engine.close();
            runs.clear();
        }
    }
}
