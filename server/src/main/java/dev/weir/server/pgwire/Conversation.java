package dev.weir.server.pgwire;

import dev.weir.server.net.ClientGoneException;
import dev.weir.server.net.PacedWriter;
import dev.weir.server.session.Sessions;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.SqlSession;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One connection from its startup to its end: takes its messages in order and answers each before
/// the next. Runs on a virtual thread of its own; [#endLiveQuery] may come from any.
final class Conversation implements Runnable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Conversation.class);

    private static final String DATABASE = "weir";
    private static final int PROTOCOL = 3;

    /// Rows that COPY FROM STDIN inserts at a time.
    private static final int COPY_BATCH = 1_000;

    private static final String PROTOCOL_VIOLATION = SqlState.PROTOCOL_VIOLATION.code();

    private final Sessions sessions;
    private final CancelKeys keys;
    private final Inbox inbox;
    private final PacedWriter writer;
    private final BackendMessages out;
    private final String version;
    private final SqlSession session;
    private final Cancellation cancellation;
    private Commands commands;
    private boolean skippingToSync;

    Conversation(
            Sessions sessions,
            CancelKeys keys,
            Inbox inbox,
            PacedWriter writer,
            BackendMessages out,
            String version) {
        this.sessions = sessions;
        this.keys = keys;
        this.inbox = inbox;
        this.writer = writer;
        this.out = out;
        this.version = version;
        this.session = sessions.newSession();
        this.cancellation = new Cancellation(writer, session);
    }

    @Override
    public void run() {
        CancelKeys.Key key = keys.register(cancellation::cancel);
        try {
            if (begin(inbox.take(), key)) {
                boolean goOn = true;
                while (goOn) {
                    goOn = answer(inbox.take());
                }
            }
            out.flush();
            writer.drain();
        } catch (ClientGoneException _) {
            // It left in the middle of an answer.
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOGGER.error("a PostgreSQL connection failed unexpectedly", e);
        } finally {
            keys.forget(key);
            out.discard();
            if (commands != null) {
                commands.closePortals(true);
            }
        }
    }

    /// Ends the push query that is being sent, if there is one.
    void endLiveQuery() {
        cancellation.endReading();
    }

    // ---- Startup

    /// @return false when the connection is over
    private boolean begin(FrontendMessage first, CancelKeys.Key key) {
        Optional<Problem> refusal =
                switch (first) {
                    case FrontendMessage.Startup startup -> refusal(startup);
                    case FrontendMessage.Broken(var reason) ->
                            Optional.of(Problem.fatal(PROTOCOL_VIOLATION, reason, null));
                    default ->
                            Optional.of(
                                    Problem.fatal(
                                            PROTOCOL_VIOLATION, "expected a startup packet", null));
                };
        if (refusal.isPresent()) {
            out.problem(refusal.get());
            return false;
        }
        var startup = (FrontendMessage.Startup) first;
        greet(startup, key);
        return true;
    }

    private Optional<Problem> refusal(FrontendMessage.Startup startup) {
        if (startup.protocol() >>> 16 != PROTOCOL) {
            return Optional.of(
                    Problem.fatal(
                            SqlState.FEATURE_NOT_SUPPORTED.code(),
                            "unsupported frontend protocol "
                                    + (startup.protocol() >>> 16)
                                    + "."
                                    + (startup.protocol() & 0xffff)
                                    + ": server supports 3.0",
                            null));
        }
        String user = startup.parameters().getOrDefault("user", "");
        if (user.isEmpty()) {
            return Optional.of(
                    Problem.fatal(
                            "28000", "no PostgreSQL user name specified in startup packet", null));
        }
        String database = startup.parameters().getOrDefault("database", user);
        if (!database.equals(DATABASE)) {
            return Optional.of(
                    Problem.fatal(
                            "3D000",
                            "database \"" + database + "\" does not exist",
                            "The only database is \"" + DATABASE + "\"; with psql: -d weir"));
        }
        if (!sessions.isReady()) {
            return Optional.of(
                    Problem.fatal(
                            SqlState.CANNOT_CONNECT_NOW.code(),
                            "the database system is starting up or shutting down",
                            null));
        }
        return Optional.empty();
    }

    private void greet(FrontendMessage.Startup startup, CancelKeys.Key key) {
        var parameters = new SessionParameters(startup.parameters().get("user"), version);
        List<String> unknownOptions =
                startup.parameters().keySet().stream()
                        .filter(name -> name.startsWith("_pq_."))
                        .toList();
        if ((startup.protocol() & 0xffff) > 0 || !unknownOptions.isEmpty()) {
            out.negotiateProtocol(0, unknownOptions);
        }
        for (Map.Entry<String, String> given : startup.parameters().entrySet()) {
            if (parameters.value(given.getKey()).isPresent() && !given.getValue().isEmpty()) {
                try {
                    var _ =
                            parameters.set(
                                    new SessionParameters.Assignment(
                                            given.getKey(), unquoted(given.getValue())));
                } catch (SqlException e) {
                    out.problem(Problem.warning(e.state().code(), e.getMessage()));
                }
            }
        }
        parameters.started();
        commands = new Commands(sessions, session, parameters, cancellation, out, key.processId());
        out.authenticationOk();
        out.parameterStatuses(parameters.reported());
        out.backendKey(key.processId(), key.secret());
        ready();
    }

    /// asyncpg sends its client_encoding in quotes.
    private static String unquoted(String value) {
        return value.length() > 1 && value.startsWith("'") && value.endsWith("'")
                ? value.substring(1, value.length() - 1)
                : value;
    }

    // ---- Messages

    /// @return false when the connection is over
    private boolean answer(FrontendMessage message) throws InterruptedException {
        return switch (message) {
            case FrontendMessage.Query(var text) -> {
                skippingToSync = false;
                yield query(text);
            }
            case FrontendMessage.Sync _ -> {
                skippingToSync = false;
                commands.endOfMessages();
                ready();
                yield true;
            }
            case FrontendMessage.Parse _,
                    FrontendMessage.Bind _,
                    FrontendMessage.Describe _,
                    FrontendMessage.Execute _,
                    FrontendMessage.Close _,
                    FrontendMessage.Malformed _ ->
                    skippingToSync || extended(message);
            case FrontendMessage.Flush _ -> {
                out.flush();
                yield true;
            }
            case FrontendMessage.Undecodable(boolean extended) -> {
                fail(
                        Problem.error(
                                SqlState.INVALID_ENCODING.code(),
                                "invalid byte sequence for encoding \"UTF8\"",
                                null));
                skippingToSync = extended;
                if (!extended) {
                    ready();
                }
                yield true;
            }
            case FrontendMessage.FunctionCall _ -> {
                fail(
                        Problem.error(
                                SqlState.FEATURE_NOT_SUPPORTED.code(),
                                "function calls are not supported",
                                null));
                ready();
                yield true;
            }
            case FrontendMessage.CopyData _,
                    FrontendMessage.CopyDone _,
                    FrontendMessage.CopyFail _ ->
                    true;
            case FrontendMessage.Terminate _ -> false;
            case FrontendMessage.Shutdown _ -> {
                out.problem(
                        Problem.fatal(
                                SqlState.ADMIN_SHUTDOWN.code(),
                                "terminating connection due to administrator command",
                                null));
                yield false;
            }
            case FrontendMessage.Broken(var reason) -> {
                out.problem(Problem.fatal(PROTOCOL_VIOLATION, reason, null));
                yield false;
            }
            case FrontendMessage.Startup _,
                    FrontendMessage.EncryptionRequest _,
                    FrontendMessage.CancelRequest _ ->
                    throw new IllegalStateException("not after the startup: " + message);
        };
    }

    // ---- Simple queries

    /// Runs the statements of a query message until one fails.
    ///
    /// @return false when the connection is over
    private boolean query(String text) throws InterruptedException {
        cancellation.begin();
        commands.closePortal("");
        int start = 0;
        String current = text;
        try {
            List<String> statements = sessions.split(text);
            if (statements.isEmpty()) {
                out.emptyQuery();
            }
            for (String statement : statements) {
                start = Math.max(start, text.indexOf(statement, start));
                current = statement;
                Answer answer = commands.run(statement);
                if (answer instanceof Answer.Table table) {
                    out.rowDescription(table.columns(), Formats.TEXT);
                }
                send(answer);
                start += statement.length();
                current = "";
            }
        } catch (SqlException e) {
            if (!failed(e, current, text, start)) {
                return false;
            }
        }
        commands.endOfMessages();
        ready();
        return true;
    }

    private void send(Answer answer) throws InterruptedException {
        switch (answer) {
            case Answer.Done(var tag) -> out.commandComplete(tag);
            case Answer.Empty _ -> out.emptyQuery();
            case Answer.Table table -> {
                try (RowSource rows = table.rows()) {
                    var sink = new RowSender(table.columns(), Formats.TEXT);
                    cancellation.read(rows, 0, this::isAwaited, sink);
                    out.commandComplete(table.tag(sink.count));
                }
            }
            case Answer.CopyOut(var table, var options) -> copyOut(table, options);
            case Answer.CopyIn copy -> copyIn(copy);
        }
    }

    /// True when the client has sent more than a Flush: it waits for what comes after the rows.
    private boolean isAwaited() {
        FrontendMessage next = inbox.peek();
        return next != null && !(next instanceof FrontendMessage.Flush);
    }

    /// Sends rows as they come.
    private final class RowSender implements RowSource.Sink {
        private final List<ResultColumn> columns;
        private final Formats formats;
        private long count;

        RowSender(List<ResultColumn> columns, Formats formats) {
            this.columns = columns;
            this.formats = formats;
        }

        @Override
        public void row(Object[] values) {
            out.dataRow(values, columns, formats);
            count++;
        }

        @Override
        public void pause() {
            out.flush();
        }

        @Override
        public void check() {
            cancellation.check();
        }
    }

    // ---- COPY

    private void copyOut(Answer.Table table, CopyOptions options) throws InterruptedException {
        try (RowSource rows = table.rows()) {
            var lines = new CopyWriter(table.columns(), options);
            out.copyOut(table.columns().size());
            if (options.header()) {
                out.copyData(lines.header());
            }
            var sink =
                    new RowSource.Sink() {
                        private long count;

                        @Override
                        public void row(Object[] values) {
                            out.copyData(lines.row(values));
                            count++;
                        }

                        @Override
                        public void pause() {
                            out.flush();
                        }

                        @Override
                        public void check() {
                            cancellation.check();
                        }
                    };
            cancellation.read(rows, 0, this::isAwaited, sink);
            out.copyDone();
            out.commandComplete(table.tag(sink.count));
        }
    }

    /// Takes the client's lines until it ends or fails; rows are inserted a batch at a time, and
    /// those that were stay.
    private void copyIn(Answer.CopyIn copy) throws InterruptedException {
        out.copyIn(copy.columns().size());
        out.flush();
        var lines = new CopyReader(copy.options(), copy.columns().size());
        long count = 0;
        while (true) {
            FrontendMessage message = inbox.take();
            switch (message) {
                case FrontendMessage.CopyData(var bytes) -> {
                    cancellation.check();
                    lines.accept(bytes);
                    if (lines.size() >= COPY_BATCH) {
                        count += insert(copy, lines);
                    }
                }
                case FrontendMessage.CopyDone _ -> {
                    lines.finish();
                    count += insert(copy, lines);
                    out.commandComplete("COPY " + count);
                    return;
                }
                case FrontendMessage.CopyFail(var reason) ->
                        throw new SqlException(
                                SqlState.QUERY_CANCELED, "COPY from stdin failed: " + reason);
                case FrontendMessage.Flush _, FrontendMessage.Sync _ -> {
                    // Sent by clients that speak the extended protocol; they mean nothing here.
                }
                case FrontendMessage.Terminate _,
                        FrontendMessage.Shutdown _,
                        FrontendMessage.Broken _ -> {
                    inbox.putBack(message); // ends the connection when COPY has failed
                    throw new SqlException(
                            SqlState.QUERY_CANCELED, "COPY from stdin failed: connection ended");
                }
                default ->
                        throw new SqlException(
                                SqlState.PROTOCOL_VIOLATION,
                                "unexpected message during COPY from stdin");
            }
        }
    }

    private long insert(Answer.CopyIn copy, CopyReader lines) {
        List<List<String>> rows = lines.rows();
        commands.insert(copy, rows);
        return rows.size();
    }

    // ---- The extended protocol

    /// @return false when the connection is over
    private boolean extended(FrontendMessage message) throws InterruptedException {
        String text = message instanceof FrontendMessage.Parse parse ? parse.text() : "";
        try {
            switch (message) {
                case FrontendMessage.Parse parse -> {
                    commands.keep(
                            parse.statement(),
                            commands.prepare(parse.text(), parse.parameterTypes()));
                    out.parseComplete();
                }
                case FrontendMessage.Bind bind -> {
                    bind(bind);
                    out.bindComplete();
                }
                case FrontendMessage.Describe(var target, var name) -> describe(target, name);
                case FrontendMessage.Execute(var portal, int maxRows) -> {
                    cancellation.begin();
                    text = commands.portal(portal).statement().text();
                    execute(commands.portal(portal), maxRows);
                }
                case FrontendMessage.Close(var target, var name) -> {
                    switch (target) {
                        case STATEMENT -> commands.closeStatement(name);
                        case PORTAL -> commands.closePortal(name);
                    }
                    out.closeComplete();
                }
                case FrontendMessage.Malformed(var reason) ->
                        throw new SqlException(SqlState.PROTOCOL_VIOLATION, reason);
                default -> throw new IllegalStateException("not extended: " + message);
            }
            return true;
        } catch (SqlException e) {
            skippingToSync = true;
            boolean goOn = failed(e, text, text, 0);
            out.flush();
            return goOn;
        }
    }

    private void bind(FrontendMessage.Bind bind) {
        DoorStatement statement = commands.statement(bind.statement());
        int expected = statement.parameterTypes().size();
        if (bind.values().size() != expected) {
            throw new SqlException(
                    SqlState.PROTOCOL_VIOLATION,
                    "bind message supplies "
                            + bind.values().size()
                            + " parameters, but prepared statement \""
                            + bind.statement()
                            + "\" requires "
                            + expected);
        }
        Formats parameterFormats = Formats.of(bind.parameterFormats(), expected, "parameter");
        List<Object> values = new ArrayList<>(expected);
        for (int i = 0; i < expected; i++) {
            values.add(
                    ParameterFormat.read(
                            bind.values().get(i),
                            parameterFormats.isBinary(i),
                            statement.parameterTypes().get(i)));
        }
        Formats formats =
                Formats.of(bind.resultFormats(), statement.columns().size(), "result column");
        commands.keep(bind.portal(), new Portal(statement, values, formats, false));
    }

    private void describe(FrontendMessage.Target target, String name) {
        switch (target) {
            case STATEMENT -> {
                DoorStatement statement = commands.statement(name);
                out.parameterDescription(statement.parameterTypes());
                describe(statement, Formats.TEXT);
            }
            case PORTAL -> {
                Portal portal = commands.portal(name);
                describe(portal.statement(), portal.formats());
            }
        }
    }

    private void describe(DoorStatement statement, Formats formats) {
        if (statement.hasRows()) {
            out.rowDescription(statement.columns(), formats);
        } else {
            out.noData();
        }
    }

    private void execute(Portal portal, int maxRows) throws InterruptedException {
        if (portal.answer() == null) {
            portal.answered(commands.execute(portal.statement(), portal.values()));
        } else if (!(portal.answer() instanceof Answer.Table)) {
            throw new SqlException(SqlState.OBJECT_NOT_IN_STATE, "portal cannot be run anymore");
        }
        if (!(portal.answer() instanceof Answer.Table table)) {
            send(portal.answer());
            return;
        }
        var sink = new RowSender(table.columns(), portal.formats());
        if (!portal.isFinished()) {
            if (!cancellation.read(table.rows(), Math.max(0, maxRows), this::isAwaited, sink)) {
                out.portalSuspended();
                return;
            }
            portal.finish();
            table.rows().close();
        }
        out.commandComplete(table.tag(sink.count));
    }

    // ---- Failures

    /// @return false when the connection is over
    private boolean failed(SqlException e, String statement, String query, int start) {
        Problem problem = Problem.of(e, statement, query, start);
        fail(problem);
        return !problem.severity().equals("FATAL");
    }

    private void fail(Problem problem) {
        commands.failed();
        out.problem(problem);
    }

    private void ready() {
        out.readyForQuery(commands.transaction().status());
        out.flush();
    }
}
