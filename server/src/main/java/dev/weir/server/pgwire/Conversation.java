package dev.weir.server.pgwire;

import dev.weir.server.net.ClientGoneException;
import dev.weir.server.net.PacedWriter;
import dev.weir.server.session.Keywords;
import dev.weir.server.session.Sessions;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.PushQuery;
import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// One connection from its startup to its end: takes its messages in order and answers each before
/// the next. Runs on a virtual thread of its own; [#cancel] and [#endLiveQuery] may come from any.
///
/// Statements take effect one by one: BEGIN, COMMIT and ROLLBACK are accepted because drivers send
/// them, and their states are kept, but nothing is held back or undone.
final class Conversation implements Runnable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Conversation.class);

    private static final String DATABASE = "weir";
    private static final int PROTOCOL = 3;
    private static final Duration LOOK_UP_EVERY = Duration.ofSeconds(1);

    private static final String FEATURE_NOT_SUPPORTED = "0A000";
    private static final String PROTOCOL_VIOLATION = "08P01";

    private final Sessions sessions;
    private final CancelKeys keys;
    private final Inbox inbox;
    private final PacedWriter writer;
    private final BackendMessages out;
    private final String version;
    private final SqlSession session;
    private SessionParameters parameters;
    private Transaction transaction = Transaction.NONE;
    private boolean wroteInTransaction;
    private boolean skippingToSync;

    private volatile boolean cancelled;
    private volatile PushQuery live;

    /// Whether a transaction block is open, as ReadyForQuery tells it.
    private enum Transaction {
        NONE('I'),
        OPEN('T'),
        FAILED('E');

        private final char status;

        Transaction(char status) {
            this.status = status;
        }
    }

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
    }

    @Override
    public void run() {
        CancelKeys.Key key = keys.register(this::cancel);
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
        }
    }

    /// Ends the statement that is running, for its client sees "canceling statement due to user
    /// request". A finished result that is being computed is not interrupted.
    private void cancel() {
        cancelled = true;
        endLiveQuery();
    }

    /// Closes the push query that is being sent, if there is one.
    void endLiveQuery() {
        PushQuery query = live;
        if (query != null) {
            query.close();
        }
    }

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
                            FEATURE_NOT_SUPPORTED,
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
        parameters = new SessionParameters(startup.parameters().get("user"), version);
        if ((startup.protocol() & 0xffff) > 0) {
            out.negotiateProtocol(
                    0,
                    startup.parameters().keySet().stream()
                            .filter(name -> name.startsWith("_pq_."))
                            .toList());
        }
        for (Map.Entry<String, String> given : startup.parameters().entrySet()) {
            if (parameters.value(given.getKey()).isPresent() && !given.getValue().isEmpty()) {
                try {
                    parameters.set(
                            new SessionParameters.Assignment(
                                    given.getKey(), unquoted(given.getValue())));
                } catch (SqlException e) {
                    out.problem(Problem.warning(e.state().code(), e.getMessage()));
                }
            }
        }
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

    /// @return false when the connection is over
    private boolean answer(FrontendMessage message) throws InterruptedException {
        return switch (message) {
            case FrontendMessage.Query(var text) -> {
                skippingToSync = false;
                yield query(text);
            }
            case FrontendMessage.Undecodable _ -> {
                fail(Problem.error("22021", "invalid byte sequence for encoding \"UTF8\"", null));
                ready();
                yield true;
            }
            case FrontendMessage.Sync _ -> {
                skippingToSync = false;
                ready();
                yield true;
            }
            case FrontendMessage.Extended _ -> {
                refuseExtended();
                yield true;
            }
            case FrontendMessage.FunctionCall _ -> {
                fail(
                        Problem.error(
                                FEATURE_NOT_SUPPORTED, "function calls are not supported", null));
                ready();
                yield true;
            }
            case FrontendMessage.CopyInput _ -> true;
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

    private void refuseExtended() {
        if (!skippingToSync) {
            skippingToSync = true;
            fail(
                    Problem.error(
                            FEATURE_NOT_SUPPORTED,
                            "the extended query protocol is not supported",
                            "Send simple queries; with pgjdbc add preferQueryMode=simple to the"
                                    + " URL."));
            out.flush();
        }
    }

    /// Runs the statements of a query message until one fails.
    ///
    /// @return false when the connection is over
    private boolean query(String text) throws InterruptedException {
        cancelled = false;
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
                run(statement);
                start += statement.length();
                current = "";
            }
        } catch (Refusal e) {
            fail(e.problem());
        } catch (SqlException e) {
            Problem problem = Problem.of(e, current, text, start);
            fail(problem);
            if (problem.severity().equals("FATAL")) {
                return false;
            }
        }
        ready();
        return true;
    }

    private void run(String statement) throws InterruptedException {
        List<String> words = Keywords.first(statement, 2);
        String verb = words.isEmpty() ? "" : words.getFirst();
        String object = words.size() < 2 ? "" : words.get(1);
        boolean endsTransaction =
                verb.equals("COMMIT")
                        || verb.equals("END")
                        || verb.equals("ROLLBACK")
                        || verb.equals("ABORT");
        if (transaction == Transaction.FAILED && !endsTransaction) {
            throw new Refusal(
                    Problem.error(
                            "25P02",
                            "current transaction is aborted, commands ignored until end of"
                                    + " transaction block",
                            null));
        }
        switch (verb) {
            case "BEGIN" -> beginTransaction("BEGIN");
            case "START" -> beginTransaction("START TRANSACTION");
            case "COMMIT", "END" -> endTransaction(true);
            case "ROLLBACK", "ABORT" -> rollBack(object);
            case "SET" -> set(statement, object);
            case "RESET", "DISCARD", "DEALLOCATE", "UNLISTEN" ->
                    out.commandComplete(object.equals("ALL") ? verb + " ALL" : verb);
            case "SHOW" -> show(statement, object);
            default -> execute(statement, verb);
        }
    }

    private void beginTransaction(String tag) {
        if (transaction == Transaction.OPEN) {
            out.problem(Problem.warning("25001", "there is already a transaction in progress"));
        } else {
            transaction = Transaction.OPEN;
            wroteInTransaction = false;
        }
        out.commandComplete(tag);
    }

    private void rollBack(String object) {
        if (object.equals("TO")) {
            throw new Refusal(
                    Problem.error(FEATURE_NOT_SUPPORTED, "savepoints are not supported", null));
        }
        endTransaction(false);
    }

    private void endTransaction(boolean commit) {
        boolean rolledBack = !commit || transaction == Transaction.FAILED;
        if (transaction == Transaction.NONE) {
            out.problem(Problem.warning("25P01", "there is no transaction in progress"));
        } else if (rolledBack && wroteInTransaction) {
            out.problem(
                    Problem.warning(
                            FEATURE_NOT_SUPPORTED,
                            "nothing was rolled back: statements take effect as they run"));
        }
        transaction = Transaction.NONE;
        out.commandComplete(rolledBack ? "ROLLBACK" : "COMMIT");
    }

    /// Parameters of PostgreSQL are kept here, those of the engine there.
    private void set(String statement, String object) throws InterruptedException {
        Optional<SessionParameters.Assignment> assignment = parameters.assignment(statement);
        if (assignment.isPresent()) {
            parameters
                    .set(assignment.get())
                    .ifPresent(name ->
                            out.parameterStatus(name, parameters.value(name).orElseThrow()));
            out.commandComplete("SET");
        } else if (object.equals("TRANSACTION")
                || (object.equals("SESSION")
                        && statement.toUpperCase(Locale.ROOT).contains("CHARACTERISTICS"))) {
            out.commandComplete("SET");
        } else {
            execute(statement, "SET");
        }
    }

    private void show(String statement, String object) throws InterruptedException {
        String name =
                switch (object) {
                    case "TIME" -> "TimeZone";
                    case "TRANSACTION" -> "transaction_isolation";
                    default -> object.toLowerCase(Locale.ROOT);
                };
        Optional<String> value = parameters.value(name);
        if (value.isEmpty()) {
            execute(statement, "SHOW");
            return;
        }
        out.rowDescription(new Schema(List.of(new Field(name, Primitive.VARCHAR))));
        out.dataRow(new Object[] {value.get()});
        out.commandComplete("SHOW");
    }

    private void execute(String statement, String verb) throws InterruptedException {
        StatementResult result = sessions.execute(statement, session);
        boolean copy = verb.equals("COPY");
        switch (result) {
            case StatementResult.Done done -> {
                wroteInTransaction |= done.commandSequence() >= 0 || verb.equals("INSERT");
                out.commandComplete(done.tag());
            }
            case StatementResult.Live(PushQuery query) -> stream(query, copy);
            default -> finished(result.asRows(), copy ? "COPY" : verb);
        }
    }

    private void finished(StatementResult.Rows result, String verb) {
        boolean copy = verb.equals("COPY");
        head(result.schema(), copy);
        for (Object[] row : result.rows()) {
            if (cancelled) {
                throw cancelled();
            }
            row(row, copy);
        }
        tail(result.rows().size(), verb);
    }

    /// Sends a push query's changes, each step on its way before the next is taken. The key of a
    /// row that went comes with NULL in the other columns.
    private void stream(PushQuery query, boolean copy) throws InterruptedException {
        live = query;
        try (query) {
            head(query.schema(), copy);
            out.flush();
            long rows = 0;
            boolean end = false;
            while (!end) {
                PushQuery.Step step = poll(query);
                if (step != null) {
                    for (PushQuery.Change change : step.rows()) {
                        row(change.values(), copy);
                        rows++;
                    }
                    out.flush();
                    end = step.end();
                }
            }
            tail(rows, copy ? "COPY" : "SELECT");
        } finally {
            live = null;
        }
    }

    private PushQuery.Step poll(PushQuery query) throws InterruptedException {
        try {
            if (cancelled) {
                throw cancelled();
            }
            writer.checkOpen();
            PushQuery.Step step = query.poll(LOOK_UP_EVERY);
            if (cancelled) {
                throw cancelled();
            }
            return step;
        } catch (SqlException e) {
            // Closing the query is how it was cancelled, so this may be the consequence.
            throw cancelled ? cancelled() : e;
        }
    }

    private void head(Schema schema, boolean copy) {
        if (copy) {
            out.copyOut(schema.size());
        } else {
            out.rowDescription(schema);
        }
    }

    private void row(Object[] values, boolean copy) {
        if (copy) {
            out.copyRow(values);
        } else {
            out.dataRow(values);
        }
    }

    private void tail(long rows, String verb) {
        switch (verb) {
            case "COPY" -> {
                out.copyDone();
                out.commandComplete("COPY " + rows);
            }
            case "SHOW", "LIST", "EXPLAIN", "DESCRIBE" -> out.commandComplete(verb);
            default -> out.commandComplete("SELECT " + rows);
        }
    }

    private static SqlException cancelled() {
        return new SqlException(SqlState.QUERY_CANCELED, "canceling statement due to user request");
    }

    private void fail(Problem problem) {
        if (transaction == Transaction.OPEN) {
            transaction = Transaction.FAILED;
        }
        out.problem(problem);
    }

    private void ready() {
        out.readyForQuery(transaction.status);
        out.flush();
    }
}
