package dev.weir.sql.exec;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.JournalRecord.Cut;
import dev.weir.sql.exec.JournalRecord.Failed;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.exec.JournalRecord.Step;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.state.Freeze;
import dev.weir.sql.state.NoRoomException;
import dev.weir.sql.state.StateStore;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/// The one clock: one thread that forms steps and runs every circuit through them, and between two
/// steps whatever must see them at rest: statements, push queries that come and go, checkpoints.
///
/// A step is closed by nobody: it takes what there is when the worker is free, at most
/// [EngineConfig#stepMaxRows] records. An idle engine answers one record at once; under load the
/// time a commit takes makes the next step larger.
final class Worker implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    private static final long NEVER_EARLIER_NANOS = 1_000_000_000L;

    /// How long the main sequence may wait for a slice of a new query's filling, about.
    private static final long FILL_NANOS = 10_000_000;

    private static final long FULL_DISK_CHECK_MS = 1000;
    private static final int FIRST_FILL_ROWS = 4096;
    private static final int LEAST_FILL_ROWS = 256;

    private final EngineConfig config;
    private final TopicLog log;
    private final Journal journal;
    private final StateStore store;
    private final Program program;
    private final Committer committer;
    private final Signal signal;
    private final InstantSource clock;
    private final Producers producers;
    private final OwnOffsets own;
    private final Pins pins;
    private final Thread thread;
    private final ConcurrentLinkedQueue<Task<?>> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicLong checkpoints = new AtomicLong();
    private volatile boolean stopping;
    private volatile boolean halted;
    private volatile boolean ended;
    private volatile long lag;
    private boolean dirty;

    /// Queries whose tables are being delivered.
    private final IdentityHashMap<QueryNode, TableFill> fills = new IdentityHashMap<>();

    /// What waits for a query to be level, or to have failed.
    private final List<Action> afterFill = new ArrayList<>();

    /// What waits for more to be readable.
    private final List<Action> later = new ArrayList<>();

    /// Whether readers have gone on since positions were published.
    private boolean unpublished;

    private long lastFilled = -1;
    private int fillRows;
    private long lastCheckpointNanos;
    private Thread checkpointThread;

    /// Something to run between two steps.
    private record Task<T>(Callable<T> work, CompletableFuture<T> result) {
        void run() {
            try {
                result.complete(work.call());
            } catch (Exception e) {
                result.completeExceptionally(e);
            }
        }
    }

    Worker(
            EngineConfig config,
            TopicLog log,
            Journal journal,
            StateStore store,
            Program program,
            Committer committer,
            Signal signal,
            InstantSource clock,
            Producers producers,
            OwnOffsets own) {
        this.config = config;
        this.log = log;
        this.journal = journal;
        this.store = store;
        this.program = program;
        this.committer = committer;
        this.signal = signal;
        this.clock = clock;
        this.producers = producers;
        this.own = own;
        pins = new Pins(log);
        fillRows = Math.min(config.stepMaxRows(), FIRST_FILL_ROWS);
        thread = Thread.ofPlatform().name("sql-worker").unstarted(this::run);
    }

    /// Starts to work.
    ///
    /// @param recovery what it brought back
    void start(Recovery recovery) {
        dirty = recovery.replayed();
        // Until the next checkpoint a replay begins where this one did.
        Map<String, long[]> restored = recovery.restoredPositions();
        for (Node source : program.readable()) {
            SourceReader reader = source.reader().orElseThrow();
            reader.atLeastStart();
            hold(reader, recovery.refilled() ? null : restored.get(source.relation().name()));
        }
        for (QueryNode query : program.unfilled()) {
            Backfill backfill = program.backfill(query);
            for (SourceReader reader : backfill.readers()) {
                if (backfill.isPlaced()) {
                    reader.atLeastStart();
                }
                hold(
                        reader,
                        backfill.isPlaced() && !recovery.refilled() ? reader.positions() : null);
            }
        }
        List<Failed> failed = recovery.failedNow();
        if (!failed.isEmpty()) {
            dirty = true;
            commit(new ArrayList<>(failed), null, List.of());
        }
        committer.onRefused(refused -> post(() -> stop(refused)));
        lastCheckpointNanos = System.nanoTime();
        thread.start();
    }

    /// @param from where a replay would read from; null when that is not known
    private void hold(SourceReader reader, long[] from) {
        for (int p = 0; p < reader.partitions().length; p++) {
            pins.hold(reader.partitions()[p], from == null ? 0 : from[p]);
        }
    }

    /// Runs something between two steps. Any thread.
    <T> CompletableFuture<T> submit(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        enqueue(new Task<>(work, result));
        return result;
    }

    /// Runs something between two steps, as [#submit] does, and waits for it. What has not begun
    /// while the disk is full is given up. Any thread.
    ///
    /// @throws SqlException `DISK_FULL`, or what the work throws
    <T> T await(Callable<T> work) {
        Task<T> task = new Task<>(work, new CompletableFuture<>());
        enqueue(task);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.result.get(FULL_DISK_CHECK_MS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException _) {
                    Optional<SqlException> full = committer.full();
                    if (full.isPresent() && tasks.remove(task)) {
                        throw full.get();
                    }
                } catch (InterruptedException _) {
                    // What has begun cannot be given up.
                    interrupted = true;
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof RuntimeException cause) {
                        throw cause;
                    }
                    throw new CompletionException(e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void enqueue(Task<?> task) {
        tasks.add(task);
        signal.raise();
        if (ended) {
            rejectTasks();
        }
    }

    /// Runs something between two steps; nobody waits for it. What it throws ends the engine. Any
    /// thread.
    void post(Action work) {
        tasks.add(
                new Task<>(
                        () -> {
                            try {
                                work.run();
                            } catch (InterruptedException | RuntimeException e) {
                                stop(e);
                            }
                            return null;
                        },
                        new CompletableFuture<>()));
        signal.raise();
    }

    /// Work between two steps.
    @FunctionalInterface
    interface Action {
        void run() throws InterruptedException;
    }

    /// Records that wait to be read. Any thread.
    long lag() {
        return lag;
    }

    /// Checkpoints written. Any thread.
    long checkpoints() {
        return checkpoints.get();
    }

    private void run() {
        try {
            while (!stopping) {
                signal.clear();
                Task<?> task = tasks.poll();
                if (task != null) {
                    task.run();
                    continue;
                }
                boolean stepped = step();
                boolean filled = fill();
                checkpointIfDue();
                if (!stepped && !filled && tasks.isEmpty()) {
                    signal.await(NEVER_EARLIER_NANOS);
                    List<Action> waiting = List.copyOf(later);
                    later.clear();
                    waiting.forEach(this::post);
                }
            }
            if (!halted) {
                committer.drain();
                awaitCheckpoint();
                if (dirty) {
                    freeze().run();
                }
            }
        } catch (InterruptedException e) {
            committer.fail(e);
        } catch (Exception | Error e) {
            stop(e);
        } finally {
            ended = true;
            fills.values().forEach(TableFill::close);
            rejectTasks();
            for (LiveQuery query : List.copyOf(program.live())) {
                program.detach(query);
                query.fail(stopped());
            }
        }
    }

    private void stop(Throwable cause) {
        if (committer.failure().isEmpty()) {
            LOG.error("the engine stops", cause);
            committer.fail(cause);
        }
    }

    private void rejectTasks() {
        for (Task<?> task = tasks.poll(); task != null; task = tasks.poll()) {
            task.result.completeExceptionally(stopped());
        }
    }

    private SqlException stopped() {
        return committer
                .failure()
                .orElseGet(() ->
                        new SqlException(
                                SqlState.ADMIN_SHUTDOWN,
                                null,
                                "the engine is shutting down",
                                "Connect again."));
    }

    // ---- Steps

    /// Takes in what there is to read.
    ///
    /// @return false when there was nothing
    private boolean step() throws InterruptedException {
        committer.awaitRoom();
        checkSources();
        Map<Node, long[]> to = new LinkedHashMap<>();
        long waiting = 0;
        for (Node source : program.readable()) {
            SourceReader reader = source.reader().orElseThrow();
            long[] ends = ends(source);
            long behind = reader.lag(ends);
            if (behind > 0) {
                to.put(source, ends);
                waiting += behind;
            }
        }
        if (waiting == 0) {
            lag = 0;
            if (unpublished) {
                commit(List.of(), null, List.of());
            }
            return false;
        }
        long taken = waiting;
        if (waiting > config.stepMaxRows()) {
            taken = 0;
            for (var entry : to.entrySet()) {
                SourceReader reader = entry.getKey().reader().orElseThrow();
                shrink(reader, entry.getValue(), waiting);
                taken += reader.lag(entry.getValue());
            }
        }
        step(to);
        lag = waiting - taken;
        return true;
    }

    private void step(Map<Node, long[]> to) {
        List<Cut> cuts = Program.cuts(to);
        boolean durable = !cuts.isEmpty();
        long number = durable ? program.step() + 1 : program.step();
        long now = clock.millis();
        StepOutputs outputs = durable ? committer.outputs() : null;
        limitMemory();
        List<JournalRecord> records = new ArrayList<>(program.run(number, now, to, outputs));
        if (durable) {
            records.add(new Step(number, JournalRecord.MAIN, false, now, cuts, List.of()));
            dirty = true;
        }
        commit(records, outputs, deliveries(number));
        abandonFills();
    }

    /// Lets state leave memory, before a step rather than in it: until there is room on the disk
    /// for it, nothing of the step has happened.
    private void limitMemory() {
        committer.patiently(() -> {
            try {
                store.limitMemory();
            } catch (NoRoomException e) {
                throw new SqlException(
                        SqlState.DISK_FULL,
                        null,
                        e.getMessage(),
                        "Free some space on the disk of the data directory: what waits goes on by"
                                + " itself then, and what was refused can be tried again.",
                        e);
            }
        });
    }

    /// Stops a relation that the committer has found to have failed, and what reads it.
    private void stop(Failed refused) {
        dirty = true;
        commit(new ArrayList<>(program.stop(refused)), null, List.of(committer::wake));
        abandonFills();
    }

    private void checkSources() {
        List<JournalRecord> failed = new ArrayList<>();
        for (Node source : program.wanted()) {
            failed.addAll(program.stopReplaced(source));
            if (source.reader().isPresent()) {
                program.passRemoved(source);
            }
        }
        if (!failed.isEmpty()) {
            dirty = true;
            commit(failed, null, List.of(committer::wake));
            abandonFills();
        }
    }

    /// How far a relation that is read can be read now. Of a derived stream the reader passes over
    /// what the stream's query has written.
    private long[] ends(Node source) {
        SourceReader reader = source.reader().orElseThrow();
        if (!(source instanceof QueryNode query)) {
            return ends(reader);
        }
        long[] ends = own.read(() -> ends(reader));
        unpublished |= query.passOwn(ends);
        return ends;
    }

    private long[] ends(SourceReader reader) {
        return program.writes(reader.relation().topic())
                ? reader.ends(producers.both())
                : reader.ends();
    }

    /// Gives each partition its part of a step that cannot take everything.
    private void shrink(SourceReader reader, long[] ends, long waiting) {
        for (int p = 0; p < ends.length; p++) {
            long behind = ends[p] - reader.position(p);
            if (behind > 0) {
                long part = (long) ((double) behind * config.stepMaxRows() / waiting);
                ends[p] = reader.position(p) + Math.max(1, Math.min(behind, part));
            }
        }
    }

    /// What push queries get once the step is journalled.
    private List<Runnable> deliveries(long number) {
        List<Runnable> deliveries = new ArrayList<>();
        for (LiveQuery query : List.copyOf(program.live())) {
            query.takeStep(number).ifPresent(step -> deliveries.add(() -> query.offer(step)));
            if (query.isFull() || query.isOver()) {
                program.detach(query);
            }
        }
        return deliveries;
    }

    private void commit(
            List<JournalRecord> records, StepOutputs outputs, List<Runnable> published) {
        commit(records, outputs, published, new Commit.Holding.Nothing());
    }

    private void commit(
            List<JournalRecord> records,
            StepOutputs outputs,
            List<Runnable> published,
            Commit.Holding holding) {
        unpublished = false;
        committer.submit(
                new Commit(
                        records,
                        outputs,
                        program.step(),
                        program.positions(false),
                        clock.millis(),
                        published,
                        holding));
    }

    // ---- Statements, all run as tasks

    /// Makes a relation. Its query is filled after that, beside the main sequence.
    ///
    /// @return the statement's sequence number
    long define(Statement statement, Definition definition) throws InterruptedException {
        Node node = program.make(statement, definition);
        if (definition instanceof Definition.Derived) {
            abandonFill(definition.relation().name());
            begin(statement, definition.relation());
        } else {
            journalled(statement);
        }
        program.add(node);
        switch (node) {
            case SourceNode source ->
                    source.reader()
                            .ifPresent(reader -> {
                                reader.seekToStart();
                                hold(reader);
                            });
            case QueryNode _ -> {}
        }
        publishPositions();
        return statement.sequence();
    }

    /// Ends a relation.
    long drop(Statement statement, String relation) throws InterruptedException {
        journalled(statement);
        program.drop(relation);
        abandonFills();
        program.counted(statement);
        publishPositions();
        return statement.sequence();
    }

    /// Ends the queries of some relations.
    long terminate(Statement statement, Optional<String> queryId) throws InterruptedException {
        journalled(statement);
        for (QueryNode query : program.queries()) {
            if (Ddl.names(queryId, query)) {
                program.terminate(query);
            }
        }
        abandonFills();
        program.counted(statement);
        publishPositions();
        return statement.sequence();
    }

    /// Journals that a relation is derived from here on, together with a step that does nothing but
    /// say where its topic ends now: an earlier topic of that name may have gone further.
    private void begin(Statement statement, Relation relation) throws InterruptedException {
        committer.drain();
        List<OutputEnd> ends = new ArrayList<>();
        for (int p = 0; p < relation.partitions(); p++) {
            TopicPartition partition = new TopicPartition(relation.topic(), p);
            ends.add(new OutputEnd(partition, log.endOffset(partition)));
        }
        long number = program.step() + 1;
        long now = clock.millis();
        List<JournalRecord> records = new ArrayList<>();
        limitMemory();
        records.addAll(program.run(number, now, Map.of(), null));
        records.add(new Step(number, JournalRecord.MAIN, false, now, List.of(), ends));
        records.add(statement);
        dirty = true;
        commit(records, null, List.of());
        committer.drain();
    }

    private void journalled(Statement statement) throws InterruptedException {
        dirty = true;
        commit(List.of(statement), null, List.of());
        committer.drain();
    }

    private void publishPositions() throws InterruptedException {
        commit(List.of(), null, List.of());
        committer.drain();
    }

    private void hold(SourceReader reader) {
        hold(reader, reader.positions());
    }

    // ---- New queries

    /// Brings a query that is not level a slice further, one query after the other.
    ///
    /// @return false when there is none
    private boolean fill() throws InterruptedException {
        List<QueryNode> unfilled = program.unfilled();
        QueryNode next = null;
        for (QueryNode query : unfilled) {
            // One that reads another waits for that.
            if (unfilled.stream().noneMatch(other -> reads(query, other))
                    && (next == null || query.statement().sequence() > lastFilled)) {
                next = query;
                if (query.statement().sequence() > lastFilled) {
                    break;
                }
            }
        }
        if (next == null) {
            return false;
        }
        lastFilled = next.statement().sequence();
        committer.awaitRoom();
        boolean filled = fillSlice(next);
        abandonFills();
        if (!program.unfilled().contains(next)) {
            List<Action> waiting = List.copyOf(afterFill);
            afterFill.clear();
            waiting.forEach(this::post);
        }
        return filled;
    }

    private static boolean reads(QueryNode query, QueryNode other) {
        return query.sources().stream().anyMatch(other.relation().name()::equalsIgnoreCase);
    }

    /// @return false when it waits for something to be readable
    private boolean fillSlice(QueryNode query) throws InterruptedException {
        Backfill backfill = program.backfill(query);
        if (!backfill.isPlaced()) {
            place(query, backfill);
        }
        if (backfill.isStarted() || backfill.tables().isEmpty()) {
            return fillStreams(query, backfill, new Commit.Holding.Nothing());
        }
        TableFill tables = fills.get(query);
        if (tables == null) {
            committer.drain();
            tables =
                    new TableFill(
                            backfill.tables(),
                            program::rows,
                            program.lanes(),
                            committer.view().snapshot());
            fills.put(query, tables);
        }
        if (fillTables(query, tables)) {
            // What it has written so far belongs to its first step.
            return fillStreams(
                    query, backfill, new Commit.Holding.End(query.statement().sequence()));
        }
        return true;
    }

    /// Settles where a new query reads its streams from.
    private void place(QueryNode query, Backfill backfill) throws InterruptedException {
        committer.drain();
        Map<String, long[]> targets = targets(backfill);
        boolean latest =
                OffsetReset.isLatest(query.statement().properties().get(OffsetReset.PROPERTY));
        for (SourceReader reader : backfill.readers()) {
            if (latest) {
                reader.seek(targets.get(reader.relation().name()));
            } else {
                reader.seekToStart();
            }
            hold(reader);
        }
        backfill.place();
    }

    /// Delivers some rows of the tables of a new query.
    ///
    /// @return true when they are level with the main sequence
    private boolean fillTables(QueryNode query, TableFill tables) throws InterruptedException {
        StepOutputs outputs = committer.outputs();
        long from = System.nanoTime();
        int rows = Math.max(1, fillRows / tables.lanes());
        limitMemory();
        List<Failed> failed =
                program.fillTables(
                        query, fillRows, lane -> tables.next(lane, rows), clock.millis(), outputs);
        adapt(System.nanoTime() - from);
        tables.endRound();
        dirty = true;
        commit(
                new ArrayList<>(failed),
                outputs,
                List.of(committer::wake),
                new Commit.Holding.Keep(query.statement().sequence()));
        if (!failed.isEmpty() || !tables.isBetweenRounds()) {
            return false;
        }
        if (tables.step() < program.step()) {
            // The last round is short, and comes up to the last step computed.
            committer.drain();
            tables.round(committer.view().snapshot());
            return false;
        }
        return true;
    }

    /// Reads the next slice of the streams of a query whose tables are level, and lets it join the
    /// main sequence when it is level.
    ///
    /// @return false when it is not, but there is nothing to read
    private boolean fillStreams(QueryNode query, Backfill backfill, Commit.Holding holding)
            throws InterruptedException {
        Map<String, long[]> targets = targets(backfill);
        Map<String, long[]> to = backfill.slice(targets, fillRows);
        // Until the first slice has delivered the tables, no main step may pass: the query would
        // not
        // see what it changes in them.
        boolean first = fills.containsKey(query) && !backfill.isStarted();
        if (!first && Backfill.isLevel(to, targets)) {
            // Derived streams are written behind the main sequence.
            settle(backfill);
            targets = targets(backfill);
            to = backfill.slice(targets, fillRows);
        }
        boolean level = !first && Backfill.isLevel(to, targets) && reachOutputs(backfill, targets);
        if (!level && backfill.isStarted() && backfill.lag(to) == 0) {
            return false;
        }
        TableFill tables = fills.get(query);
        List<Cut> cuts = backfill.cuts(to, true);
        StepOutputs outputs = committer.outputs();
        long number = program.step() + 1;
        long now = clock.millis();
        long from = System.nanoTime();
        limitMemory();
        List<JournalRecord> records =
                new ArrayList<>(
                        program.fill(
                                query,
                                number,
                                now,
                                to,
                                tables == null ? null : tables::finish,
                                outputs));
        adapt(System.nanoTime() - from);
        query.filledTo(to);
        boolean joins = level && query.error().isEmpty();
        records.add(new Step(number, query.relation().name(), joins, now, cuts, List.of()));
        dirty = true;
        if (joins) {
            program.join(query);
        }
        commit(
                records,
                outputs,
                List.of(committer::wake),
                query.error().isEmpty() ? holding : new Commit.Holding.Nothing());
        if (query.error().isEmpty()) {
            if (tables != null) {
                fills.remove(query);
                tables.close();
            }
        }
        return true;
    }

    /// Makes slices as long as others may wait for one.
    private void adapt(long nanos) {
        if (nanos > FILL_NANOS) {
            fillRows = Math.max(LEAST_FILL_ROWS, fillRows / 2);
        } else if (nanos < FILL_NANOS / 4) {
            fillRows = fillRows * 2;
        }
        fillRows = Math.min(fillRows, config.stepMaxRows());
    }

    /// Forgets what queries have been given that did not become level: what they wrote has not
    /// happened.
    private void abandonFills() {
        for (QueryNode query : List.copyOf(fills.keySet())) {
            if (!program.unfilled().contains(query)) {
                abandonFill(query);
            }
        }
        if (!afterFill.isEmpty()) {
            // What they wait for may have gone: each finds out, or waits again.
            List<Action> waiting = List.copyOf(afterFill);
            afterFill.clear();
            waiting.forEach(this::post);
        }
    }

    private void abandonFill(QueryNode query) {
        fills.remove(query).close();
        commit(List.of(), null, List.of(), new Commit.Holding.Abort(query.statement().sequence()));
    }

    /// Aborts what a query has written that is about to be replaced: its successor writes the same
    /// topic, under the same producer.
    private void abandonFill(String relation) throws InterruptedException {
        for (QueryNode query : List.copyOf(fills.keySet())) {
            if (query.relation().name().equalsIgnoreCase(relation)) {
                abandonFill(query);
                committer.drain();
            }
        }
    }

    /// Where the main sequence stands in the streams a new query reads. Nothing may be pending.
    Map<String, long[]> targets(Backfill backfill) {
        Map<String, long[]> targets = new HashMap<>();
        for (SourceReader reader : backfill.readers()) {
            targets.put(reader.relation().name(), target(reader));
        }
        return targets;
    }

    private long[] target(SourceReader reader) {
        return program.node(reader.relation().name())
                .orElseThrow(() ->
                        new SqlException(
                                SqlState.UNDEFINED_TABLE,
                                "\"" + reader.relation().name() + "\" does not exist any more"))
                .reader()
                .map(SourceReader::positions)
                .orElseGet(() -> ends(reader));
    }

    /// Waits until everything is published, and lets the main sequence take in what others have
    /// written into derived streams before what the streams' queries wrote last: who begins to read
    /// there must not find one of the two behind the other.
    private void settle(Backfill backfill) throws InterruptedException {
        for (Node node : program.nodes()) {
            committer.drain();
            if (!(node instanceof QueryNode)
                    || node.reader().isEmpty()
                    || backfill.reader(node.relation().name()) == null) {
                continue;
            }
            SourceReader reader = node.reader().orElseThrow();
            long[] ends = ends(node);
            if (!reachOutputs(reader, reader.positions())
                    && reader.lag(ends) <= config.stepMaxRows()) {
                Map<Node, long[]> to = new LinkedHashMap<>();
                to.put(node, ends);
                step(to);
            }
        }
        committer.drain();
    }

    /// True when whoever has read to the targets has read everything that the queries of derived
    /// streams have written. Nothing may be pending.
    private boolean reachOutputs(Backfill backfill, Map<String, long[]> targets) {
        for (SourceReader reader : backfill.readers()) {
            String name = reader.relation().name();
            if (program.node(name).orElseThrow() instanceof QueryNode
                    && !reachOutputs(reader, targets.get(name))) {
                return false;
            }
        }
        return true;
    }

    private boolean reachOutputs(SourceReader reader, long[] positions) {
        Map<TopicPartition, Long> written = committer.published().outputEnds();
        for (int p = 0; p < positions.length; p++) {
            if (positions[p] < written.getOrDefault(reader.partitions()[p], 0L)) {
                return false;
            }
        }
        return true;
    }

    // ---- Push queries

    /// Brings a push query level and lets it take part. What goes wrong is the query's end.
    ///
    /// @param latest true when it wants only what comes from now on
    void attach(LiveQuery query, boolean latest) throws InterruptedException {
        if (query.isOver()) {
            query.release();
            return;
        }
        for (QueryNode unfilled : program.unfilled()) {
            if (query.reads(unfilled.relation().name())) {
                afterFill.add(() -> attach(query, latest));
                return;
            }
        }
        try {
            settle(query.backfill());
            if (!reachOutputs(query.backfill(), targets(query.backfill()))) {
                later.add(() -> attach(query, latest));
                return;
            }
            level(query, latest);
            if (!query.isFull() && !query.isOver()) {
                program.attach(query);
            } else {
                query.release();
            }
        } catch (RuntimeException e) {
            query.fail(LiveQuery.failure(e));
            program.detach(query);
            query.release();
        }
        publishPositions();
    }

    private void level(LiveQuery query, boolean latest) {
        Map<String, long[]> targets = targets(query.backfill());
        if (latest) {
            for (SourceReader reader : query.backfill().readers()) {
                reader.seek(targets.get(reader.relation().name()));
            }
        }
        query.clock(clock.millis());
        try (Committer.View view = committer.view()) {
            query.level(targets, view.snapshot(), program::rows, latest);
        }
        query.takeStep(program.step()).ifPresent(query::offerAnyway);
    }

    /// Ends a push query, if it has come to take part; who brings it up to date ends it otherwise.
    void detach(LiveQuery query) {
        program.detach(query);
    }

    // ---- Checkpoints

    private void checkpointIfDue() throws InterruptedException {
        if (!dirty
                || System.nanoTime() - lastCheckpointNanos < config.checkpointInterval().toNanos()
                || store.freezing()
                || (checkpointThread != null && checkpointThread.isAlive())) {
            return;
        }
        committer.drain();
        Runnable write = freeze();
        checkpointThread = Thread.ofPlatform().name("sql-checkpoint").start(write);
    }

    private void awaitCheckpoint() throws InterruptedException {
        if (checkpointThread != null) {
            checkpointThread.join();
        }
    }

    /// Captures the state of the last step; nothing may be pending.
    ///
    /// @return writes it
    private Runnable freeze() {
        Map<String, long[]> positions = program.positions(true);
        Published published = committer.published();
        Mark mark =
                new Mark(
                        program.step(),
                        committer.journalEnd(),
                        producers,
                        program.nextSequence(),
                        program.nextQuery(),
                        program.nextOperator(),
                        entries(),
                        positions,
                        ends(published));
        Map<TopicPartition, Long> pinned = new HashMap<>();
        positions.forEach((relation, offsets) -> {
            String topic = program.node(relation).orElseThrow().relation().topic();
            for (int p = 0; p < offsets.length; p++) {
                pinned.merge(new TopicPartition(topic, p), offsets[p], Math::min);
            }
        });
        for (QueryNode query : program.unfilled()) {
            for (SourceReader reader : program.backfill(query).readers()) {
                for (int p = 0; p < reader.partitions().length; p++) {
                    pinned.merge(reader.partitions()[p], reader.position(p), Math::min);
                }
            }
        }
        long pinsThen = pins.now();
        Freeze freeze = store.freeze(mark.write());
        dirty = false;
        lastCheckpointNanos = System.nanoTime();
        return () -> {
            try {
                freeze.write();
                pins.release(pinned, pinsThen);
                journal.trim(mark.journalOffset());
                checkpoints.incrementAndGet();
            } catch (RuntimeException e) {
                // The checkpoint before still stands, and the journal reaches back to it.
                if (!halted) {
                    LOG.warn("a checkpoint could not be written", e);
                }
            }
        };
    }

    private List<Mark.Entry> entries() {
        List<Mark.Entry> entries = new ArrayList<>();
        for (Node node : program.nodes()) {
            Statement statement = node.statement();
            String error = node.error().orElse("");
            if (node instanceof QueryNode query && query.isTerminated()) {
                entries.add(new Mark.Entry(statement, Mark.Fate.TERMINATED, error));
            } else if (node.error().isPresent()) {
                entries.add(new Mark.Entry(statement, Mark.Fate.FAILED, error));
            } else if (node instanceof QueryNode query
                    && query.state() == QueryInfo.State.BACKFILLING) {
                Backfill backfill = program.backfill(query);
                Mark.Filling filling =
                        new Mark.Filling(
                                backfill.isStarted(),
                                backfill.isPlaced() ? backfill.positions() : Map.of());
                entries.add(
                        new Mark.Entry(
                                statement, Mark.Fate.BACKFILLING, error, Optional.of(filling)));
            } else {
                entries.add(new Mark.Entry(statement, Mark.Fate.RUNNING, error));
            }
        }
        return entries;
    }

    private static List<OutputEnd> ends(Published published) {
        List<OutputEnd> ends = new ArrayList<>();
        published.outputEnds().forEach((partition, end) -> ends.add(new OutputEnd(partition, end)));
        return ends;
    }

    // ---- The end

    /// Ends the step under way, commits it, writes a last checkpoint.
    @Override
    public void close() {
        stopping = true;
        signal.raise();
        committer.hurry();
        join();
        pins.close();
    }

    /// Stops as a crash would: nothing is finished. For tests.
    void halt() {
        halted = true;
        stopping = true;
        committer.fail(new IllegalStateException("halted"));
        signal.raise();
        join();
    }

    private void join() {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                if (checkpointThread != null) {
                    checkpointThread.join();
                }
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
