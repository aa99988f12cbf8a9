package dev.weir.repl.shell;

import dev.weir.repl.client.ExitCode;
import dev.weir.repl.client.ServerAddress;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.client.StatementError;
import dev.weir.repl.render.ErrorText;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;

import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.history.DefaultHistory;
import org.jline.terminal.Terminal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;

/// The prompt. Runs until Ctrl-D or `exit`; Ctrl-C ends the running statement, or clears what was
/// typed.
public final class InteractiveShell {
    private static final String PROMPT = "weir> ";
    private static final String CONTINUATION = "    > ";

    private final Terminal terminal;
    private final Settings settings;
    private final Console console;
    private final StatementRunner statements;
    private final boolean colour;
    private final Path history;
    private StatementClient client;
    private ServerCatalog catalog;
    // The statements that \watch repeats.
    private String ranLast = "";

    /// @param history file that keeps what was typed
    public InteractiveShell(
            Terminal terminal,
            StatementClient client,
            Format format,
            boolean colour,
            Path history) {
        this.terminal = terminal;
        this.client = client;
        this.catalog = new ServerCatalog(client.server());
        this.settings = new Settings(format);
        this.colour = colour;
        Palette palette = colour ? Palette.TERMINAL : Palette.COLOURLESS_TERMINAL;
        this.console = new Console(terminal.writer(), palette, terminal.writer(), palette);
        this.statements = new StatementRunner(client, console, settings, Optional.of(terminal));
        this.history = history;
    }

    /// @param greeting shown first, may be empty
    /// @param first a statement to run before the first prompt
    /// @return an exit code
    public int run(String greeting, Optional<String> first) {
        console.print(greeting);
        LineReader reader = reader();
        first.ifPresent(sql -> {
            console.print(PROMPT + sql + ";\n");
            reader.getHistory().add(sql + ";");
            runStatements(sql);
        });
        catalog.refresh();
        try {
            while (true) {
                try {
                    if (!accept(reader.readLine(PROMPT))) {
                        return ExitCode.OK;
                    }
                } catch (UserInterruptException _) {
                    // What was typed is dropped; a new prompt follows.
                } catch (EndOfFileException _) {
                    return ExitCode.OK;
                }
            }
        } finally {
            catalog.close();
            closeOutput();
        }
    }

    private LineReader reader() {
        LineReaderBuilder builder =
                LineReaderBuilder.builder()
                        .appName("weir")
                        .terminal(terminal)
                        .parser(new StatementParser())
                        .history(new DefaultHistory())
                        .completer(new SqlCompleter(() -> catalog))
                        .variable(LineReader.HISTORY_FILE, history)
                        .variable(LineReader.SECONDARY_PROMPT_PATTERN, CONTINUATION)
                        .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                        .option(LineReader.Option.HISTORY_TIMESTAMPED, false)
                        .option(LineReader.Option.CASE_INSENSITIVE, true);
        if (colour) {
            builder.highlighter(new SqlHighlighter());
        }
        return builder.build();
    }

    /// Runs what was typed; false to leave.
    private boolean accept(String typed) {
        Optional<ShellCommand> command = ShellCommand.parse(typed);
        if (command.isEmpty()) {
            runStatements(typed);
            return true;
        }
        switch (command.get()) {
            case ShellCommand.Quit() -> {
                return false;
            }
            case ShellCommand.Help() -> console.print(ShellCommand.HELP);
            case ShellCommand.Timing(var on) -> {
                settings.setTiming(on.orElse(!settings.timing()));
                console.print("timing is " + (settings.timing() ? "on" : "off") + "\n");
            }
            case ShellCommand.Expanded() ->
                    setFormat(
                            settings.format() == Format.VERTICAL ? Format.TABLE : Format.VERTICAL);
            case ShellCommand.SetFormat(var name) -> setFormat(name);
            case ShellCommand.Shorthand(var sql) -> runStatements(sql);
            case ShellCommand.Include(var file) -> include(file);
            case ShellCommand.Output(var file) -> setOutput(file);
            case ShellCommand.Watch(var sql, var every) ->
                    watch(sql.isEmpty() ? ranLast : sql, every);
            case ShellCommand.Connect(var server) -> connect(server);
            case ShellCommand.Wrong(var problem) -> console.print(problem + "\n");
        }
        return true;
    }

    private void setFormat(String name) {
        if (name.isEmpty()) {
            console.print("format is " + settings.format() + "\n");
            return;
        }
        try {
            setFormat(Format.parse(name));
        } catch (IllegalArgumentException e) {
            console.print(e.getMessage() + "\n");
        }
    }

    private void setFormat(Format format) {
        settings.setFormat(format);
        console.print("format is " + format + "\n");
    }

    // ---- Statements

    /// Runs statements up to the first that does not come to a good end; true when all did.
    private boolean runStatements(String text) {
        if (!text.isBlank()) {
            ranLast = text;
        }
        boolean[] well = {false};
        interruptibly(interruption -> {
            for (StatementSplitter.Piece piece : StatementSplitter.split(text)) {
                if (interruption.isRaised()
                        || statements.run(piece.text(), "") != StatementClient.Outcome.DONE) {
                    return;
                }
                refreshCatalogAfter(piece.text());
            }
            well[0] = true;
        });
        return well[0];
    }

    private void refreshCatalogAfter(String sql) {
        Optional<Token> first =
                Token.all(sql).stream().filter(t -> t.kind() == Token.Kind.WORD).findFirst();
        if (first.isPresent()) {
            switch (first.get().in(sql).toUpperCase(Locale.ROOT)) {
                case "CREATE", "DROP", "ALTER", "INSERT", "TERMINATE" -> catalog.refresh();
                default -> {
                    // Makes no new names.
                }
            }
        }
    }

    private void include(String name) {
        Path file;
        try {
            file = path(name);
        } catch (InvalidPathException e) {
            console.print("cannot read " + name + ": " + e.getReason() + "\n");
            return;
        }
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            console.print("cannot read " + name + "\n");
            return;
        }
        interruptibly(interruption -> {
            new ScriptRunner(statements, console, interruption::isRaised)
                    .run(Files.newBufferedReader(file), name);
            catalog.refresh();
        });
    }

    /// Runs the statements again and again until Ctrl-C or until one fails.
    private void watch(String sql, Duration every) {
        if (sql.isBlank()) {
            console.print("nothing to repeat yet; type a statement before \\watch\n");
            return;
        }
        ranLast = sql;
        interruptibly(interruption -> {
            do {
                String when =
                        LocalTime.now(ZoneId.systemDefault())
                                .truncatedTo(ChronoUnit.SECONDS)
                                .toString();
                console.print(
                        console.outPalette()
                                        .faint(
                                                when
                                                        + ", every "
                                                        + seconds(every)
                                                        + "; Ctrl-C ends it")
                                + "\n");
                for (StatementSplitter.Piece piece : StatementSplitter.split(sql)) {
                    if (interruption.isRaised()
                            || statements.run(piece.text(), "") != StatementClient.Outcome.DONE) {
                        return;
                    }
                }
            } while (!interruption.await(every));
            // Leaves the line on which the terminal has shown ^C.
            console.print("\n");
        });
    }

    private static String seconds(Duration every) {
        return every.toMillis() % 1000 == 0
                ? every.toSeconds() + " s"
                : every.toMillis() / 1000.0 + " s";
    }

    @FunctionalInterface
    private interface Work {
        void run(Interruption interruption) throws IOException;
    }

    /// Ctrl-C ends the running statement and what would follow it.
    private void interruptibly(Work work) {
        Interruption interruption = new Interruption();
        StatementClient running = client;
        Terminal.SignalHandler before =
                terminal.handle(
                        Terminal.Signal.INT,
                        _ -> {
                            interruption.raise();
                            running.cancel();
                        });
        try {
            work.run(interruption);
        } catch (IOException e) {
            showProblem(e);
        } catch (UncheckedIOException e) {
            if (settings.output().isEmpty()) {
                throw e;
            }
            console.print("cannot write the result: " + e.getCause().getMessage() + "\n");
            closeOutput();
        } finally {
            terminal.handle(Terminal.Signal.INT, before);
        }
    }

    private void showProblem(IOException e) {
        StatementError error = StatementError.of(String.valueOf(e.getMessage()));
        console.printError(ErrorText.of(error, "", "", console.errPalette()));
    }

    // ---- Where results go and statements come from

    private void setOutput(String name) {
        closeOutput();
        if (name.isEmpty()) {
            return;
        }
        try {
            settings.setOutput(Optional.of(Files.newBufferedWriter(path(name))));
        } catch (IOException | InvalidPathException e) {
            console.print("cannot write " + name + ": " + e.getMessage() + "\n");
        }
    }

    private void closeOutput() {
        Optional<Writer> open = settings.output();
        settings.setOutput(Optional.empty());
        if (open.isPresent()) {
            try {
                open.get().close();
            } catch (IOException e) {
                console.print("cannot write the result: " + e.getMessage() + "\n");
            }
        }
    }

    private static Path path(String name) {
        return name.startsWith("~/")
                ? Path.of(System.getProperty("user.home"), name.substring(2))
                : Path.of(name);
    }

    private void connect(String url) {
        if (url.isEmpty()) {
            console.print("connected to " + client.server() + "\n");
            return;
        }
        try {
            StatementClient other = new StatementClient(ServerAddress.parse(url));
            other.check();
            client = other;
            statements.setClient(other);
            catalog.close();
            catalog = new ServerCatalog(other.server());
            catalog.refresh();
            console.print("connected to " + other.server() + "\n");
        } catch (IllegalArgumentException e) {
            console.print(e.getMessage() + "\n");
        } catch (IOException e) {
            showProblem(e);
        }
    }
}
