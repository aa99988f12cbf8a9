package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.Kernels;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.expr.StepClock;
import dev.weir.sql.operator.AggregateFunction;
import dev.weir.sql.operator.AggregateOperator;
import dev.weir.sql.operator.JoinOperator;
import dev.weir.sql.operator.KernelOperator;
import dev.weir.sql.operator.Operator;
import dev.weir.sql.operator.Output;
import dev.weir.sql.operator.SortOperator;
import dev.weir.sql.plan.AggregateCall;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.serde.Values;
import dev.weir.sql.state.StateStore;

import org.apache.calcite.rex.RexNode;

import java.util.ArrayList;
import java.util.List;

/// The running operators of one plan. Deltas go in at its scans and come out at the output it was
/// built with. Belongs to the thread that steps it.
final class Circuit {
    private final StateStore store;
    private final StepClock clock;
    private final RowFailures failures;
    private final List<Scan> scans = new ArrayList<>();
    private final List<Constants> constants = new ArrayList<>();
    private final List<Operator> operators = new ArrayList<>();
    private final int firstOperator;
    private int nextOperator;

    /// Where a relation's delta goes in.
    ///
    /// @param condition over the scan's columns; rows that do not meet it have no effect; or null
    record Scan(
            Relation relation,
            List<ScanColumn> columns,
            Schema schema,
            RexNode condition,
            Output output) {
        /// This scan with something before its output.
        Scan through(Output first) {
            return new Scan(relation, columns, schema, condition, first);
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

    /// @param firstOperator the first id for state in `store`; as many follow as the plan needs
    /// @param output takes the plan's delta
    Circuit(
            PlanNode plan,
            StateStore store,
            int firstOperator,
            StepClock clock,
            RowFailures failures,
            Output output) {
        this.store = store;
        this.clock = clock;
        this.failures = failures;
        this.firstOperator = firstOperator;
        nextOperator = firstOperator;
        build(plan, null, output);
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
            Batch batch = Batch.of(constant.values.schema());
            for (List<Object> row : constant.values.rows()) {
                for (int c = 0; c < row.size(); c++) {
                    Values.append(batch.column(c), row.get(c));
                }
                batch.endRow(1, 0);
            }
            if (!batch.isEmpty()) {
                constant.output.emit(batch);
            }
        }
    }

    /// Ends the step: every operator after those that feed it.
    void endStep() {
        for (int i = 0; i < operators.size(); i++) {
            operators.get(i).endStep();
        }
    }

    /// @param condition what `output` keeps of the node's rows, or null when it takes all
    private void build(PlanNode node, RexNode condition, Output output) {
        switch (node) {
            case PlanNode.StreamScan(var relation, var columns, var schema, _) ->
                    scans.add(new Scan(relation, columns, schema, condition, output));
            case PlanNode.TableScan(var relation, var columns, var schema, _) ->
                    scans.add(new Scan(relation, columns, schema, condition, output));
            case PlanNode.Values values -> constants.add(new Constants(values, output));
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
                AggregateOperator operator =
                        new AggregateOperator(
                                input.schema(),
                                aggregate.groupColumns(),
                                aggregate.calls().stream().map(Circuit::function).toList(),
                                aggregate.schema(),
                                input.traits().appendOnly(),
                                aggregate.groupColumns().length == 0,
                                store.point(nextOperator++, false),
                                store.ordered(nextOperator++),
                                errors(input),
                                output);
                build(input, null, delta -> operator.accept(0, delta));
                operators.add(operator);
            }
            case PlanNode.Join join -> {
                Schema joined = joined(join.left().schema(), join.right().schema());
                Kernel residual =
                        join.residual() == null
                                ? null
                                : Kernels.compile(
                                        join.residual(),
                                        Rex.identity(joined),
                                        joined,
                                        joined,
                                        clock);
                JoinOperator operator =
                        new JoinOperator(
                                join.left().schema(),
                                join.leftKeys(),
                                join.right().schema(),
                                join.rightKeys(),
                                residual,
                                join.schema(),
                                store.ordered(nextOperator++),
                                store.ordered(nextOperator++),
                                computed(),
                                output);
                build(join.left(), null, delta -> operator.accept(0, delta));
                build(join.right(), null, delta -> operator.accept(1, delta));
                operators.add(operator);
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
                build(sort.input(), null, delta -> operator.accept(0, delta));
                operators.add(operator);
            }
        }
    }

    private void kernel(
            PlanNode input,
            RexNode condition,
            List<RexNode> projections,
            Schema schema,
            Output output) {
        Kernel kernel = Kernels.compile(condition, projections, input.schema(), schema, clock);
        KernelOperator operator = new KernelOperator(kernel, schema, errors(input), output);
        build(input, condition, delta -> operator.accept(0, delta));
        operators.add(operator);
    }

    private RowErrors errors(PlanNode input) {
        return input instanceof PlanNode.StreamScan scan
                ? (in, row, cause) -> failures.failed(scan.relation().name(), in, row, cause)
                : computed();
    }

    private RowErrors computed() {
        return (in, row, cause) -> failures.failed(null, in, row, cause);
    }

    private static Schema joined(Schema left, Schema right) {
        List<Field> fields = new ArrayList<>(left.fields());
        fields.addAll(right.fields());
        return new Schema(fields);
    }

    private static AggregateFunction function(AggregateCall call) {
        AggregateFunction.Kind kind =
                switch (call.function()) {
                    case COUNT -> AggregateFunction.Kind.COUNT;
                    case SUM -> AggregateFunction.Kind.SUM;
                    case MIN -> AggregateFunction.Kind.MIN;
                    case MAX -> AggregateFunction.Kind.MAX;
                    case AVG -> AggregateFunction.Kind.AVG;
                };
        return new AggregateFunction(kind, call.argument(), call.filter(), call.type());
    }
}
