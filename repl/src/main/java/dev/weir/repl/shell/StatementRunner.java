package dev.weir.repl.shell;

import dev.weir.repl.client.ResponseHandler;
import dev.weir.repl.client.ResultHead;
import dev.weir.repl.client.Row;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.client.StatementError;
import dev.weir.repl.render.ErrorText;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.Palette;
import dev.weir.repl.render.ResultWriter;

import org.jline.terminal.Terminal;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Runs a statement and shows its answer. Used by the shell's thread.
final class StatementRunner {
    private StatementClient client;
    private final Console console;
    private final Settings settings;
    // Empty for scripts: then no result is repainted, and nobody is told of Ctrl-C.
    private final Optional<Terminal> terminal;

    /// @param terminal where a person sits, empty for scripts
    StatementRunner(
            StatementClient client,
            Console console,
            Settings settings,
            Optional<Terminal> terminal) {
        this.client = client;
        this.console = console;
        this.settings = settings;
        this.terminal = terminal;
    }

    void setClient(StatementClient client) {
        this.client = client;
    }

    /// Runs a statement until it ends, fails or is cancelled. Errors of the statement are shown.
    ///
    /// @param where file and line to put before an error, or empty
    /// @throws IOException when the server cannot be reached or the connection breaks
    StatementClient.Outcome run(String sql, String where) throws IOException {
        long start = System.nanoTime();
        Display display = new Display(sql, where);
        StatementClient.Outcome outcome;
        try {
            outcome = client.execute(sql, display);
            if (outcome == StatementClient.Outcome.CANCELLED
                    && terminal.isPresent()
                    && !display.inPlace) {
                // Leaves the line on which the terminal has shown ^C.
                console.print("\n");
            }
        } finally {
            display.end();
        }
        if (settings.timing()) {
            double millis = (System.nanoTime() - start) / 1e6;
            String line = String.format(Locale.ROOT, "Time: %.1f ms%n", millis);
            note(line);
        }
        return outcome;
    }

    private void note(String line) {
        if (settings.format().isForPrograms()) {
            console.printError(line);
        } else {
            console.print(line);
        }
    }

    private final class Display implements ResponseHandler {
        private final String sql;
        private final String where;
        private ResultWriter result;
        private boolean inPlace;
        private boolean ended;

        Display(String sql, String where) {
            this.sql = sql;
            this.where = where;
        }

        @Override
        public void columns(ResultHead head) {
            inPlace =
                    head.live()
                            && head.table()
                            && settings.format() == Format.TABLE
                            && settings.output().isEmpty()
                            && terminal.filter(LiveTableView::isPossibleOn).isPresent();
            if (inPlace) {
                result = new LiveTableView(terminal.orElseThrow(), head, console.outPalette());
            } else {
                result =
                        ResultWriter.of(
                                settings.format(),
                                settings.output().orElse(console.out()),
                                settings.output().isPresent()
                                        ? Palette.PLAIN
                                        : console.outPalette());
                if (head.live() && terminal.isPresent()) {
                    String name =
                            head.queryId().isEmpty()
                                    ? "live query"
                                    : "live query " + head.queryId();
                    console.print(console.outPalette().faint(name + " (Ctrl-C ends it)") + "\n");
                }
            }
            result.begin(head.columns(), head.live());
        }

        @Override
        public void rows(List<Row> rows) {
            if (result != null) {
                result.rows(rows);
            }
        }

        @Override
        public void done(String tag, String message) {
            if (result == null) {
                note((message.isEmpty() ? tag : message) + "\n");
            }
            end();
        }

        @Override
        public void error(StatementError error) {
            end();
            console.printError(ErrorText.of(error, where, sql, console.errPalette()));
        }

        /// Ends the result once, whichever way the answer ended.
        void end() {
            if (result != null && !ended) {
                ended = true;
                result.end();
            }
        }
    }
}
