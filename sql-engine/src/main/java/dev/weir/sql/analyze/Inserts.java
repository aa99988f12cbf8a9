package dev.weir.sql.analyze;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Statement;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlLiteral;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNodeList;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.SqlUnresolvedFunction;
import org.apache.calcite.sql.parser.SqlParserPos;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/// The rows of INSERT … VALUES as values of the target's columns. Literals are taken as they are,
/// which is the fast way for the many; other constant expressions are compiled as those of rows
/// are.
final class Inserts {
    private final AnalyzerContext context;
    private final Queries queries;
    private final Relation target;

    Inserts(AnalyzerContext context, Queries queries, Relation target) {
        this.context = context;
        this.queries = queries;
        this.target = target;
    }

    Analyzed.InsertValues analyze(Statement.InsertValues insert) {
        int[] columns = TargetColumns.of(insert.columns(), target);
        List<List<Object>> rows = new ArrayList<>();
        List<OptionalLong> rowTimes = new ArrayList<>();
        for (List<SqlNode> values : insert.rows()) {
            Position position = Refusals.position(values.getFirst().getParserPosition());
            if (values.size() != columns.length) {
                throw new SqlException(
                        SqlState.SYNTAX_ERROR,
                        position,
                        "the row has "
                                + values.size()
                                + " values for "
                                + columns.length
                                + " columns",
                        insert.columns().isEmpty()
                                ? "Without a column list give all columns of \""
                                        + target.name()
                                        + "\": "
                                        + names()
                                        + "."
                                : "Give one value for each column of the list.");
            }
            Object[] row = new Object[target.columns().size()];
            OptionalLong rowTime = OptionalLong.empty();
            for (int i = 0; i < columns.length; i++) {
                if (columns[i] < 0) {
                    Object time = value(values.get(i), Primitive.BIGINT, RelationTable.ROWTIME);
                    rowTime = time == null ? OptionalLong.empty() : OptionalLong.of((long) time);
                } else {
                    RelationColumn column = target.columns().get(columns[i]);
                    row[columns[i]] = value(values.get(i), column.type(), column.name());
                }
            }
            checkPresent(row, position);
            rows.add(Collections.unmodifiableList(Arrays.asList(row)));
            rowTimes.add(rowTime);
        }
        return new Analyzed.InsertValues(target, rows, rowTimes);
    }

    /// The parameters among the values: one that stands alone has the type of its column.
    ///
    /// @param types filled in by number
    void describe(Statement.InsertValues insert, SqlType[] types) {
        int[] columns = TargetColumns.of(insert.columns(), target);
        for (List<SqlNode> values : insert.rows()) {
            for (int i = 0; i < Math.min(columns.length, values.size()); i++) {
                SqlNode value = values.get(i);
                if (value instanceof SqlDynamicParam parameter) {
                    if (types[parameter.getIndex()] == null) {
                        types[parameter.getIndex()] =
                                columns[i] < 0
                                        ? Primitive.BIGINT
                                        : target.columns().get(columns[i]).type();
                    }
                } else if (!(value instanceof SqlLiteral)) {
                    var _ = queries.describe(selected(value), types);
                }
            }
        }
    }

    /// Its parameters have their types from the expression they are in.
    private static Statement.Select selected(SqlNode value) {
        SqlParserPos pos = value.getParserPosition();
        SqlNode query =
                new SqlSelect(
                        pos,
                        null,
                        SqlNodeList.of(value),
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null);
        return new Statement.Select(query, false, OptionalLong.empty(), List.of());
    }

    private void checkPresent(Object[] row, Position position) {
        target.timestampColumn()
                .filter(time -> row[target.schema().indexOf(time)] == null)
                .ifPresent(time -> {
                    throw new SqlException(
                            SqlState.NOT_NULL_VIOLATION,
                            position,
                            "column \"" + time + "\" gives the row's time and cannot be NULL",
                            "Give it a value: a row without time could not be read again.");
                });
        if (!target.isTable()) {
            return;
        }
        for (int column : target.keyColumns()) {
            if (row[column] == null) {
                throw new SqlException(
                        SqlState.NOT_NULL_VIOLATION,
                        position,
                        "the primary key column \""
                                + target.columns().get(column).name()
                                + "\" cannot be NULL",
                        "Give it a value.");
            }
        }
    }

    private String names() {
        return String.join(", ", target.schema().names());
    }

    // ---- values ----

    private Object value(SqlNode node, SqlType type, String column) {
        return switch (type) {
            case SqlType.Array(SqlType element) when isConstructor(node, "ARRAY") -> {
                List<Object> values = new ArrayList<>();
                for (SqlNode item : ((SqlCall) node).getOperandList()) {
                    values.add(value(item, element, column));
                }
                yield values;
            }
            case SqlType.MapOf(SqlType key, SqlType value) when isConstructor(node, "MAP") ->
                    map((SqlCall) node, key, value, column);
            case SqlType.Struct(List<Field> fields)
                    when isConstructor(node, "STRUCT") || isConstructor(node, "ROW") ->
                    struct((SqlCall) node, fields, column);
            case SqlType.Array _, SqlType.MapOf _, SqlType.Struct _ -> {
                if (node instanceof SqlLiteral literal && literal.getValue() == null) {
                    yield null;
                }
                throw new SqlException(
                        SqlState.DATATYPE_MISMATCH,
                        Refusals.position(node.getParserPosition()),
                        "column \""
                                + column
                                + "\" is of type "
                                + type.sql()
                                + " but the value is not",
                        switch (type) {
                            case SqlType.Array _ -> "Write ARRAY[a, b].";
                            case SqlType.MapOf _ -> "Write MAP['key', value].";
                            default -> "Write STRUCT(field := value, ...).";
                        });
            }
            case Primitive _, SqlType.Decimal _ -> scalar(node, type, column);
        };
    }

    private static boolean isConstructor(SqlNode node, String name) {
        return node instanceof SqlCall call
                && call.getOperator().getName().equalsIgnoreCase(name)
                && (call.getOperator() instanceof SqlUnresolvedFunction
                        || call.getKind() == SqlKind.ROW
                        || call.getKind() == SqlKind.ARRAY_VALUE_CONSTRUCTOR
                        || call.getKind() == SqlKind.MAP_VALUE_CONSTRUCTOR);
    }

    private Map<Object, Object> map(SqlCall call, SqlType key, SqlType value, String column) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        List<SqlNode> operands = call.getOperandList();
        for (int i = 0; i + 1 < operands.size(); i += 2) {
            entries.put(
                    value(operands.get(i), key, column), value(operands.get(i + 1), value, column));
        }
        return entries;
    }

    /// `STRUCT(a := 1, b := 2)` by name, `ROW(1, 2)` by place.
    private List<Object> struct(SqlCall call, List<Field> fields, String column) {
        Object[] values = new Object[fields.size()];
        List<SqlNode> operands = call.getOperandList();
        for (int i = 0; i < operands.size(); i++) {
            SqlNode operand = operands.get(i);
            int at = i;
            SqlNode value = operand;
            if (operand.getKind() == SqlKind.ARGUMENT_ASSIGNMENT) {
                value = ((SqlCall) operand).operand(0);
                String name = ((SqlCall) operand).operand(1).toString();
                at = new Schema(fields).indexOf(name);
            }
            if (at < 0 || at >= values.length) {
                throw new SqlException(
                        SqlState.UNDEFINED_COLUMN,
                        Refusals.position(operand.getParserPosition()),
                        "the struct \"" + column + "\" has no such field",
                        "Its fields are "
                                + String.join(", ", fields.stream().map(Field::name).toList())
                                + ".");
            }
            values[at] = value(value, fields.get(at).type(), column);
        }
        return Collections.unmodifiableList(Arrays.asList(values));
    }

    private Object scalar(SqlNode node, SqlType type, String column) {
        if (node instanceof SqlLiteral literal) {
            if (literal.getValue() == null) {
                return null;
            }
            Object plain = plain(literal);
            if (plain != null) {
                return convert(plain, type, column, node);
            }
        }
        if (node.getKind() == SqlKind.MINUS_PREFIX
                && ((SqlCall) node).operand(0) instanceof SqlLiteral literal
                && plain(literal) instanceof BigDecimal number) {
            return convert(number.negate(), type, column, node);
        }
        return computed(node, type, column);
    }

    private static Object plain(SqlLiteral literal) {
        return switch (literal.getTypeName()) {
            case CHAR -> literal.getValueAs(String.class);
            case DECIMAL, BIGINT, INTEGER -> literal.getValueAs(BigDecimal.class);
            case DOUBLE -> new BigDecimal(literal.toValue());
            case BOOLEAN -> literal.getValueAs(Boolean.class);
            default -> null;
        };
    }

    private Object convert(Object value, SqlType type, String column, SqlNode node) {
        try {
            Object converted =
                    switch (value) {
                        case BigDecimal number -> fromNumber(number, type);
                        case Boolean flag -> type == Primitive.BOOLEAN ? (flag ? 1L : 0L) : null;
                        case String text -> fromText(text, type);
                        default -> null;
                    };
            if (converted != null) {
                return converted;
            }
        } catch (ArithmeticException e) {
            throw new SqlException(
                    SqlState.NUMERIC_OUT_OF_RANGE,
                    Refusals.position(node.getParserPosition()),
                    "the value "
                            + value
                            + " is out of range for column \""
                            + column
                            + "\" of type "
                            + type.sql(),
                    "Give a smaller number.",
                    e);
        } catch (DateTimeException | NumberFormatException e) {
            throw new SqlException(
                    SqlState.INVALID_TEXT,
                    Refusals.position(node.getParserPosition()),
                    "\""
                            + value
                            + "\" is not a value of type "
                            + type.sql()
                            + " for column \""
                            + column
                            + "\"",
                    hint(type),
                    e);
        }
        throw new SqlException(
                SqlState.DATATYPE_MISMATCH,
                Refusals.position(node.getParserPosition()),
                "column \""
                        + column
                        + "\" is of type "
                        + type.sql()
                        + " but the value is "
                        + (value instanceof Boolean ? "BOOLEAN" : "a number"),
                hint(type));
    }

    /// pgjdbc in its simple mode writes the offset of its time zone behind dates and times.
    private static String withoutOffset(String text) {
        return text.strip().replaceFirst(" ?[+][0-9:]+$| -[0-9:]+$|(?<=:..)-[0-9:]+$", "");
    }

    private static String hint(SqlType type) {
        return type instanceof Primitive primitive
                ? switch (primitive) {
                    case BOOLEAN -> "Write TRUE or FALSE.";
                    case INT, BIGINT -> "Write a whole number.";
                    case DOUBLE -> "Write a number.";
                    case VARCHAR -> "Write text in single quotes.";
                    case BYTES -> "Write X'0A0B'.";
                    case DATE -> "Write '2024-12-31'.";
                    case TIME -> "Write '23:59:59'.";
                    case TIMESTAMP -> "Write '2024-12-31T23:59:59.999' (UTC).";
                }
                : "Write a number.";
    }

    private static Object fromNumber(BigDecimal number, SqlType type) {
        return switch (type) {
            case SqlType.Decimal(int precision, int scale) -> {
                BigDecimal scaled = number.setScale(scale, RoundingMode.HALF_UP);
                if (scaled.precision() > precision) {
                    throw new ArithmeticException("precision");
                }
                yield scaled;
            }
            case Primitive primitive ->
                    switch (primitive) {
                        case INT -> (long) number.setScale(0, RoundingMode.HALF_UP).intValueExact();
                        case BIGINT -> number.setScale(0, RoundingMode.HALF_UP).longValueExact();
                        case DOUBLE -> number.doubleValue();
                        case TIMESTAMP -> number.longValueExact();
                        case BOOLEAN, VARCHAR, BYTES, DATE, TIME -> null;
                    };
            case SqlType.Array _, SqlType.MapOf _, SqlType.Struct _ -> null;
        };
    }

    private static Object fromText(String text, SqlType type) {
        return switch (type) {
            case SqlType.Decimal _ -> fromNumber(new BigDecimal(text.strip()), type);
            case Primitive primitive ->
                    switch (primitive) {
                        case VARCHAR -> text;
                        case BYTES -> text.getBytes(StandardCharsets.UTF_8);
                        case INT, BIGINT, DOUBLE -> fromNumber(new BigDecimal(text.strip()), type);
                        case BOOLEAN ->
                                switch (text.strip().toLowerCase(Locale.ROOT)) {
                                    case "true", "t" -> 1L;
                                    case "false", "f" -> 0L;
                                    default -> throw new NumberFormatException(text);
                                };
                        case DATE -> LocalDate.parse(withoutOffset(text)).toEpochDay();
                        case TIME -> LocalTime.parse(withoutOffset(text)).toNanoOfDay() / 1_000_000;
                        case TIMESTAMP -> timestamp(text.strip());
                    };
            case SqlType.Array _, SqlType.MapOf _, SqlType.Struct _ -> null;
        };
    }

    private static long timestamp(String text) {
        String iso = text.length() > 10 ? text.substring(0, 10) + "T" + text.substring(11) : text;
        if (iso.length() == 10) {
            return LocalDate.parse(iso).atStartOfDay().toInstant(ZoneOffset.UTC).toEpochMilli();
        }
        boolean zoned = iso.endsWith("Z") || iso.indexOf('+') > 0 || iso.lastIndexOf('-') > 7;
        Instant instant =
                zoned
                        ? OffsetDateTime.parse(iso).toInstant()
                        : LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC);
        return instant.toEpochMilli();
    }

    /// Any other constant expression: Calcite types and casts it, a kernel computes it.
    private Object computed(SqlNode node, SqlType type, String column) {
        RelDataType rel = RelTypes.toRel(type, queries.cluster().getTypeFactory());
        RexNode rex = queries.constant(node, rel);
        if (!RexUtil.isConstant(rex)) {
            throw notConstant(node, column);
        }
        try {
            return Constants.compute(rex, type, context::nowMs);
        } catch (SqlException failed) {
            throw failed.position().isPresent()
                    ? failed
                    : new SqlException(
                            failed.state(),
                            Refusals.position(node.getParserPosition()),
                            failed.getMessage(),
                            failed.hint().orElse("The value is for column \"" + column + "\"."),
                            failed);
        }
    }

    private static SqlException notConstant(SqlNode node, String column) {
        return new SqlException(
                SqlState.INVALID_PARAMETER,
                Refusals.position(node.getParserPosition()),
                "the value for column \"" + column + "\" cannot be computed",
                "VALUES takes literals and constant expressions.");
    }
}
