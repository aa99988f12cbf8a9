package dev.weir.server.pgwire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.weir.server.ServerConfig;
import dev.weir.server.WeirServer;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// PostgreSQL's own shell as the judge of the wire. Skipped where it is not installed.
@Timeout(120)
class PsqlTest {
    @TempDir static Path dir;
    private static WeirServer server;

    private record Outcome(int code, String out, String err) {}

    @BeforeAll
    static void start() throws Exception {
        assumeTrue(isInstalled(), "psql is not installed: its tests are skipped");
        server = WeirServer.start(ServerConfig.onFreePorts(dir));
        Outcome made =
                psql(
                        "CREATE STREAM orders (id BIGINT, item VARCHAR, price DOUBLE) WITH"
                            + " (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=1);CREATE"
                            + " TABLE stock (item VARCHAR PRIMARY KEY, n INT) WITH"
                            + " (KAFKA_TOPIC='stock', VALUE_FORMAT='JSON', PARTITIONS=1);INSERT"
                            + " INTO orders VALUES (1, 'pen', 1.5), (2, 'ink; red', 1e20);");
        assertThat(made.out).isEqualTo("CREATE STREAM\nCREATE TABLE\nINSERT 0 2\n");
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void a_session_inserts_and_reads_back() throws Exception {
        Outcome outcome =
                psql(
                        "INSERT INTO stock VALUES ('pen', 1), ('ink', 2), ('pen', 3);"
                                + "SELECT item, n FROM stock ORDER BY item;");
        assertThat(outcome.err).isEmpty();
        assertThat(outcome.out).isEqualTo("INSERT 0 3\nink|2\npen|3\n");
    }

    @Test
    void a_pull_query_ends_and_a_push_query_ends_at_its_limit() throws Exception {
        assertThat(psql("SELECT id, item, price FROM orders EMIT CHANGES LIMIT 2").out)
                .isEqualTo("1|pen|1.5\n2|ink; red|1e+20\n");
        assertThat(psql("SELECT id, item, price FROM orders").out)
                .isEqualTo("1|pen|1.5\n2|ink; red|1e+20\n");
        assertThat(psql("COPY (SELECT * FROM orders) TO STDOUT").out)
                .isEqualTo("1\tpen\t1.5\n2\tink; red\t1e+20\n");
    }

    @Test
    void what_there_is_can_be_listed() throws Exception {
        assertThat(psql("SHOW STREAMS").out).startsWith("orders|orders|");
        assertThat(psql("DESCRIBE stock").out).isEqualTo("item|VARCHAR|PRIMARY KEY\nn|INT|\n");
        assertThat(psql("EXPLAIN SELECT item FROM orders").out).contains("orders");
    }

    @Test
    void the_commands_that_describe_work() throws Exception {
        assertThat(psql("\\d").out).contains("public|orders|table|weir", "public|stock|table|weir");
        assertThat(psql("\\dt sto*").out).isEqualTo("public|stock|table|weir\n");
        assertThat(psql("\\d stock").out).isEqualTo("item|text||not null|\nn|integer|||\n");
        assertThat(psql("\\d+ orders").out).contains("item|text|");
        assertThat(psql("\\l").out).startsWith("weir|weir|UTF8|");
        assertThat(psql("\\dn").out).isEqualTo("public|weir\n");
        assertThat(psql("\\df upper").out).startsWith("public|upper|");
        assertThat(psql("\\dv").code).isZero();
        assertThat(psql("\\du").out).startsWith("weir|Superuser");
        assertThat(psql("\\dT").code).isZero();
        assertThat(psql("\\conninfo").out).contains("database \"weir\"");
        assertThat(psql("SELECT version(), current_schema(), current_database()").out)
                .startsWith("PostgreSQL 15")
                .endsWith("|public|weir\n");
    }

    @Test
    void an_error_points_at_its_place_and_gives_a_hint() throws Exception {
        Outcome outcome = psql("SELECT itm FROM orders");
        assertThat(outcome.code).isEqualTo(1);
        assertThat(outcome.err)
                .contains("ERROR:  column \"itm\" does not exist in stream \"orders\"")
                .contains("LINE 1: SELECT itm FROM orders")
                .contains("               ^")
                .contains("HINT:  ");
    }

    @Test
    void text_cast_as_drivers_write_it_is_inserted_and_what_it_cannot_be_is_refused()
            throws Exception {
        psql(
                "CREATE TABLE moments (id INT PRIMARY KEY, at TIMESTAMP, n INT) WITH"
                        + " (KAFKA_TOPIC='moments', VALUE_FORMAT='JSON', PARTITIONS=1)");
        assertThat(
                        psql("INSERT INTO moments (id, at, n) VALUES (1,"
                                        + " '2026-01-02T03:04:05.678000'::timestamp, '7'::int);"
                                        + "SELECT * FROM moments")
                                .out)
                .isEqualTo("INSERT 0 1\n1|2026-01-02 03:04:05.678|7\n");
        assertThat(psql("INSERT INTO moments (id, n) VALUES (2, 'abc'::int)").err)
                .contains("ERROR:  invalid text for a whole number: \"abc\"");
    }

    @Test
    void a_live_copy_prints_rows_as_they_come_and_is_interrupted_by_control_c() throws Exception {
        psql(
                "CREATE STREAM ticks (n INT) WITH (KAFKA_TOPIC='ticks', VALUE_FORMAT='JSON',"
                        + " PARTITIONS=1)");
        List<String> command = command("COPY (SELECT n FROM ticks EMIT CHANGES) TO STDOUT");
        // On a pipe psql keeps rows back until it has 4 KiB, unless told otherwise.
        command.addAll(0, List.of("stdbuf", "-oL"));
        Process process = new ProcessBuilder(command).start();
        try (var out = reader(process)) {
            for (int n = 1; n <= 3; n++) {
                psql("INSERT INTO ticks VALUES (" + n + ")");
                assertThat(out.readLine()).isEqualTo(Integer.toString(n));
            }
            new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
            assertThat(process.waitFor()).isEqualTo(1);
            assertThat(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("canceling statement due to user request");
        }
    }

    private static boolean isInstalled() {
        try {
            return new ProcessBuilder("psql", "--version").start().waitFor() == 0;
        } catch (IOException | InterruptedException _) {
            return false;
        }
    }

    private static Outcome psql(String sql) throws Exception {
        Process process = new ProcessBuilder(command(sql)).start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), out, err);
    }

    private static List<String> command(String sql) {
        return new ArrayList<>(
                List.of(
                        "psql",
                        "-X",
                        "-At",
                        "-h",
                        "127.0.0.1",
                        "-p",
                        Integer.toString(server.postgresAddress().orElseThrow().getPort()),
                        "-U",
                        "weir",
                        "-d",
                        "weir",
                        "-c",
                        sql));
    }

    private static BufferedReader reader(Process process) {
        return new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }
}
