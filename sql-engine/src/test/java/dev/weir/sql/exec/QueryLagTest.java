package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.TopicLog;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;

/// How far queries are behind their topics is told while they cannot read.
@Timeout(60)
class QueryLagTest {
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));

    private static final int PLENTY = 1_000_000;

    @TempDir Path dir;
    private final MemoryTopicLog log = new MemoryTopicLog();

    /// How often topics may still be read.
    private final Semaphore reads = new Semaphore(PLENTY);

    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;

    @BeforeEach
    void start() {
        var gated =
                (TopicLog)
                        Proxy.newProxyInstance(
                                TopicLog.class.getClassLoader(),
                                new Class<?>[] {TopicLog.class},
                                (_, method, arguments) -> {
                                    if (method.getName().equals("read")) {
                                        reads.acquire();
                                    }
                                    try {
                                        return method.invoke(log, arguments);
                                    } catch (InvocationTargetException e) {
                                        throw e.getCause();
                                    }
                                });
        engine =
                SqlEngine.start(
                        new EngineConfig(dir, Duration.ofMillis(5), 20, 1, 8, 64 << 20, false),
                        gated,
                        CLOCK);
        run("CREATE STREAM clicks (n BIGINT) WITH (KAFKA_TOPIC='in', PARTITIONS=2)");
        run("CREATE TABLE counts AS SELECT n, COUNT(*) AS c FROM clicks GROUP BY n");
        run("CREATE STREAM big WITH (KAFKA_TOPIC='out') AS SELECT n FROM clicks WHERE n > 1");
        run("CREATE TABLE bigs AS SELECT n, COUNT(*) AS c FROM big GROUP BY n");
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private void run(String sql) {
        var _ = engine.execute(sql, session);
    }

    private void send(int count) {
        for (int i = 0; i < count; i++) {
            log.send("in", i % 2, 1, null, "{\"n\":" + i + "}");
        }
    }

    /// By the relation a query writes and the topic.
    private Map<String, Long> lags() {
        var metrics = engine.metrics();
        var sinks = new TreeMap<String, String>();
        metrics.queries().forEach(query -> sinks.put(query.id(), query.sinks().getFirst()));
        var lags = new TreeMap<String, Long>();
        metrics.lags()
                .forEach(
                        lag -> lags.put(sinks.get(lag.query()) + " " + lag.topic(), lag.records()));
        return lags;
    }

    private void level() throws InterruptedException {
        assertThat(engine.awaitLevel(Duration.ofSeconds(30))).isTrue();
    }

    @Test
    void records_not_read_are_counted_through_other_queries_too() throws Exception {
        send(4);
        level();
        reads.drainPermits();
        try {
            send(5);
            assertThat(lags())
                    .containsEntry("counts in", 5L)
                    .containsEntry("big in", 5L)
                    .containsEntry("bigs in", 5L);
        } finally {
            reads.release(PLENTY);
        }
        level();
        assertThat(lags())
                .containsEntry("counts in", 0L)
                .containsEntry("big in", 0L)
                .containsEntry("bigs in", 0L);
    }

    @Test
    void a_query_being_filled_is_behind_by_what_it_has_not_been_given() throws Exception {
        send(200);
        level();
        reads.drainPermits();
        try {
            run("CREATE TABLE late AS SELECT n, COUNT(*) AS c FROM clicks GROUP BY n");
            assertThat(lags())
                    .as("nothing is said of it before it has begun")
                    .containsEntry("counts in", 0L)
                    .doesNotContainKey("late in");
            reads.release(2); // a slice of both partitions
            while (!lags().containsKey("late in")) {
                Thread.onSpinWait();
            }
            assertThat(lags().get("late in")).isBetween(1L, 199L);
        } finally {
            reads.release(PLENTY);
        }
        level();
        assertThat(lags()).containsEntry("late in", 0L);
    }

    @Test
    void a_query_that_failed_has_no_lag() throws Exception {
        send(4);
        level();
        log.deleteTopic("in");
        log.createTopic("in", 2, Map.of()); // another one
        log.send("in", 0, 1, null, "{\"n\":1}");
        while (engine.metrics().queries().stream()
                .anyMatch(query -> query.state() != QueryInfo.State.FAILED)) {
            Thread.onSpinWait();
        }
        assertThat(lags()).isEmpty();
    }
}
