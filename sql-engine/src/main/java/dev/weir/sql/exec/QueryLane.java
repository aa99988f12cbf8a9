package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.expr.StepClock;
import dev.weir.sql.operator.Exchange;
import dev.weir.sql.operator.Output;
import dev.weir.sql.operator.StreamTime;
import dev.weir.sql.operator.TableSinkOperator;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.state.LaneStore;
import dev.weir.sql.state.PointState;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/// What one lane does of a derived relation: its circuit, its part of the table's rows, its
/// records. Belongs to the lane's thread while a stage runs, to the worker in between.
final class QueryLane {
    private final Relation relation;
    private final Origin origin;
    private final LongAdder deadLetters;
    private final TopicWriter writer;
    private final PointState rows;
    private final TableSinkOperator sink;
    private final Circuit circuit;
    private StepOutputs outputs;
    private RuntimeException failure;
    private long received;

    /// @param firstOperator the id of the sink's state; the circuit's follow
    /// @param inserts whether it writes into another relation's topic
    /// @param exchanges the query's, shared by its lanes
    /// @param times the query's, shared by its lanes
    /// @param feed the relation's
    QueryLane(
            Relation relation,
            PlanNode plan,
            int firstOperator,
            boolean inserts,
            int mostBytes,
            LaneStore store,
            List<Exchange> exchanges,
            List<StreamTime> times,
            Feed feed,
            StepClock clock,
            Origin origin,
            LongAdder deadLetters) {
        this.relation = relation;
        this.origin = origin;
        this.deadLetters = deadLetters;
        int lane = store.lane();
        writer = new TopicWriter(relation, mostBytes, lane, inserts);
        Output output;
        if (relation.isTable()) {
            rows = store.point(firstOperator, true);
            sink =
                    new TableSinkOperator(
                            relation.name(),
                            relation.schema(),
                            relation.keyColumns(),
                            rows,
                            writer::table,
                            delta -> feed.emit(lane, delta));
            output = delta -> sink.accept(0, delta);
        } else {
            rows = null;
            sink = null;
            output =
                    delta -> {
                        writer.stream(delta);
                        feed.emit(lane, delta);
                    };
        }
        circuit =
                new Circuit(
                        plan,
                        store,
                        exchanges,
                        times,
                        sink == null ? null : relation.keyColumns(),
                        firstOperator + 1,
                        clock,
                        this::rowFailed,
                        output);
    }

    Circuit circuit() {
        return circuit;
    }

    /// The lane's part of the table; null for a stream.
    PointState rows() {
        return rows;
    }

    /// Rows written so far.
    long rowsOut() {
        return writer.rows();
    }

    /// Records go to these outputs; null in a replay.
    void begin(StepOutputs stepOutputs, long step) {
        outputs = stepOutputs;
        received = 0;
        writer.begin(stepOutputs, step);
    }

    /// Rows that have come from the scans in this step.
    long received() {
        return received;
    }

    /// Rows that the query brings along.
    void start() {
        try {
            circuit.start();
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    void accept(Output scan, Batch delta) {
        if (failure != null) {
            return;
        }
        received += delta.size();
        try {
            scan.emit(delta);
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    void endStage(int stage) {
        if (failure != null) {
            return;
        }
        try {
            circuit.endStage(stage);
            if (sink != null && stage == circuit.stages() - 1) {
                sink.endStep();
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    /// Its input cannot be had.
    void broke(RuntimeException cause) {
        failure = cause;
    }

    /// What went wrong in the step, or null.
    RuntimeException failure() {
        return failure;
    }

    void clearFailure() {
        failure = null;
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
}
