package dev.weir.repl.shell;

import dev.weir.repl.client.ExitCode;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.render.Palette;

import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Reader;
import java.io.StringReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// `weir sql`: reads the command line and picks the prompt or a script.
public final class SqlCommand {
    static final String USAGE =
            """
            usage: weir sql [--server URL] [-e SQL | -f FILE] [--format FORMAT]

              --server URL      HTTP listener of the server (http://127.0.0.1:8088)
              -e, --execute SQL run these statements and leave
              -f, --file FILE   run the statements of a file and leave (- is standard input)
              --format FORMAT   table, vertical, csv, json or jsonl
              -h, --help        this text

            Without -e and -f statements come from the prompt, or from standard input when that is
            not a terminal. Exit codes: 0 fine, 1 a statement failed, 2 wrong use, 3 cannot connect,
            130 interrupted.
            """;

    private SqlCommand() {}

    /// @return an exit code
    public static int run(String[] arguments) {
        SqlOptions options;
        try {
            options = SqlOptions.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("weir sql: " + e.getMessage() + "; weir sql --help shows how");
            return ExitCode.USAGE;
        }
        if (options.help()) {
            System.out.print(USAGE);
            return ExitCode.OK;
        }
        StatementClient client = new StatementClient(options.server());
        boolean script = options.execute().isPresent() || options.file().isPresent();
        try {
            return script || !TerminalCheck.isInteractive()
                    ? runScript(options, client)
                    : runPrompt(options, client);
        } catch (IOException e) {
            System.err.println("weir sql: " + e.getMessage());
            return ExitCode.FAILED;
        }
    }

    private static int runPrompt(SqlOptions options, StatementClient client) throws IOException {
        try (Terminal terminal = openTerminal()) {
            String greeting =
                    "Weir at " + options.server() + "; help shows what there is, Ctrl-D leaves.\n";
            return new InteractiveShell(
                            terminal,
                            client,
                            options.format(),
                            TerminalCheck.wantsColour(),
                            historyFile())
                    .run(greeting, Optional.empty());
        }
    }

    /// True when a person types and reads.
    public static boolean isInteractive() {
        return TerminalCheck.isInteractive();
    }

    /// True unless the user refused colours.
    public static boolean wantsColour() {
        return TerminalCheck.wantsColour();
    }

    /// The terminal that the process runs in. The native library of JLine starts 100 ms faster than
    /// its foreign-function provider, which stands in where there is none.
    public static Terminal openTerminal() throws IOException {
        return TerminalBuilder.builder().system(true).providers("jni,ffm,exec").dumb(true).build();
    }

    /// Where the prompt keeps what was typed: `WEIR_HISTORY`, or a file in the home directory.
    public static Path historyFile() {
        String file = System.getenv("WEIR_HISTORY");
        return file == null || file.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".weir_history")
                : Path.of(file);
    }

    private static int runScript(SqlOptions options, StatementClient client) throws IOException {
        ScriptRunner runner = new ScriptRunner(client, standardConsole(), options.format());
        if (options.execute().isPresent()) {
            return runner.run(new StringReader(options.execute().get()), "");
        }
        Path file = options.file().orElse(Path.of("-"));
        if (file.equals(Path.of("-"))) {
            Reader in =
                    new InputStreamReader(
                            new FileInputStream(FileDescriptor.in), StandardCharsets.UTF_8);
            return runner.run(in, "");
        }
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            System.err.println("weir sql: cannot read " + file);
            return ExitCode.USAGE;
        }
        return runner.run(Files.newBufferedReader(file), file.toString());
    }

    /// Standard output and standard error, with colours and line drawing where they are terminals.
    public static Console standardConsole() {
        boolean colour = TerminalCheck.wantsColour();
        Palette palette = colour ? Palette.TERMINAL : Palette.COLOURLESS_TERMINAL;
        return new Console(
                writer(FileDescriptor.out),
                TerminalCheck.outputIsTerminal() ? palette : Palette.PLAIN,
                writer(FileDescriptor.err),
                TerminalCheck.errorIsTerminal() ? palette : Palette.PLAIN);
    }

    /// Unlike System.out this tells when the reader is gone.
    private static Writer writer(FileDescriptor descriptor) {
        return new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8);
    }
}
