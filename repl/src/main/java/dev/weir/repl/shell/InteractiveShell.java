package dev.weir.repl.shell;

import dev.weir.repl.client.ExitCode;
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
import java.nio.file.Path;
import java.util.Optional;

/// The prompt. Runs until Ctrl-D or `exit`; Ctrl-C ends the running statement, or clears what was
/// typed.
public final class InteractiveShell {
    private static final String PROMPT = "weir> ";
    private static final String CONTINUATION = "    > ";

    private final Terminal terminal;
    private final StatementClient client;
    private final Settings settings;
    private final Console console;
    private final StatementRunner statements;
    private final Path history;

    /// @param history file that keeps what was typed
    public InteractiveShell(
            Terminal terminal,
            StatementClient client,
            Format format,
            boolean colour,
            Path history) {
        this.terminal = terminal;
        this.client = client;
        this.settings = new Settings(format);
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
    }

    private LineReader reader() {
        LineReader reader =
                LineReaderBuilder.builder()
                        .appName("weir")
                        .terminal(terminal)
                        .parser(new StatementParser())
                        .history(new DefaultHistory())
                        .highlighter(new SqlHighlighter())
                        .completer(new KeywordCompleter())
                        .variable(LineReader.HISTORY_FILE, history)
                        .variable(LineReader.SECONDARY_PROMPT_PATTERN, CONTINUATION)
                        .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                        .option(LineReader.Option.HISTORY_TIMESTAMPED, false)
                        .build();
        return reader;
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
            case ShellCommand.Unknown(var text) ->
                    console.print("unknown command " + text + "; help lists the commands\n");
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

    private void runStatements(String text) {
        Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, _ -> client.cancel());
        try {
            for (StatementSplitter.Piece piece : StatementSplitter.split(text)) {
                if (statements.run(piece.text(), "") != StatementClient.Outcome.DONE) {
                    return;
                }
            }
        } catch (IOException e) {
            StatementError error = StatementError.of(String.valueOf(e.getMessage()));
            console.printError(ErrorText.of(error, "", "", console.errPalette()));
        } finally {
            terminal.handle(Terminal.Signal.INT, before);
        }
    }
}
