package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.Kernels;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.expr.StepClock;
import dev.weir.sql.operator.AggregateOperator;
import dev.weir.sql.operator.Closing;
import dev.weir.sql.operator.Consolidator;
import dev.weir.sql.operator.Exchange;
import dev.weir.sql.operator.ExpandOperator;
import dev.weir.sql.operator.JoinOperator;
import dev.weir.sql.operator.KernelOperator;
import dev.weir.sql.operator.LookupOperator;
import dev.weir.sql.operator.Operator;
import dev.weir.sql.operator.Output;
import dev.weir.sql.operator.SessionOperator;
import dev.weir.sql.operator.SortOperator;
import dev.weir.sql.operator.StreamJoinOperator;
import dev.weir.sql.operator.StreamTime;
import dev.weir.sql.operator.UnionOperator;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.serde.Values;
import dev.weir.sql.state.LaneStore;

import org.apache.calcite.rex.RexNode;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/// The running operators of one plan in one lane. Deltas go in at its scans and come out at the
/// output it was built with. Belongs to the thread that steps it.
///
/// A query that several lanes share has a circuit for each; exchanges in front of the operators
/// that keep state by key bring each row to the lane that keeps its key, and divide a step into
/// stages: all lanes finish one before any begins the next. Where rows are in the right lane
/// already ([Distribution]), and with one lane, there is no exchange.
final class Circuit {
    private final LaneStore store;
    private final List<Exchange> exchanges;
    private final List<StreamTime> times;
    private int nextExchange;
    private int nextTime;
    private boolean versions;
    private final StepClock clock;
    private final RowFailures failures;
    private final List<Scan> scans = new ArrayList<>();
    private final List<Constants> constants = new ArrayList<>();
    private final List<Stage> stages = new ArrayList<>();
    private final int firstOperator;
    private int nextOperator;

    /// What happens between two barriers: rows come from the exchanges, then operators end their
    /// step.
    private static final class Stage {
        final List<Exchange> arriving = new ArrayList<>();
        final List<Output> receivers = new ArrayList<>();
        final List<Operator> operators = new ArrayList<>();
    }

    /// Where a relation's delta goes in.
    ///
    /// @param condition over the scan's columns; rows that do not meet it have no effect; or null
    /// @param versions whether it wants each version of a table's row, with its time, and not what
    ///   the step has made of it
    /// @param outputs one for each lane; a single one takes the delta of all lanes
    record Scan(
            Relation relation,
            List<ScanColumn> columns,
            Schema schema,
            RexNode condition,
            boolean versions,
            List<Output> outputs) {
        /// This scan with something before each output.
        Scan through(UnaryOperator<Output> first) {
            return with(outputs.stream().map(first).toList());
        }

        /// Rows that a snapshot has of a table, as the scan takes them: those who want versions
        /// know only that these have been there before.
        Batch ofSnapshot(Batch seen) {
            if (versions) {
                Arrays.fill(seen.rowTimes().values(), 0, seen.physicalRows(), Long.MIN_VALUE);
            }
            return seen;
        }

        /// This scan with other outputs.
        Scan with(List<Output> others) {
            return new Scan(relation, columns, schema, condition, versions, others);
        }
    }

    /// Constant rows, which come once, with the first step.
    private record Constants(PlanNode.Values values, Output output) {}

    /// Told of rows that could not be computed.
    @FunctionalInterface
    interface RowFailures {
        /// @param relation whose rows `in` has, straight from a scan; null when they are computed
        void failed(String relation, Batch in, int row, RuntimeException cause);
    }

    /// A circuit of a query that no lanes share.
    ///
    /// @param firstOperator the first id for state in `store`; as many follow as the plan needs
    /// @param output takes the plan's delta
    Circuit(
            PlanNode plan,
            LaneStore store,
            int firstOperator,
            StepClock clock,
            RowFailures failures,
            Output output) {
        this(
                plan,
                store,
                new ArrayList<>(),
                new ArrayList<>(),
                null,
                firstOperator,
                clock,
                failures,
                output);
    }

    /// A lane's circuit.
    ///
    /// @param exchanges the query's: the circuit of the first lane makes them, the others find them
    /// @param times the query's, made and found alike; whoever has them ends their steps
    /// @param outputKey columns of the plan's rows that say which lane's output takes a row; null
    ///   to leave rows where they are
    Circuit(
            PlanNode plan,
            LaneStore store,
            List<Exchange> exchanges,
            List<StreamTime> times,
            int[] outputKey,
            int firstOperator,
            StepClock clock,
            RowFailures failures,
            Output output) {
        this.store = store;
        this.exchanges = exchanges;
        this.times = times;
        this.clock = clock;
        this.failures = failures;
        this.firstOperator = firstOperator;
        nextOperator = firstOperator;
        int last =
                outputKey == null
                        ? build(plan, null, output)
                        : keyed(plan, plan.schema(), outputKey, output);
        stage(last);
    }

    List<Scan> scans() {
        return scans;
    }

    int firstOperator() {
        return firstOperator;
    }

    /// One past the last id used for state.
    int nextOperator() {
        return nextOperator;
    }

    /// Sends the constants of VALUES; once, in the first step.
    void start() {
        for (Constants constant : constants) {
            Batch batch = batch(constant.values);
            if (!batch.isEmpty()) {
                constant.output.emit(batch);
            }
        }
    }

    private static Batch batch(PlanNode.Values values) {
        Batch batch = Batch.of(values.schema());
        for (List<Object> row : values.rows()) {
            for (int c = 0; c < row.size(); c++) {
                Values.append(batch.column(c), row.get(c));
            }
            batch.endRow(1, 0);
        }
        return batch;
    }

    /// How many stages a step has; at least one.
    int stages() {
        return stages.size();
    }

    /// Rows that wait for a stage, in all lanes.
    int waiting(int stage) {
        int rows = 0;
        for (Exchange exchange : stages.get(stage).arriving) {
            rows += exchange.size();
        }
        return rows;
    }

    /// Ends a stage; all lanes have ended the one before.
    void endStage(int stage) {
        Stage ended = stages.get(stage);
        for (int i = 0; i < ended.arriving.size(); i++) {
            ended.arriving.get(i).deliver(store.lane(), ended.receivers.get(i));
        }
        // Every operator after those that feed it.
        for (int i = 0; i < ended.operators.size(); i++) {
            ended.operators.get(i).endStep();
        }
    }

    /// Ends the step of a circuit that is alone.
    void endStep() {
        for (int stage = 0; stage < stages.size(); stage++) {
            endStage(stage);
        }
        times.forEach(StreamTime::endStep);
    }

    private Stage stage(int number) {
        while (stages.size() <= number) {
            stages.add(new Stage());
        }
        return stages.get(number);
    }

    /// Builds what feeds an operator that keeps state by key, in the lane that keeps it.
    ///
    /// @param keySchema gives the key columns the types under which the operator keeps them
    /// @param keyColumns columns of `input`, in the order in which they make the key
    /// @return the stage from which on the rows come
    private int keyed(PlanNode input, Schema keySchema, int[] keyColumns, Output output) {
        return keyed(input, keySchema, keyColumns, null, false, output);
    }

    /// @param time observes all rows before they are exchanged; or null
    /// @param consolidates whether equal rows may come as one, with the sum of their weights
    private int keyed(
            PlanNode input,
            Schema keySchema,
            int[] keyColumns,
            StreamTime time,
            boolean consolidates,
            Output output) {
        int lane = store.lane();
        // Behind an exchange all lanes have observed their rows before any ends its step.
        if (store.lanes() == 1
                || (time == null && Distribution.matches(input, keySchema, keyColumns))) {
            return build(input, null, observed(time, output));
        }
        int number = nextExchange++;
        if (number == exchanges.size()) {
            exchanges.add(new Exchange(input.schema(), keySchema, keyColumns, store.lanes()));
        }
        Exchange exchange = exchanges.get(number);
        Output route = observed(time, delta -> exchange.route(lane, delta));
        int sent;
        if (consolidates) {
            Consolidator consolidator = new Consolidator(input.schema(), route);
            sent = build(input, null, delta -> consolidator.accept(0, delta));
            stage(sent).operators.add(consolidator);
        } else {
            sent = build(input, null, route);
        }
        int stage = sent + 1;
        stage(stage).arriving.add(exchange);
        stage(stage).receivers.add(output);
        return stage;
    }

    private static Output observed(StreamTime time, Output output) {
        return time == null
                ? output
                : delta -> {
                    time.observe(delta);
                    output.emit(delta);
                };
    }

    /// The stream time of an operator, which its lanes share.
    private StreamTime time() {
        int operator = nextOperator++;
        if (nextTime == times.size()) {
            times.add(new StreamTime(store.point(operator, false)));
        }
        return times.get(nextTime++);
    }

    /// @param condition what `output` keeps of the node's rows, or null when it takes all
    /// @return the stage from which on the node's rows come
    private int build(PlanNode node, RexNode condition, Output output) {
        return switch (node) {
            case PlanNode.StreamScan(var relation, var columns, var schema, _) -> {
                scans.add(new Scan(relation, columns, schema, condition, false, List.of(output)));
                yield 0;
            }
            case PlanNode.TableScan(var relation, var columns, var schema, _) -> {
                scans.add(
                        new Scan(relation, columns, schema, condition, versions, List.of(output)));
                yield 0;
            }
            case PlanNode.Values values -> {
                constants.add(new Constants(values, output));
                yield 0;
            }
            case PlanNode.Filter filter ->
                    kernel(
                            filter.input(),
                            filter.condition(),
                            Rex.identity(filter.schema()),
                            filter.schema(),
                            output);
            case PlanNode.Project(
                            PlanNode.Filter(var input, var where, _, _),
                            var expressions,
                            var schema,
                            _) ->
                    kernel(input, where, expressions, schema, output);
            case PlanNode.Project(var input, var expressions, var schema, _) ->
                    kernel(input, null, expressions, schema, output);
            case PlanNode.Aggregate aggregate -> {
                PlanNode input = aggregate.input();
                StreamTime time = aggregate.close() == null ? null : time();
                AggregateOperator operator =
                        new AggregateOperator(
                                input.schema(),
                                aggregate.groupColumns(),
                                aggregate.calls(),
                                aggregate.schema(),
                                input.traits().appendOnly(),
                                aggregate.groupColumns().length == 0 && keepsEverything(),
                                store.point(nextOperator++, false),
                                store.ordered(nextOperator++),
                                time == null
                                        ? null
                                        : new Closing(
                                                aggregate.close(),
                                                time,
                                                store.ordered(nextOperator++),
                                                store.lane(),
                                                store.lanes()),
                                errors(input),
                                output);
                int stage =
                        keyed(
                                input,
                                input.schema(),
                                aggregate.groupColumns(),
                                time,
                                consolidates(aggregate),
                                delta -> operator.accept(0, delta));
                stage(stage).operators.add(operator);
                yield stage;
            }
            case PlanNode.Sessions sessions -> {
                PlanNode input = sessions.input();
                StreamTime time = sessions.window().closes() ? time() : null;
                SessionOperator operator =
                        new SessionOperator(
                                sessions,
                                store.ordered(nextOperator++),
                                time,
                                time == null ? null : store.ordered(nextOperator++),
                                store.lane(),
                                store.lanes(),
                                errors(input),
                                output);
                int stage =
                        keyed(
                                input,
                                input.schema(),
                                sessions.keyColumns(),
                                time,
                                false,
                                delta -> operator.accept(0, delta));
                stage(stage).operators.add(operator);
                yield stage;
            }
            case PlanNode.Join join -> {
                JoinOperator operator =
                        new JoinOperator(
                                join.left().schema(),
                                join.leftKeys(),
                                join.right().schema(),
                                join.rightKeys(),
                                join.type().generatesNullsOnRight(),
                                join.type().generatesNullsOnLeft(),
                                residual(join.residual(), join.schema()),
                                join.schema(),
                                store.ordered(nextOperator++),
                                store.ordered(nextOperator++),
                                computed(),
                                output);
                int left =
                        keyed(
                                join.left(),
                                operator.leftKeySchema(),
                                join.leftKeys(),
                                delta -> operator.accept(0, delta));
                int right =
                        keyed(
                                join.right(),
                                operator.rightKeySchema(),
                                join.rightKeys(),
                                delta -> operator.accept(1, delta));
                int stage = Math.max(left, right);
                stage(stage).operators.add(operator);
                yield stage;
            }
            case PlanNode.Expand expand -> {
                ExpandOperator operator =
                        new ExpandOperator(batch(expand.rows()), expand.schema(), output);
                yield build(expand.input(), null, delta -> operator.accept(0, delta));
            }
            case PlanNode.Union union -> {
                UnionOperator operator = new UnionOperator(output);
                int stage = 0;
                for (PlanNode input : union.inputs()) {
                    stage = Math.max(stage, build(input, null, delta -> operator.accept(0, delta)));
                }
                stage(stage).operators.add(operator);
                yield stage;
            }
            case PlanNode.Lookup join -> {
                boolean left = join.streamOnLeft();
                PlanNode stream = left ? join.left() : join.right();
                PlanNode table = left ? join.right() : join.left();
                int[] streamKeys = left ? join.leftKeys() : join.rightKeys();
                int[] tableKeys = left ? join.rightKeys() : join.leftKeys();
                LookupOperator operator =
                        new LookupOperator(
                                stream.schema(),
                                streamKeys,
                                table.schema(),
                                tableKeys,
                                left,
                                join.keepsUnmatched(),
                                join.versions(),
                                residual(join.residual(), join.schema()),
                                join.schema(),
                                store.ordered(nextOperator++),
                                computed(),
                                output);
                versions = join.versions();
                int tableStage =
                        keyed(
                                table,
                                operator.tableKeySchema(),
                                tableKeys,
                                delta -> operator.accept(1, delta));
                versions = false;
                int streamStage =
                        keyed(
                                stream,
                                operator.streamKeySchema(),
                                streamKeys,
                                delta -> operator.accept(0, delta));
                int stage = Math.max(tableStage, streamStage);
                stage(stage).operators.add(operator);
                yield stage;
            }
            case PlanNode.StreamJoin join -> {
                StreamTime time = time();
                StreamJoinOperator operator =
                        new StreamJoinOperator(
                                join.left().schema(),
                                join.leftKeys(),
                                join.right().schema(),
                                join.rightKeys(),
                                join.type().generatesNullsOnRight(),
                                join.type().generatesNullsOnLeft(),
                                join.beforeMs(),
                                join.afterMs(),
                                join.graceMs(),
                                residual(join.residual(), join.schema()),
                                join.schema(),
                                store.ordered(nextOperator++),
                                store.ordered(nextOperator++),
                                store.ordered(nextOperator++),
                                store.lane(),
                                store.lanes(),
                                time,
                                computed(),
                                output);
                int left =
                        keyed(
                                join.left(),
                                operator.leftKeySchema(),
                                join.leftKeys(),
                                time,
                                false,
                                delta -> operator.accept(0, delta));
                int right =
                        keyed(
                                join.right(),
                                operator.rightKeySchema(),
                                join.rightKeys(),
                                time,
                                false,
                                delta -> operator.accept(1, delta));
                int stage = Math.max(left, right);
                stage(stage).operators.add(operator);
                yield stage;
            }
            case PlanNode.Sort sort -> {
                SortOperator operator =
                        new SortOperator(
                                sort.schema(),
                                sort.columns(),
                                sort.descending(),
                                sort.nullsFirst(),
                                sort.offset(),
                                sort.limit(),
                                output);
                int stage = build(sort.input(), null, delta -> operator.accept(0, delta));
                stage(stage).operators.add(operator);
                yield stage;
            }
        };
    }

    /// Late rows are counted one by one, so they are left as they are.
    private static boolean consolidates(PlanNode.Aggregate aggregate) {
        return aggregate.input().traits().appendOnly()
                && aggregate.close() == null
                && Consolidator.suits(aggregate.input().schema(), aggregate.calls());
    }

    /// Whether the group of everything is this lane's.
    private boolean keepsEverything() {
        return LaneStore.laneOf(new byte[0], 0, 0, store.lanes()) == store.lane();
    }

    private int kernel(
            PlanNode input,
            RexNode condition,
            List<RexNode> projections,
            Schema schema,
            Output output) {
        Kernel kernel = Kernels.compile(condition, projections, input.schema(), schema, clock);
        KernelOperator operator = new KernelOperator(kernel, schema, errors(input), output);
        int stage = build(input, condition, delta -> operator.accept(0, delta));
        stage(stage).operators.add(operator);
        return stage;
    }

    private RowErrors errors(PlanNode input) {
        return input instanceof PlanNode.StreamScan scan
                ? (in, row, cause) -> failures.failed(scan.relation().name(), in, row, cause)
                : computed();
    }

    private RowErrors computed() {
        return (in, row, cause) -> failures.failed(null, in, row, cause);
    }

    /// The further condition of a join, or null.
    private Kernel residual(RexNode condition, Schema joined) {
        if (condition == null) {
            return null;
        }
        Schema numbered = JoinOperator.residualSchema(joined);
        return Kernels.compile(condition, Rex.identity(numbered), numbered, numbered, clock);
    }
}
