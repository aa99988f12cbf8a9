package dev.weir.sql.analyze;

import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.sql.parser.SqlParserPos;

import java.util.Set;

/// What is understood but not carried out, each with a way round it.
final class Refusals {
    /// Aggregate functions of the standard and of ksqlDB that are not there yet.
    static final Set<String> OTHER_AGGREGATES =
            Set.of(
                    "ANY_VALUE",
                    "ATTR",
                    "BIT_AND",
                    "BIT_OR",
                    "BIT_XOR",
                    "COLLECT",
                    "COVAR_POP",
                    "COVAR_SAMP",
                    "FUSION",
                    "GROUPING",
                    "MODE",
                    "SINGLE_VALUE",
                    "SOME",
                    "SUM_LIST");

    private Refusals() {}

    static SqlException of(SqlParserPos pos, String message, String hint) {
        return new SqlException(SqlState.FEATURE_NOT_SUPPORTED, position(pos), message, hint);
    }

    /// The place of a node, or null for one the analyzer made.
    static Position position(SqlParserPos pos) {
        return pos == null || pos.getLineNum() < 1
                ? null
                : new Position(pos.getLineNum(), Math.max(1, pos.getColumnNum()));
    }

    static SqlException subquery(SqlParserPos pos) {
        return of(
                pos,
                "a subquery in an expression is not supported",
                "Put the subquery into FROM and join it.");
    }

    static SqlException join(SqlParserPos pos, String type) {
        return of(
                pos,
                type + " JOIN is not supported",
                "INNER, LEFT, RIGHT, FULL and CROSS JOIN are.");
    }

    static SqlException naturalJoin(SqlParserPos pos) {
        return of(
                pos,
                "NATURAL JOIN is not supported",
                "Name the columns that are equal: JOIN ... USING (id).");
    }

    static SqlException withinWithoutOn(SqlParserPos pos) {
        return of(
                pos,
                "WITHIN is supported in joins with ON only",
                "Write JOIN b WITHIN 1 HOUR ON a.id = b.id.");
    }

    static SqlException starOverUsing(SqlParserPos pos) {
        return of(
                pos,
                "SELECT * over JOIN ... USING of a subquery is not supported",
                "Name the columns, or join with ON.");
    }

    static SqlException usingAgain(SqlParserPos pos) {
        return of(
                pos,
                "RIGHT and FULL JOIN ... USING of a column that USING has merged before are not"
                        + " supported",
                "Say which it is equal to: ON COALESCE(a.id, b.id) = c.id.");
    }

    static SqlException sortedContinuous(SqlParserPos pos) {
        return of(
                pos,
                "ORDER BY, LIMIT and OFFSET are not supported in a continuous query",
                "Its result never ends. Sort and cut where it is read: SELECT ... ORDER BY ..."
                        + " LIMIT.");
    }

    static SqlException distinctAggregate(SqlParserPos pos, String function) {
        return of(
                pos,
                function + "(DISTINCT ...) is not supported",
                "Take the distinct rows in a subquery: SELECT ... FROM (SELECT DISTINCT x, y FROM"
                        + " ...).");
    }

    static SqlException aggregate(SqlParserPos pos, String function) {
        return of(
                pos,
                "the aggregate function " + function + " is not supported",
                "SHOW FUNCTIONS lists those that are.");
    }
}
