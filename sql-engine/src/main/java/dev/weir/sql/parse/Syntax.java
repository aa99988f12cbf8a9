package dev.weir.sql.parse;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.sql.SqlCall;
import org.apache.calcite.sql.SqlDynamicParam;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.SqlNode;
import org.apache.calcite.sql.SqlNumericLiteral;
import org.apache.calcite.sql.SqlOrderBy;
import org.apache.calcite.sql.SqlSelect;
import org.apache.calcite.sql.parser.SqlParserPos;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// What the grammar's actions call: they stay one line each, and this stays Java.
final class Syntax {
    private static final int MAX_PRECISION = 38;

    private Syntax() {}

    static Position position(Token token) {
        return new Position(Math.max(1, token.beginLine), Math.max(1, token.beginColumn));
    }

    static Position position(SqlParserPos pos) {
        return new Position(Math.max(1, pos.getLineNum()), Math.max(1, pos.getColumnNum()));
    }

    static Name name(SqlIdentifier id) {
        return new Name(id.getSimple(), position(id.getParserPosition()));
    }

    static long wholeNumber(Token token) {
        try {
            return Long.parseLong(token.image);
        } catch (NumberFormatException e) {
            throw new SqlException(
                    SqlState.NUMERIC_OUT_OF_RANGE,
                    position(token),
                    "number " + token.image + " is too large",
                    "The largest is " + Long.MAX_VALUE + ".",
                    e);
        }
    }

    /// A query with its EMIT clause. LIMIT may stand on either side of EMIT CHANGES; it belongs to
    /// the push query, not to the relation it watches. A parameter as LIMIT stays in the query
    /// until it has its value.
    static Statement.Select select(
            SqlNode query, boolean emitChanges, OptionalLong limit, List<SqlNode> partitionBy) {
        if (!emitChanges || !(query instanceof SqlOrderBy ordered)) {
            return new Statement.Select(query, emitChanges, limit, partitionBy);
        }
        if (!ordered.orderList.isEmpty()) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    position(ordered.orderList.getParserPosition()),
                    "ORDER BY is not supported in a query with EMIT CHANGES",
                    "Its result never ends, so it cannot be sorted. Leave out ORDER BY or EMIT"
                            + " CHANGES.");
        }
        if (ordered.offset != null) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    position(ordered.offset.getParserPosition()),
                    "OFFSET is not supported in a query with EMIT CHANGES",
                    "Leave out OFFSET or EMIT CHANGES.");
        }
        if (limit.isEmpty() && ordered.fetch instanceof SqlNumericLiteral fetch) {
            return new Statement.Select(
                    ordered.query, true, OptionalLong.of(fetch.longValue(true)), partitionBy);
        }
        if (limit.isEmpty() && ordered.fetch instanceof SqlDynamicParam) {
            return new Statement.Select(query, true, limit, partitionBy);
        }
        throw new SqlException(
                SqlState.SYNTAX_ERROR,
                position(ordered.getParserPosition()),
                "LIMIT is given twice",
                "Write it once, after EMIT CHANGES.");
    }

    /// The expressions of PARTITION BY: a list in parentheses is those in it.
    static List<SqlNode> partitionBy(List<SqlNode> expressions) {
        return expressions.size() == 1 && expressions.getFirst().getKind() == SqlKind.ROW
                ? ((SqlCall) expressions.getFirst()).getOperandList()
                : expressions;
    }

    static Statement insertSelect(
            Name target, List<Name> columns, List<Property> properties, Statement.Select select) {
        Optional<Name> queryId = Optional.empty();
        for (Property property : properties) {
            if (!property.name().text().equalsIgnoreCase("QUERY_ID")) {
                throw new SqlException(
                        SqlState.INVALID_PARAMETER,
                        property.name().position(),
                        "unknown property \"" + property.name() + "\"",
                        "INSERT INTO ... SELECT takes QUERY_ID only.");
            }
            queryId = Optional.of(new Name(property.value(), property.valuePosition()));
        }
        return new Statement.InsertSelect(target, columns, queryId, select);
    }

    static Statement create(
            Statement.SourceKind kind,
            Name name,
            List<ColumnDefinition> columns,
            List<Property> properties,
            Statement.Select select,
            boolean orReplace,
            boolean ifNotExists,
            Token next) {
        if (select != null && columns != null) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    columns.getFirst().name().position(),
                    "a column list cannot stand before AS SELECT",
                    "The columns come from the query: leave out the list.");
        }
        if (select != null) {
            return new Statement.CreateAs(kind, name, properties, select, orReplace, ifNotExists);
        }
        if (columns == null) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    position(next),
                    "columns are missing in CREATE " + kind + " " + name,
                    "Write CREATE "
                            + kind
                            + " "
                            + name
                            + " (column TYPE, ...) WITH (...), or CREATE "
                            + kind
                            + " "
                            + name
                            + " AS SELECT ...");
        }
        return new Statement.CreateSource(kind, name, columns, properties, orReplace, ifNotExists);
    }

    static SqlType decimal(int precision, int scale, Token at) {
        if (precision < 1 || precision > MAX_PRECISION || scale > precision) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    position(at),
                    "DECIMAL(" + precision + ", " + scale + ") is not a type",
                    "The precision goes from 1 to "
                            + MAX_PRECISION
                            + ", the scale from 0 to the precision.");
        }
        return new SqlType.Decimal(precision, scale);
    }

    static SqlType struct(Name name, List<Field> fields) {
        if (!name.text().equalsIgnoreCase("STRUCT")) {
            throw unknownType(name);
        }
        Set<String> seen = new HashSet<>();
        for (Field field : fields) {
            if (!seen.add(field.name())) {
                throw new SqlException(
                        SqlState.DUPLICATE_COLUMN,
                        name.position(),
                        "field \"" + field.name() + "\" is given twice in a struct",
                        "Give each field a name of its own.");
            }
        }
        return new SqlType.Struct(fields);
    }

    static SqlType namedType(Name name) {
        return TypeNames.find(name.text()).orElseThrow(() -> unknownType(name));
    }

    static long timeUnitMs(Token unit) {
        if (unit.image.equalsIgnoreCase("MILLISECONDS")) {
            return 1;
        }
        throw new SqlException(
                SqlState.SYNTAX_ERROR,
                position(unit),
                "\"" + unit.image + "\" is not a unit of time",
                "Use MILLISECONDS, SECONDS, MINUTES, HOURS, DAYS or WEEKS.");
    }

    static long windowSizeMs(long count, long unitMs, Token number) {
        long most = Long.MAX_VALUE / 1_000 / unitMs;
        if (count < 1 || count > most) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    position(number),
                    "a window cannot have the size " + count,
                    "Give a size from 1 to " + most + " of that unit.");
        }
        return count * unitMs;
    }

    static long joinTimeMs(long count, long unitMs, Token number) {
        long most = Long.MAX_VALUE / 1_000 / unitMs;
        if (count > most) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    position(number),
                    "rows cannot be waited for so long",
                    "Give at most " + most + " of that unit.");
        }
        return count * unitMs;
    }

    /// @param graceMs -1 when it is not said
    static SqlNode within(
            SqlNode table, long beforeMs, long afterMs, long graceMs, SqlParserPos pos) {
        return new WithinFrom(
                pos,
                table,
                beforeMs,
                afterMs,
                graceMs < 0 ? OptionalLong.empty() : OptionalLong.of(graceMs));
    }

    /// @param advanceMs 0 when it is not given
    /// @param retentionMs -1 when it is not given
    /// @param graceMs -1 when it is not given
    static SqlNode windowed(
            SqlNode from,
            Token kind,
            boolean hopping,
            long sizeMs,
            long advanceMs,
            long retentionMs,
            long graceMs,
            SqlParserPos pos) {
        if (hopping != advanceMs > 0) {
            throw new SqlException(
                    SqlState.SYNTAX_ERROR,
                    position(kind),
                    hopping
                            ? "a hopping window needs ADVANCE BY"
                            : "a tumbling window does not take ADVANCE BY",
                    "Write WINDOW HOPPING (SIZE 1 HOUR, ADVANCE BY 5 MINUTES).");
        }
        if (advanceMs > sizeMs) {
            throw badWindow(
                    kind,
                    "a hopping window cannot advance by more than its size",
                    "Rows between two windows would be in none.");
        }
        if (hopping && (sizeMs - 1) / advanceMs >= WindowedFrom.MOST_WINDOWS) {
            throw badWindow(
                    kind,
                    "each row would be in more than " + WindowedFrom.MOST_WINDOWS + " windows",
                    "Advance by more, or take a smaller size.");
        }
        if (retentionMs >= 0 && retentionMs - Math.max(0, graceMs) < sizeMs) {
            throw badWindow(
                    kind,
                    "RETENTION is shorter than the window and its grace period",
                    "Windows must be kept as long as rows may come for them.");
        }
        return new WindowedFrom(
                pos,
                from,
                hopping ? WindowedFrom.Kind.HOPPING : WindowedFrom.Kind.TUMBLING,
                sizeMs,
                hopping ? advanceMs : sizeMs,
                graceMs,
                false);
    }

    /// @param retentionMs -1 when it is not given
    /// @param graceMs -1 when it is not given
    static SqlNode sessions(
            SqlNode from,
            Token kind,
            long gapMs,
            long retentionMs,
            long graceMs,
            SqlParserPos pos) {
        if (retentionMs >= 0 && retentionMs - Math.max(0, graceMs) < gapMs) {
            throw badWindow(
                    kind,
                    "RETENTION is shorter than the gap and the grace period",
                    "Sessions must be kept as long as rows may come for them.");
        }
        return new WindowedFrom(pos, from, WindowedFrom.Kind.SESSION, gapMs, gapMs, graceMs, false);
    }

    private static SqlException badWindow(Token kind, String message, String hint) {
        return new SqlException(SqlState.INVALID_PARAMETER, position(kind), message, hint);
    }

    /// The query with results that are final: of a window, after its end and grace period.
    static SqlNode emitFinal(SqlNode query, Token at) {
        if (query instanceof SqlSelect select && select.getFrom() instanceof WindowedFrom window) {
            select.setFrom(window.asFinal());
            return query;
        }
        throw new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED,
                position(at),
                "EMIT FINAL needs a window",
                "A result is final when its window has closed: FROM s WINDOW TUMBLING (SIZE 1"
                        + " MINUTE, GRACE PERIOD 10 SECONDS) ... GROUP BY ... EMIT FINAL.");
    }

    static SqlException unknownType(Name name) {
        Optional<String> nearest = Nearest.to(name.text(), TypeNames.ALL);
        return new SqlException(
                SqlState.UNDEFINED_OBJECT,
                name.position(),
                "type \"" + name + "\" does not exist",
                nearest.map(n -> "Did you mean " + n + "? ").orElse("")
                        + "Types are BOOLEAN, INT, BIGINT, DOUBLE, DECIMAL(p, s), VARCHAR, BYTES,"
                        + " DATE, TIME, TIMESTAMP, ARRAY<>, MAP<,> and STRUCT<>.");
    }
}
