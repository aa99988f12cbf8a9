package dev.weir.sql.plan;

import org.apache.calcite.plan.RelOptUtil;
import org.apache.calcite.rel.RelHomogeneousShuttle;
import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;

import java.util.List;

/// Gives both sides of an equality between columns one type, so that a join can find equal keys by
/// their bytes: a DOUBLE key meets an INT one as DOUBLE. INT and BIGINT, and decimals among each
/// other, have the same bytes already.
final class KeyTypes extends RelHomogeneousShuttle {
    @Override
    public RelNode visit(RelNode other) {
        RelNode node = super.visit(other);
        RexBuilder rex = node.getCluster().getRexBuilder();
        return node.accept(
                new RexShuttle() {
                    @Override
                    public RexNode visitCall(RexCall call) {
                        return call.isA(SqlKind.EQUALS)
                                ? equality(call, rex)
                                : super.visitCall(call);
                    }
                });
    }

    private static RexNode equality(RexCall call, RexBuilder rex) {
        RexNode left = call.getOperands().get(0);
        RexNode right = call.getOperands().get(1);
        if (haveSameBytes(left.getType(), right.getType())
                || RelOptUtil.InputFinder.bits(left).isEmpty()
                || RelOptUtil.InputFinder.bits(right).isEmpty()) {
            return call;
        }
        RelDataType common =
                rex.getTypeFactory().leastRestrictive(List.of(left.getType(), right.getType()));
        return common == null
                ? call
                : rex.makeCall(
                        call.getOperator(),
                        rex.ensureType(common, left, true),
                        rex.ensureType(common, right, true));
    }

    private static boolean haveSameBytes(RelDataType left, RelDataType right) {
        SqlTypeName a = left.getSqlTypeName();
        SqlTypeName b = right.getSqlTypeName();
        return a == b || (isWhole(a) && isWhole(b));
    }

    private static boolean isWhole(SqlTypeName type) {
        return type == SqlTypeName.INTEGER || type == SqlTypeName.BIGINT;
    }
}
