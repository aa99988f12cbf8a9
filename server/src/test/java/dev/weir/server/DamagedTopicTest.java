package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.SqlSession;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A topic whose files are damaged stays closed and stops what reads or writes it. All else goes
/// on, the server starts, and the topic can be deleted.
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class DamagedTopicTest {
    @TempDir Path directory;
    private final SqlSession session = new SqlSession("test");
    private WeirServer server;

    @BeforeEach
    void start_with_two_queries_and_a_topic_that_nothing_reads() {
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
        for (String name : List.of("good", "bad", "plain")) {
            run(
                    "CREATE STREAM "
                            + name
                            + " (v VARCHAR) WITH (KAFKA_TOPIC='"
                            + name
                            + "', VALUE_FORMAT='KAFKA', PARTITIONS=1)");
            run("INSERT INTO " + name + " VALUES ('x')");
        }
        run("DROP STREAM plain");
        for (String name : List.of("good", "bad")) {
            run(
                    "CREATE TABLE count_"
                            + name
                            + " WITH (KAFKA_TOPIC='counts_"
                            + name
                            + "') AS SELECT v, COUNT(*) AS n FROM "
                            + name
                            + " GROUP BY v");
            await("SELECT n FROM count_" + name + " WHERE v = 'x'", "[1]");
        }
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void a_topic_that_nothing_reads_hinders_nobody_and_can_be_deleted() throws Exception {
        restartWithout("plain");
        assertThat(metrics()).contains("\nweir_partitions_offline 1");
        assertGoesOn("good", 2);
        assertGoesOn("bad", 2);
        assertThatThrownBy(() ->
                        run(
                                "CREATE STREAM again (v VARCHAR) WITH (KAFKA_TOPIC='plain',"
                                        + " VALUE_FORMAT='KAFKA')"))
                .isInstanceOfSatisfying(
                        SqlException.class, e -> assertThat(e.state()).isEqualTo(SqlState.IO_ERROR))
                .hasMessageContaining("plain-0");

        try (Admin admin =
                Admin.create(
                        Map.of(
                                "bootstrap.servers",
                                "127.0.0.1:" + server.kafkaAddress().getPort()))) {
            admin.deleteTopics(List.of("plain")).all().get();
        }
        assertThat(metrics()).contains("\nweir_partitions_offline 0");
        run(
                "CREATE STREAM plain (v VARCHAR) WITH (KAFKA_TOPIC='plain', VALUE_FORMAT='KAFKA',"
                        + " PARTITIONS=1)");
        run("INSERT INTO plain VALUES ('x')");
        restart();
        assertThat(metrics()).contains("\nweir_partitions_offline 0");
    }

    @Test
    void a_topic_whose_directory_vanished_is_damaged_too() throws Exception {
        server.close();
        remove("bad-0");
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
        assertThat(metrics()).contains("\nweir_partitions_offline 1");
        assertThat(status("bad")).contains("FAILED", "bad-0", "is missing or empty");
        assertGoesOn("good", 2);
        run("DROP TABLE count_bad DELETE TOPIC");
        run("DROP STREAM bad DELETE TOPIC");
        assertThat(metrics()).contains("\nweir_partitions_offline 0");
    }

    @Test
    void what_groups_and_transactions_keep_may_vanish_and_all_else_goes_on() throws Exception {
        var settings = new HashMap<String, Object>();
        settings.put("bootstrap.servers", "127.0.0.1:" + server.kafkaAddress().getPort());
        settings.put("transactional.id", "gone");
        try (Admin admin = Admin.create(settings);
                var producer =
                        new KafkaProducer<>(
                                settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            var position = Map.of(new TopicPartition("good", 0), new OffsetAndMetadata(1));
            admin.alterConsumerGroupOffsets("readers", position).all().get();
            producer.initTransactions();
        }
        server.close();
        int gone = 0;
        try (var entries = Files.list(directory.resolve("log"))) {
            for (Path path : entries.toList()) {
                String name = path.getFileName().toString();
                if (name.startsWith("__")) {
                    remove(name);
                    gone++;
                }
            }
        }
        assertThat(gone).isEqualTo(2);
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
        assertThat(metrics()).contains("\nweir_partitions_offline 2");
        assertGoesOn("good", 2);
    }

    @Test
    void the_query_that_reads_it_fails_and_can_be_made_again_over_a_new_topic() throws Exception {
        restartWithout("bad");
        assertThat(status("bad")).contains("FAILED", "bad-0");
        assertGoesOn("good", 2);
        restart();
        assertThat(status("bad")).contains("FAILED", "bad-0");
        assertGoesOn("good", 3);

        run("DROP TABLE count_bad DELETE TOPIC");
        run("DROP STREAM bad DELETE TOPIC");
        run(
                "CREATE STREAM bad (v VARCHAR) WITH (KAFKA_TOPIC='bad', VALUE_FORMAT='KAFKA',"
                        + " PARTITIONS=1)");
        run("CREATE TABLE count_bad AS SELECT v, COUNT(*) AS n FROM bad GROUP BY v");
        assertGoesOn("bad", 1);
        restart();
        assertGoesOn("bad", 2);
        assertGoesOn("good", 4);
    }

    @Test
    void the_query_that_writes_it_fails() throws Exception {
        restartWithout("counts_bad");
        assertThat(status("bad")).contains("FAILED", "counts_bad-0");
        run("INSERT INTO bad VALUES ('x')");
        assertGoesOn("good", 2);
        restart();
        assertThat(status("bad")).contains("FAILED", "counts_bad-0");
        assertGoesOn("good", 3);
    }

    private void restartWithout(String topic) throws IOException {
        server.close();
        Files.delete(
                directory.resolve("log").resolve(topic + "-0").resolve("00000000000000000000.log"));
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
    }

    private void remove(String partition) throws IOException {
        try (var files = Files.walk(directory.resolve("log").resolve(partition))) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private void restart() {
        server.close();
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
    }

    private void assertGoesOn(String name, int rows) {
        run("INSERT INTO " + name + " VALUES ('x')");
        await("SELECT n FROM count_" + name + " WHERE v = 'x'", "[" + rows + "]");
    }

    private void await(String query, String row) {
        while (!rows(query).contains(row)) {
            Thread.onSpinWait();
        }
    }

    /// The line of SHOW QUERIES of the query that writes a table.
    private String status(String name) {
        return rows("SHOW QUERIES").stream()
                .filter(row -> row.toLowerCase(Locale.ROOT).contains("count_" + name))
                .findFirst()
                .orElse("");
    }

    private String metrics() throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(
                                            URI.create(
                                                    "http://127.0.0.1:"
                                                            + server.httpAddress()
                                                                    .orElseThrow()
                                                                    .getPort()
                                                            + "/metrics"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private void run(String sql) {
        var _ = server.engine().execute(sql, session);
    }

    private List<String> rows(String sql) {
        return server.engine().execute(sql, session).asRows().rows().stream()
                .map(Arrays::toString)
                .toList();
    }
}
