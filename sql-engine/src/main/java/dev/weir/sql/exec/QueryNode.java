package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.expr.StepClock;
import dev.weir.sql.operator.Output;
import dev.weir.sql.operator.TableSinkOperator;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.state.PointState;
import dev.weir.sql.state.StateStore;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/// A derived relation and the query that keeps it up to date: circuit, sink, topic.
final class QueryNode implements Node {
    private final Relation relation;
    private final Statement statement;
    private final PlanNode plan;
    private final List<String> sources;
    private final Origin origin;
    private final LongAdder deadLetters;
    private final Feed feed;
    private final TopicWriter writer;
    private final PointState rows;
    private final TableSinkOperator sink;
    private final Circuit circuit;
    private final List<Circuit.Scan> scans = new ArrayList<>();
    private StepOutputs outputs;
    private RuntimeException failure;
    private volatile QueryInfo.State state = QueryInfo.State.BACKFILLING;
    private volatile long level;
    private volatile boolean terminated;
    private volatile String error;
    private final LongAdder rowsIn = new LongAdder();
    private volatile long rowsOut;

    /// @param sources names of the relations it reads
    /// @param mostBytes largest key and value of one record that its topic takes
    QueryNode(
            Relation relation,
            Statement statement,
            PlanNode plan,
            List<String> sources,
            int mostBytes,
            StateStore store,
            StepClock clock,
            Origin origin,
            LongAdder deadLetters) {
        this.relation = relation;
        this.statement = statement;
        this.plan = plan;
        this.sources = List.copyOf(sources);
        this.origin = origin;
        this.deadLetters = deadLetters;
        feed = new Feed(relation, ScanView.columnsOf(relation));
        writer = new TopicWriter(relation, mostBytes);
        Output output;
        if (relation.isTable()) {
            rows = store.point(statement.firstOperator(), true);
            sink =
                    new TableSinkOperator(
                            relation.name(),
                            relation.schema(),
                            relation.keyColumns(),
                            rows,
                            writer::table,
                            feed::emit);
            output = delta -> sink.accept(0, delta);
        } else {
            rows = null;
            sink = null;
            output =
                    delta -> {
                        writer.stream(delta);
                        feed.emit(delta);
                    };
        }
        circuit =
                new Circuit(
                        plan, store, statement.firstOperator() + 1, clock, this::rowFailed, output);
        for (Circuit.Scan scan : circuit.scans()) {
            Output inner = scan.output();
            scans.add(scan.through(delta -> accept(inner, delta)));
        }
    }

    @Override
    public Relation relation() {
        return relation;
    }

    @Override
    public Statement statement() {
        return statement;
    }

    /// Any thread.
    PlanNode plan() {
        return plan;
    }

    /// Names of the relations it reads. Any thread.
    List<String> sources() {
        return sources;
    }

    @Override
    public Optional<PointState> rows() {
        return Optional.ofNullable(rows);
    }

    /// Where its inputs go in.
    List<Circuit.Scan> scans() {
        return scans;
    }

    Circuit circuit() {
        return circuit;
    }

    /// Any thread.
    QueryInfo.State state() {
        return state;
    }

    /// True when its query was ended by TERMINATE; the relation stays as it was. Any thread.
    boolean isTerminated() {
        return terminated;
    }

    /// True when steps go through it.
    boolean isLive() {
        return state == QueryInfo.State.RUNNING && !terminated;
    }

    /// @param step the one that brought it level
    void joined(long step) {
        level = step;
        state = QueryInfo.State.RUNNING;
    }

    /// True when somebody who sees the steps up to this one sees all of it. Any thread.
    boolean isLevel(long step) {
        return state != QueryInfo.State.BACKFILLING && step >= level;
    }

    void terminate() {
        terminated = true;
        state = QueryInfo.State.RUNNING;
    }

    /// As SHOW QUERIES tells it. Any thread.
    QueryInfo info() {
        return new QueryInfo(
                relation.queryId().orElse(relation.name()),
                QueryInfo.Kind.PERSISTENT,
                statement.text(),
                List.of(relation.name()),
                sources,
                state,
                Optional.ofNullable(error),
                rowsIn.sum(),
                rowsOut);
    }

    @Override
    public void subscribe(Circuit.Scan scan, boolean durable) {
        feed.subscribe(scan.columns(), scan.schema(), scan.output());
    }

    @Override
    public void unsubscribe(Circuit.Scan scan, boolean durable) {
        feed.unsubscribe(scan.output());
    }

    /// Records go to these outputs; null in a replay.
    void begin(StepOutputs stepOutputs, long step) {
        outputs = stepOutputs;
        writer.begin(stepOutputs, step);
    }

    /// The first step: rows that the query brings along.
    void start() {
        try {
            circuit.start();
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /// Its input cannot be had.
    void broke(RuntimeException cause) {
        failure = cause;
    }

    private void accept(Output inner, Batch delta) {
        if (failure != null || terminated || state == QueryInfo.State.FAILED) {
            return;
        }
        rowsIn.add(delta.size());
        try {
            inner.emit(delta);
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    @Override
    public void endStep() {
        if (failure != null || terminated || state == QueryInfo.State.FAILED) {
            return;
        }
        try {
            circuit.endStep();
            if (sink != null) {
                sink.endStep();
            }
            rowsOut = writer.rows();
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private void rowFailed(String scanned, Batch in, int row, RuntimeException cause) {
        if (outputs == null || in.weight(row) < 0) {
            return;
        }
        deadLetters.increment();
        String why = cause.getMessage() == null ? cause.toString() : cause.getMessage();
        if (scanned != null && origin.knows(scanned, row)) {
            int record = origin.record(row);
            DeadLetters.record(
                    outputs,
                    relation.name(),
                    origin.partition(record),
                    origin.block(),
                    record,
                    why);
        } else {
            DeadLetters.row(outputs, relation.name(), Rows.text(in, row), in.rowTime(row), why);
        }
    }

    @Override
    public void fail(String why) {
        error = why;
        state = QueryInfo.State.FAILED;
    }

    @Override
    public Optional<String> error() {
        return Optional.ofNullable(error);
    }

    @Override
    public Optional<RuntimeException> takeFailure() {
        RuntimeException taken = failure;
        failure = null;
        return Optional.ofNullable(taken);
    }

    @Override
    public void dropOutputs() {
        if (outputs != null) {
            outputs.drop(relation.name());
        }
    }

    @Override
    public void close() {}
}
