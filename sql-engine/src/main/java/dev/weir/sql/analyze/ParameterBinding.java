package dev.weir.sql.analyze;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Parameters;
import dev.weir.sql.parse.Statement;

import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.fun.SqlStdOperatorTable;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.type.SqlTypeName;
import org.apache.calcite.sql.type.SqlTypeUtil;
import org.apache.calcite.util.DateString;
import org.apache.calcite.util.TimeString;
import org.apache.calcite.util.TimestampString;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.List;

/// Puts values in the places of a parsed statement's parameters: each becomes a literal, cast to
/// the type the parameter was described with. The statement is never made text again.
public final class ParameterBinding {
    private static final int MILLIS_DIGITS = 3;

    private ParameterBinding() {}

    /// The statement with values.
    ///
    /// @param types of the parameters, `$1` first
    /// @param values Boolean, Integer, Long, Double, BigDecimal, String, byte[], LocalDate,
    ///   LocalTime, Instant, or null
    /// @throws SqlException UNDEFINED_PARAMETER when one has no value
    public static Statement bind(Statement statement, List<SqlType> types, List<Object> values) {
        boolean insert = statement instanceof Statement.InsertValues;
        return Parameters.replace(
                statement,
                parameter -> {
                    int at = parameter.getIndex();
                    if (at >= values.size()) {
                        throw missing(parameter);
                    }
                    SqlParserPos pos = parameter.getParserPosition();
                    return insert
                            ? plain(values.get(at), pos)
                            : typed(values.get(at), types.get(at), pos);
                });
    }

    /// The statement as it is, if it needs no values.
    ///
    /// @throws SqlException UNDEFINED_PARAMETER when it has a parameter
    public static Statement none(Statement statement) {
        return bind(statement, List.of(), List.of());
    }

    /// An INSERT of values.
    public static Statement insert(String relation, List<String> columns, List<List<Object>> rows) {
        Position nowhere = new Position(1, 1);
        SqlParserPos pos = new SqlParserPos(1, 1);
        return new Statement.InsertValues(
                new Name(relation, nowhere),
                columns.stream().map(column -> new Name(column, nowhere)).toList(),
                rows.stream()
                        .map(row -> row.stream().map(value -> plain(value, pos)).toList())
                        .toList());
    }

    private static SqlException missing(SqlDynamicParam parameter) {
        return new SqlException(
                SqlState.UNDEFINED_PARAMETER,
                Refusals.position(parameter.getParserPosition()),
                "there is no parameter $" + (parameter.getIndex() + 1),
                "Prepared statements have parameters; here write the value itself.");
    }

    /// For INSERT, which converts literals to the types of the columns itself.
    private static SqlNode plain(Object value, SqlParserPos pos) {
        return switch (value) {
            case null -> SqlLiteral.createNull(pos);
            case LocalDate date -> SqlLiteral.createCharString(date.toString(), pos);
            case LocalTime time -> SqlLiteral.createCharString(time.toString(), pos);
            case Instant instant -> SqlLiteral.createCharString(instant.toString(), pos);
            default -> literal(value, pos);
        };
    }

    /// A value of that type in a query.
    static SqlNode typed(Object value, SqlType type, SqlParserPos pos) {
        if (value instanceof BigDecimal && !(type instanceof SqlType.Decimal)) {
            // 1.5 compared with an INT stays 1.5.
            return literal(value, pos);
        }
        boolean asItIs =
                value instanceof Boolean || (value instanceof Integer && type == Primitive.INT);
        SqlNode literal = value == null ? SqlLiteral.createNull(pos) : literal(value, pos);
        return asItIs
                ? literal
                : SqlStdOperatorTable.CAST.createCall(
                        pos,
                        literal,
                        SqlTypeUtil.convertTypeToSpec(RelTypes.toRel(type, RelTypes.factory())));
    }

    private static SqlNode literal(Object value, SqlParserPos pos) {
        return switch (value) {
            case Boolean flag -> SqlLiteral.createBoolean(flag, pos);
            case Integer number -> SqlLiteral.createExactNumeric(number.toString(), pos);
            case Long number -> SqlLiteral.createExactNumeric(number.toString(), pos);
            case BigDecimal number -> SqlLiteral.createExactNumeric(number.toPlainString(), pos);
            case Double number ->
                    Double.isFinite(number)
                            ? SqlLiteral.createApproxNumeric(
                                    new BigDecimal(number.toString()).toString(), pos)
                            : SqlLiteral.createCharString(number.toString(), pos);
            case byte[] bytes -> SqlLiteral.createBinaryString(bytes, pos);
            case LocalDate date ->
                    SqlLiteral.createDate(
                            DateString.fromDaysSinceEpoch((int) date.toEpochDay()), pos);
            case LocalTime time ->
                    SqlLiteral.createTime(
                            TimeString.fromMillisOfDay((int) (time.toNanoOfDay() / 1_000_000)),
                            MILLIS_DIGITS,
                            pos);
            case Instant instant ->
                    SqlLiteral.createTimestamp(
                            SqlTypeName.TIMESTAMP,
                            TimestampString.fromMillisSinceEpoch(instant.toEpochMilli()),
                            MILLIS_DIGITS,
                            pos);
            default -> SqlLiteral.createCharString(value.toString(), pos);
        };
    }
}
