package dev.weir.repl.shell;

import dev.weir.repl.client.CannotConnectException;
import dev.weir.repl.client.ExitCode;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.render.Format;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// Runs the statements of a script in order and stops at the first that fails. Each is run as soon
/// as its semicolon is read, so that a script may come from a pipe that stays open.
public final class ScriptRunner {
    private final StatementRunner statements;
    private final Console console;
    private final BooleanSupplier interrupted;

    public ScriptRunner(StatementClient client, Console console, Format format) {
        this(
                new StatementRunner(client, console, new Settings(format), Optional.empty()),
                console,
                () -> false);
    }

    /// @param interrupted asked before each statement; true ends the script
    ScriptRunner(StatementRunner statements, Console console, BooleanSupplier interrupted) {
        this.statements = statements;
        this.console = console;
        this.interrupted = interrupted;
    }

    /// @param name put before errors with the line, or empty for none
    /// @return an exit code
    public int run(Reader script, String name) {
        try (BufferedReader lines = new BufferedReader(script)) {
            StatementSplitter splitter = new StatementSplitter();
            skipByteOrderMark(lines);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int exit = run(splitter.feed(line + "\n"), name);
                if (exit != ExitCode.OK) {
                    return exit;
                }
            }
            Optional<StatementSplitter.Piece> last = splitter.finish();
            return last.isPresent() ? run(List.of(last.get()), name) : ExitCode.OK;
        } catch (CannotConnectException e) {
            console.printError(e.getMessage() + "\n");
            return ExitCode.CANNOT_CONNECT;
        } catch (CharacterCodingException _) {
            console.printError(
                    "ERROR:  " + (name.isEmpty() ? "the input" : name) + " is not UTF-8\n");
            return ExitCode.FAILED;
        } catch (IOException e) {
            console.printError("ERROR:  " + e.getMessage() + "\n");
            return ExitCode.FAILED;
        } catch (UncheckedIOException e) {
            return outputGone(e);
        }
    }

    /// Editors of Windows put one at the beginning of a file.
    private static void skipByteOrderMark(BufferedReader script) throws IOException {
        script.mark(1);
        if (script.read() != '\uFEFF') {
            script.reset();
        }
    }

    private int run(List<StatementSplitter.Piece> pieces, String name) throws IOException {
        for (StatementSplitter.Piece piece : pieces) {
            if (interrupted.getAsBoolean()) {
                return ExitCode.INTERRUPTED;
            }
            String where = name.isEmpty() ? "" : name + ":" + piece.line();
            StatementClient.Outcome outcome = statements.run(piece.text(), where);
            switch (outcome) {
                case DONE -> {
                    // On to the next one.
                }
                case FAILED -> {
                    return ExitCode.FAILED;
                }
                case CANCELLED -> {
                    return ExitCode.INTERRUPTED;
                }
            }
        }
        return ExitCode.OK;
    }

    /// A reader such as `head` that has seen enough is no failure; a full disk is one.
    private int outputGone(UncheckedIOException e) {
        String message = String.valueOf(e.getCause().getMessage());
        if (message.contains("Broken pipe")) {
            return ExitCode.OK;
        }
        try {
            console.printError("ERROR:  cannot write the result: " + message + "\n");
        } catch (UncheckedIOException _) {
            // Then there is nobody to tell.
        }
        return ExitCode.FAILED;
    }
}
