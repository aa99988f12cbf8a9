package dev.weir.sql.exec;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.plan.PlanNode;

import org.apache.calcite.rel.core.JoinRelType;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/// By which columns the rows of a plan are divided among the lanes: each row is in the lane that
/// keeps the key made of these columns, in this order. Where that is what an operator needs, its
/// rows need not change lanes.
final class Distribution {
    private Distribution() {}

    /// Whether rows are where an operator wants them.
    ///
    /// @param keySchema gives the key columns the types under which the operator keeps them
    static boolean matches(PlanNode plan, Schema keySchema, int[] keyColumns) {
        for (List<Integer> columns : of(plan)) {
            if (columns.size() == keyColumns.length) {
                boolean same = true;
                for (int i = 0; i < keyColumns.length; i++) {
                    int column = keyColumns[i];
                    same &=
                            columns.get(i) == column
                                    && hashAlike(
                                            plan.schema().type(column), keySchema.type(column));
                }
                if (same) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean hashAlike(SqlType a, SqlType b) {
        return a.equals(b) || (a instanceof SqlType.Decimal && b instanceof SqlType.Decimal);
    }

    /// All that is true of a plan's rows; nothing when they are where they happened to be read.
    private static List<List<Integer>> of(PlanNode plan) {
        return switch (plan) {
            case PlanNode.StreamScan _, PlanNode.Values _, PlanNode.Sort _ -> List.of();
            case PlanNode.TableScan scan -> {
                List<Integer> key = new ArrayList<>();
                for (int column : scan.relation().keyColumns()) {
                    key.add(scan.columns().indexOf(new ScanColumn.Value(column, List.of())));
                }
                yield key.contains(-1) ? List.of() : List.of(key);
            }
            case PlanNode.Filter filter -> of(filter.input());
            case PlanNode.Expand expand -> of(expand.input());
            case PlanNode.Project project -> projected(of(project.input()), project.expressions());
            case PlanNode.Aggregate aggregate -> {
                List<Integer> groups = new ArrayList<>();
                for (int i = 0; i < aggregate.groupColumns().length; i++) {
                    groups.add(i);
                }
                yield List.of(groups);
            }
            case PlanNode.Sessions sessions ->
                    List.of(IntStream.of(sessions.keyGroups()).boxed().toList());
            case PlanNode.Union union -> {
                List<List<Integer>> common = new ArrayList<>(of(union.inputs().getFirst()));
                for (PlanNode input : union.inputs()) {
                    common.retainAll(of(input));
                }
                yield common;
            }
            case PlanNode.Join join ->
                    joined(
                            join.type(),
                            join.left(),
                            join.right(),
                            join.leftKeys(),
                            join.rightKeys());
            case PlanNode.Lookup join ->
                    joined(
                            !join.keepsUnmatched()
                                    ? JoinRelType.INNER
                                    : join.streamOnLeft() ? JoinRelType.LEFT : JoinRelType.RIGHT,
                            join.left(),
                            join.right(),
                            join.leftKeys(),
                            join.rightKeys());
            case PlanNode.StreamJoin join ->
                    joined(
                            join.type(),
                            join.left(),
                            join.right(),
                            join.leftKeys(),
                            join.rightKeys());
        };
    }

    private static List<List<Integer>> projected(
            List<List<Integer>> distributions, List<RexNode> expressions) {
        List<List<Integer>> kept = new ArrayList<>();
        for (List<Integer> columns : distributions) {
            List<Integer> moved = new ArrayList<>();
            for (int column : columns) {
                int to = -1;
                for (int i = 0; i < expressions.size() && to < 0; i++) {
                    if (expressions.get(i) instanceof RexInputRef ref && ref.getIndex() == column) {
                        to = i;
                    }
                }
                moved.add(to);
            }
            if (!moved.contains(-1)) {
                kept.add(moved);
            }
        }
        return kept;
    }

    /// By the keys of either side, which are equal; but an INT beside a BIGINT is kept as one, and
    /// a row without a match is where the key is that it has.
    private static List<List<Integer>> joined(
            JoinRelType type, PlanNode leftNode, PlanNode rightNode, int[] l, int[] r) {
        List<List<Integer>> sides = new ArrayList<>();
        Schema left = leftNode.schema();
        Schema right = rightNode.schema();
        boolean leftAsKept = !type.generatesNullsOnLeft();
        boolean rightAsKept = !type.generatesNullsOnRight();
        List<Integer> leftKeys = new ArrayList<>();
        List<Integer> rightKeys = new ArrayList<>();
        for (int i = 0; i < l.length; i++) {
            SqlType leftType = left.type(l[i]);
            SqlType rightType = right.type(r[i]);
            leftAsKept &= leftType != Primitive.INT || rightType != Primitive.BIGINT;
            rightAsKept &= rightType != Primitive.INT || leftType != Primitive.BIGINT;
            leftKeys.add(l[i]);
            rightKeys.add(left.size() + r[i]);
        }
        if (leftAsKept) {
            sides.add(leftKeys);
        }
        if (rightAsKept) {
            sides.add(rightKeys);
        }
        return sides;
    }
}
