package dev.weir.sql.analyze;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.expr.Kernels;
import dev.weir.sql.expr.StepClock;

import org.apache.calcite.avatica.util.ByteString;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexExecutor;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexVisitorImpl;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.util.Util;

import java.util.List;

/// Computes constant expressions the way rows are computed, by a kernel: Calcite's own executor
/// wraps around where a row overflows, and rounds otherwise.
public final class Constants implements RexExecutor {
    /// For Calcite's rules. What fails, such as 1 / 0, stays as it is and fails for the rows that
    /// come to it; what depends on the moment stays too.
    public static final Constants EXECUTOR = new Constants();

    private static final Schema NO_COLUMNS = new Schema(List.of());

    private Constants() {}

    /// The value in the storage form of the type, or null for NULL.
    ///
    /// @param expression has no columns, and values of the type
    /// @throws SqlException as a row with this expression would fail, or because it has none
    static Object compute(RexNode expression, SqlType type, StepClock clock) {
        Schema schema = new Schema(List.of(new Field("value", type)));
        Batch one = Batch.of(NO_COLUMNS);
        one.endRow(1, 0);
        Batch result = Batch.of(schema);
        Kernels.compile(null, List.of(expression), NO_COLUMNS, schema, clock)
                .run(
                        one,
                        result,
                        (_, _, cause) -> {
                            throw cause;
                        });
        Column column = result.column(0);
        if (column.isNull(0)) {
            return null;
        }
        return switch (column) {
            case LongColumn longs -> longs.get(0);
            case DoubleColumn doubles -> doubles.get(0);
            case BytesColumn bytes when type == Primitive.VARCHAR -> bytes.string(0);
            case BytesColumn bytes -> bytes.bytes(0);
            case ObjectColumn objects -> objects.get(0);
        };
    }

    @Override
    public void reduce(RexBuilder rex, List<RexNode> expressions, List<RexNode> reduced) {
        for (RexNode expression : expressions) {
            reduced.add(reduce(rex, expression));
        }
    }

    private static RexNode reduce(RexBuilder rex, RexNode expression) {
        SqlType type = RelTypes.find(expression.getType()).orElse(null);
        boolean scalar = type instanceof Primitive || type instanceof SqlType.Decimal;
        if (!scalar || dependsOnTheMoment(expression)) {
            return expression;
        }
        if ((type == Primitive.BIGINT || type == Primitive.DOUBLE)
                && expression.getKind() == SqlKind.CAST
                && ((RexCall) expression).getOperands().getFirst() instanceof RexLiteral literal
                && literal.getType().getSqlTypeName() == SqlTypeName.INTEGER
                && !literal.isNull()) {
            // The commonest of all, for which a kernel would be compiled each time.
            long value = literal.getValueAs(Long.class);
            return type == Primitive.BIGINT
                    ? rex.makeLiteral(value, expression.getType(), true)
                    : rex.makeLiteral((double) value, expression.getType(), true);
        }
        try {
            Object value = compute(expression, type, () -> 0);
            return value == null
                    ? rex.makeNullLiteral(expression.getType())
                    : rex.makeLiteral(literal(value, type), expression.getType(), true);
        } catch (SqlException
                | ArithmeticException
                | IllegalArgumentException
                | IllegalStateException uncomputable) {
            return expression;
        }
    }

    private static Object literal(Object value, SqlType type) {
        return switch (value) {
            case Long number when type == Primitive.BOOLEAN -> number != 0;
            case Long days when type == Primitive.DATE || type == Primitive.TIME ->
                    Math.toIntExact(days);
            case Double number when number.isNaN() || number.isInfinite() ->
                    throw new ArithmeticException("no literal is " + number);
            case byte[] bytes -> new ByteString(bytes);
            default -> value;
        };
    }

    private static boolean dependsOnTheMoment(RexNode expression) {
        try {
            expression.accept(
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
