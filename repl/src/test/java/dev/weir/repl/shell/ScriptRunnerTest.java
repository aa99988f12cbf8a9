package dev.weir.repl.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.repl.client.ExitCode;
import dev.weir.repl.client.FakeServer;
import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.Writer;
import java.util.List;

@Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScriptRunnerTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void a_script_stops_at_the_first_error_and_says_where() throws IOException {
        try (FakeServer server = new FakeServer(ScriptRunnerTest::answer)) {
            int exit =
                    run(
                            server.address(),
                            Format.TABLE,
                            out,
                            "CREATE x;\n\nSELECT\n bad;\nSELECT 1;");
            assertThat(exit).isEqualTo(ExitCode.FAILED);
            assertThat(out).hasToString("created x\n");
            assertThat(err)
                    .hasToString(
                            """
                            s.sql:3: ERROR:  no bad   [42703]
                               bad
                               ^^^
                            """);
            assertThat(server.requests()).hasSize(2);
        }
    }

    @Test
    void programs_get_rows_and_nothing_else() throws IOException {
        try (FakeServer server = new FakeServer(ScriptRunnerTest::answer)) {
            int exit = run(server.address(), Format.JSONL, out, "CREATE x; SELECT 1");
            assertThat(exit).isEqualTo(ExitCode.OK);
            assertThat(out).hasToString("{\"a\":1}\n");
            assertThat(err).hasToString("created x\n");
        }
    }

    @Test
    void a_reader_that_has_seen_enough_is_no_failure_and_a_full_disk_is_one() throws IOException {
        try (FakeServer server = new FakeServer(ScriptRunnerTest::answer)) {
            assertThat(run(server.address(), Format.CSV, failing("Broken pipe"), "SELECT 1"))
                    .isEqualTo(ExitCode.OK);
            assertThat(run(server.address(), Format.CSV, failing("No space left"), "SELECT 1"))
                    .isEqualTo(ExitCode.FAILED);
            assertThat(err.toString()).contains("No space left");
        }
    }

    @Test
    void a_byte_order_mark_is_no_part_of_the_first_statement() throws IOException {
        try (FakeServer server = new FakeServer(ScriptRunnerTest::answer)) {
            int exit = run(server.address(), Format.CSV, out, "\uFEFFSELECT 1;");
            assertThat(exit).isEqualTo(ExitCode.OK);
            assertThat(server.requests()).singleElement().asString().contains("\"SELECT 1\"");
            assertThat(run(server.address(), Format.CSV, out, "")).isEqualTo(ExitCode.OK);
        }
    }

    @Test
    void no_server_has_an_exit_code_of_its_own() {
        assertThat(run(new ServerAddress("127.0.0.1", 1), Format.TABLE, out, "SELECT 1"))
                .isEqualTo(ExitCode.CANNOT_CONNECT);
        assertThat(err.toString()).startsWith("cannot connect to 127.0.0.1:1");
    }

    private int run(ServerAddress server, Format format, Writer to, String script) {
        Console console = new Console(to, Palette.PLAIN, err, Palette.PLAIN);
        return new ScriptRunner(new StatementClient(server), console, format)
                .run(new StringReader(script), "s.sql");
    }

    private static List<String> answer(String statement) {
        if (statement.contains("CREATE")) {
            return List.of("{\"done\":{\"tag\":\"CREATE\",\"message\":\"created x\"}}");
        }
        return statement.contains("bad")
                ? List.of(
                        "{\"error\":{\"sqlState\":\"42703\",\"message\":\"no"
                                + " bad\",\"line\":2,\"column\":2}}")
                : List.of(
                        "{\"columns\":[{\"name\":\"a\",\"type\":\"INT\"}],\"live\":false}",
                        "{\"rows\":[[1]]}",
                        "{\"done\":{\"tag\":\"SELECT 1\"}}");
    }

    private static Writer failing(String message) {
        return new Writer() {
            @Override
            public void write(char[] buffer, int offset, int length) throws IOException {
                throw new IOException(message);
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
    }
}
