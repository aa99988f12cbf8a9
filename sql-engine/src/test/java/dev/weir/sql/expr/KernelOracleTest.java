package dev.weir.sql.expr;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;

import org.apache.calcite.jdbc.JavaTypeFactoryImpl;
import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.sql.SqlOperator;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.type.SqlTypeName;
import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Kernels of random expressions against a plain interpreter, with NULLs and failing rows.
final class KernelOracleTest {
    private static final Schema IN =
            new Schema(
                    List.of(
                            new Field("a", Primitive.BIGINT),
                            new Field("b", Primitive.BIGINT),
                            new Field("i", Primitive.INT),
                            new Field("p", Primitive.BOOLEAN),
                            new Field("q", Primitive.BOOLEAN),
                            new Field("s", Primitive.VARCHAR),
                            new Field("t", Primitive.VARCHAR)));
    private static final String[] TEXTS = {"", "a", "ab", "b", "é", "\uD83D\uDE00", "\uFF5E"};
    private static final List<SqlOperator> ARITHMETIC =
            List.of(
                    SqlStdOperatorTable.PLUS,
                    SqlStdOperatorTable.MINUS,
                    SqlStdOperatorTable.MULTIPLY,
                    SqlStdOperatorTable.DIVIDE,
                    SqlStdOperatorTable.MOD);
    private static final List<SqlOperator> COMPARISONS =
            List.of(
                    SqlStdOperatorTable.EQUALS,
                    SqlStdOperatorTable.NOT_EQUALS,
                    SqlStdOperatorTable.LESS_THAN,
                    SqlStdOperatorTable.LESS_THAN_OR_EQUAL,
                    SqlStdOperatorTable.GREATER_THAN,
                    SqlStdOperatorTable.GREATER_THAN_OR_EQUAL,
                    SqlStdOperatorTable.IS_DISTINCT_FROM,
                    SqlStdOperatorTable.IS_NOT_DISTINCT_FROM);
    private static final List<SqlOperator> TESTS =
            List.of(
                    SqlStdOperatorTable.NOT,
                    SqlStdOperatorTable.IS_TRUE,
                    SqlStdOperatorTable.IS_NOT_TRUE,
                    SqlStdOperatorTable.IS_FALSE,
                    SqlStdOperatorTable.IS_NOT_FALSE,
                    SqlStdOperatorTable.IS_NULL,
                    SqlStdOperatorTable.IS_NOT_NULL);

    private final JavaTypeFactoryImpl types = new JavaTypeFactoryImpl();
    private final RexBuilder rex = new RexBuilder(types);

    @Test
    void random_expressions_give_what_the_interpreter_gives() {
        Random random = new Random(99);
        for (int round = 0; round < 150; round++) {
            RexNode condition = random.nextInt(3) == 0 ? null : truth(random, 3);
            List<RexNode> projections =
                    List.of(number(random, 4), truth(random, 4), text(random, 2));
            Schema out =
                    new Schema(
                            List.of(
                                    new Field("n", Primitive.BIGINT),
                                    new Field("p", Primitive.BOOLEAN),
                                    new Field("s", Primitive.VARCHAR)));
            Kernel kernel = Kernels.compile(condition, projections, IN, out, () -> 0);
            // Without NULLs first: the other loop of the kernel.
            for (int nulls : new int[] {0, 4}) {
                check(kernel, condition, projections, rows(random, nulls), out);
            }
        }
    }

    private static void check(
            Kernel kernel, RexNode condition, List<RexNode> projections, Batch in, Schema out) {
        List<Integer> failedRows = new ArrayList<>();
        Batch result = Batch.of(out);
        kernel.run(in, result, (_, row, _) -> failedRows.add(row));
        int at = 0;
        List<Integer> expectedFailures = new ArrayList<>();
        for (int row = 0; row < in.size(); row++) {
            Object[] expected = new Object[projections.size()];
            try {
                if (condition != null && !passes(condition, in, row)) {
                    continue;
                }
                for (int i = 0; i < expected.length; i++) {
                    expected[i] = eval(projections.get(i), in, row);
                }
            } catch (ArithmeticException failure) {
                expectedFailures.add(row);
                continue;
            }
            for (int i = 0; i < expected.length; i++) {
                Object actual =
                        result.column(i).isNull(at)
                                ? null
                                : i == 2
                                        ? result.bytes(i).string(at)
                                        : i == 1
                                                ? (Object) (result.longs(i).get(at) != 0)
                                                : (Object) result.longs(i).get(at);
                assertThat(actual)
                        .as("%s where %s in row %d", projections.get(i), condition, row)
                        .isEqualTo(expected[i]);
            }
            assertThat(result.rowTime(at)).isEqualTo(in.rowTime(row));
            at++;
        }
        assertThat(result.size()).isEqualTo(at);
        assertThat(failedRows).isEqualTo(expectedFailures);
        for (int i = 0; i < out.size(); i++) {
            assertThat(result.column(i).size()).isEqualTo(at);
        }
    }

    private static Batch rows(Random random, int nulls) {
        Batch batch = Batch.of(IN);
        for (int row = 0; row < 64; row++) {
            for (int c = 0; c < IN.size(); c++) {
                if (random.nextInt(10) < nulls) {
                    batch.column(c).appendNull();
                } else if (c >= 5) {
                    batch.bytes(c).append(TEXTS[random.nextInt(TEXTS.length)]);
                } else {
                    LongColumn longs = batch.longs(c);
                    switch (c) {
                        case 0, 1 ->
                                longs.append(
                                        random.nextInt(5) == 0
                                                ? random.nextLong()
                                                : random.nextInt(7) - 3);
                        case 2 ->
                                longs.append(
                                        random.nextInt(5) == 0
                                                ? random.nextInt()
                                                : random.nextInt(7) - 3);
                        default -> longs.append(random.nextInt(2));
                    }
                }
            }
            batch.endRow(1, row * 3L);
        }
        return batch;
    }

    // Random expressions

    private RexNode number(Random random, int depth) {
        if (depth == 0 || random.nextInt(5) == 0) {
            return switch (random.nextInt(4)) {
                case 0 -> column(0, SqlTypeName.BIGINT);
                case 1 -> column(1, SqlTypeName.BIGINT);
                case 2 -> column(2, SqlTypeName.INTEGER);
                default ->
                        rex.makeLiteral(
                                random.nextInt(9) - 4,
                                types.createSqlType(SqlTypeName.BIGINT),
                                false);
            };
        }
        return switch (random.nextInt(6)) {
            case 0 -> rex.makeCall(SqlStdOperatorTable.UNARY_MINUS, number(random, depth - 1));
            case 1 ->
                    rex.makeCall(
                            nullable(SqlTypeName.BIGINT),
                            SqlStdOperatorTable.CASE,
                            List.of(
                                    truth(random, depth - 1),
                                    number(random, depth - 1),
                                    truth(random, depth - 1),
                                    number(random, depth - 1),
                                    number(random, depth - 1)));
            case 2 ->
                    rex.makeCall(
                            nullable(SqlTypeName.BIGINT),
                            SqlStdOperatorTable.COALESCE,
                            List.of(number(random, depth - 1), number(random, depth - 1)));
            default ->
                    rex.makeCall(
                            ARITHMETIC.get(random.nextInt(ARITHMETIC.size())),
                            number(random, depth - 1),
                            number(random, depth - 1));
        };
    }

    private RexNode truth(Random random, int depth) {
        if (depth == 0 || random.nextInt(6) == 0) {
            return column(3 + random.nextInt(2), SqlTypeName.BOOLEAN);
        }
        return switch (random.nextInt(5)) {
            case 0 ->
                    rex.makeCall(
                            COMPARISONS.get(random.nextInt(COMPARISONS.size())),
                            number(random, depth - 1),
                            number(random, depth - 1));
            case 1 ->
                    rex.makeCall(
                            COMPARISONS.get(random.nextInt(COMPARISONS.size())),
                            text(random, depth - 1),
                            text(random, depth - 1));
            case 2 ->
                    rex.makeCall(TESTS.get(random.nextInt(TESTS.size())), truth(random, depth - 1));
            default ->
                    rex.makeCall(
                            random.nextBoolean() ? SqlStdOperatorTable.AND : SqlStdOperatorTable.OR,
                            truth(random, depth - 1),
                            truth(random, depth - 1),
                            truth(random, depth - 1));
        };
    }

    private RexNode text(Random random, int depth) {
        if (depth == 0 || random.nextInt(3) > 0) {
            return random.nextInt(3) == 0
                    ? rex.makeLiteral(
                            TEXTS[random.nextInt(TEXTS.length)],
                            types.createSqlType(SqlTypeName.VARCHAR),
                            false)
                    : column(5 + random.nextInt(2), SqlTypeName.VARCHAR);
        }
        return rex.makeCall(
                nullable(SqlTypeName.VARCHAR),
                SqlStdOperatorTable.CASE,
                List.of(
                        truth(random, depth - 1),
                        text(random, depth - 1),
                        text(random, depth - 1)));
    }

    private RexNode column(int index, SqlTypeName type) {
        return rex.makeInputRef(nullable(type), index);
    }

    private RelDataType nullable(SqlTypeName type) {
        return types.createTypeWithNullability(types.createSqlType(type), true);
    }

    // The interpreter

    /// A row is out at the first conjunct that is not TRUE; what comes after is not computed.
    private static boolean passes(RexNode condition, Batch in, int row) {
        if (condition instanceof RexCall call
                && call.getKind() == org.apache.calcite.sql.SqlKind.AND) {
            return call.getOperands().stream().allMatch(o -> passes(o, in, row));
        }
        return Boolean.TRUE.equals(eval(condition, in, row));
    }

    private static Object eval(RexNode node, Batch in, int row) {
        return switch (node) {
            case RexInputRef ref -> {
                int c = ref.getIndex();
                if (in.column(c).isNull(row)) {
                    yield null;
                }
                yield c >= 5
                        ? in.bytes(c).string(row)
                        : c >= 3 ? (Object) (in.longs(c).get(row) != 0) : in.longs(c).get(row);
            }
            case RexLiteral literal ->
                    literal.getTypeName() == SqlTypeName.DECIMAL
                            ? (Object) literal.getValueAs(BigDecimal.class).longValueExact()
                            : literal.getValueAs(String.class);
            case RexCall call -> call(call, in, row);
            default -> throw new IllegalStateException("no " + node);
        };
    }

    private static Object call(RexCall call, Batch in, int row) {
        List<RexNode> operands = call.getOperands();
        switch (call.getKind()) {
            case AND, OR -> {
                boolean decisive = call.getKind() != org.apache.calcite.sql.SqlKind.AND;
                Boolean result = !decisive;
                for (RexNode operand : operands) {
                    Object value = eval(operand, in, row);
                    if (value == null) {
                        result = null;
                    } else if (value.equals(decisive)) {
                        return decisive;
                    }
                }
                return result;
            }
            case CASE -> {
                for (int i = 0; i + 1 < operands.size(); i += 2) {
                    if (Boolean.TRUE.equals(eval(operands.get(i), in, row))) {
                        return eval(operands.get(i + 1), in, row);
                    }
                }
                return eval(operands.getLast(), in, row);
            }
            case COALESCE -> {
                for (RexNode operand : operands) {
                    Object value = eval(operand, in, row);
                    if (value != null) {
                        return value;
                    }
                }
                return null;
            }
            default -> {}
        }
        Object x = eval(operands.getFirst(), in, row);
        if (operands.size() == 1) {
            return switch (call.getKind()) {
                case NOT -> x == null ? null : !(Boolean) x;
                case IS_TRUE -> Boolean.TRUE.equals(x);
                case IS_NOT_TRUE -> !Boolean.TRUE.equals(x);
                case IS_FALSE -> Boolean.FALSE.equals(x);
                case IS_NOT_FALSE -> !Boolean.FALSE.equals(x);
                case IS_NULL -> x == null;
                case IS_NOT_NULL -> x != null;
                case MINUS_PREFIX -> x == null ? null : checked(call, Math.negateExact((Long) x));
                default -> throw new IllegalStateException("no " + call);
            };
        }
        Object y = eval(operands.get(1), in, row);
        switch (call.getKind()) {
            case IS_DISTINCT_FROM -> {
                return !java.util.Objects.equals(x, y);
            }
            case IS_NOT_DISTINCT_FROM -> {
                return java.util.Objects.equals(x, y);
            }
            default -> {}
        }
        if (x == null || y == null) {
            return null;
        }
        return switch (call.getKind()) {
            case PLUS -> checked(call, Math.addExact((Long) x, (Long) y));
            case MINUS -> checked(call, Math.subtractExact((Long) x, (Long) y));
            case TIMES -> checked(call, Math.multiplyExact((Long) x, (Long) y));
            case DIVIDE -> checked(call, Math.divideExact((Long) x, (Long) y));
            case MOD -> checked(call, (Long) x % (Long) y);
            case EQUALS -> order(x, y) == 0;
            case NOT_EQUALS -> order(x, y) != 0;
            case LESS_THAN -> order(x, y) < 0;
            case LESS_THAN_OR_EQUAL -> order(x, y) <= 0;
            case GREATER_THAN -> order(x, y) > 0;
            case GREATER_THAN_OR_EQUAL -> order(x, y) >= 0;
            default -> throw new IllegalStateException("no " + call);
        };
    }

    private static Object checked(RexCall call, long value) {
        return call.getType().getSqlTypeName() == SqlTypeName.INTEGER
                ? (Object) (long) Math.toIntExact(value)
                : (Object) value;
    }

    private static int order(Object x, Object y) {
        if (x instanceof Long number) {
            return Long.compare(number, (Long) y);
        }
        int[] a = ((String) x).codePoints().toArray();
        int[] b = ((String) y).codePoints().toArray();
        return java.util.Arrays.compare(a, b);
    }
}
