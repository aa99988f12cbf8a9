package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.io.MemoryTopicLog;
import dev.weir.sql.io.MemoryTopicLog.Entry;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;

/// An engine over topics in memory, for tests that speak SQL and look at rows.
final class EngineFixture implements AutoCloseable {
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final InstantSource CLOCK =
            InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z"));

    final MemoryTopicLog log = new MemoryTopicLog();
    private final Path dir;
    private final SqlSession session = new SqlSession("test");
    private SqlEngine engine;

    EngineFixture(Path dir) {
        this.dir = dir;
        start();
    }

    private void start() {
        engine =
                SqlEngine.start(
                        new EngineConfig(dir, Duration.ofMillis(20), 50, 2, 0, 64 << 20, false),
                        log,
                        CLOCK);
    }

    /// Stops and starts again from the last checkpoint and the journal.
    void restart() {
        engine.close();
        start();
    }

    StatementResult run(String sql) {
        return engine.execute(sql, session);
    }

    /// A record, and a step of its own.
    void send(String topic, long time, String key, String json) throws InterruptedException {
        log.send(topic, 0, time, key, json);
        level();
    }

    /// Rows dropped as late.
    long late() {
        return engine.metrics().rowsLate();
    }

    /// Waits until everything sent has been taken in; twice, for what is read of a topic that a
    /// query writes.
    void level() throws InterruptedException {
        assertThat(engine.awaitLevel(LONG)).isTrue();
        assertThat(engine.awaitLevel(LONG)).isTrue();
    }

    /// The rows of a query that ends, as text, in order.
    List<String> rows(String sql) {
        StatementResult.Rows result = (StatementResult.Rows) run(sql);
        return result.rows().stream().map(Arrays::toString).sorted().toList();
    }

    /// The records of a topic, as `key=value`, a deletion as `key=null`.
    List<String> records(String topic) {
        return log.committed(topic).stream()
                .map(e -> text(e.key()) + "=" + text(e.value()))
                .toList();
    }

    /// The records of a topic with windowed keys, as `key@start=value`, or `key@start-end=value`.
    List<String> windowed(String topic, boolean session) {
        List<String> records = new ArrayList<>();
        for (Entry entry : log.committed(topic)) {
            ByteBuffer key = ByteBuffer.wrap(entry.key());
            int bounds = session ? 16 : 8;
            byte[] inner = new byte[entry.key().length - bounds];
            key.get(inner);
            String at =
                    session
                            // Kafka Streams writes a session's end before its start.
                            ? bounds(key.getLong(), key.getLong())
                            : "@" + key.getLong();
            records.add(text(inner) + at + "=" + text(entry.value()));
        }
        return records;
    }

    private static String bounds(long end, long start) {
        return "@" + start + "-" + end;
    }

    /// The last record of each key.
    static List<String> latest(List<String> records) {
        TreeMap<String, String> last = new TreeMap<>();
        for (String record : records) {
            int at = record.indexOf('=');
            last.put(record.substring(0, at), record.substring(at + 1));
        }
        last.values().removeIf("null"::equals);
        List<String> rows = new ArrayList<>();
        last.forEach((key, value) -> rows.add(key + "=" + value));
        return rows;
    }

    private static String text(byte[] bytes) {
        return bytes == null ? "null" : new String(bytes, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        engine.close();
    }
}
