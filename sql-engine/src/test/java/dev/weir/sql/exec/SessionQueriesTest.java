package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;

@Timeout(120)
class SessionQueriesTest {
    @TempDir Path dir;
    private EngineFixture engine;

    @BeforeEach
    void start() {
        engine = new EngineFixture(dir);
        engine.run(
                """
                CREATE STREAM clicks (person VARCHAR KEY, amount BIGINT)
                  WITH (kafka_topic = 'clicks', value_format = 'JSON', partitions = 1)\
                """);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private void click(long time, String person, long amount) throws InterruptedException {
        engine.send("clicks", time, person, "{\"amount\":" + amount + "}");
    }

    @Test
    void rows_that_follow_each_other_by_no_more_than_the_gap_are_one_session()
            throws InterruptedException {
        engine.run(
                "CREATE TABLE visits AS SELECT person, COUNT(*) AS n, SUM(amount) AS total"
                        + " FROM clicks WINDOW SESSION (10 MILLISECONDS) GROUP BY person");
        click(100, "a", 1);
        click(110, "a", 2);
        click(121, "a", 4);
        click(100, "b", 8);
        assertThat(engine.rows("SELECT person, windowstart, windowend, n, total FROM visits"))
                .containsExactly(
                        "[a, 100, 110, 2, 3]", "[a, 121, 121, 1, 4]", "[b, 100, 100, 1, 8]");
        assertThat(engine.rows("SELECT n FROM visits WHERE person = 'a' AND windowstart > 110"))
                .containsExactly("[1]");
    }

    @Test
    void a_session_that_grows_or_merges_is_deleted_from_the_topic() throws InterruptedException {
        engine.run(
                "CREATE TABLE visits AS SELECT person, COUNT(*) AS n"
                        + " FROM clicks WINDOW SESSION (10 MILLISECONDS) GROUP BY person");
        click(100, "a", 1);
        click(115, "a", 1);
        click(115, "a", 1);
        click(107, "a", 1);
        assertThat(engine.windowed("visits", true))
                .containsExactly(
                        "a@100-100={\"n\":1}",
                        "a@115-115={\"n\":1}",
                        "a@115-115={\"n\":2}",
                        "a@100-100=null",
                        "a@115-115=null",
                        "a@100-115={\"n\":4}");
        engine.restart();
        click(95, "a", 1);
        assertThat(EngineFixture.latest(engine.windowed("visits", true)))
                .containsExactly("a@95-115={\"n\":5}");
    }

    @Test
    void a_table_of_sessions_is_read_back_from_its_topic() throws InterruptedException {
        engine.run(
                "CREATE TABLE visits AS SELECT person, COUNT(*) AS n"
                        + " FROM clicks WINDOW SESSION (10 MILLISECONDS) GROUP BY person");
        engine.run(
                """
                CREATE TABLE again (person VARCHAR PRIMARY KEY, n BIGINT)
                  WITH (kafka_topic = 'visits', value_format = 'JSON', window_type = 'SESSION')\
                """);
        engine.run("CREATE TABLE copy AS SELECT * FROM again");
        engine.run("CREATE TABLE most AS SELECT person, MAX(n) AS n FROM again GROUP BY person");
        click(5, "a", 1);
        click(30, "a", 1);
        click(31, "a", 1);
        click(1000, "b", 1);
        click(14, "a", 1);
        click(22, "a", 1);
        engine.level();
        List<String> rows = List.of("[a, 5, 31, 5]", "[b, 1000, 1000, 1]");
        assertThat(engine.rows("SELECT * FROM again")).isEqualTo(rows);
        assertThat(engine.rows("SELECT * FROM copy")).isEqualTo(rows);
        assertThat(engine.rows("SELECT * FROM most")).containsExactly("[a, 5]", "[b, 1]");
        assertThat(EngineFixture.latest(engine.windowed("copy", true)))
                .isEqualTo(EngineFixture.latest(engine.windowed("visits", true)));
    }

    @Test
    void a_condition_on_sessions_is_one_on_their_bounds() throws InterruptedException {
        engine.run(
                "CREATE TABLE longest AS SELECT person, COUNT(*) AS n FROM clicks"
                        + " WINDOW SESSION (10 MILLISECONDS) WHERE amount > 0 GROUP BY person"
                        + " HAVING windowend - windowstart > 10 AND windowstart < 5");
        click(1, "a", 1);
        click(8, "a", 1);
        click(9, "a", 0);
        assertThat(engine.rows("SELECT * FROM longest")).isEmpty();
        click(15, "a", 1);
        click(6, "b", 1);
        click(16, "b", 1);
        click(26, "b", 1);
        assertThat(engine.rows("SELECT * FROM longest")).containsExactly("[a, 1, 15, 3]");
    }

    @Test
    void a_session_without_aggregates_changes_too() throws InterruptedException {
        assertThatThrownBy(() ->
                        engine.run(
                                "CREATE STREAM seen AS SELECT person, windowstart AS s FROM clicks"
                                        + " WINDOW SESSION (10 MILLISECONDS) WHERE amount > 0"
                                        + " GROUP BY person"))
                .hasMessageContaining("the rows of this query change");
        engine.run(
                "CREATE TABLE seen AS SELECT person FROM clicks"
                        + " WINDOW SESSION (10 MILLISECONDS) GROUP BY person");
        click(1, "a", 1);
        click(8, "a", 1);
        assertThat(engine.rows("SELECT * FROM seen")).containsExactly("[a, 1, 8]");
    }

    @Test
    void a_row_is_late_when_its_session_has_closed() throws InterruptedException {
        engine.run(
                "CREATE TABLE visits AS SELECT person, COUNT(*) AS n FROM clicks WINDOW SESSION (10"
                        + " MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY person");
        click(100, "a", 1);
        click(115, "b", 1);
        // 100 + 10 + 5 is not before 115: the session is still open.
        click(101, "a", 1);
        click(117, "b", 1);
        click(101, "a", 1);
        click(101, "c", 1);
        // A row that joins an open session is not late, however old it is.
        click(106, "b", 1);
        click(100, "b", 1);
        assertThat(engine.rows("SELECT * FROM visits"))
                .containsExactly("[a, 100, 101, 2]", "[b, 100, 117, 4]");
        assertThat(engine.late()).isEqualTo(2);
    }

    @Test
    void a_final_row_comes_once_when_its_session_has_closed() throws InterruptedException {
        engine.run(
                "CREATE TABLE visits AS SELECT person, SUM(amount) AS total FROM clicks WINDOW"
                        + " SESSION (10 MILLISECONDS) GROUP BY person EMIT FINAL");
        click(1, "a", 1);
        click(9, "a", 2);
        engine.restart();
        click(19, "b", 4);
        assertThat(engine.records("visits")).isEmpty();
        click(20, "b", 8);
        assertThat(engine.windowed("visits", true)).containsExactly("a@1-9={\"total\":3}");
        click(31, "c", 1);
        assertThat(engine.windowed("visits", true))
                .containsExactly("a@1-9={\"total\":3}", "b@19-20={\"total\":12}");
    }

    private record Session(long start, long end, List<Long> amounts) {
        String row(String person) {
            long sum = amounts.stream().mapToLong(Long::longValue).sum();
            return "["
                    + person
                    + ", "
                    + start
                    + ", "
                    + end
                    + ", "
                    + amounts.size()
                    + ", "
                    + sum
                    + ", "
                    + (double) sum / amounts.size()
                    + ", "
                    + amounts.stream().mapToLong(Long::longValue).min().orElseThrow()
                    + ", v"
                    + amounts.stream().mapToLong(Long::longValue).max().orElseThrow()
                    + ", "
                    + sum
                    + ".50]";
        }

        /// Plain words: a row and all sessions that it is near become one.
        static void add(List<Session> sessions, long gap, long time, long amount) {
            long start = time;
            long end = time;
            List<Long> amounts = new ArrayList<>(List.of(amount));
            List<Session> apart = new ArrayList<>();
            for (Session session : sessions) {
                if (session.start - gap <= time && time <= session.end + gap) {
                    start = Math.min(start, session.start);
                    end = Math.max(end, session.end);
                    amounts.addAll(session.amounts);
                } else {
                    apart.add(session);
                }
            }
            apart.add(new Session(start, end, amounts));
            sessions.clear();
            sessions.addAll(apart);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void sessions_equal_a_plain_merge_in_any_order_of_rows(long seed) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        long gap = random.nextLong(1, 12);
        engine.run(
                "CREATE TABLE visits AS SELECT person, COUNT(*) AS n, SUM(amount) AS total,"
                        + " AVG(amount) AS mean, MIN(amount) AS least,"
                        + " MAX('v' || CAST(amount AS VARCHAR)) AS most,"
                        + " SUM(CAST(amount AS DECIMAL(20, 2))) + 0.50 AS exact"
                        + " FROM clicks WINDOW SESSION ("
                        + gap
                        + " MILLISECONDS) GROUP BY person");
        TreeMap<String, List<Session>> expected = new TreeMap<>();
        for (int i = 0; i < 600; i++) {
            long time = random.nextLong(-1000, 3000);
            String person = "p" + random.nextInt(4);
            long amount = random.nextLong(100, 1000);
            engine.log.send("clicks", 0, time, person, "{\"amount\":" + amount + "}");
            Session.add(
                    expected.computeIfAbsent(person, _ -> new ArrayList<>()), gap, time, amount);
            if (random.nextInt(20) == 0) {
                engine.level();
            }
            if (random.nextInt(150) == 0) {
                engine.restart();
            }
        }
        engine.level();
        List<String> rows = new ArrayList<>();
        expected.forEach((person, all) -> all.forEach(session -> rows.add(session.row(person))));
        assertThat(engine.rows("SELECT * FROM visits"))
                .as("seed " + seed + " gap " + gap)
                .containsExactlyInAnyOrderElementsOf(rows);
        assertThat(EngineFixture.latest(engine.windowed("visits", true)))
                .as("seed " + seed + " gap " + gap)
                .hasSameSizeAs(rows);
        engine.restart();
        assertThat(engine.rows("SELECT * FROM visits"))
                .as("seed " + seed + " gap " + gap + " after a restart")
                .containsExactlyInAnyOrderElementsOf(rows);
    }

    /// Each row is a step of its own, and stream time is that of the rows before it.
    @ParameterizedTest
    @ValueSource(longs = {11, 12})
    void late_and_final_rows_follow_the_rule_across_restarts(long seed)
            throws InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        long gap = random.nextLong(1, 8);
        long grace = random.nextLong(10);
        String window =
                " FROM clicks WINDOW SESSION ("
                        + gap
                        + " MILLISECONDS, GRACE PERIOD "
                        + grace
                        + " MILLISECONDS) GROUP BY person ";
        engine.run("CREATE TABLE live AS SELECT person, COUNT(*) AS n" + window);
        engine.run("CREATE TABLE done AS SELECT person, COUNT(*) AS n" + window + "EMIT FINAL");
        TreeMap<String, List<Session>> open = new TreeMap<>();
        List<String> closed = new ArrayList<>();
        long now = Long.MIN_VALUE;
        for (int i = 0; i < 150; i++) {
            long time = i * 3L + random.nextLong(50);
            String person = "p" + random.nextInt(3);
            click(time, person, 1);
            List<Session> sessions = open.computeIfAbsent(person, _ -> new ArrayList<>());
            Session.add(sessions, gap, time, 1);
            long before = now;
            sessions.removeIf(s -> before > Long.MIN_VALUE && s.end + gap + grace < before);
            now = Math.max(now, time);
            long after = now;
            open.forEach((who, all) ->
                    all.removeIf(s -> {
                        boolean over = s.end + gap + grace < after;
                        if (over) {
                            closed.add(topicRow(who, s));
                        }
                        return over;
                    }));
            if (random.nextInt(40) == 0) {
                engine.restart();
            }
        }
        List<String> all = new ArrayList<>(closed);
        open.forEach((who, sessions) -> sessions.forEach(s -> all.add(topicRow(who, s))));
        assertThat(EngineFixture.latest(engine.windowed("live", true)))
                .as("seed " + seed)
                .containsExactlyInAnyOrderElementsOf(all);
        assertThat(engine.windowed("done", true))
                .as("seed " + seed)
                .containsExactlyInAnyOrderElementsOf(closed);
    }

    private static String topicRow(String person, Session session) {
        return person
                + "@"
                + session.start
                + "-"
                + session.end
                + "={\"n\":"
                + session.amounts.size()
                + "}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    (0 SECONDS) | COUNT(*) | a window cannot have the size 0
                    (-1 SECONDS) | COUNT(*) | syntax error
                    (99999999999999999 DAYS) | COUNT(*) | a window cannot have the size 99999999999999999
                    (1 FORTNIGHT) | COUNT(*) | is not a unit of time
                    (1 HOUR, RETENTION 1 MINUTE) | COUNT(*) | RETENTION is shorter than the gap and the grace period
                    (1 HOUR) | COLLECT_LIST(amount) | COLLECT is not supported in session windows
                    (1 HOUR) | COUNT(DISTINCT amount) | COUNT DISTINCT is not supported in session windows
                    (1 HOUR) | LATEST_BY_OFFSET(amount) | LATEST is not supported in session windows
                    (1 HOUR) | MAX(windowend) | the bounds of a session are not known of its rows one by one
                    """)
    void sessions_that_cannot_be_are_refused(String window, String function, String message) {
        assertThatThrownBy(() ->
                        engine.run(
                                "SELECT person, "
                                        + function
                                        + " FROM clicks WINDOW SESSION "
                                        + window
                                        + " GROUP BY person EMIT CHANGES"))
                .hasMessageContaining(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT person, COUNT(*) FROM clicks WINDOW SESSION (1 HOUR) WHERE windowstart > 5"
                        + " GROUP BY person EMIT CHANGES",
                "SELECT person, COUNT(*) FROM clicks WINDOW SESSION (1 HOUR)"
                        + " GROUP BY person, windowstart / 10 EMIT CHANGES"
            })
    void a_bound_of_a_session_is_nothing_of_a_single_row(String sql) {
        assertThatThrownBy(() -> engine.run(sql))
                .hasMessageContaining(
                        "the bounds of a session are not known of its rows one by one");
    }

    @Test
    void the_largest_gap_makes_one_session_of_all_times() throws InterruptedException {
        engine.run(
                "CREATE TABLE visits AS SELECT person, COUNT(*) AS n FROM clicks WINDOW SESSION"
                        + " (9223372036854775 MILLISECONDS, GRACE PERIOD 9223372036854775"
                        + " MILLISECONDS) GROUP BY person");
        click(0, "a", 1);
        click(9_000_000_000_000_000L, "a", 1);
        click(Long.MAX_VALUE - 1, "a", 1);
        click(Long.MAX_VALUE, "a", 1);
        assertThat(engine.rows("SELECT person, windowstart, n FROM visits"))
                .containsExactly("[a, 0, 2]", "[a, 9223372036854775806, 2]");
    }
}
