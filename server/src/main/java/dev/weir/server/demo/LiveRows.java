package dev.weir.server.demo;

import dev.weir.repl.client.ResponseHandler;
import dev.weir.repl.client.ResultHead;
import dev.weir.repl.client.Row;
import dev.weir.repl.client.StatementClient;
import dev.weir.repl.client.StatementError;
import dev.weir.repl.render.ErrorText;
import dev.weir.repl.render.Format;
import dev.weir.repl.render.ResultWriter;
import dev.weir.repl.shell.Console;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Shows a live query for some seconds and counts its rows.
final class LiveRows implements ResponseHandler {
    private final Console console;
    private final String sql;
    private ResultWriter writer;
    private long count;

    private LiveRows(Console console, String sql) {
        this.console = console;
        this.sql = sql;
    }

    /// @return how many rows there were; 0 also when the query failed, which is shown
    static long show(StatementClient client, String sql, Console console, int seconds)
            throws IOException {
        LiveRows rows = new LiveRows(console, sql);
        CountDownLatch over = new CountDownLatch(1);
        Thread timer =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                if (!over.await(seconds, TimeUnit.SECONDS)) {
                                    client.cancel();
                                }
                            } catch (InterruptedException _) {
                                Thread.currentThread().interrupt();
                            }
                        });
        try {
            client.execute(sql, rows);
        } finally {
            over.countDown();
            timer.interrupt();
        }
        if (rows.writer != null) {
            rows.writer.end();
        }
        return rows.count;
    }

    @Override
    public void columns(ResultHead head) {
        writer = ResultWriter.of(Format.TABLE, console.out(), console.outPalette());
        writer.begin(head.columns(), head.live());
    }

    @Override
    public void rows(List<Row> rows) {
        writer.rows(rows);
        count += rows.size();
    }

    @Override
    public void done(String tag, String message) {}

    @Override
    public void error(StatementError error) {
        count = 0;
        try {
            console.err().write(ErrorText.of(error, "", sql, console.errPalette()));
            console.err().flush();
        } catch (IOException _) {
            // Nobody reads it.
        }
    }
}
