package dev.weir.sql.operator;

import dev.weir.sql.batch.SqlType;

/// One aggregate function of an [AggregateOperator].
///
/// @param argument index of the input column, or -1 for COUNT(*)
/// @param filter index of a BOOLEAN input column that rows must pass, or -1
/// @param type type of the result
public record AggregateFunction(Kind kind, int argument, int filter, SqlType type) {
    /// The functions. All ignore NULL arguments; all but COUNT are NULL over no rows.
    public enum Kind {
        COUNT,
        SUM,
        MIN,
        MAX,
        AVG
    }
}
