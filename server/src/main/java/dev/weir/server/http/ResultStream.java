package dev.weir.server.http;

import dev.weir.server.net.ClientGoneException;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.PushQuery;
import dev.weir.sql.exec.StatementResult;

import io.netty.handler.codec.http.HttpResponseStatus;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Sends a result as it comes: a push query step by step, each on its way before the next is taken,
/// and at the pace of the reader.
final class ResultStream {
    /// A part and the row that fills it fit into one HTTP/2 frame of 16 KiB: there are clients that
    /// take a frame for whole lines, and the first one for the header.
    private static final int PART_BYTES = 12 << 10;

    private static final Duration LOOK_UP_EVERY = Duration.ofSeconds(1);
    private static final AtomicLong NEXT_QUERY = new AtomicLong(1);

    private final Exchange exchange;
    private final ResultFormat format;
    private long rows;

    ResultStream(Exchange exchange, ResultFormat format) {
        this.exchange = exchange;
        this.format = format;
    }

    /// Sends a finished result.
    void send(StatementResult.Rows result) {
        try (var out = new JsonOutput()) {
            exchange.start(HttpResponseStatus.OK, format.contentType());
            String id = "query_" + NEXT_QUERY.getAndIncrement();
            format.begin(out, ResultFormat.Head.finished(result.schema(), id));
            exchange.write(out.take());
            sendRows(out, result.rows());
            format.end(out, rows, false);
            exchange.write(out.take());
            exchange.end();
        }
    }

    private void sendRows(JsonOutput out, List<Object[]> all) {
        if (all.isEmpty()) {
            return;
        }
        format.beginRows(out);
        for (Object[] row : all) {
            if (out.size() >= PART_BYTES) {
                format.endRows(out);
                exchange.write(out.take());
                format.beginRows(out);
            }
            format.row(out, row, 0, false);
            rows++;
        }
        format.endRows(out);
    }

    /// Sends a never-ending result until it ends after all, and closes the query.
    ///
    /// @throws ClientGoneException when the client left
    void send(PushQuery query) throws InterruptedException {
        try (query;
                var _ = exchange.whenGone(query::close);
                var out = new JsonOutput()) {
            exchange.start(HttpResponseStatus.OK, format.contentType());
            format.begin(out, ResultFormat.Head.of(query));
            exchange.write(out.take());
            try {
                sendSteps(out, query);
                format.end(out, rows, true);
            } catch (SqlException e) {
                format.fail(out, e);
            }
            exchange.write(out.take());
            exchange.end();
        }
    }

    private void sendSteps(JsonOutput out, PushQuery query) throws InterruptedException {
        while (true) {
            PushQuery.Step step = query.poll(LOOK_UP_EVERY);
            if (!exchange.isOpen()) {
                return;
            }
            if (step == null) {
                continue;
            }
            sendStep(out, step);
            if (step.end()) {
                return;
            }
        }
    }

    private void sendStep(JsonOutput out, PushQuery.Step step) {
        if (step.rows().isEmpty()) {
            return;
        }
        format.beginRows(out);
        for (PushQuery.Change change : step.rows()) {
            if (out.size() >= PART_BYTES) {
                format.endRows(out);
                exchange.write(out.take());
                format.beginRows(out);
            }
            format.row(out, change.values(), change.rowTime(), change.deleted());
            rows++;
        }
        format.endRows(out);
        exchange.write(out.take());
    }

    /// The result of a statement that was expected to be a query.
    static void send(Exchange exchange, StatementResult result, ResultFormat format)
            throws InterruptedException {
        var stream = new ResultStream(exchange, format);
        switch (result) {
            case StatementResult.Live(PushQuery query) -> stream.send(query);
            case StatementResult.Done done ->
                    throw new SqlException(
                            SqlState.WRONG_OBJECT_TYPE,
                            null,
                            "the statement has no rows: " + done.message(),
                            null);
            default -> stream.send(result.asRows());
        }
    }
}
