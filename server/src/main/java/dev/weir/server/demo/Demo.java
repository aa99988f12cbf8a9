package dev.weir.server.demo;

import dev.weir.repl.client.ExitCode;
import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.render.Format;
import dev.weir.repl.shell.Console;
import dev.weir.repl.shell.InteractiveShell;
import dev.weir.repl.shell.ScriptRunner;
import dev.weir.repl.shell.SqlCommand;

import org.jline.terminal.Terminal;

import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/// The demonstration, from the first start to the cleaned-up end.
public final class Demo {
    private static final long SEED = 42;
    private static final int DEFAULT_SECONDS = 5;
    private static final String LIVE_QUERY =
            "SELECT item, sold, pieces, revenue FROM revenue_by_item EMIT CHANGES";
    private static final String TABLE_QUERY =
            "SELECT name, city, orders_placed, revenue FROM best_customers ORDER BY revenue DESC";

    private Demo() {}

    /// Runs the demonstration.
    ///
    /// @param start starts a server over a data directory
    /// @return an exit code
    public static int run(String[] arguments, Function<Path, RunningServer> start) {
        DemoOptions options;
        try {
            options = DemoOptions.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("weir demo: " + e.getMessage());
            System.err.print(DemoOptions.USAGE);
            return ExitCode.USAGE;
        }
        if (options.help()) {
            System.out.print(DemoOptions.USAGE);
            return ExitCode.OK;
        }
        try {
            List<Path> scripts = Examples.scripts(Examples.folder());
            Path data = Files.createTempDirectory("weir-demo-");
            try (Cleanup cleanup = new Cleanup(data)) {
                RunningServer server = start.apply(data);
                cleanup.stopFirst(server);
                return show(options, scripts, server);
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("weir demo: " + e.getMessage());
            return ExitCode.FAILED;
        }
    }

    private static int show(DemoOptions options, List<Path> scripts, RunningServer server)
            throws IOException {
        Console console = SqlCommand.standardConsole();
        StatementClient client = new StatementClient(ServerAddress.parse(server.http()));
        boolean prompt = options.seconds().isEmpty() && SqlCommand.isInteractive();
        try (EventFeed feed =
                EventFeed.prepare(server.kafka(), new Shop(SEED), InstantSource.system())) {
            int exit = runExamples(scripts, client, console);
            if (exit != ExitCode.OK) {
                return exit;
            }
            feed.open();
            return prompt
                    ? openShell(client, server)
                    : showRows(client, console, options.seconds().orElse(DEFAULT_SECONDS));
        }
    }

    private static int runExamples(List<Path> scripts, StatementClient client, Console console)
            throws IOException {
        // Errors are shown, and nothing else.
        Console quiet =
                new Console(
                        Writer.nullWriter(),
                        console.outPalette(),
                        console.err(),
                        console.errPalette());
        for (Path script : scripts) {
            int exit =
                    new ScriptRunner(client, quiet, Format.TABLE)
                            .run(Files.newBufferedReader(script), script.toString());
            if (exit != ExitCode.OK) {
                return exit;
            }
        }
        return ExitCode.OK;
    }

    private static int openShell(StatementClient client, RunningServer server) throws IOException {
        String greeting =
                """
                A shop takes orders; %s holds the queries. Try, after Ctrl-C:
                  %s;
                  SHOW TABLES; DESCRIBE demand; help
                Elsewhere: psql -h %s -p %s weir, any Kafka client at %s, http://%s

                """
                        .formatted(
                                "examples/queries",
                                TABLE_QUERY,
                                host(server.postgres()),
                                port(server.postgres()),
                                server.kafka(),
                                server.http());
        try (Terminal terminal = SqlCommand.openTerminal()) {
            return new InteractiveShell(
                            terminal,
                            client,
                            Format.TABLE,
                            SqlCommand.wantsColour(),
                            SqlCommand.historyFile())
                    .run(greeting, Optional.of(LIVE_QUERY));
        }
    }

    /// Fails when there was nothing to show: then something is broken.
    private static int showRows(StatementClient client, Console console, int seconds)
            throws IOException {
        System.out.println("weir> " + LIVE_QUERY + ";");
        long rows = LiveRows.show(client, LIVE_QUERY, console, seconds);
        if (rows == 0) {
            System.err.println("weir demo: the live query showed no rows");
            return ExitCode.FAILED;
        }
        System.out.println("weir> " + TABLE_QUERY + ";");
        return new ScriptRunner(client, console, Format.TABLE)
                .run(new StringReader(TABLE_QUERY), "");
    }

    private static String host(String address) {
        return address.substring(0, address.lastIndexOf(':'));
    }

    private static String port(String address) {
        return address.substring(address.lastIndexOf(':') + 1);
    }

    /// Stops the server and deletes its data once, at the end or when the process is told to stop.
    private static final class Cleanup implements AutoCloseable {
        private final Path data;
        private Optional<RunningServer> server = Optional.empty();
        private boolean done;

        Cleanup(Path data) {
            this.data = data;
            Runtime.getRuntime().addShutdownHook(new Thread(this::close, "demo-cleanup"));
        }

        synchronized void stopFirst(RunningServer started) {
            server = Optional.of(started);
        }

        @Override
        public synchronized void close() {
            if (done) {
                return;
            }
            done = true;
            server.ifPresent(RunningServer::close);
            try (Stream<Path> files = Files.walk(data)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException | UncheckedIOException _) {
                // It lies in the temporary directory, which somebody empties.
            }
        }
    }
}
