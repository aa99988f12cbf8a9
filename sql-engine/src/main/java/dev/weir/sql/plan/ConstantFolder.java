package dev.weir.sql.plan;

import dev.weir.sql.analyze.RelTypes;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexShuttle;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.rex.RexVisitorImpl;
import org.apache.calcite.util.Util;

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
        try {
            RexUtil.EXECUTOR.reduce(rex, List.of(call), reduced);
        } catch (RuntimeException uncomputable) {
            // Calcite has no way to compute it; kernels may.
            return super.visitCall(call);
        }
        RexNode value = reduced.getFirst();
        return value instanceof RexLiteral && value.getType().equals(call.getType()) ? value : call;
    }

    private static boolean isFoldable(RexCall call) {
        SqlType type = RelTypes.find(call.getType()).orElse(null);
        boolean scalar = type instanceof Primitive || type instanceof SqlType.Decimal;
        return scalar && RexUtil.isConstant(call) && !dependsOnTheMoment(call);
    }

    private static boolean dependsOnTheMoment(RexCall call) {
        try {
            call.accept(
                    new RexVisitorImpl<Void>(true) {
                        @Override
                        public Void visitCall(RexCall inner) {
                            if (!inner.getOperator().isDeterministic()
                                    || inner.getOperator().isDynamicFunction()) {
                                throw Util.FoundOne.NULL;
                            }
                            return super.visitCall(inner);
                        }
                    });
            return false;
        } catch (Util.FoundOne found) {
            return true;
        }
    }
}
