package dev.weir.sql.plan;

import dev.weir.sql.analyze.Constants;
import dev.weir.sql.analyze.RelTypes;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexUtil;

import java.util.ArrayList;
import java.util.List;

/// Computes the parts of expressions that no row can change. What fails, such as 1 / 0, stays as it
/// is and fails for the rows that come to it.
final class ConstantFolder extends RexShuttle {
    private final RexBuilder rex;

    ConstantFolder(RexBuilder rex) {
        this.rex = rex;
    }

    @Override
    public RexNode visitCall(RexCall call) {
        if (!isFoldable(call)) {
            return super.visitCall(call);
        }
        List<RexNode> reduced = new ArrayList<>();
        Constants.EXECUTOR.reduce(rex, List.of(call), reduced);
        RexNode value = reduced.getFirst();
        return value instanceof RexLiteral && value.getType().equals(call.getType())
                ? value
                : super.visitCall(call);
    }

    private static boolean isFoldable(RexCall call) {
        SqlType type = RelTypes.find(call.getType()).orElse(null);
        boolean scalar = type instanceof Primitive || type instanceof SqlType.Decimal;
        return scalar && RexUtil.isConstant(call);
    }
}
