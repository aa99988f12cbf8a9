package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.function.Functions;

import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Aggregate;
import org.apache.calcite.rel.core.Filter;
import org.apache.calcite.rel.core.Intersect;
import org.apache.calcite.rel.core.Join;
import org.apache.calcite.rel.core.JoinInfo;
import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rel.core.Minus;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rel.core.Sort;
import org.apache.calcite.rel.core.TableScan;
import org.apache.calcite.rel.core.Union;
import org.apache.calcite.rel.core.Values;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlKind;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// What is known of the rows of a relational expression.
///
/// @param appendOnly rows are never retracted
/// @param keys sets of columns that each identify a row; an empty set means there is one row at
///   most; no set when nothing is known
/// @param recordKey where the key columns of the stream's records are, empty when they are not all
///   there
/// @param otherRecordKey what takes its place when that is not selected
/// @param equalities columns that a join has just found equal; over them COALESCE(l, r) is known
public record RowTraits(
        boolean appendOnly,
        List<List<Integer>> keys,
        List<Integer> recordKey,
        List<Integer> otherRecordKey,
        List<Equality> equalities) {
    private static final int MOST_KEYS = 4;

    public RowTraits {
        keys = List.copyOf(keys);
        recordKey = List.copyOf(recordKey);
        otherRecordKey = List.copyOf(otherRecordKey);
        equalities = List.copyOf(equalities);
    }

    public RowTraits(boolean appendOnly, List<List<Integer>> keys, List<Integer> recordKey) {
        this(appendOnly, keys, recordKey, List.of(), List.of());
    }

    /// Two columns that are equal in each row where neither is missing.
    ///
    /// @param same the column that COALESCE(left, right) is the same as; -1 when it is one or the
    ///   other
    /// @param identifies whether COALESCE of all such pairs together identifies a row
    public record Equality(int left, int right, int same, boolean identifies) {}

    /// The rows of a relation, all its columns in order.
    public static RowTraits of(Relation relation) {
        List<Integer> key = IntStream.of(relation.keyColumns()).boxed().toList();
        if (!relation.isTable()) {
            return new RowTraits(true, List.of(), key);
        }
        List<List<Integer>> keys = new ArrayList<>();
        // Without key columns it is a table of one row.
        keys.add(key);
        if (relation.window().isPresent() && !relation.window().get().isSession()) {
            // A window is known by its start alone.
            int end = relation.schema().indexOf(WindowSpec.END);
            keys.add(key.stream().filter(column -> column != end).toList());
        }
        return new RowTraits(false, keys, key);
    }

    /// The rows of Calcite's algebra.
    public static RowTraits of(RelNode rel) {
        return switch (rel) {
            case TableScan scan -> of(scan.getTable().unwrap(RelationTable.class).relation());
            case Filter filter -> of(filter.getInput());
            case Sort sort -> of(sort.getInput());
            case Project project -> of(project.getInput()).project(project.getProjects());
            case Aggregate aggregate when SessionCalls.makeGroupsOf(aggregate) ->
                    ofSessions(aggregate.getGroupCount());
            case Aggregate aggregate ->
                    of(aggregate.getInput())
                            .aggregate(
                                    aggregate.getGroupSet().toArray(),
                                    aggregate.getAggCallList().size(),
                                    aggregate.getInput() instanceof Project project
                                            ? project.getProjects()
                                            : List.of());
            case Join join -> {
                JoinInfo info = join.analyzeCondition();
                yield join(
                        of(join.getLeft()),
                        of(join.getRight()),
                        info.leftKeys,
                        info.rightKeys,
                        info.isEqui(),
                        join.getLeft().getRowType().getFieldCount(),
                        join.getJoinType(),
                        Joins.isStream(join.getLeft()),
                        Joins.isStream(join.getRight()));
            }
            case Values values ->
                    new RowTraits(
                            true,
                            values.tuples.size() <= 1 ? List.of(List.of()) : List.of(),
                            List.of());
            case Union union ->
                    union.all
                            ? new RowTraits(
                                    union.getInputs().stream().allMatch(i -> of(i).appendOnly()),
                                    List.of(),
                                    List.of())
                            : ofSet(union, union.getInputs());
            case Intersect intersect -> ofSet(intersect, List.of());
            case Minus minus -> ofSet(minus, List.of());
            default -> new RowTraits(false, List.of(), List.of());
        };
    }

    /// A set operation that leaves no row twice: a row is identified by all of its columns.
    ///
    /// @param unchanging inputs of which a row, once there, never goes; empty when rows go anyway
    private static RowTraits ofSet(RelNode rel, List<RelNode> unchanging) {
        List<Integer> all = IntStream.range(0, rel.getRowType().getFieldCount()).boxed().toList();
        return new RowTraits(
                !unchanging.isEmpty() && unchanging.stream().allMatch(i -> of(i).appendOnly()),
                List.of(all),
                all);
    }

    /// After a projection: what of the keys is passed on as it is.
    public RowTraits project(List<? extends RexNode> expressions) {
        RowTraits passed = project(expressions.stream().mapToInt(this::source).toArray());
        List<Integer> merged = new ArrayList<>();
        for (Equality equality : equalities) {
            if (equality.identifies()) {
                for (int i = 0; i < expressions.size() && !merged.contains(i); i++) {
                    if (isCoalesce(expressions.get(i), equality)) {
                        merged.add(i);
                        break;
                    }
                }
            }
        }
        if (merged.isEmpty() || merged.size() < equalities.size()) {
            return passed;
        }
        List<List<Integer>> all = new ArrayList<>(List.of(merged));
        all.addAll(passed.keys);
        return new RowTraits(
                passed.appendOnly, all, passed.recordKey, passed.otherRecordKey, List.of());
    }

    /// The column an expression passes on as it is, or -1.
    private int source(RexNode expression) {
        if (expression instanceof RexInputRef ref) {
            return ref.getIndex();
        }
        return equalities.stream()
                .filter(e -> e.same() >= 0 && isCoalesce(expression, e))
                .mapToInt(Equality::same)
                .findFirst()
                .orElse(-1);
    }

    /// True for COALESCE(l, r), which Calcite also writes CASE WHEN l IS NOT NULL THEN l ELSE r
    /// END.
    private static boolean isCoalesce(RexNode expression, Equality equality) {
        if (!(expression instanceof RexCall call)) {
            return false;
        }
        List<RexNode> operands = call.getOperands();
        boolean coalesce = call.isA(SqlKind.COALESCE) && operands.size() == 2;
        boolean written =
                call.isA(SqlKind.CASE)
                        && operands.size() == 3
                        && operands.getFirst().isA(SqlKind.IS_NOT_NULL)
                        && column(((RexCall) operands.getFirst()).getOperands().getFirst())
                                == column(operands.get(1));
        if (!coalesce && !written) {
            return false;
        }
        int first = column(operands.get(operands.size() - 2));
        int second = column(operands.getLast());
        return (first == equality.left() && second == equality.right())
                || (first == equality.right() && second == equality.left());
    }

    /// The column behind a cast that only says that it is not NULL, or -1.
    private static int column(RexNode expression) {
        RexNode bare =
                expression.isA(SqlKind.CAST)
                                && ((RexCall) expression)
                                        .getOperands()
                                        .getFirst()
                                        .getType()
                                        .getSqlTypeName()
                                        .equals(expression.getType().getSqlTypeName())
                        ? ((RexCall) expression).getOperands().getFirst()
                        : expression;
        return bare instanceof RexInputRef ref ? ref.getIndex() : -1;
    }

    /// After a projection.
    ///
    /// @param sources for each output column the input column it passes on as it is, or -1
    public RowTraits project(int[] sources) {
        int[] outputs = new int[width()];
        Arrays.fill(outputs, -1);
        for (int i = sources.length - 1; i >= 0; i--) {
            if (sources[i] >= 0 && sources[i] < outputs.length) {
                outputs[sources[i]] = i;
            }
        }
        List<List<Integer>> kept = new ArrayList<>();
        for (List<Integer> key : keys) {
            if (key.stream().allMatch(c -> outputs[c] >= 0)) {
                kept.add(key.stream().map(c -> outputs[c]).toList());
            }
        }
        List<Integer> first = moved(recordKey, outputs);
        List<Integer> other = moved(otherRecordKey, outputs);
        return new RowTraits(
                appendOnly,
                kept,
                first.isEmpty() ? other : first,
                first.isEmpty() ? List.of() : other,
                List.of());
    }

    private static List<Integer> moved(List<Integer> columns, int[] outputs) {
        return columns.stream().allMatch(c -> outputs[c] >= 0)
                ? columns.stream().map(c -> outputs[c]).toList()
                : List.of();
    }

    /// After grouping. Without aggregate functions a group's row never changes. A window is known
    /// by its start alone.
    ///
    /// @param groupColumns columns of the input; they come first in the result
    /// @param expressions how the input computes its columns, empty if it does not
    public RowTraits aggregate(int[] groupColumns, int calls, List<? extends RexNode> expressions) {
        List<Integer> key = IntStream.range(0, groupColumns.length).boxed().toList();
        List<Integer> starts = key;
        if (!expressions.isEmpty()) {
            List<RexNode> groups = new ArrayList<>();
            for (int column : groupColumns) {
                groups.add(expressions.get(column));
            }
            starts = key.stream().filter(i -> !isEndOfOther(groups.get(i), groups)).toList();
        }
        return new RowTraits(
                appendOnly && calls == 0,
                starts.size() == key.size() ? List.of(key) : List.of(key, starts),
                key);
    }

    /// Sessions, which grow and merge.
    ///
    /// @param groups how many columns make a group, the bounds of the session among them; they come
    ///   first
    public static RowTraits ofSessions(int groups) {
        List<Integer> key = IntStream.range(0, groups).boxed().toList();
        return new RowTraits(false, List.of(key), key);
    }

    /// True for the start of a window plus its size, when that start is there too.
    private static boolean isEndOfOther(RexNode expression, List<RexNode> others) {
        if (expression instanceof RexCall call
                && call.getOperands().size() == 1
                && !call.getOperands().getFirst().isA(SqlKind.INPUT_REF)) {
            List<RexNode> inner =
                    others.stream()
                            .filter(o -> o instanceof RexCall c && c.op.equals(call.op))
                            .map(o -> ((RexCall) o).getOperands().getFirst())
                            .toList();
            return isEndOfOther(call.getOperands().getFirst(), inner);
        }
        if (expression instanceof RexCall call && call.op.equals(Functions.WINDOW_END)) {
            return others.contains(call.getOperands().getFirst());
        }
        return expression.isA(SqlKind.PLUS)
                && ((RexCall) expression).getOperands().get(0) instanceof RexCall start
                && ((RexCall) expression).getOperands().get(1) instanceof RexLiteral
                && start.op.equals(Functions.WINDOW_START)
                && others.contains(start);
    }

    /// A join on the equality of the key columns: the left columns, then the right.
    ///
    /// A stream that looks a table up keeps its rows as they are. What comes of streams is keyed by
    /// what they were joined on, as in ksqlDB, or else by what the left stream was keyed by.
    ///
    /// @param equi true when there is no further condition
    /// @param leftStream whether the left rows are those of a stream
    public static RowTraits join(
            RowTraits left,
            RowTraits right,
            List<Integer> leftKeys,
            List<Integer> rightKeys,
            boolean equi,
            int leftWidth,
            JoinRelType type,
            boolean leftStream,
            boolean rightStream) {
        List<List<Integer>> shifted =
                right.keys.stream()
                        .map(key -> key.stream().map(c -> c + leftWidth).toList())
                        .toList();
        Set<List<Integer>> keys = new LinkedHashSet<>();
        boolean leftUnique = left.isUniqueOn(leftKeys);
        boolean rightUnique = right.isUniqueOn(rightKeys);
        // Each left row meets at most one right row, so what identifies it identifies the result;
        // unless right rows without a match come too, whose left columns are all NULL.
        if (rightUnique && !type.generatesNullsOnLeft()) {
            keys.addAll(left.keys);
        }
        if (leftUnique && !type.generatesNullsOnRight()) {
            keys.addAll(shifted);
        }
        for (List<Integer> l : left.keys) {
            for (List<Integer> r : shifted) {
                List<Integer> both = new ArrayList<>(l);
                both.addAll(r);
                keys.add(both);
            }
        }
        List<Equality> equalities = new ArrayList<>();
        for (int i = 0; i < leftKeys.size(); i++) {
            int l = leftKeys.get(i);
            int r = rightKeys.get(i) + leftWidth;
            boolean full = type == JoinRelType.FULL;
            equalities.add(
                    new Equality(
                            l,
                            r,
                            full ? -1 : type == JoinRelType.RIGHT ? r : l,
                            full && equi && left.hasKeyOf(leftKeys) && right.hasKeyOf(rightKeys)));
        }
        boolean streams = leftStream || rightStream;
        List<Integer> leftRecordKey = leftStream ? left.recordKey : List.of();
        List<Integer> shiftedKeys = rightKeys.stream().map(c -> c + leftWidth).toList();
        boolean byLeft = leftStream && !type.generatesNullsOnLeft();
        boolean byRight = rightStream && !type.generatesNullsOnRight();
        return new RowTraits(
                streams || (left.appendOnly && right.appendOnly && !type.isOuterJoin()),
                keys.stream().limit(MOST_KEYS).toList(),
                byLeft ? leftKeys : byRight ? shiftedKeys : List.of(),
                byLeft ? leftRecordKey : List.of(),
                equalities);
    }

    /// True when these columns, all of them and no more, are known to identify a row.
    private boolean hasKeyOf(List<Integer> columns) {
        Set<Integer> given = new HashSet<>(columns);
        return keys.stream().anyMatch(key -> given.equals(new HashSet<>(key)));
    }

    /// True when these columns are known to identify a row.
    boolean isUniqueOn(Collection<Integer> columns) {
        Set<Integer> given = new HashSet<>(columns);
        return keys.stream().anyMatch(given::containsAll);
    }

    private int width() {
        int width = 0;
        for (List<Integer> key : keys) {
            for (int column : key) {
                width = Math.max(width, column + 1);
            }
        }
        for (int column : recordKey) {
            width = Math.max(width, column + 1);
        }
        for (int column : otherRecordKey) {
            width = Math.max(width, column + 1);
        }
        for (Equality equality : equalities) {
            width = Math.max(width, 1 + Math.max(equality.left(), equality.right()));
        }
        return width;
    }
}
