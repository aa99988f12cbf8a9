package dev.weir.sql.exec;

import dev.weir.sql.analyze.Analyzed;
import dev.weir.sql.analyze.Analyzer;
import dev.weir.sql.analyze.AnalyzerContext;
import dev.weir.sql.analyze.ParameterBinding;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;
import dev.weir.sql.io.ConsumerGroup;
import dev.weir.sql.io.TopicInfo;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.parse.Nearest;
import dev.weir.sql.parse.Statement;
import dev.weir.sql.parse.Statements;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.plan.Planner;
import dev.weir.sql.serde.Values;
import dev.weir.sql.state.StateConfig;
import dev.weir.sql.state.StateStore;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

/// The engine: statements in, results and continuous queries out. Thread-safe.
public final class SqlEngine implements AutoCloseable {
    private static final String IDENTIFIERS = "sql.identifiers";
    private static final long FULL_DISK_CHECK_MS = 1000;
    private static final Duration OWN_WRITES = Duration.ofSeconds(10);

    /// Records a push query reads at a time while it comes up to date.
    private static final int LIVE_SLICE = 16_384;

    /// For statements that make no query that has a number.
    private static final long NO_QUERY = -1;

    /// How often a statement that changes the catalog is planned anew because others changed it
    /// meanwhile, before they have to wait for it.
    private static final int PLANNED_BESIDE = 3;

    /// Memory one pull query may take.
    private static final long MOST_PULLED_BYTES = Runtime.getRuntime().maxMemory() / 8;

    private final EngineConfig config;
    private final TopicLog log;
    private final InstantSource clock;
    private final StateStore store;
    private final Lanes lanes;
    private final Program program;
    private final Committer committer;
    private final Worker worker;
    private final Inserts inserts;
    private final PullQuery pull;
    private final Planning planning;
    private final ReentrantLock ddl = new ReentrantLock();
    private final Map<String, LiveQuery> live = new ConcurrentHashMap<>();
    private final Map<String, PrintQuery> prints = new ConcurrentHashMap<>();
    private final AtomicLong liveNumber = new AtomicLong();
    private final ReentrantLock rowChanges = new ReentrantLock();
    private final SqlSession rowChanger = new SqlSession("row changes");
    private volatile boolean closed;

    private SqlEngine(
            EngineConfig config,
            TopicLog log,
            InstantSource clock,
            StateStore store,
            Lanes lanes,
            Program program,
            Committer committer,
            Worker worker,
            Producers producers) {
        this.config = config;
        this.log = log;
        this.clock = clock;
        this.store = store;
        this.lanes = lanes;
        this.program = program;
        this.committer = committer;
        this.worker = worker;
        inserts = new Inserts(log);
        pull = new PullQuery(log, program, producers, MOST_PULLED_BYTES);
        planning = new Planning(Planning.Limits.of(config.planningTimeout()), System::nanoTime);
    }

    /// Recovers catalog, queries and state, and starts the worker. Returns when the engine accepts
    /// statements; catching up with the log goes on behind.
    public static SqlEngine start(EngineConfig config, TopicLog log, InstantSource clock) {
        StateStore store =
                StateStore.open(
                        config.stateDir(),
                        StateConfig.of(config.stateMemoryBytes()),
                        config.workers());
        Lanes lanes = new Lanes(config.workers(), config.sharedStepRows());
        try {
            Journal journal = new Journal(log);
            if (log.topic(DeadLetters.TOPIC).isEmpty()) {
                log.createTopic(DeadLetters.TOPIC, 1, Map.of());
            }
            Signal signal = new Signal();
            OwnOffsets own = new OwnOffsets();
            Program program = new Program(log, store, lanes, own, signal::raise);
            Recovery recovery = new Recovery(log, journal, store, program);
            recovery.run(clock.millis());
            Committer committer =
                    new Committer(
                            log,
                            journal,
                            store,
                            recovery.producers(),
                            recovery.published(),
                            recovery.journalEnd(),
                            own);
            committer.start();
            Worker worker =
                    new Worker(
                            config,
                            log,
                            journal,
                            store,
                            program,
                            committer,
                            signal,
                            clock,
                            recovery.producers(),
                            own);
            worker.start(recovery);
            SqlEngine engine =
                    new SqlEngine(
                            config,
                            log,
                            clock,
                            store,
                            lanes,
                            program,
                            committer,
                            worker,
                            recovery.producers());
            Thread.ofPlatform().name("sql-warm-up").daemon().start(engine::warmUp);
            return engine;
        } catch (RuntimeException | Error e) {
            lanes.close();
            store.close();
            throw e;
        }
    }

    /// Loads and compiles what the first statement would wait for.
    private void warmUp() {
        try {
            Statement statement = Statements.parse("SELECT 1 + 1", false);
            Analyzed analyzed =
                    new Analyzer(Catalog.EMPTY, new Context(new SqlSession("warm-up"), NO_QUERY))
                            .analyze(statement, "SELECT 1 + 1");
            if (analyzed instanceof Analyzed.Query query) {
                compile(Planner.plan(query));
            }
        } catch (RuntimeException e) {
            // Nobody asked for it, so nobody needs to know.
            return;
        }
    }

    /// Splits a script into its statements, in order.
    ///
    /// @throws dev.weir.sql.error.SqlException SYNTAX_ERROR with the position in `script`
    public List<String> split(String script) {
        return Statements.split(script);
    }

    /// Carries out one statement.
    ///
    /// @throws dev.weir.sql.error.SqlException when it cannot; nothing was changed then
    public StatementResult execute(String statement, SqlSession session) {
        refuseIfClosed();
        boolean foldUp = foldsUp(session);
        String text = Variables.substitute(statement, session.variables());
        Catalog catalog = program.catalog();
        Understood understood =
                planning.plan(
                        session,
                        text.length(),
                        () -> {
                            Statement parsed =
                                    ParameterBinding.none(Statements.parse(text, foldUp));
                            return changesCatalog(parsed)
                                    ? new Understood(parsed, Optional.empty())
                                    : understood(parsed, text, catalog, session);
                        });
        return carryOut(understood, text, foldUp, session);
    }

    /// Parses a statement and finds the types of its parameters and the columns of its result.
    ///
    /// @param declared the parameters' types as far as the client knows them, else null
    /// @throws dev.weir.sql.error.SqlException when it could not be carried out
    public Prepared prepare(String statement, List<SqlType> declared, SqlSession session) {
        refuseIfClosed();
        boolean foldUp = foldsUp(session);
        String text = Variables.substitute(statement, session.variables());
        Catalog catalog = program.catalog();
        return planning.plan(
                session,
                text.length(),
                () -> {
                    Statement parsed = Statements.parse(text, foldUp);
                    if (parsed instanceof Statement.CreateAs
                            || parsed instanceof Statement.InsertSelect) {
                        // Its text is journalled and run again at recovery, when nobody knows the
                        // values.
                        parsed = ParameterBinding.none(parsed);
                    }
                    return new Prepared(
                            text,
                            parsed,
                            foldUp,
                            new Analyzer(catalog, new Context(session, NO_QUERY))
                                    .describe(parsed, declared));
                });
    }

    /// Carries out a prepared statement.
    ///
    /// @param values of its parameters: Boolean, Integer, Long, Double, BigDecimal, String, byte[],
    ///   LocalDate, LocalTime, Instant or null
    /// @throws dev.weir.sql.error.SqlException when it cannot; nothing was changed then
    public StatementResult execute(Prepared prepared, List<Object> values, SqlSession session) {
        refuseIfClosed();
        if (prepared.parameters().isEmpty()
                && prepared.statement() instanceof Statement.Select select) {
            return select(prepared, select, session);
        }
        Catalog catalog = program.catalog();
        Understood understood =
                planning.plan(
                        session,
                        prepared.text().length(),
                        () -> {
                            Statement bound =
                                    ParameterBinding.bind(
                                            prepared.statement(), prepared.parameters(), values);
                            return changesCatalog(bound)
                                    ? new Understood(bound, Optional.empty())
                                    : understood(bound, prepared.text(), catalog, session);
                        });
        return carryOut(understood, prepared.text(), prepared.foldUp(), session);
    }

    /// Inserts rows without their being written as SQL.
    ///
    /// @param columns that the values are for, in their order
    /// @param rows values as for [#execute(Prepared, List, SqlSession)]; texts become values of the
    ///   columns' types
    /// @throws dev.weir.sql.error.SqlException when one row cannot be inserted; none was then
    public StatementResult insert(
            String relation, List<String> columns, List<List<Object>> rows, SqlSession session) {
        refuseIfClosed();
        Statement insert = ParameterBinding.insert(relation, columns, rows);
        Analyzed analyzed =
                analyze(insert, "INSERT INTO " + relation, program.catalog(), session, NO_QUERY);
        return run(new Planned(analyzed, Optional.empty()), relation, session);
    }

    private StatementResult select(Prepared prepared, Statement.Select select, SqlSession session) {
        Catalog catalog = program.catalog();
        Prepared.Planned planned = prepared.planned(catalog).orElse(null);
        if (planned == null) {
            planned =
                    planning.plan(
                            session,
                            prepared.text().length(),
                            () -> {
                                Analyzed analyzed =
                                        analyze(
                                                select,
                                                prepared.text(),
                                                catalog,
                                                session,
                                                NO_QUERY);
                                if (!(analyzed instanceof Analyzed.Query query)) {
                                    throw new IllegalStateException(
                                            "not a query: " + prepared.text());
                                }
                                PlanNode plan = Planner.plan(query);
                                compile(plan);
                                return new Prepared.Planned(catalog, query, plan);
                            });
            prepared.planned(planned);
        }
        return select(planned.query(), planned.plan(), prepared.text(), session);
    }

    private void refuseIfClosed() {
        if (closed) {
            throw new SqlException(SqlState.ADMIN_SHUTDOWN, "the engine is shutting down");
        }
    }

    private boolean foldsUp(SqlSession session) {
        return session.property(IDENTIFIERS)
                .map("upper"::equalsIgnoreCase)
                .orElse(config.foldIdentifiersUp());
    }

    /// A statement that was planned, as far as there is something to plan.
    ///
    /// @param plan of the query in it
    private record Planned(Analyzed analyzed, Optional<PlanNode> plan) {}

    /// A statement that was parsed, and planned unless it waits for its turn to change the catalog.
    private record Understood(Statement parsed, Optional<Planned> planned) {}

    private static boolean changesCatalog(Statement parsed) {
        return switch (parsed) {
            case Statement.CreateSource _,
                    Statement.CreateAs _,
                    Statement.InsertSelect _,
                    Statement.Drop _,
                    Statement.Terminate _,
                    Statement.Alter _ ->
                    true;
            case Statement.InsertValues _,
                    Statement.Update _,
                    Statement.Delete _,
                    Statement.Define _,
                    Statement.Undefine _,
                    Statement.Select _,
                    Statement.Show _,
                    Statement.Describe _,
                    Statement.DescribeFunction _,
                    Statement.DescribeConsumerGroup _,
                    Statement.Explain _,
                    Statement.Print _,
                    Statement.SetProperty _,
                    Statement.UnsetProperty _,
                    Statement.CancelQuery _,
                    Statement.CopyOut _ ->
                    false;
        };
    }

    /// Analyzes and plans; a planning thread.
    private Understood understood(
            Statement parsed, String text, Catalog catalog, SqlSession session) {
        Analyzed analyzed = analyze(parsed, text, catalog, session, NO_QUERY);
        Optional<PlanNode> plan =
                switch (analyzed) {
                    case Analyzed.Query query -> Optional.of(Planner.plan(query));
                    case Analyzed.CopyOut(Analyzed.Query query) -> Optional.of(Planner.plan(query));
                    case Analyzed.Update(Relation _, Analyzed.Query query) ->
                            Optional.of(Planner.plan(query));
                    case Analyzed.Delete(Relation _, Analyzed.Query query) ->
                            Optional.of(Planner.plan(query));
                    case Analyzed.Explain(Analyzed statement) -> Optional.of(planOf(statement));
                    default -> Optional.empty();
                };
        if (!(analyzed instanceof Analyzed.Explain)) {
            plan.ifPresent(SqlEngine::compile);
        }
        return new Understood(parsed, Optional.of(new Planned(analyzed, plan)));
    }

    private StatementResult carryOut(
            Understood understood, String text, boolean foldUp, SqlSession session) {
        if (understood.planned().isPresent()) {
            return run(understood.planned().get(), text, session);
        }
        return understood.parsed() instanceof Statement.Alter alter
                ? alter(alter, text, session)
                : change(understood.parsed(), text, foldUp, session);
    }

    private Analyzed analyze(
            Statement parsed, String text, Catalog catalog, SqlSession session, long queryNumber) {
        return new Analyzer(catalog, new Context(session, queryNumber)).analyze(parsed, text);
    }

    private StatementResult run(Planned planned, String text, SqlSession session) {
        Analyzed analyzed = planned.analyzed();
        return switch (analyzed) {
            case Analyzed.Query query -> select(query, planned.plan().orElseThrow(), text, session);
            case Analyzed.CopyOut(Analyzed.Query query) ->
                    select(query, planned.plan().orElseThrow(), text, session);
            case Analyzed.InsertValues insert -> {
                inserts.run(insert, session, clock.millis());
                int rows = insert.rows().size();
                yield done("INSERT 0 " + rows, rows + (rows == 1 ? " row" : " rows") + " inserted");
            }
            case Analyzed.Update(Relation target, Analyzed.Query query) -> {
                int rows = changeRows(target, query, planned.plan().orElseThrow(), false, session);
                yield done("UPDATE " + rows, rows + (rows == 1 ? " row" : " rows") + " updated");
            }
            case Analyzed.Delete(Relation target, Analyzed.Query query) -> {
                int rows = changeRows(target, query, planned.plan().orElseThrow(), true, session);
                yield done("DELETE " + rows, rows + (rows == 1 ? " row" : " rows") + " deleted");
            }
            case Analyzed.Define(String variable, String value) -> {
                session.define(variable, value);
                yield done("DEFINE", variable + " is now " + value);
            }
            case Analyzed.Undefine(String variable) -> {
                if (!session.undefine(variable)) {
                    throw new SqlException(
                            SqlState.UNDEFINED_OBJECT,
                            null,
                            "variable \"" + variable + "\" is not defined",
                            "SHOW VARIABLES lists those that are.");
                }
                yield done("UNDEFINE", variable + " is no longer defined");
            }
            case Analyzed.Show(Statement.Show.Kind kind, _) -> show(kind, session);
            case Analyzed.Describe(Relation relation, _) -> describe(relation);
            case Analyzed.DescribeFunction(List<Functions.Form> forms) ->
                    ResultTables.functionForms(forms);
            case Analyzed.DescribeConsumerGroup(String group) -> describeGroup(group);
            case Analyzed.Explain(Analyzed _) ->
                    new StatementResult.Explanation(
                            Planner.explain(planned.plan().orElseThrow()), Optional.empty());
            case Analyzed.ExplainQuery(String queryId) -> explain(queryId);
            case Analyzed.Print print -> print(print);
            case Analyzed.SetProperty(String key, String value) -> {
                session.set(key, value);
                yield done("SET", key + " is now " + value);
            }
            case Analyzed.UnsetProperty(String key) -> {
                session.unset(key);
                yield done("RESET", key + " has its default again");
            }
            case Analyzed.CancelQuery(String queryId) -> {
                if (!cancel(queryId)) {
                    throw noQuery(queryId);
                }
                yield new StatementResult.Done(
                        "CANCEL QUERY", "query " + queryId + " ended", Optional.of(queryId), -1);
            }
            case Analyzed.Nothing(String tag, String message) -> done(tag, message);
            case Analyzed.CreateSource _,
                    Analyzed.CreateAs _,
                    Analyzed.InsertSelect _,
                    Analyzed.Drop _,
                    Analyzed.Alter _,
                    Analyzed.Terminate _ ->
                    throw new IllegalStateException("changes the catalog: " + text);
        };
    }

    /// Reads the rows and writes them as they will be, or as gone. One such statement at a time,
    /// and each sees what those before it wrote, so that none is lost.
    private int changeRows(
            Relation target,
            Analyzed.Query query,
            PlanNode plan,
            boolean deleted,
            SqlSession session) {
        rowChanges.lock();
        try {
            awaitOwnWrites(rowChanger);
            List<List<Object>> rows = new ArrayList<>();
            for (Object[] row : read(query, plan, session)) {
                for (int c = 0; c < row.length; c++) {
                    row[c] = Values.stored(query.schema().type(c), row[c]);
                }
                rows.add(Arrays.asList(row));
            }
            List<SqlSession> sessions = List.of(session, rowChanger);
            if (deleted) {
                inserts.delete(target, rows, sessions, clock.millis());
            } else {
                inserts.update(target, rows, sessions, clock.millis());
            }
            return rows.size();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SqlException(SqlState.QUERY_CANCELED, "the statement was cancelled");
        } finally {
            rowChanges.unlock();
        }
    }

    private static StatementResult.Done done(String tag, String message) {
        return new StatementResult.Done(tag, message, Optional.empty(), -1);
    }

    private static PlanNode planOf(Analyzed statement) {
        return switch (statement) {
            case Analyzed.Query query -> Planner.plan(query);
            case Analyzed.CreateAs create -> Planner.plan(create.query());
            default ->
                    throw new SqlException(
                            SqlState.FEATURE_NOT_SUPPORTED,
                            null,
                            "only queries have a plan",
                            "EXPLAIN a SELECT, or a CREATE … AS SELECT.");
        };
    }

    // ---- Statements that change the catalog

    /// Carries out ALTER as the CREATE OR REPLACE that it amounts to.
    private StatementResult alter(Statement.Alter alter, String text, SqlSession session) {
        lockCatalog();
        try {
            if (!(analyze(alter, text, program.catalog(), session, NO_QUERY)
                    instanceof Analyzed.Alter(Relation relation, String sql))) {
                throw new IllegalStateException("alters nothing: " + text);
            }
            refuseIfRead(relation.name(), "alter");
            StatementResult.Done made = change(Statements.parse(sql, false), sql, false, session);
            String kind = relation.isTable() ? "TABLE" : "STREAM";
            return new StatementResult.Done(
                    "ALTER " + kind,
                    kind.toLowerCase(Locale.ROOT) + " " + relation.name() + " altered",
                    Optional.empty(),
                    made.commandSequence());
        } finally {
            ddl.unlock();
        }
    }

    /// What the planning of a statement that changes the catalog depends on.
    private record Outlook(Catalog catalog, long sequence, long queryNumber) {}

    /// What a statement that changes the catalog does, or why it does nothing.
    private record Prospect(Optional<Ddl.Change> change, Optional<StatementResult.Done> nothing) {}

    /// Plans without keeping others from changing the catalog, then again if one did meanwhile; the
    /// last time they wait.
    private StatementResult.Done change(
            Statement parsed, String text, boolean foldUp, SqlSession session) {
        Outlook planned = null;
        Prospect prospect = null;
        for (int attempt = 1; ; attempt++) {
            lockCatalog();
            try {
                Outlook now =
                        await(() ->
                                new Outlook(
                                        program.catalog(),
                                        program.nextSequence(),
                                        program.nextQuery()));
                boolean last = attempt > PLANNED_BESIDE;
                if (last && !now.equals(planned)) {
                    prospect = prospect(parsed, text, now, session);
                }
                if (last || now.equals(planned)) {
                    return change(prospect, text, foldUp, session);
                }
                planned = now;
            } finally {
                ddl.unlock();
            }
            prospect = prospect(parsed, text, planned, session);
        }
    }

    private Prospect prospect(Statement parsed, String text, Outlook outlook, SqlSession session) {
        return planning.plan(
                session,
                text.length(),
                () -> {
                    Analyzed analyzed =
                            analyze(
                                    parsed,
                                    text,
                                    outlook.catalog(),
                                    session,
                                    outlook.queryNumber());
                    if (analyzed instanceof Analyzed.Nothing(String tag, String message)) {
                        return new Prospect(Optional.empty(), Optional.of(done(tag, message)));
                    }
                    Ddl.Change change =
                            Ddl.change(analyzed)
                                    .orElseThrow(
                                            () -> new IllegalStateException("changes nothing"));
                    if (change
                            instanceof Ddl.Change.Define(Definition.Derived derived, boolean _)) {
                        compile(derived.plan());
                    }
                    return new Prospect(Optional.of(change), Optional.empty());
                });
    }

    private StatementResult.Done change(
            Prospect prospect, String text, boolean foldUp, SqlSession session) {
        if (prospect.nothing().isPresent()) {
            return prospect.nothing().get();
        }
        return switch (prospect.change().orElseThrow()) {
            case Ddl.Change.Define define -> define(define, text, foldUp, session);
            case Ddl.Change.Drop drop -> drop(drop, text, foldUp, session);
            case Ddl.Change.Terminate(var queryId) -> terminate(queryId, text, foldUp, session);
        };
    }

    /// Waits until it is one's turn to change the catalog; not while the disk is full, when whoever
    /// has the turn waits too.
    private void lockCatalog() {
        boolean locked = false;
        try {
            while (!locked) {
                committer
                        .full()
                        .ifPresent(full -> {
                            throw full;
                        });
                locked = ddl.tryLock(FULL_DISK_CHECK_MS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new SqlException(SqlState.QUERY_CANCELED, "the statement was interrupted");
        }
    }

    private JournalRecord.Statement record(
            String text, boolean foldUp, SqlSession session, Map<String, Integer> topics) {
        return record(text, foldUp, session, topics, "");
    }

    private JournalRecord.Statement record(
            String text,
            boolean foldUp,
            SqlSession session,
            Map<String, Integer> topics,
            String topicId) {
        return await(() ->
                new JournalRecord.Statement(
                        program.nextSequence(),
                        text,
                        foldUp,
                        program.nextQuery(),
                        program.nextOperator(),
                        session.properties(),
                        topics,
                        topicId));
    }

    private StatementResult.Done define(
            Ddl.Change.Define define, String text, boolean foldUp, SqlSession session) {
        Definition definition = define.definition();
        Relation relation = definition.relation();
        refuseIfQueryId(definition);
        boolean replaces = program.catalog().relation(relation.name()).isPresent();
        if (replaces) {
            refuseIfRead(relation.name(), "replace");
        }
        if (definition instanceof Definition.Derived derived) {
            String sink = derived.target().orElse(relation.name());
            if (derived.sources().stream().anyMatch(sink::equalsIgnoreCase)) {
                throw new SqlException(
                        SqlState.INVALID_TABLE_DEFINITION,
                        null,
                        "\"" + sink + "\" cannot be made of itself",
                        derived.target().isPresent()
                                ? "Every row would make another one, without end."
                                : "Give the new relation another name.");
            }
            refuseIfFailed(derived.sources());
            tryOut(derived.plan());
        }
        boolean makesTopic = definition.newTopic() != null;
        if (makesTopic) {
            Map<String, String> settings = new HashMap<>(definition.newTopic());
            if (relation.isTable()) {
                settings.putIfAbsent("cleanup.policy", "compact");
            }
            log.createTopic(relation.topic(), relation.partitions(), settings);
        }
        try {
            JournalRecord.Statement statement =
                    record(
                            text,
                            foldUp,
                            session,
                            Map.of(relation.topic(), relation.partitions()),
                            log.topic(relation.topic()).map(TopicInfo::id).orElse(""));
            long sequence = await(() -> worker.define(statement, definition));
            if (definition instanceof Definition.Derived derived && derived.target().isPresent()) {
                return new StatementResult.Done(
                        "INSERT 0 0",
                        "query " + relation.name() + " writes into " + derived.target().get(),
                        relation.queryId(),
                        sequence);
            }
            String kind = relation.isTable() ? "TABLE" : "STREAM";
            return new StatementResult.Done(
                    "CREATE " + kind,
                    (relation.isTable() ? "table " : "stream ")
                            + relation.name()
                            + (replaces ? " replaced" : " created"),
                    relation.queryId(),
                    sequence);
        } catch (RuntimeException e) {
            if (makesTopic && program.catalog().relation(relation.name()).isEmpty()) {
                deleteQuietly(relation.topic());
            }
            throw e;
        }
    }

    /// Queries that insert are named by their ids, among the relations.
    private void refuseIfQueryId(Definition definition) {
        String name = definition.relation().name();
        boolean inserts =
                definition instanceof Definition.Derived derived && derived.target().isPresent();
        boolean known = program.catalog().relation(name).isPresent();
        if (program.node(name).isPresent() && (inserts || !known)) {
            throw new SqlException(
                    known ? SqlState.DUPLICATE_TABLE : SqlState.DUPLICATE_OBJECT,
                    null,
                    (known ? "a relation" : "a query") + " \"" + name + "\" exists already",
                    "Give another name, or TERMINATE the query.");
        }
    }

    private void deleteQuietly(String topic) {
        try {
            log.deleteTopic(topic);
        } catch (RuntimeException e) {
            // What went wrong first is what the user has to know.
            return;
        }
    }

    /// Builds the circuit once for nothing, so that what cannot run is refused here, and the worker
    /// finds its kernels compiled.
    private static void tryOut(PlanNode plan) {
        Program.check(compile(plan));
    }

    /// Builds the circuit once for nothing, so that who runs it finds its kernels compiled.
    private static List<Circuit.Scan> compile(PlanNode plan) {
        try (StateStore memory = StateStore.inMemory()) {
            memory.beginStep(1);
            Circuit circuit =
                    new Circuit(
                            plan,
                            memory.lane(0),
                            1,
                            new StepTime(),
                            (relation, in, row, cause) -> {},
                            delta -> {});
            return circuit.scans();
        }
    }

    private void refuseIfRead(String relation, String what) {
        List<QueryNode> readers = program.readers(relation);
        if (!readers.isEmpty()) {
            throw new SqlException(
                    SqlState.DEPENDENT_OBJECTS,
                    null,
                    "cannot "
                            + what
                            + " \""
                            + relation
                            + "\" because other relations read it: "
                            + readers.stream()
                                    .map(q -> q.sink() + " (query " + q.info().id() + ")")
                                    .collect(Collectors.joining(", ")),
                    "DROP those first.");
        }
        List<QueryNode> writers = program.writers(relation);
        if (!writers.isEmpty()) {
            throw new SqlException(
                    SqlState.DEPENDENT_OBJECTS,
                    null,
                    "cannot "
                            + what
                            + " \""
                            + relation
                            + "\" because queries write into it: "
                            + writers.stream()
                                    .map(q -> q.info().id())
                                    .collect(Collectors.joining(", ")),
                    "TERMINATE those first.");
        }
    }

    private StatementResult.Done drop(
            Ddl.Change.Drop drop, String text, boolean foldUp, SqlSession session) {
        List<String> dropped = drop.cascade() ? dropReaders(drop.relation(), session) : List.of();
        refuseIfRead(drop.relation(), "drop");
        Relation relation = program.catalog().relation(drop.relation()).orElseThrow();
        JournalRecord.Statement statement =
                record(text, foldUp, session, Map.of(relation.topic(), relation.partitions()));
        long sequence = await(() -> worker.drop(statement, drop.relation()));
        if (drop.deleteTopic()) {
            log.deleteTopic(drop.topic());
        }
        return new StatementResult.Done(
                relation.isTable() ? "DROP TABLE" : "DROP STREAM",
                (relation.isTable() ? "table " : "stream ")
                        + relation.name()
                        + " dropped"
                        + (dropped.isEmpty() ? "" : ", and " + String.join(", ", dropped)),
                relation.queryId(),
                sequence);
    }

    /// Drops what reads a relation, the last in the chain first, each by a statement of its own, so
    /// that the journal needs to know nothing of CASCADE.
    private List<String> dropReaders(String relation, SqlSession session) {
        List<String> dropped = new ArrayList<>();
        for (List<QueryNode> readers = program.readers(relation);
                !readers.isEmpty();
                readers = program.readers(relation)) {
            if (readers.getFirst().target().isPresent()) {
                dropped.add(end(readers.getFirst(), session));
                continue;
            }
            Relation reader = readers.getFirst().relation();
            String sql =
                    "DROP "
                            + reader.kind()
                            + " \""
                            + reader.name().replace("\"", "\"\"")
                            + "\" CASCADE";
            StatementResult.Done done = change(Statements.parse(sql, false), sql, false, session);
            dropped.add(done.message().replace(" dropped", ""));
        }
        for (QueryNode writer : program.writers(relation)) {
            dropped.add(end(writer, session));
        }
        return dropped;
    }

    private String end(QueryNode query, SqlSession session) {
        String id = query.info().id();
        String sql = "TERMINATE \"" + id.replace("\"", "\"\"") + "\"";
        change(Statements.parse(sql, false), sql, false, session);
        return "query " + id;
    }

    private StatementResult.Done terminate(
            Optional<String> queryId, String text, boolean foldUp, SqlSession session) {
        boolean known = program.queries().stream().anyMatch(q -> Ddl.names(queryId, q));
        if (!known && queryId.isPresent()) {
            if (cancel(queryId.get())) {
                return new StatementResult.Done(
                        "TERMINATE", "query " + queryId.get() + " ended", queryId, -1);
            }
            throw noQuery(queryId.get());
        }
        if (!known) {
            return done("TERMINATE", "no query is running");
        }
        JournalRecord.Statement statement = record(text, foldUp, session, Map.of());
        long sequence = await(() -> worker.terminate(statement, queryId));
        return new StatementResult.Done(
                "TERMINATE",
                queryId.map(id -> "query " + id + " ended").orElse("all queries ended"),
                queryId,
                sequence);
    }

    private static SqlException noQuery(String queryId) {
        return new SqlException(
                SqlState.UNDEFINED_OBJECT,
                null,
                "query \"" + queryId + "\" does not exist",
                "SHOW QUERIES lists those that run.");
    }

    /// Lets the worker do something and waits for it.
    private <T> T await(Callable<T> work) {
        return worker.await(work);
    }

    // ---- Queries

    private StatementResult select(
            Analyzed.Query query, PlanNode plan, String text, SqlSession session) {
        if (query.emitChanges()) {
            return new StatementResult.Live(push(query, plan, text, session));
        }
        try {
            return new StatementResult.Rows(plan.schema(), read(query, plan, session));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SqlException(SqlState.QUERY_CANCELED, "the query was cancelled");
        }
    }

    private List<Object[]> read(Analyzed.Query query, PlanNode plan, SqlSession session)
            throws InterruptedException {
        awaitOwnWrites(session);
        awaitLevel(query.sources());
        try (Committer.View view = committer.view()) {
            return pull.run(plan, view, clock.millis());
        }
    }

    private void awaitOwnWrites(SqlSession session) throws InterruptedException {
        Map<TopicPartition, Long> writes = session.writes();
        if (writes.isEmpty()) {
            return;
        }
        if (!committer.await(p -> covers(p, writes), OWN_WRITES)) {
            throw new SqlException(
                    SqlState.CANNOT_CONNECT_NOW,
                    null,
                    "the engine has not taken in within "
                            + OWN_WRITES.toSeconds()
                            + " s what this session inserted",
                    "Try again; SHOW QUERIES tells whether a query is far behind.");
        }
        session.seen(writes);
    }

    private boolean covers(Published published, Map<TopicPartition, Long> writes) {
        for (Relation relation : program.catalog().relations()) {
            long[] positions = published.positions().get(relation.name());
            if (positions == null) {
                continue;
            }
            for (int p = 0; p < positions.length; p++) {
                Long end = writes.get(new TopicPartition(relation.topic(), p));
                if (end != null && positions[p] < end) {
                    return false;
                }
            }
        }
        return true;
    }

    private void awaitLevel(List<String> sources) throws InterruptedException {
        for (String source : sources) {
            Node node = program.node(source).orElse(null);
            if (node instanceof QueryNode query
                    && !committer.await(p -> query.isLevel(p.step()), OWN_WRITES)) {
                throw new SqlException(
                        SqlState.CANNOT_CONNECT_NOW,
                        null,
                        "\"" + source + "\" is still being filled",
                        "SHOW QUERIES tells how it is doing; try again when it is RUNNING.");
            }
        }
        refuseIfFailed(sources);
    }

    private void refuseIfFailed(List<String> sources) {
        for (String source : sources) {
            Optional<String> error = program.node(source).flatMap(Node::error);
            if (error.isPresent()) {
                throw new SqlException(
                        SqlState.INTERNAL_ERROR,
                        null,
                        "\"" + source + "\" has stopped: " + error.get(),
                        "DROP it and create it anew.");
            }
        }
    }

    private PushQuery push(Analyzed.Query query, PlanNode plan, String text, SqlSession session) {
        committer
                .failure()
                .ifPresent(stopped -> {
                    throw stopped;
                });
        refuseIfFailed(query.sources());
        LiveQuery push =
                new LiveQuery(
                        "push_" + liveNumber.incrementAndGet(),
                        text,
                        query.sources(),
                        plan,
                        query.limit(),
                        log,
                        this::ended);
        Program.check(push.scans());
        boolean latest = OffsetReset.isLatest(session.property(OffsetReset.PROPERTY).orElse(null));
        live.put(push.id(), push);
        if (latest || !push.backfill().readers().iterator().hasNext()) {
            attach(push, latest);
        } else {
            Thread.ofPlatform().name("sql-" + push.id()).daemon().start(() -> bringUp(push));
        }
        return push;
    }

    /// Reads the streams of a push query to near their ends, then lets the worker take it over.
    private void bringUp(LiveQuery query) {
        try {
            Backfill backfill = query.backfill();
            for (SourceReader reader : backfill.readers()) {
                reader.seekToStart();
            }
            // Rows that look a table up cannot come before it does: all of them with the last
            // slice.
            while (!query.isOver() && !query.looksUp()) {
                Map<String, long[]> targets = new HashMap<>();
                Published published = committer.published();
                for (SourceReader reader : backfill.readers()) {
                    targets.put(reader.relation().name(), pull.followed(reader, published));
                }
                if (backfill.lag(targets) <= LIVE_SLICE) {
                    break;
                }
                query.awaitReader();
                query.clock(clock.millis());
                query.slice(backfill.slice(targets, LIVE_SLICE));
                query.takeStep(published.step()).ifPresent(query::offerAnyway);
                if (query.isFull()) {
                    break;
                }
            }
            if (query.isOver() || query.isFull()) {
                query.release();
            } else {
                attach(query, false);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            query.fail(LiveQuery.failure(e));
            query.release();
        }
    }

    /// Hands a push query to the worker; when that has ended, the query has too.
    private void attach(LiveQuery query, boolean latest) {
        CompletableFuture<Void> attached =
                worker.submit(() -> {
                    worker.attach(query, latest);
                    return null;
                });
        var _ =
                attached.whenComplete((done, cause) -> {
                    if (cause instanceof RuntimeException thrown) {
                        query.fail(LiveQuery.failure(thrown));
                    }
                });
    }

    private void ended(LiveQuery query) {
        if (live.remove(query.id()) != null) {
            worker.post(() -> worker.detach(query));
        }
    }

    /// Ends a push query of any session.
    ///
    /// @return false when there is none of that id
    public boolean cancel(String queryId) {
        for (LiveQuery query : live.values()) {
            if (query.id().equalsIgnoreCase(queryId)) {
                query.fail(
                        new SqlException(
                                SqlState.QUERY_CANCELED,
                                "the query " + query.id() + " was cancelled"));
                ended(query);
                return true;
            }
        }
        PrintQuery print = prints.get(queryId);
        if (print != null) {
            print.cancel();
            prints.remove(queryId);
            return true;
        }
        return false;
    }

    private StatementResult print(Analyzed.Print print) {
        TopicInfo topic =
                log.topic(print.topic())
                        .orElseThrow(() ->
                                new SqlException(
                                        SqlState.UNDEFINED_OBJECT,
                                        null,
                                        "topic \"" + print.topic() + "\" does not exist",
                                        "SHOW TOPICS lists them."));
        PrintQuery query =
                new PrintQuery(
                        "print_" + liveNumber.incrementAndGet(),
                        topic,
                        print.fromBeginning(),
                        print.interval(),
                        print.limit(),
                        log,
                        ended -> prints.remove(ended.id()));
        prints.put(query.id(), query);
        return new StatementResult.Live(query);
    }

    // ---- Looking around

    private StatementResult show(Statement.Show.Kind kind, SqlSession session) {
        return switch (kind) {
            case STREAMS -> relations(Relation.Kind.STREAM);
            case TABLES -> relations(Relation.Kind.TABLE);
            case QUERIES -> new StatementResult.Queries(queries());
            case TOPICS ->
                    new StatementResult.Topics(
                            log.topics().stream()
                                    .filter(topic -> !topic.name().startsWith("_"))
                                    .toList());
            case CONSUMER_GROUPS -> ResultTables.groups(log.consumerGroups(Optional.empty()));
            case PROPERTIES -> new StatementResult.Properties(properties(session));
            case FUNCTIONS -> new StatementResult.Functions(Functions.descriptions());
            case VARIABLES -> new StatementResult.Properties(session.variables());
        };
    }

    private StatementResult describeGroup(String name) {
        List<ConsumerGroup> found = log.consumerGroups(Optional.of(name));
        if (found.isEmpty()) {
            List<String> known =
                    log.consumerGroups(Optional.empty()).stream().map(ConsumerGroup::name).toList();
            throw new SqlException(
                    SqlState.UNDEFINED_OBJECT,
                    null,
                    "consumer group \"" + name + "\" does not exist",
                    Nearest.to(name, known).map(n -> "Did you mean '" + n + "'? ").orElse("")
                            + "SHOW CONSUMER GROUPS lists what there is; a name that is more than"
                            + " letters, digits and dots stands in quotes.");
        }
        return ResultTables.positions(found.getFirst());
    }

    private StatementResult relations(Relation.Kind kind) {
        return new StatementResult.Relations(
                kind,
                program.catalog().relations().stream().filter(r -> r.kind() == kind).toList());
    }

    private Map<String, String> properties(SqlSession session) {
        Map<String, String> properties = new TreeMap<>();
        properties.put(OffsetReset.PROPERTY, "earliest");
        properties.put(IDENTIFIERS, config.foldIdentifiersUp() ? "upper" : "keep");
        properties.put("sql.step.max.rows", Integer.toString(config.stepMaxRows()));
        properties.put("sql.workers", Integer.toString(config.workers()));
        properties.put(
                "sql.checkpoint.interval.ms",
                Long.toString(config.checkpointInterval().toMillis()));
        properties.putAll(session.properties());
        return properties;
    }

    private StatementResult describe(Relation relation) {
        List<QueryInfo> readers =
                new ArrayList<>(
                        program.readers(relation.name()).stream()
                                .filter(q -> !q.isTerminated())
                                .map(QueryNode::info)
                                .toList());
        for (LiveQuery query : live.values()) {
            if (query.reads(relation.name())) {
                readers.add(query.info());
            }
        }
        List<QueryInfo> writers =
                program.queries().stream()
                        .filter(q -> q.sink().equals(relation.name()))
                        .map(QueryNode::info)
                        .toList();
        return new StatementResult.Description(relation, readers, writers);
    }

    private StatementResult explain(String queryId) {
        for (QueryNode query : program.queries()) {
            if (query.info().id().equalsIgnoreCase(queryId)) {
                return new StatementResult.Explanation(
                        Planner.explain(query.plan()), Optional.of(query.info()));
            }
        }
        throw noQuery(queryId);
    }

    public Catalog catalog() {
        return program.catalog();
    }

    public List<QueryInfo> queries() {
        List<QueryInfo> queries = new ArrayList<>();
        program.queries().forEach(query -> queries.add(query.info()));
        live.values().stream()
                .filter(query -> !query.isOver())
                .forEach(query -> queries.add(query.info()));
        return queries;
    }

    /// Counters and gauges by name, for `/metrics`.
    public EngineMetrics metrics() {
        List<QueryNode> queries = program.queries();
        long rowsOut = 0;
        long rowsLate = 0;
        for (QueryNode query : queries) {
            rowsOut += query.info().rowsOut();
            rowsLate += query.rowsLate();
        }
        return new EngineMetrics(
                committer.published().step(),
                program.rowsIn(),
                rowsOut,
                rowsLate,
                program.deadLetters(),
                worker.checkpoints(),
                store.memoryBytes(),
                queries.stream().map(QueryNode::info).toList(),
                live.size(),
                worker.lag(),
                QueryLag.of(queries, program, committer.published(), log));
    }

    /// Waits until everything that is in the topics now has been taken in and journalled, and new
    /// queries are level.
    ///
    /// @return false when the time is over
    boolean awaitLevel(Duration limit) throws InterruptedException {
        Map<TopicPartition, Long> ends = new HashMap<>();
        for (Relation relation : program.catalog().relations()) {
            // What nobody reads is not taken in either.
            boolean read = program.node(relation.name()).flatMap(Node::reader).isPresent();
            for (int p = 0; p < relation.partitions() && read; p++) {
                TopicPartition partition = new TopicPartition(relation.topic(), p);
                if (log.topic(relation.topic()).isPresent()) {
                    ends.put(partition, log.endOffset(partition));
                }
            }
        }
        return committer.await(
                published ->
                        covers(published, ends)
                                && program.queries().stream()
                                        .allMatch(q -> q.isLevel(published.step())),
                limit);
    }

    /// Waits until the worker has done what it was asked so far. For tests.
    void awaitWorker() {
        await(() -> null);
    }

    // ---- The end

    /// Ends push queries, finishes the step under way, writes a checkpoint.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        planning.close();
        prints.values().forEach(PrintQuery::cancel);
        worker.close();
        committer.close();
        lanes.close();
        store.close();
        for (LiveQuery query : live.values()) {
            query.fail(new SqlException(SqlState.ADMIN_SHUTDOWN, "the engine was shut down"));
        }
    }

    /// Stops as a crash would, finishing nothing. For tests.
    void halt() {
        closed = true;
        planning.close();
        worker.halt();
        committer.close();
        lanes.close();
        store.close();
    }

    private final class Context implements AnalyzerContext {
        private final SqlSession session;
        private final long queryNumber;

        /// @param queryNumber for the id of a query the statement makes
        Context(SqlSession session, long queryNumber) {
            this.session = session;
            this.queryNumber = queryNumber;
        }

        @Override
        public OptionalInt topicPartitions(String topic) {
            Optional<TopicInfo> info = log.topic(topic);
            info.flatMap(TopicInfo::offlineReason)
                    .ifPresent(reason -> {
                        throw new SqlException(
                                SqlState.IO_ERROR,
                                null,
                                "topic \"" + topic + "\" cannot be used: " + reason,
                                "The server's log tells what was found when it started.");
                    });
            return info.map(found -> OptionalInt.of(found.partitions()))
                    .orElse(OptionalInt.empty());
        }

        @Override
        public Collection<String> topicNames() {
            return log.topics().stream().map(TopicInfo::name).toList();
        }

        @Override
        public long nextQueryNumber() {
            return queryNumber;
        }

        @Override
        public Map<String, String> properties() {
            return session.properties();
        }
    }
}
