package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.URLClassLoader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/// The command line, as a process.
@Timeout(120)
class MainTest {
    @TempDir Path dir;

    private record Outcome(int code, String out, String err) {}

    @Test
    void a_server_says_where_it_listens_and_stops_cleanly_when_it_is_terminated() throws Exception {
        Process process = start(serverArguments());
        try (var out = reader(process)) {
            String ready = out.readLine();
            assertThat(ready)
                    .matches(
                            "weir ready kafka=127\\.0\\.0\\.1:\\d+ postgres=127\\.0\\.0\\.1:\\d+"
                                    + " http=127\\.0\\.0\\.1:\\d+");
            var health =
                    URI.create(
                            "http://"
                                    + ready.substring(ready.indexOf("http=") + 5)
                                    + "/healthcheck");
            try (var client = HttpClient.newHttpClient()) {
                assertThat(
                                client.send(
                                                HttpRequest.newBuilder(health).build(),
                                                BodyHandlers.discarding())
                                        .statusCode())
                        .isEqualTo(200);
            }

            Outcome second = run(serverArguments());
            assertThat(second.code).isEqualTo(1);
            assertThat(second.err)
                    .startsWith("weir: data.dir=" + dir + " is in use by another server (process ");

            // Process.destroy would close the streams too.
            process.toHandle().destroy();
            assertThat(process.waitFor()).isEqualTo(0);
            assertThat(out.readLine()).as("a second line on stdout").isNull();
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void an_address_in_use_is_named() throws Exception {
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir.resolve("first")))) {
            int port = server.httpAddress().orElseThrow().getPort();
            var arguments = new ArrayList<>(serverArguments());
            arguments.addAll(List.of("--set", "http.listen=127.0.0.1:" + port));
            Outcome outcome = run(arguments);
            assertThat(outcome.code).isEqualTo(1);
            assertThat(outcome.err)
                    .contains("weir: the server cannot start: http.listen: cannot listen at")
                    .contains("127.0.0.1:" + port)
                    .contains("choose another")
                    .as("a stack trace")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void the_setting_of_the_port_that_is_in_use_is_the_one_to_change() throws Exception {
        try (var server = WeirServer.start(ServerConfig.onFreePorts(dir.resolve("first")))) {
            var arguments = new ArrayList<>(serverArguments());
            arguments.addAll(
                    List.of("--set", "kafka.listen=127.0.0.1:" + server.kafkaAddress().getPort()));
            Outcome outcome = run(arguments);
            assertThat(outcome.code).isEqualTo(1);
            assertThat(outcome.err)
                    .contains("--set kafka.listen=127.0.0.1:0")
                    .doesNotContain("http.listen");
        }
    }

    @Test
    void a_data_directory_that_is_a_file_is_called_so() throws Exception {
        Path file = Files.createFile(dir.resolve("afile"));
        Outcome outcome = run(List.of("server", "--data", file.toString()));
        assertThat(outcome.code).isEqualTo(1);
        assertThat(outcome.err)
                .isEqualTo(
                        "weir: data.dir=%s cannot be used: %s is not a directory\n"
                                .formatted(file, file));
    }

    @Test
    void what_is_wrong_with_the_command_line_is_said_and_the_code_is_2() throws Exception {
        Outcome property = run(List.of("server", "--set", "http.listne=127.0.0.1:0"));
        assertThat(property.code).isEqualTo(2);
        assertThat(property.err)
                .isEqualTo(
                        "weir: unknown property \"http.listne\"; did you mean"
                                + " \"http.listen\"?\n");
        assertThat(run(List.of("serve")).code).isEqualTo(2);
        assertThat(run(List.of("server", "--set", "kafka.listen=0.0.0.0:0")).err)
                .contains("security.insecure=true");
    }

    @Test
    void version_and_help_are_printed() throws Exception {
        Outcome version = run(List.of("version"));
        assertThat(version.code).isEqualTo(0);
        assertThat(version.out).startsWith("weir ");
        Outcome help = run(List.of("help"));
        assertThat(help.code).isEqualTo(0);
        assertThat(help.out).contains("weir server", "postgres.listen", "127.0.0.1:5433");
    }

    private List<String> serverArguments() {
        return List.of(
                "server",
                "--data",
                dir.toString(),
                "--set",
                "kafka.listen=127.0.0.1:0",
                "--set",
                "postgres.listen=127.0.0.1:0",
                "--set",
                "http.listen=127.0.0.1:0");
    }

    private Outcome run(List<String> arguments) throws Exception {
        Process process = start(arguments);
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), out, err);
    }

    private static Process start(List<String> arguments) throws IOException {
        var command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-Xmx512m",
                                "-cp",
                                classPath(),
                                "dev.weir.server.Main"));
        command.addAll(arguments);
        return new ProcessBuilder(command).start();
    }

    /// Test runners either have the class path, or a loader that knows it.
    private static String classPath() {
        return MainTest.class.getClassLoader() instanceof URLClassLoader loader
                ? Arrays.stream(loader.getURLs())
                        .map(url -> new File(url.getPath()).toString())
                        .collect(Collectors.joining(File.pathSeparator))
                : System.getProperty("java.class.path");
    }

    private static BufferedReader reader(Process process) {
        return new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }
}
