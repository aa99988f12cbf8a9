package dev.weir.server.recovery;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A server in a process of its own, as a user runs it, so that it can be killed.
final class ServerProcess implements AutoCloseable {
    private final Process process;
    private final String readyLine;

    private ServerProcess(Process process, String readyLine) {
        this.process = process;
        this.readyLine = readyLine;
    }

    /// Starts a server on a data directory and waits for its ready line.
    ///
    /// @param kafkaPort the Kafka listener's port, 0 for a free one
    /// @param workers threads that share the work of queries
    /// @param log where its log output is appended
    static ServerProcess start(Path data, int kafkaPort, int workers, Path log) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("--sun-misc-unsafe-memory-access=allow");
        command.add("-Xmx1g");
        // It lives for a second or two, most of which would go into compiling what is run once.
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add("dev.weir.server.Main");
        command.add("server");
        command.addAll(List.of("--data", data.toString()));
        command.addAll(List.of("--set", "kafka.listen=127.0.0.1:" + kafkaPort));
        command.addAll(List.of("--set", "postgres.listen=127.0.0.1:0"));
        command.addAll(List.of("--set", "http.listen=127.0.0.1:0"));
        command.addAll(List.of("--set", "sql.workers=" + workers));
        Process process =
                new ProcessBuilder(command)
                        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        BufferedReader out =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = out.readLine();
        while (line != null && !line.startsWith("weir ready")) {
            line = out.readLine();
        }
        if (line == null) {
            process.destroyForcibly();
            throw new IOException("the server ended before it was ready; its log is " + log);
        }
        return new ServerProcess(process, line);
    }

    /// The address of a listener: `kafka`, `postgres` or `http`.
    String address(String listener) {
        Matcher matcher = Pattern.compile(" " + listener + "=(\\S+)").matcher(readyLine);
        if (!matcher.find()) {
            throw new IllegalStateException("no " + listener + " in: " + readyLine);
        }
        return matcher.group(1);
    }

    int port(String listener) {
        String address = address(listener);
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /// Ends the process as `kill -9` does, and waits until it is gone.
    void kill() {
        process.destroyForcibly();
        await();
    }

    /// Ends the process as SIGTERM does.
    @Override
    public void close() {
        process.destroy();
        await();
    }

    private void await() {
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new UncheckedIOException(new IOException("the server did not stop in 60 s"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
