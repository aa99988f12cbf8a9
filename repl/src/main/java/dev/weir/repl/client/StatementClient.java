package dev.weir.repl.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;

/// Runs statements at a server, one at a time. One thread runs them; any thread may cancel the one
/// that is running.
public final class StatementClient {
    private static final int MAX_ERROR_ANSWER_BYTES = 64 << 10;

    private final ServerAddress server;
    private final Object lock = new Object();
    private String session = "";
    // Guarded by lock: the connection of the running statement, and whether it was cancelled.
    private Socket running;
    private boolean cancelled;

    public StatementClient(ServerAddress server) {
        this.server = server;
    }

    /// How a statement came to its end.
    public enum Outcome {
        DONE,
        FAILED,
        /// [#cancel] ended it.
        CANCELLED
    }

    public ServerAddress server() {
        return server;
    }

    /// Runs a statement and hands its answer on until it ends or is cancelled.
    ///
    /// @throws CannotConnectException when nothing listens at the server's address
    /// @throws IOException when the connection broke or something else than Weir answered
    public Outcome execute(String sql, ResponseHandler handler) throws IOException {
        byte[] request =
                ("{\"sql\":" + Json.quote(sql) + ",\"session\":" + Json.quote(session()) + "}")
                        .getBytes(StandardCharsets.UTF_8);
        EndWatch watch = new EndWatch(handler);
        Socket socket = new Socket();
        synchronized (lock) {
            running = socket;
            cancelled = false;
        }
        try (HttpExchange exchange =
                HttpExchange.post(server, "/statement", "application/json", request, socket)) {
            readAnswer(exchange, watch);
        } catch (IOException e) {
            synchronized (lock) {
                if (cancelled) {
                    return Outcome.CANCELLED;
                }
            }
            throw e;
        } finally {
            synchronized (lock) {
                running = null;
            }
        }
        return watch.failed ? Outcome.FAILED : Outcome.DONE;
    }

    /// Makes sure that a Weir answers.
    ///
    /// @throws CannotConnectException when nothing listens at the server's address
    /// @throws IOException when something else than Weir answered
    public void check() throws IOException {
        execute("", IGNORE);
    }

    /// Ends the running statement by closing its connection, at the server too. Does nothing when
    /// none is running.
    ///
    /// @return true when there was one
    public boolean cancel() {
        synchronized (lock) {
            if (running == null) {
                return false;
            }
            cancelled = true;
            try {
                running.close();
            } catch (IOException _) {
                // It is closed all the same.
            }
            return true;
        }
    }

    private void readAnswer(HttpExchange exchange, EndWatch watch) throws IOException {
        InputStream body = exchange.body();
        if (exchange.status() != 200) {
            byte[] start = body.readNBytes(MAX_ERROR_ANSWER_BYTES);
            String text = new String(start, StandardCharsets.UTF_8).strip();
            if (text.startsWith("{\"error\"")) {
                new ResponseReader(watch).read(new ByteArrayInputStream(start));
                return;
            }
            throw new IOException(
                    server
                            + " answered HTTP "
                            + exchange.status()
                            + (text.isEmpty() ? "" : ": " + text));
        }
        if (!new ResponseReader(watch).read(body)) {
            throw new IOException("the server closed the connection before the end of the result");
        }
    }

    /// Ties this client's statements together at the server. Made at the first statement: random
    /// numbers worth the name take a while to start.
    private String session() {
        if (session.isEmpty()) {
            byte[] random = new byte[12];
            new SecureRandom().nextBytes(random);
            session = HexFormat.of().formatHex(random);
        }
        return session;
    }

    private static final ResponseHandler IGNORE =
            new ResponseHandler() {
                @Override
                public void columns(ResultHead head) {}

                @Override
                public void rows(List<Row> rows) {}

                @Override
                public void done(String tag, String message) {}

                @Override
                public void error(StatementError error) {}
            };

    /// Passes everything on and remembers whether an error came.
    private static final class EndWatch implements ResponseHandler {
        private final ResponseHandler to;
        private boolean failed;

        EndWatch(ResponseHandler to) {
            this.to = to;
        }

        @Override
        public void columns(ResultHead head) {
            to.columns(head);
        }

        @Override
        public void rows(List<Row> rows) {
            to.rows(rows);
        }

        @Override
        public void done(String tag, String message) {
            to.done(tag, message);
        }

        @Override
        public void error(StatementError error) {
            failed = true;
            to.error(error);
        }
    }
}
