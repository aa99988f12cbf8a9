package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.MemoryTopicLog.Entry;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;

class InsertsTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1000));

    @TempDir Path dir;
    private final MemoryTopicLog log = new MemoryTopicLog();
    private final SqlSession session = new SqlSession("test");

    @Test
    void a_deleted_row_is_a_record_without_value_and_is_gone_for_its_session() {
        EngineConfig config =
                new EngineConfig(dir, Duration.ofSeconds(1), 50, 2, 10, 64 << 20, false);
        try (SqlEngine engine = SqlEngine.start(config, log, CLOCK)) {
            engine.execute(
                    "CREATE TABLE stock (place VARCHAR PRIMARY KEY, item VARCHAR PRIMARY KEY, n"
                        + " BIGINT) WITH (KAFKA_TOPIC='stock', KEY_FORMAT='JSON', PARTITIONS=2)",
                    session);
            engine.execute(
                    "INSERT INTO stock VALUES ('a', 'pen', 1), ('a', 'ink', 2), ('b', 'pen', 3)",
                    session);
            Relation stock = engine.catalog().relation("stock").orElseThrow();
            new Inserts(log)
                    .delete(
                            stock,
                            List.of(List.of("a", "pen"), List.of("c", "pen")),
                            List.of(session),
                            7);

            StatementResult.Rows left =
                    (StatementResult.Rows) engine.execute("SELECT * FROM stock", session);
            assertThat(left.rows())
                    .map(Arrays::toString)
                    .containsExactlyInAnyOrder("[a, ink, 2]", "[b, pen, 3]");
            assertThat(log.committed("stock"))
                    .filteredOn(record -> record.value() == null)
                    .map(Entry::keyText)
                    .containsExactlyInAnyOrder(
                            "{\"place\":\"a\",\"item\":\"pen\"}",
                            "{\"place\":\"c\",\"item\":\"pen\"}");
        }
    }
}
