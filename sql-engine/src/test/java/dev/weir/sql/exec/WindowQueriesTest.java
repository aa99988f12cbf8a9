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
class WindowQueriesTest {
    @TempDir Path dir;
    private EngineFixture engine;

    @BeforeEach
    void start() {
        engine = new EngineFixture(dir);
        engine.run(
                """
                CREATE STREAM readings (sensor VARCHAR KEY, amount BIGINT)
                  WITH (kafka_topic = 'readings', value_format = 'JSON', partitions = 1)\
                """);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private void reading(long time, String sensor, long value) throws InterruptedException {
        engine.send("readings", time, sensor, "{\"amount\":" + value + "}");
    }

    @Test
    void a_row_is_in_every_hopping_window_that_holds_its_time() throws InterruptedException {
        engine.run(
                """
                CREATE TABLE hops AS SELECT sensor, SUM(amount) AS total FROM readings
                WINDOW HOPPING (SIZE 30 MILLISECONDS, ADVANCE BY 10 MILLISECONDS)
                GROUP BY sensor\
                """);
        reading(25, "a", 1);
        reading(31, "a", 10);
        assertThat(engine.rows("SELECT sensor, windowstart, windowend, total FROM hops"))
                .containsExactly(
                        "[a, 0, 30, 1]", "[a, 10, 40, 11]", "[a, 20, 50, 11]", "[a, 30, 60, 10]");
        assertThat(EngineFixture.latest(engine.windowed("hops", false)))
                .containsExactly(
                        "a@0={\"total\":1}",
                        "a@10={\"total\":11}",
                        "a@20={\"total\":11}",
                        "a@30={\"total\":10}");
        assertThat(engine.rows("SELECT total FROM hops WHERE sensor = 'a' AND windowstart > 10"))
                .containsExactly("[10]", "[11]");
        engine.run("CREATE TABLE most AS SELECT sensor, MAX(total) AS m FROM hops GROUP BY sensor");
        engine.level();
        assertThat(engine.rows("SELECT * FROM most")).containsExactly("[a, 11]");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void hopping_windows_equal_a_plain_count(long seed) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        long size = random.nextLong(1, 60);
        long advance = random.nextLong(1, size + 1);
        engine.run(
                "CREATE TABLE hops AS SELECT sensor, COUNT(*) AS n FROM readings WINDOW HOPPING"
                        + " (SIZE "
                        + size
                        + " MILLISECONDS, ADVANCE BY "
                        + advance
                        + " MILLISECONDS) GROUP BY sensor");
        TreeMap<String, Long> counts = new TreeMap<>();
        for (int i = 0; i < 400; i++) {
            long time = random.nextLong(1000);
            String sensor = "s" + random.nextInt(3);
            engine.log.send("readings", 0, time, sensor, "{\"amount\":1}");
            for (long start = Math.floorDiv(time - size, advance) * advance;
                    start <= time;
                    start += advance) {
                if (start <= time && time < start + size) {
                    counts.merge(
                            "[" + sensor + ", " + start + ", " + (start + size), 1L, Long::sum);
                }
            }
        }
        engine.level();
        List<String> expected = new ArrayList<>();
        counts.forEach((key, n) -> expected.add(key + ", " + n + "]"));
        assertThat(engine.rows("SELECT * FROM hops"))
                .as("seed " + seed + " size " + size + " advance " + advance)
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void a_row_later_than_the_grace_period_is_dropped() throws InterruptedException {
        engine.run(
                """
                CREATE TABLE counts AS SELECT sensor, COUNT(*) AS n FROM readings
                WINDOW TUMBLING (SIZE 60 SECONDS, GRACE PERIOD 10 SECONDS) GROUP BY sensor\
                """);
        reading(5_000, "a", 1);
        reading(69_999, "a", 1);
        reading(50_000, "a", 1);
        // Stream time passes 70 s: the first window closes behind this row.
        reading(70_000, "b", 1);
        reading(50_000, "a", 1);
        reading(51_000, "b", 1);
        assertThat(engine.rows("SELECT sensor, windowstart, n FROM counts"))
                .containsExactly("[a, 0, 2]", "[a, 60000, 1]", "[b, 60000, 1]");
        assertThat(engine.late()).isEqualTo(2);
    }

    @Test
    void without_a_grace_period_no_row_is_late() throws InterruptedException {
        engine.run(
                "CREATE TABLE counts AS SELECT sensor, COUNT(*) AS n FROM readings"
                        + " WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY sensor");
        reading(0, "a", 1);
        reading(1_000_000_000, "a", 1);
        reading(1, "a", 1);
        assertThat(engine.rows("SELECT windowstart, n FROM counts"))
                .containsExactly("[0, 2]", "[1000000000, 1]");
    }

    @Test
    void a_final_row_comes_once_when_its_window_has_closed() throws InterruptedException {
        engine.run(
                """
                CREATE TABLE finals AS SELECT sensor, COUNT(*) AS n, COLLECT_LIST(amount) AS all_of
                FROM readings WINDOW TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS)
                GROUP BY sensor HAVING COUNT(*) > 1 EMIT FINAL\
                """);
        reading(1, "a", 1);
        reading(2, "b", 2);
        reading(11, "a", 3);
        engine.restart();
        reading(3, "a", 4);
        reading(14, "b", 5);
        assertThat(engine.records("finals")).isEmpty();
        reading(15, "a", 6);
        assertThat(engine.windowed("finals", false))
                .containsExactly("a@0={\"n\":2,\"all_of\":[1,4]}");
        reading(4, "a", 7);
        engine.restart();
        reading(1000, "c", 8);
        assertThat(engine.windowed("finals", false))
                .containsExactly(
                        "a@0={\"n\":2,\"all_of\":[1,4]}", "a@10={\"n\":2,\"all_of\":[3,6]}");
    }

    @Test
    void a_final_row_needs_no_grace_period() throws InterruptedException {
        engine.run(
                "CREATE TABLE finals AS SELECT sensor, SUM(amount) AS total FROM readings"
                        + " WINDOW HOPPING (SIZE 20 MILLISECONDS, ADVANCE BY 10 MILLISECONDS)"
                        + " GROUP BY sensor EMIT FINAL");
        reading(15, "a", 1);
        reading(20, "a", 2);
        assertThat(engine.windowed("finals", false)).containsExactly("a@0={\"total\":1}");
        reading(30, "b", 2);
        assertThat(engine.windowed("finals", false))
                .containsExactly("a@0={\"total\":1}", "a@10={\"total\":3}");
    }

    /// The rule in plain words: a row is late for a window that had ended, and its grace period
    /// too, by the latest time of the rows before it. Each row is a step of its own.
    @ParameterizedTest
    @ValueSource(longs = {11, 12})
    void late_rows_and_final_rows_follow_the_rule_across_restarts(long seed)
            throws InterruptedException {
        SplittableRandom random = new SplittableRandom(seed);
        long size = random.nextLong(5, 30);
        long grace = random.nextLong(20);
        String window =
                " FROM readings WINDOW TUMBLING (SIZE "
                        + size
                        + " MILLISECONDS, GRACE PERIOD "
                        + grace
                        + " MILLISECONDS) GROUP BY sensor ";
        engine.run("CREATE TABLE live AS SELECT sensor, SUM(amount) AS n" + window);
        engine.run("CREATE TABLE done AS SELECT sensor, SUM(amount) AS n" + window + "EMIT FINAL");
        TreeMap<String, Long> live = new TreeMap<>();
        TreeMap<String, Long> ends = new TreeMap<>();
        long now = Long.MIN_VALUE;
        for (int i = 0; i < 120; i++) {
            long time = i * 2L + random.nextLong(60);
            String sensor = "s" + random.nextInt(4);
            reading(time, sensor, i);
            long start = time - time % size;
            if (now == Long.MIN_VALUE || start + size + grace > now) {
                live.merge(sensor + "@" + start, (long) i, Long::sum);
                ends.put(sensor + "@" + start, start + size + grace);
            }
            now = Math.max(now, time);
            if (random.nextInt(30) == 0) {
                engine.restart();
            }
        }
        List<String> all = new ArrayList<>();
        List<String> closed = new ArrayList<>();
        for (String key : live.keySet()) {
            String row = key + "={\"n\":" + live.get(key) + "}";
            all.add(row);
            if (ends.get(key) <= now) {
                closed.add(row);
            }
        }
        assertThat(EngineFixture.latest(engine.windowed("live", false)))
                .as("seed " + seed)
                .containsExactlyElementsOf(all);
        assertThat(engine.windowed("done", false))
                .as("seed " + seed)
                .containsExactlyInAnyOrderElementsOf(closed);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    TUMBLING (SIZE 0 SECONDS) | a window cannot have the size 0
                    TUMBLING (SIZE 1 SECOND, ADVANCE BY 1 SECOND) | a tumbling window does not take ADVANCE BY
                    HOPPING (SIZE 1 SECOND) | a hopping window needs ADVANCE BY
                    HOPPING (SIZE 1 SECOND, ADVANCE BY 2 SECONDS) | a hopping window cannot advance by more than its size
                    HOPPING (SIZE 1 DAY, ADVANCE BY 1 SECOND) | each row would be in more than 10000 windows
                    TUMBLING (SIZE 99999999999999999 DAYS) | a window cannot have the size 99999999999999999
                    TUMBLING (SIZE 1 HOUR, RETENTION 1 MINUTE) | RETENTION is shorter than the window and its grace period
                    """)
    void windows_that_cannot_be_are_refused(String window, String message) {
        assertThatThrownBy(() ->
                        engine.run(
                                "SELECT sensor, COUNT(*) FROM readings WINDOW "
                                        + window
                                        + " GROUP BY sensor EMIT CHANGES"))
                .hasMessageContaining(message);
    }

    @Test
    void emit_final_needs_a_window() {
        assertThatThrownBy(() ->
                        engine.run(
                                "CREATE TABLE t AS SELECT sensor, COUNT(*) FROM readings"
                                        + " GROUP BY sensor EMIT FINAL"))
                .hasMessageContaining("EMIT FINAL needs a window");
    }

    @Test
    void a_time_whose_window_does_not_fit_into_a_bigint_is_an_error_of_its_row()
            throws InterruptedException {
        engine.run(
                "CREATE TABLE counts AS SELECT sensor, COUNT(*) AS n FROM readings"
                        + " WINDOW TUMBLING (SIZE 1 SECOND) GROUP BY sensor");
        reading(Long.MAX_VALUE - 3, "a", 1);
        reading(5, "a", 1);
        assertThat(engine.rows("SELECT * FROM counts")).containsExactly("[a, 0, 1000, 1]");
    }
}
