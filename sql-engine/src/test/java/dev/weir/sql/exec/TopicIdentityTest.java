package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.TopicPartition;

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
import java.util.Map;

/// What becomes of relations and queries when somebody deletes topics and records under them.
@Timeout(60)
class TopicIdentityTest {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1000));

    @TempDir Path dir;
    private final MemoryTopicLog log = new MemoryTopicLog();
    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;

    @BeforeEach
    void start() {
        EngineConfig config =
                new EngineConfig(dir, Duration.ofMillis(10), 50, 2, 10, 64 << 20, false);
        engine = SqlEngine.start(config, log, CLOCK);
    }

    @AfterEach
    void stop() {
        engine.close();
    }

    private StatementResult run(String sql) {
        return engine.execute(sql, session);
    }

    private List<String> rows(String sql) {
        StatementResult.Rows result = (StatementResult.Rows) run(sql);
        return result.rows().stream().map(Arrays::toString).sorted().toList();
    }

    private void clicks() throws InterruptedException {
        run("CREATE STREAM clicks (page VARCHAR) WITH (KAFKA_TOPIC='clicks', PARTITIONS=1)");
        run("CREATE STREAM other (page VARCHAR) WITH (KAFKA_TOPIC='other', PARTITIONS=1)");
        run("CREATE TABLE pages AS SELECT page, COUNT(*) AS n FROM clicks GROUP BY page");
        run("CREATE TABLE others AS SELECT page, COUNT(*) AS n FROM other GROUP BY page");
        log.send("clicks", 0, 1, null, "{\"page\":\"a\"}");
        assertThat(engine.awaitLevel(LONG)).isTrue();
        assertThat(rows("SELECT * FROM pages")).containsExactly("[a, 1]");
    }

    private void replace() {
        log.deleteTopic("clicks");
        log.createTopic("clicks", 1, Map.of());
        for (int i = 0; i < 5; i++) {
            log.send("clicks", 0, 1, null, "{\"page\":\"b\"}");
        }
    }

    private void assertStoppedLoudly() throws InterruptedException {
        log.send("other", 0, 1, null, "{\"page\":\"x\"}");
        assertThat(engine.awaitLevel(LONG)).isTrue();
        engine.awaitWorker();
        for (String query : List.of("SELECT * FROM pages", "SELECT * FROM clicks")) {
            assertThatThrownBy(() -> run(query))
                    .isInstanceOf(SqlException.class)
                    .hasMessageContaining("deleted and created again");
        }
        assertThat(rows("SELECT page FROM others")).containsExactly("[x]");
        run("DROP TABLE pages DELETE TOPIC");
        run("DROP STREAM clicks");
        run("CREATE STREAM clicks (page VARCHAR) WITH (KAFKA_TOPIC='clicks')");
        run("CREATE TABLE pages AS SELECT page, COUNT(*) AS n FROM clicks GROUP BY page");
        assertThat(rows("SELECT * FROM pages")).containsExactly("[b, 5]");
    }

    @Test
    void a_topic_made_anew_under_a_relation_stops_it_and_its_readers_only() throws Exception {
        clicks();
        replace();
        assertStoppedLoudly();
    }

    @Test
    void a_topic_made_anew_while_the_engine_is_down_is_noticed() throws Exception {
        clicks();
        stop();
        replace();
        start();
        assertStoppedLoudly();
    }

    @Test
    void a_topic_made_anew_that_the_journal_would_read_again_is_noticed() throws Exception {
        clicks();
        // Steps behind the last checkpoint are read again.
        engine.halt();
        replace();
        start();
        assertStoppedLoudly();
    }

    @Test
    void a_push_query_ends_when_records_are_removed_before_it() throws Exception {
        run("CREATE STREAM clicks (page VARCHAR) WITH (KAFKA_TOPIC='clicks', PARTITIONS=1)");
        PushQuery push = ((StatementResult.Live) run("SELECT * FROM clicks EMIT CHANGES")).query();
        log.send("clicks", 0, 1, null, "{\"page\":\"a\"}");
        assertThat(push.poll(LONG).rows()).hasSize(1);
        engine.awaitWorker();
        log.trim(new TopicPartition("clicks", 0), 50);
        assertThatThrownBy(() -> push.poll(LONG))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.LIMIT_EXCEEDED))
                .hasMessageContaining("were removed before the query could read them");
        push.close();
    }

    @Test
    void a_push_query_without_rows_to_give_ends_at_once() throws Exception {
        run("CREATE STREAM clicks (page VARCHAR) WITH (KAFKA_TOPIC='clicks', PARTITIONS=1)");
        try (PushQuery push =
                ((StatementResult.Live) run("SELECT * FROM clicks EMIT CHANGES LIMIT 0")).query()) {
            PushQuery.Step step = push.poll(LONG);
            assertThat(step.rows()).isEmpty();
            assertThat(step.end()).isTrue();
        }
    }

    @Test
    void a_failed_query_that_was_terminated_stays_away_after_a_restart() throws Exception {
        clicks();
        replace();
        run("SELECT * FROM others");
        engine.awaitWorker();
        String id = engine.queries().getFirst().id();
        run("TERMINATE " + id);
        for (int round = 0; round < 2; round++) {
            assertThat(engine.queries()).noneMatch(q -> q.id().equals(id));
            assertThatThrownBy(() -> run("SELECT * FROM pages"))
                    .hasMessageContaining("has stopped");
            stop();
            start();
        }
    }
}
