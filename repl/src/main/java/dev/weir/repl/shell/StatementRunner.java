package dev.weir.repl.shell;

import dev.weir.repl.client.ResponseHandler;
import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.Row;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.client.StatementError;
import dev.weir.repl.render.ErrorText;
import dev.weir.repl.render.ResultWriter;

import java.io.IOException;
import java.util.List;
import java.util.Locale;

/// Runs a statement and shows its answer. Used by the shell's thread.
final class StatementRunner {
    private final StatementClient client;
    private final Console console;
    private final Settings settings;
    private final boolean hints;

    /// @param hints tells how to end a live query
    StatementRunner(StatementClient client, Console console, Settings settings, boolean hints) {
        this.client = client;
        this.console = console;
        this.settings = settings;
        this.hints = hints;
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
            if (outcome == StatementClient.Outcome.CANCELLED && hints) {
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
        private boolean ended;

        Display(String sql, String where) {
            this.sql = sql;
            this.where = where;
        }

        @Override
        public void columns(List<ResultColumn> columns, boolean live, String queryId) {
            result = ResultWriter.of(settings.format(), console.out(), console.outPalette());
            if (live && hints) {
                String name = queryId.isEmpty() ? "live query" : "live query " + queryId;
                console.print(console.outPalette().faint(name + " (Ctrl-C ends it)") + "\n");
            }
            result.begin(columns, live);
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
