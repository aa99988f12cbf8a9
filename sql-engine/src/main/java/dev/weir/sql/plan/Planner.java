package dev.weir.sql.plan;

import dev.weir.sql.analyze.Analyzed;
import dev.weir.sql.analyze.Joins;
import dev.weir.sql.analyze.Literals;
import dev.weir.sql.analyze.RelTypes;
import dev.weir.sql.analyze.RowTraits;
import dev.weir.sql.analyze.SessionCalls;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;
import dev.weir.sql.function.OwnAggregate;

import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelFieldCollation;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.core.Union;
import org.apache.calcite.rel.core.Values;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.util.ImmutableBitSet;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/// Makes physical plans.
public final class Planner {
    private final RexBuilder rex;
    private final ConstantFolder folder;

    private Planner(RexBuilder rex) {
        this.rex = rex;
        folder = new ConstantFolder(rex);
    }

    /// Plans a query. The plan's schema is the query's.
    ///
    /// @throws SqlException FEATURE_NOT_SUPPORTED for what no operator can do
    public static PlanNode plan(Analyzed.Query query) {
        RelNode rel = Rules.apply(query.rel());
        PlanNode plan = new Planner(rel.getCluster().getRexBuilder()).build(rel).node();
        refuseBounds(plan);
        return withNames(plan, query.schema());
    }

    /// The plan as text: one operator a line, inputs indented.
    public static String explain(PlanNode plan) {
        return Explain.text(plan);
    }

    private Built build(RelNode rel) {
        return switch (rel) {
            case Project project -> {
                RelNode input = project.getInput();
                if (input instanceof Filter filter && filter.getInput() instanceof TableScan scan) {
                    yield leaf(scan, filter.getCondition(), project.getProjects(), schema(rel));
                }
                if (input instanceof TableScan scan) {
                    yield leaf(scan, null, project.getProjects(), schema(rel));
                }
                yield project(build(input), project.getProjects(), schema(rel));
            }
            case Filter filter ->
                    filter.getInput() instanceof TableScan scan
                            ? leaf(scan, filter.getCondition(), null, schema(rel))
                            : filter(build(filter.getInput()), filter.getCondition());
            case TableScan scan -> leaf(scan, null, null, schema(rel));
            case Aggregate aggregate -> aggregate(aggregate);
            case Join join -> join(join);
            case Sort sort -> sort(sort);
            case Union union when union.all -> union(union);
            case Values values -> values(values);
            default ->
                    throw new SqlException(
                            SqlState.FEATURE_NOT_SUPPORTED,
                            null,
                            rel.getRelTypeName() + " is not supported",
                            "Write the query another way.");
        };
    }

    private static Schema schema(RelNode rel) {
        return RelTypes.schema(rel.getRowType());
    }

    /// A scan of the columns that are read, with the filter and projection above it.
    private Built leaf(TableScan scan, RexNode condition, List<RexNode> projects, Schema output) {
        List<RexNode> columns =
                (projects == null ? rex.identityProjects(scan.getRowType()) : projects)
                        .stream().map(this::expand).toList();
        List<RexNode> all = new ArrayList<>(columns);
        if (condition != null) {
            all.add(expand(condition));
        }
        ScanBuilder builder = new ScanBuilder(scan, all);
        Built built = builder.scan();
        if (condition != null) {
            built = filter(built, builder.rewrite(expand(condition)));
        }
        return project(built, columns.stream().map(builder::rewrite).toList(), output);
    }

    private Built filter(Built input, RexNode condition) {
        return new Built(
                new PlanNode.Filter(
                        input.node(),
                        expand(condition),
                        input.node().schema(),
                        input.node().traits()),
                input.rows());
    }

    private Built project(Built input, List<RexNode> projects, Schema schema) {
        if (isIdentity(projects, input.node().schema().size())) {
            return input;
        }
        RowTraits rows = input.rows().project(projects);
        return new Built(
                new PlanNode.Project(
                        input.node(),
                        projects.stream().map(this::expand).toList(),
                        schema,
                        Built.traits(rows)),
                rows);
    }

    private Built aggregate(Aggregate aggregate) {
        if (aggregate.getGroupType() != Aggregate.Group.SIMPLE) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    null,
                    "GROUPING SETS are not supported",
                    "Run one query for each grouping.");
        }
        int[] used = usedColumns(aggregate);
        Built input = scanned(aggregate.getInput(), used);
        boolean whole = input == null;
        if (whole) {
            input = build(aggregate.getInput());
        }
        IntUnaryOperator column = c -> whole ? c : Arrays.binarySearch(used, c);
        Schema schema = schema(aggregate);
        int groups = aggregate.getGroupCount();
        List<AggregateCall> calls = new ArrayList<>();
        for (org.apache.calcite.rel.core.AggregateCall call : aggregate.getAggCallList()) {
            AggregateCall made = call(call, column, schema.type(groups + calls.size()));
            if (!input.rows().appendOnly()) {
                refuseRetraction(made);
            }
            calls.add(made);
        }
        int[] groupColumns = Arrays.stream(aggregate.getGroupSet().toArray()).map(column).toArray();
        if (SessionCalls.makeGroupsOf(aggregate)) {
            return sessions(input.node(), groupColumns, List.copyOf(calls), schema);
        }
        RowTraits rows =
                input.rows()
                        .aggregate(
                                groupColumns,
                                calls.size(),
                                input.node() instanceof PlanNode.Project project
                                        ? project.expressions()
                                        : List.of());
        WindowClose close = close(input.node(), groupColumns);
        if (close != null && close.isFinal()) {
            rows = new RowTraits(true, rows.keys(), rows.recordKey());
        }
        return new Built(
                new PlanNode.Aggregate(
                        input.node(),
                        groupColumns,
                        List.copyOf(calls),
                        close,
                        schema,
                        Built.traits(rows)),
                rows);
    }

    private static Built sessions(
            PlanNode input, int[] groupColumns, List<AggregateCall> calls, Schema schema) {
        int start = -1;
        int end = -1;
        RexCall bound = null;
        for (int i = 0; i < groupColumns.length; i++) {
            if (input instanceof PlanNode.Project project
                    && project.expressions().get(groupColumns[i]) instanceof RexCall call
                    && SessionCalls.isBound(call.getOperator())) {
                bound = call;
                if (call.getOperator().equals(Functions.SESSION_START)) {
                    start = i;
                } else {
                    end = i;
                }
            }
        }
        if (start < 0 || end < 0) {
            throw boundOfRow();
        }
        SessionWindow window =
                new SessionWindow(
                        start,
                        end,
                        RexLiteral.bigDecimalValue(literal(bound, 1)).longValue(),
                        RexLiteral.bigDecimalValue(literal(bound, 2)).longValue(),
                        RexLiteral.booleanValue(literal(bound, 3)));
        for (AggregateCall call : calls) {
            if (!call.isMergeable()) {
                throw new SqlException(
                        SqlState.FEATURE_NOT_SUPPORTED,
                        null,
                        (call.options().distinct() ? call.kind() + " DISTINCT" : call.kind())
                                + " is not supported in session windows",
                        "Sessions merge, and so must their values: COUNT, SUM, AVG, MIN, MAX,"
                                + " variances and correlations do.");
            }
        }
        RowTraits rows = RowTraits.ofSessions(groupColumns.length);
        if (window.isFinal()) {
            rows = new RowTraits(true, rows.keys(), rows.recordKey());
        }
        return new Built(
                new PlanNode.Sessions(
                        input, groupColumns, calls, window, schema, Built.traits(rows)),
                rows);
    }

    /// The bounds of a session are only known of its rows together.
    private static void refuseBounds(PlanNode node) {
        List<RexNode> expressions =
                switch (node) {
                    case PlanNode.Filter filter -> List.of(filter.condition());
                    case PlanNode.Project project -> project.expressions();
                    case PlanNode.Sessions sessions -> {
                        PlanNode.Project project = (PlanNode.Project) sessions.input();
                        refuseBounds(project.input());
                        List<RexNode> others = new ArrayList<>(project.expressions());
                        List<RexNode> bounds =
                                List.of(
                                        others.get(
                                                sessions.groupColumns()[sessions.window().start()]),
                                        others.get(
                                                sessions.groupColumns()[sessions.window().end()]));
                        others.removeAll(bounds);
                        for (AggregateCall call : sessions.calls()) {
                            for (int column :
                                    new int[] {call.argument(), call.second(), call.filter()}) {
                                if (column >= 0) {
                                    others.add(project.expressions().get(column));
                                }
                            }
                        }
                        yield others;
                    }
                    case PlanNode.StreamScan _,
                            PlanNode.TableScan _,
                            PlanNode.Values _,
                            PlanNode.Aggregate _,
                            PlanNode.Join _,
                            PlanNode.Lookup _,
                            PlanNode.StreamJoin _,
                            PlanNode.Expand _,
                            PlanNode.Union _,
                            PlanNode.Sort _ ->
                            List.of();
                };
        if (expressions.stream().anyMatch(SessionCalls::areIn)) {
            throw boundOfRow();
        }
        if (!(node instanceof PlanNode.Sessions)) {
            node.inputs().forEach(Planner::refuseBounds);
        }
    }

    private static SqlException boundOfRow() {
        return new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                null,
                "the bounds of a session are not known of its rows one by one",
                "Use WINDOWSTART and WINDOWEND in SELECT and in HAVING, not in WHERE, in GROUP BY"
                        + " or within aggregate functions.");
    }

    /// When the windows close that are among the groups; null when never, or there are none.
    private static WindowClose close(PlanNode input, int[] groupColumns) {
        if (input instanceof PlanNode.Project project) {
            for (int column : groupColumns) {
                if (project.expressions().get(column) instanceof RexCall call
                        && call.getOperator().equals(Functions.WINDOW_END)) {
                    long graceMs = RexLiteral.bigDecimalValue(literal(call, 2)).longValue();
                    if (graceMs >= 0) {
                        return new WindowClose(
                                column, graceMs, RexLiteral.booleanValue(literal(call, 3)));
                    }
                }
            }
        }
        return null;
    }

    private static RexNode literal(RexCall call, int operand) {
        RexNode node = call.getOperands().get(operand);
        return node instanceof RexCall cast ? cast.getOperands().getFirst() : node;
    }

    /// The columns an aggregate reads, ascending.
    private static int[] usedColumns(Aggregate aggregate) {
        ImmutableBitSet.Builder used = ImmutableBitSet.builder().addAll(aggregate.getGroupSet());
        for (org.apache.calcite.rel.core.AggregateCall call : aggregate.getAggCallList()) {
            call.getArgList().forEach(used::set);
            if (call.filterArg >= 0) {
                used.set(call.filterArg);
            }
        }
        return used.build().toArray();
    }

    /// A scan, filtered or not, of just these columns; null when `rel` is something else. Calcite's
    /// trimmer leaves the columns to COUNT(*), as it has no relation without any.
    private Built scanned(RelNode rel, int[] used) {
        RelNode source = rel instanceof Filter filter ? filter.getInput() : rel;
        if (!(source instanceof TableScan scan)) {
            return null;
        }
        List<RexNode> columns = new ArrayList<>();
        for (int column : used) {
            columns.add(rex.makeInputRef(scan, column));
        }
        return leaf(
                scan,
                rel instanceof Filter filter ? filter.getCondition() : null,
                columns,
                RelTypes.schema(
                        RexUtil.createStructType(
                                rex.getTypeFactory(),
                                columns,
                                Arrays.stream(used)
                                        .mapToObj(scan.getRowType().getFieldNames()::get)
                                        .toList(),
                                null)));
    }

    /// @param column where an input column is in what the aggregate reads
    private static AggregateCall call(
            org.apache.calcite.rel.core.AggregateCall call, IntUnaryOperator column, SqlType type) {
        List<Integer> arguments = call.getArgList();
        int first = arguments.isEmpty() ? -1 : column.applyAsInt(arguments.getFirst());
        int filter = call.filterArg < 0 ? -1 : column.applyAsInt(call.filterArg);
        AggregateCall.Options options =
                call.isDistinct() ? AggregateCall.Options.DISTINCT : AggregateCall.Options.NONE;
        if (call.getCollation().getFieldCollations().isEmpty()) {
            if (call.getAggregation() instanceof OwnAggregate own) {
                AggregateCall.Options says =
                        new AggregateCall.Options(
                                call.isDistinct(),
                                own.most(),
                                own.isList(),
                                own.takesNulls(),
                                own.separator());
                int second = arguments.size() < 2 ? -1 : column.applyAsInt(arguments.get(1));
                return new AggregateCall(
                        AggregateCall.Kind.valueOf(own.function().name()),
                        first,
                        second,
                        filter,
                        says,
                        type);
            }
            AggregateCall.Kind kind =
                    arguments.size() > 1
                            ? null
                            : switch (call.getAggregation().getKind()) {
                                case COUNT -> AggregateCall.Kind.COUNT;
                                case SUM, SUM0 -> AggregateCall.Kind.SUM;
                                case MIN -> AggregateCall.Kind.MIN;
                                case MAX -> AggregateCall.Kind.MAX;
                                case AVG -> AggregateCall.Kind.AVG;
                                default -> null;
                            };
            if (kind != null) {
                return new AggregateCall(kind, first, -1, filter, options, type);
            }
        }
        throw new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                null,
                "the aggregate function "
                        + call.getAggregation().getName()
                        + " is not supported in this form",
                "SHOW FUNCTIONS lists what there is.");
    }

    private static void refuseRetraction(AggregateCall call) {
        if (!call.isRetractable()) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    null,
                    call.kind() + "_BY_OFFSET over rows that change is not supported",
                    "The rows of a table have no order in which they came. Use it over a stream, or"
                            + " take MIN or MAX.");
        }
    }

    private Built join(Join join) {
        List<Integer> leftKeys = new ArrayList<>();
        List<Integer> rightKeys = new ArrayList<>();
        RexNode rest =
                RelOptUtil.splitJoinCondition(
                        join.getLeft(),
                        join.getRight(),
                        join.getCondition(),
                        leftKeys,
                        rightKeys,
                        null);
        Built left = build(join.getLeft());
        Built right = build(join.getRight());
        if (leftKeys.isEmpty()
                && join.getJoinType() == JoinRelType.INNER
                && right.node() instanceof PlanNode.Values constants) {
            return expand(left, right.rows(), constants, rest, schema(join));
        }
        for (int i = 0; i < leftKeys.size(); i++) {
            checkComparable(
                    left.node().schema().type(leftKeys.get(i)),
                    right.node().schema().type(rightKeys.get(i)));
        }
        Joins.Meaning meaning = Joins.meaning(join);
        RowTraits rows =
                RowTraits.join(
                        left.rows(),
                        right.rows(),
                        leftKeys,
                        rightKeys,
                        rest.isAlwaysTrue(),
                        join.getLeft().getRowType().getFieldCount(),
                        join.getJoinType(),
                        Joins.isStream(join.getLeft()),
                        Joins.isStream(join.getRight()));
        RexNode residual = rest.isAlwaysTrue() ? null : expand(rest);
        PlanNode node =
                switch (meaning) {
                    case Joins.Meaning.KeptUpToDate _ ->
                            new PlanNode.Join(
                                    join.getJoinType(),
                                    left.node(),
                                    right.node(),
                                    columns(leftKeys),
                                    columns(rightKeys),
                                    residual,
                                    schema(join),
                                    Built.traits(rows));
                    case Joins.Meaning.Lookup(boolean streamOnLeft) ->
                            new PlanNode.Lookup(
                                    streamOnLeft,
                                    join.getJoinType() != JoinRelType.INNER,
                                    isOfTopic(streamOnLeft ? right.node() : left.node()),
                                    left.node(),
                                    right.node(),
                                    columns(leftKeys),
                                    columns(rightKeys),
                                    residual,
                                    schema(join),
                                    Built.traits(rows));
                    case Joins.Meaning.Within(long beforeMs, long afterMs, long graceMs) ->
                            new PlanNode.StreamJoin(
                                    join.getJoinType(),
                                    beforeMs,
                                    afterMs,
                                    graceMs,
                                    left.node(),
                                    right.node(),
                                    columns(leftKeys),
                                    columns(rightKeys),
                                    residual,
                                    schema(join),
                                    Built.traits(rows));
                };
        return new Built(node, rows);
    }

    /// Whether the rows are those of a table that others write, filtered and projected at most.
    private static boolean isOfTopic(PlanNode node) {
        return switch (node) {
            case PlanNode.Filter filter -> isOfTopic(filter.input());
            case PlanNode.Project project -> isOfTopic(project.input());
            case PlanNode.TableScan scan -> !scan.relation().isDerived();
            default -> false;
        };
    }

    private Built expand(
            Built input, RowTraits more, PlanNode.Values constants, RexNode rest, Schema schema) {
        RowTraits rows =
                RowTraits.join(
                        input.rows(),
                        more,
                        List.of(),
                        List.of(),
                        rest.isAlwaysTrue(),
                        input.node().schema().size(),
                        JoinRelType.INNER,
                        false,
                        false);
        Built expanded =
                new Built(
                        new PlanNode.Expand(input.node(), constants, schema, Built.traits(rows)),
                        rows);
        return rest.isAlwaysTrue() ? expanded : filter(expanded, rest);
    }

    private static void checkComparable(SqlType left, SqlType right) {
        if (!SqlType.areComparable(left, right)) {
            throw new SqlException(
                    SqlState.DATATYPE_MISMATCH,
                    null,
                    "cannot join " + left.sql() + " with " + right.sql(),
                    "CAST one side to the type of the other.");
        }
    }

    private static int[] columns(List<Integer> columns) {
        return columns.stream().mapToInt(Integer::intValue).toArray();
    }

    private Built union(Union union) {
        Schema schema = schema(union);
        List<PlanNode> inputs = new ArrayList<>();
        for (RelNode input : union.getInputs()) {
            // Branches may differ in types that the union widens.
            RelNode same =
                    types(schema).equals(types(schema(input)))
                            ? input
                            : RelOptUtil.createCastRel(input, union.getRowType(), false);
            inputs.add(build(same).node());
        }
        RowTraits rows = RowTraits.of(union);
        return new Built(new PlanNode.Union(List.copyOf(inputs), schema, Built.traits(rows)), rows);
    }

    private static List<SqlType> types(Schema schema) {
        return schema.fields().stream().map(Field::type).toList();
    }

    private Built sort(Sort sort) {
        Built input = build(sort.getInput());
        List<RelFieldCollation> collations = sort.getCollation().getFieldCollations();
        int[] columns = new int[collations.size()];
        boolean[] descending = new boolean[columns.length];
        boolean[] nullsFirst = new boolean[columns.length];
        for (int i = 0; i < columns.length; i++) {
            RelFieldCollation collation = collations.get(i);
            columns[i] = collation.getFieldIndex();
            descending[i] = collation.getDirection().isDescending();
            nullsFirst[i] =
                    collation.nullDirection == RelFieldCollation.NullDirection.FIRST
                            || (collation.nullDirection
                                            == RelFieldCollation.NullDirection.UNSPECIFIED
                                    && descending[i]);
        }
        return new Built(
                new PlanNode.Sort(
                        input.node(),
                        columns,
                        descending,
                        nullsFirst,
                        rows(sort.offset, 0),
                        rows(sort.fetch, -1),
                        input.node().schema(),
                        input.node().traits()),
                input.rows());
    }

    private static long rows(RexNode count, long none) {
        if (count == null) {
            return none;
        }
        if (count instanceof RexLiteral literal) {
            return RexLiteral.bigDecimalValue(literal).longValue();
        }
        throw new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                null,
                "LIMIT and OFFSET take numbers only",
                "Write the number itself.");
    }

    private static Built values(Values values) {
        Schema schema = schema(values);
        List<List<Object>> rows = new ArrayList<>();
        for (List<RexLiteral> tuple : values.tuples) {
            List<Object> row = new ArrayList<>();
            for (int i = 0; i < tuple.size(); i++) {
                row.add(Literals.storage(tuple.get(i), schema.type(i)));
            }
            rows.add(row);
        }
        RowTraits traits = RowTraits.of(values);
        return new Built(new PlanNode.Values(rows, schema, Built.traits(traits)), traits);
    }

    /// SEARCH is Calcite's shorthand for ranges; kernels know comparisons.
    private RexNode expand(RexNode node) {
        return RexUtil.expandSearch(rex, null, node).accept(folder);
    }

    private static boolean isIdentity(List<RexNode> projects, int columns) {
        if (projects.size() != columns) {
            return false;
        }
        for (int i = 0; i < columns; i++) {
            if (!(projects.get(i) instanceof RexInputRef ref && ref.getIndex() == i)) {
                return false;
            }
        }
        return true;
    }

    /// The node with other names for its columns.
    private static PlanNode withNames(PlanNode node, Schema names) {
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            fields.add(new Field(names.field(i).name(), node.schema().type(i)));
        }
        Schema schema = new Schema(fields);
        if (schema.equals(node.schema())) {
            return node;
        }
        return switch (node) {
            case PlanNode.StreamScan(var relation, var columns, _, var traits) ->
                    new PlanNode.StreamScan(relation, columns, schema, traits);
            case PlanNode.TableScan(var relation, var columns, _, var traits) ->
                    new PlanNode.TableScan(relation, columns, schema, traits);
            case PlanNode.Values(var rows, _, var traits) ->
                    new PlanNode.Values(rows, schema, traits);
            case PlanNode.Filter(var input, var condition, _, var traits) ->
                    new PlanNode.Filter(input, condition, schema, traits);
            case PlanNode.Project(var input, var expressions, _, var traits) ->
                    new PlanNode.Project(input, expressions, schema, traits);
            case PlanNode.Aggregate(var input, var groups, var calls, var close, _, var traits) ->
                    new PlanNode.Aggregate(input, groups, calls, close, schema, traits);
            case PlanNode.Sessions(var input, var groups, var calls, var window, _, var traits) ->
                    new PlanNode.Sessions(input, groups, calls, window, schema, traits);
            case PlanNode.Expand(var input, var rows, _, var traits) ->
                    new PlanNode.Expand(input, rows, schema, traits);
            case PlanNode.Join(
                            var type,
                            var l,
                            var r,
                            var lk,
                            var rk,
                            var residual,
                            _,
                            var traits) ->
                    new PlanNode.Join(type, l, r, lk, rk, residual, schema, traits);
            case PlanNode.Union(var inputs, _, var traits) ->
                    new PlanNode.Union(inputs, schema, traits);
            case PlanNode.Lookup join ->
                    new PlanNode.Lookup(
                            join.streamOnLeft(),
                            join.keepsUnmatched(),
                            join.versions(),
                            join.left(),
                            join.right(),
                            join.leftKeys(),
                            join.rightKeys(),
                            join.residual(),
                            schema,
                            join.traits());
            case PlanNode.StreamJoin join ->
                    new PlanNode.StreamJoin(
                            join.type(),
                            join.beforeMs(),
                            join.afterMs(),
                            join.graceMs(),
                            join.left(),
                            join.right(),
                            join.leftKeys(),
                            join.rightKeys(),
                            join.residual(),
                            schema,
                            join.traits());
            case PlanNode.Sort(
                            var input,
                            var columns,
                            var descending,
                            var nullsFirst,
                            var offset,
                            var limit,
                            _,
                            var traits) ->
                    new PlanNode.Sort(
                            input, columns, descending, nullsFirst, offset, limit, schema, traits);
        };
    }
}
