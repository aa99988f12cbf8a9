package dev.weir.server.session;

import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.EngineMetrics;
import dev.weir.sql.exec.Prepared;
import dev.weir.sql.exec.PushQuery;
import dev.weir.sql.exec.SqlEngine;
import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/// Carries out the statements of all front doors over one engine.
///
/// Doors may open before the engine has recovered and stay open while it stops; in between
/// statements work, outside they fail with CANNOT_CONNECT_NOW or ADMIN_SHUTDOWN.
public final class Sessions implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Sessions.class);

    /// A named session that was not used for so long is forgotten.
    private static final Duration IDLE = Duration.ofHours(1);

    /// Named sessions are swept out when there are more than this; beyond twice it none is begun.
    private static final int SWEEP_ABOVE = 10_000;

    private final InstantSource clock;
    private final ConcurrentHashMap<String, Named> named = new ConcurrentHashMap<>();
    private final Set<TrackedQuery> live = ConcurrentHashMap.newKeySet();
    private final AtomicLong nextId = new AtomicLong(1);
    private final LongAdder statements = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private volatile SqlEngine engine;
    private volatile boolean closing;

    private record Named(SqlSession session, AtomicLong usedMs) {}

    public Sessions(InstantSource clock) {
        this.clock = clock;
    }

    /// From here on statements are carried out.
    public void open(SqlEngine recovered) {
        engine = recovered;
    }

    /// True while statements are carried out.
    public boolean isReady() {
        return engine != null && !closing;
    }

    /// A session for one connection or one request.
    public SqlSession newSession() {
        return new SqlSession("s" + nextId.getAndIncrement());
    }

    /// The session that requests of this name share, begun at its first use.
    ///
    /// @throws SqlException LIMIT_EXCEEDED when there are too many
    public SqlSession session(String name) {
        long now = clock.millis();
        if (named.size() > SWEEP_ABOVE) {
            named.values().removeIf(s -> now - s.usedMs().get() > IDLE.toMillis());
        }
        Named found = named.get(name);
        if (found == null) {
            if (named.size() > 2 * SWEEP_ABOVE) {
                throw new SqlException(
                        SqlState.LIMIT_EXCEEDED,
                        null,
                        "too many sessions",
                        "Use one session for all statements of a client.");
            }
            found =
                    named.computeIfAbsent(
                            name, id -> new Named(new SqlSession(id), new AtomicLong(now)));
        }
        found.usedMs().set(now);
        return found.session();
    }

    /// Splits a script into its statements.
    ///
    /// @throws SqlException SYNTAX_ERROR with the position in `script`
    public List<String> split(String script) {
        try {
            return engine().split(script);
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            throw failed(e, script);
        }
    }

    /// Parses a statement for later; see [SqlEngine#prepare].
    ///
    /// @throws SqlException whatever goes wrong
    public Prepared prepare(String statement, List<SqlType> declared, SqlSession session) {
        try {
            return engine().prepare(statement, declared, session);
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            throw failed(e, statement);
        }
    }

    /// Carries out a prepared statement; blocks. A [StatementResult.Live] must be closed by the
    /// caller.
    ///
    /// @throws SqlException whatever goes wrong
    public StatementResult execute(Prepared prepared, List<Object> values, SqlSession session) {
        statements.increment();
        try {
            return tracked(engine().execute(prepared, values, session));
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            throw failed(e, prepared.text());
        }
    }

    /// Inserts rows; see [SqlEngine#insert].
    ///
    /// @throws SqlException whatever goes wrong
    public StatementResult insert(
            String relation, List<String> columns, List<List<Object>> rows, SqlSession session) {
        statements.increment();
        try {
            return engine().insert(relation, columns, rows, session);
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            throw failed(e, "COPY " + relation);
        }
    }

    /// The columns of a relation that rows are to be inserted into, which are all unless some are
    /// named.
    ///
    /// @throws SqlException UNDEFINED_TABLE when there is no such relation
    public List<String> columns(String relation, List<String> named) {
        Relation found =
                catalog()
                        .relation(relation)
                        .orElseThrow(() ->
                                new SqlException(
                                        SqlState.UNDEFINED_TABLE,
                                        null,
                                        "relation \"" + relation + "\" does not exist",
                                        "SHOW STREAMS and SHOW TABLES list what there is."));
        return named.isEmpty()
                ? found.columns().stream().map(RelationColumn::name).toList()
                : named;
    }

    /// The relations there are.
    public Catalog catalog() {
        return engine().catalog();
    }

    /// Carries out one statement; blocks. A [StatementResult.Live] must be closed by the caller.
    ///
    /// @throws SqlException whatever goes wrong
    public StatementResult execute(String statement, SqlSession session) {
        statements.increment();
        try {
            return tracked(engine().execute(statement, session));
        } catch (RuntimeException | StackOverflowError | AssertionError e) {
            throw failed(e, statement);
        }
    }

    /// Ends a push query of any session.
    ///
    /// @return false when there is none of that id
    public boolean cancel(String queryId) {
        return engine().cancel(queryId);
    }

    public EngineMetrics metrics() {
        return engine().metrics();
    }

    /// Statements carried out or refused so far.
    public long statementCount() {
        return statements.sum();
    }

    /// Statements that failed so far.
    public long failureCount() {
        return failures.sum();
    }

    /// Refuses further statements and ends all push queries; their readers see ADMIN_SHUTDOWN.
    @Override
    public void close() {
        closing = true;
        live.forEach(TrackedQuery::shutDown);
    }

    private StatementResult tracked(StatementResult result) {
        return result instanceof StatementResult.Live(PushQuery query)
                ? new StatementResult.Live(track(query))
                : result;
    }

    private PushQuery track(PushQuery query) {
        TrackedQuery tracked = new TrackedQuery(query, live::remove);
        live.add(tracked);
        if (closing) {
            tracked.shutDown();
        }
        return tracked;
    }

    private SqlEngine engine() {
        SqlEngine ready = engine;
        if (closing) {
            throw TrackedQuery.shuttingDown();
        }
        if (ready == null) {
            throw new SqlException(
                    SqlState.CANNOT_CONNECT_NOW,
                    null,
                    "the server is starting up",
                    "Try again in a moment.");
        }
        return ready;
    }

    /// @param problem an AssertionError is Calcite's way to report what it did not expect
    private SqlException failed(Throwable problem, String statement) {
        failures.increment();
        return switch (problem) {
            case SqlException known -> known;
            case StackOverflowError _ ->
                    new SqlException(
                            SqlState.LIMIT_EXCEEDED,
                            null,
                            "the statement is nested too deeply",
                            "Break it up into several statements.");
            default -> {
                LOGGER.error("a statement failed unexpectedly: {}", statement, problem);
                yield new SqlException(
                        SqlState.INTERNAL_ERROR,
                        null,
                        "internal error: " + problem,
                        "This is a bug in Weir; the server's log has the details.",
                        problem);
            }
        };
    }
}
