package dev.weir.sql.analyze;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.OwnAggregate;

import org.apache.calcite.sql.SqlAggFunction;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlSelectKeyword;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeFamily;
import org.apache.calcite.sql.type.SqlTypeName;

import java.util.ArrayList;
import java.util.List;

/// The aggregate functions of ksqlDB and PostgreSQL by their names, with the constants among their
/// arguments.
final class AggregateNames {
    /// Most values that TOPK, TOPKDISTINCT and the *_BY_OFFSET functions keep.
    static final int MOST = 10_000;

    private AggregateNames() {}

    /// The call of an aggregate function as the validator is to see it; null when the function is
    /// not one of these.
    ///
    /// @param operands rewritten already
    static SqlNode call(SqlCall call, String name, List<SqlNode> operands) {
        SqlLiteral quantifier = call.getFunctionQuantifier();
        boolean distinct = quantifier != null && quantifier.getValue() == SqlSelectKeyword.DISTINCT;
        SqlParserPos pos = call.getParserPosition();
        return switch (name) {
            case "COUNT_DISTINCT" -> of(SqlStdOperatorTable.COUNT, pos, true, operands);
            case "BOOL_AND", "EVERY" -> of(SqlStdOperatorTable.MIN, pos, false, operands);
            case "BOOL_OR" -> of(SqlStdOperatorTable.MAX, pos, false, operands);
            case "COLLECT_LIST", "ARRAY_AGG" -> of(OwnAggregate.collect(), pos, distinct, operands);
            case "COLLECT_SET" -> of(OwnAggregate.collect(), pos, true, operands);
            case "TOPK", "TOPKDISTINCT" ->
                    of(
                            OwnAggregate.top(count(call, name, operands, 1)),
                            pos,
                            distinct || name.equals("TOPKDISTINCT"),
                            operands.subList(0, 1));
            case "HISTOGRAM" -> of(own(OwnAggregate.Kind.HISTOGRAM), pos, false, operands);
            case "EARLIEST_BY_OFFSET" -> ordered(call, name, OwnAggregate.Kind.EARLIEST, operands);
            case "LATEST_BY_OFFSET" -> ordered(call, name, OwnAggregate.Kind.LATEST, operands);
            case "STRING_AGG", "LISTAGG", "GROUP_CONCAT" -> {
                String separator =
                        operands.size() < 2
                                ? name.equals("GROUP_CONCAT") ? "," : ""
                                : text(call, name, operands.get(1));
                if (operands.isEmpty() || operands.size() > 2) {
                    throw arguments(call, name, "a text and a separator");
                }
                yield of(OwnAggregate.join(separator), pos, distinct, operands.subList(0, 1));
            }
            case "VAR_POP" -> of(own(OwnAggregate.Kind.VAR_POP), pos, distinct, operands);
            case "VAR_SAMP", "VARIANCE" ->
                    of(own(OwnAggregate.Kind.VAR_SAMP), pos, distinct, operands);
            case "STDDEV_POP" -> of(own(OwnAggregate.Kind.STDDEV_POP), pos, distinct, operands);
            case "STDDEV_SAMP", "STDDEV_SAMPLE", "STDDEV" ->
                    of(own(OwnAggregate.Kind.STDDEV_SAMP), pos, distinct, operands);
            case "CORRELATION", "CORR" -> {
                if (distinct) {
                    throw Refusals.distinctAggregate(pos, name);
                }
                yield of(own(OwnAggregate.Kind.CORRELATION), pos, false, operands);
            }
            default -> null;
        };
    }

    private static OwnAggregate own(OwnAggregate.Kind kind) {
        return OwnAggregate.of(kind);
    }

    private static SqlNode of(
            SqlAggFunction function, SqlParserPos pos, boolean distinct, List<SqlNode> operands) {
        return function.createCall(
                distinct ? SqlSelectKeyword.DISTINCT.symbol(SqlParserPos.ZERO) : null,
                pos,
                operands.toArray(SqlNode[]::new));
    }

    /// (x), (x, ignoreNulls), (x, n), (x, n, ignoreNulls).
    private static SqlNode ordered(
            SqlCall call, String name, OwnAggregate.Kind kind, List<SqlNode> operands) {
        if (operands.isEmpty() || operands.size() > 3) {
            throw arguments(
                    call, name, "a column, then how many values, then whether to skip NULL");
        }
        List<SqlNode> rest = new ArrayList<>(operands.subList(1, operands.size()));
        boolean ignoreNulls = true;
        if (!rest.isEmpty()
                && rest.getLast() instanceof SqlLiteral literal
                && literal.getTypeName() == SqlTypeName.BOOLEAN) {
            ignoreNulls = literal.booleanValue();
            rest.removeLast();
        }
        int most = rest.isEmpty() ? -1 : count(call, name, operands, 1);
        if (rest.size() > 1) {
            throw arguments(
                    call, name, "a column, then how many values, then whether to skip NULL");
        }
        return of(
                OwnAggregate.ofOrder(kind, most, !ignoreNulls),
                call.getParserPosition(),
                false,
                operands.subList(0, 1));
    }

    private static int count(SqlCall call, String name, List<SqlNode> operands, int at) {
        if (operands.size() <= at
                || !(operands.get(at) instanceof SqlLiteral literal)
                || literal.getTypeName() != SqlTypeName.DECIMAL) {
            throw arguments(call, name, "a column and a number");
        }
        long count;
        try {
            count = literal.bigDecimalValue().longValueExact();
        } catch (ArithmeticException e) {
            count = -1;
        }
        if (count < 1 || count > MOST) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    Refusals.position(literal.getParserPosition()),
                    name + " cannot keep " + literal + " values",
                    "Give a number from 1 to " + MOST + ".");
        }
        return (int) count;
    }

    private static String text(SqlCall call, String name, SqlNode operand) {
        if (operand instanceof SqlLiteral literal
                && literal.getTypeName().getFamily() == SqlTypeFamily.CHARACTER) {
            return literal.getValueAs(String.class);
        }
        throw arguments(call, name, "a text and a separator, which is a constant");
    }

    private static SqlException arguments(SqlCall call, String name, String takes) {
        return new SqlException(
                SqlState.UNDEFINED_FUNCTION,
                Refusals.position(call.getParserPosition()),
                name + " does not take these arguments",
                "It takes " + takes + ".");
    }
}
