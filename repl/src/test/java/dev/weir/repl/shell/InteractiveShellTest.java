package dev.weir.repl.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.repl.client.ExitCode;
import dev.weir.repl.client.FakeServer;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.render.Format;

import org.jline.terminal.Terminal;
import org.jline.terminal.impl.DumbTerminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class InteractiveShellTest {
    @TempDir private Path folder;

    @Test
    void statements_take_several_lines_and_their_errors_mark_the_place() throws IOException {
        try (FakeServer server = new FakeServer(InteractiveShellTest::answer)) {
            String screen = type(server, "SELECT", " bad;", "SELECT one;");
            assertThat(screen)
                    .contains("ERROR:  no bad   [42703]\n   bad\n   ^^^\n")
                    .contains(" a\n───\n 1\n(1 row)\n");
            assertThat(Files.readString(folder.resolve("history"))).contains("SELECT\\n bad;");
        }
    }

    @Test
    void a_file_is_run_up_to_its_first_error() throws IOException {
        Path script = folder.resolve("some script.sql");
        Files.writeString(script, "SELECT one;\n\nSELECT\n bad;\nSELECT never;\n");
        try (FakeServer server = new FakeServer(InteractiveShellTest::answer)) {
            String screen = type(server, "\\i " + script, "\\i " + folder.resolve("none.sql"));
            assertThat(screen)
                    .contains("(1 row)")
                    .contains(script + ":3: ERROR:  no bad")
                    .contains("cannot read " + folder.resolve("none.sql"));
            assertThat(server.requests()).noneMatch(request -> request.contains("never"));
        }
    }

    @Test
    void results_go_to_a_file_and_to_the_screen_again() throws IOException {
        Path file = folder.resolve("out.csv");
        try (FakeServer server = new FakeServer(InteractiveShellTest::answer)) {
            String screen =
                    type(
                            server,
                            "\\format csv",
                            "\\o " + file,
                            "SELECT one;",
                            "CREATE x;",
                            "\\o",
                            "\\format table",
                            "SELECT two;",
                            "\\o " + folder.resolve("no/such/folder"));
            assertThat(file).hasContent("a\n1\n");
            assertThat(screen)
                    .contains("created x")
                    .contains("(1 row)")
                    .contains("cannot write " + folder.resolve("no/such/folder"));
        }
    }

    @Test
    void another_server_takes_over_if_it_answers() throws IOException {
        try (FakeServer first = new FakeServer(InteractiveShellTest::answer);
                FakeServer second = new FakeServer(InteractiveShellTest::answer)) {
            String screen =
                    type(
                            first,
                            "\\c 127.0.0.1:1",
                            "SELECT 'still the first';",
                            "\\c http://" + second.address(),
                            "SELECT 'now the second';",
                            "\\c nowhere:x:y");
            assertThat(screen)
                    .contains("cannot connect to 127.0.0.1:1")
                    .contains("connected to " + second.address())
                    .contains("server must be http://HOST:PORT");
            assertThat(first.requests()).anyMatch(request -> request.contains("still the first"));
            assertThat(second.requests()).anyMatch(request -> request.contains("now the second"));
            assertThat(first.requests()).noneMatch(request -> request.contains("now the second"));
        }
    }

    @Test
    void what_is_watched_is_repeated_until_it_fails() throws IOException {
        int[] times = {0};
        try (FakeServer server =
                new FakeServer(statement -> {
                    boolean over = statement.contains("ticks") && ++times[0] == 3;
                    return answer(over ? "bad" : statement);
                })) {
            String screen = type(server, "SELECT ticks \\watch 0.1", "\\watch never");
            assertThat(screen)
                    .contains("every 0.1 s")
                    .contains("ERROR:  no bad")
                    .contains("\\watch takes seconds");
            assertThat(server.requests().stream().filter(r -> r.contains("ticks"))).hasSize(3);
        }
    }

    @Test
    void a_backslash_in_quotes_is_no_command() {
        assertThat(ShellCommand.parse("SELECT 'a \\watch 5'")).isEmpty();
        assertThat(ShellCommand.parse("SELECT 1; \\watch 5")).isPresent();
        assertThat(ShellCommand.parse("\\watch"))
                .contains(new ShellCommand.Watch("", ShellCommand.WATCH_EVERY));
        assertThat(ShellCommand.parse("\\i")).get().isInstanceOf(ShellCommand.Wrong.class);
        assertThat(ShellCommand.parse("\\dq")).contains(new ShellCommand.Shorthand("SHOW QUERIES"));
    }

    private String type(FakeServer server, String... lines) throws IOException {
        ByteArrayInputStream typed =
                new ByteArrayInputStream(
                        (String.join("\n", lines) + "\n\\q\n").getBytes(StandardCharsets.UTF_8));
        ByteArrayOutputStream screen = new ByteArrayOutputStream();
        try (Terminal terminal =
                new DumbTerminal("test", "dumb", typed, screen, StandardCharsets.UTF_8)) {
            int exit =
                    new InteractiveShell(
                                    terminal,
                                    new StatementClient(server.address()),
                                    Format.TABLE,
                                    false,
                                    folder.resolve("history"))
                            .run("", Optional.empty());
            assertThat(exit).isEqualTo(ExitCode.OK);
        }
        return screen.toString(StandardCharsets.UTF_8).replace("\r", "");
    }

    private static List<String> answer(String statement) {
        if (statement.contains("bad")) {
            return List.of(
                    "{\"error\":{\"sqlState\":\"42703\",\"message\":\"no"
                            + " bad\",\"line\":2,\"column\":2}}");
        }
        return statement.contains("SELECT")
                ? List.of(
                        "{\"columns\":[{\"name\":\"a\",\"type\":\"INT\"}],\"live\":false}",
                        "{\"rows\":[[1]]}",
                        "{\"done\":{\"tag\":\"SELECT 1\"}}")
                : List.of("{\"done\":{\"tag\":\"CREATE\",\"message\":\"created x\"}}");
    }
}
