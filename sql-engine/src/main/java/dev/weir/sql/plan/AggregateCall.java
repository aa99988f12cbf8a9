package dev.weir.sql.plan;

import dev.weir.sql.batch.SqlType;

/// One aggregate function over the rows of a group.
///
/// @param argument index of the input column, or -1 for COUNT(*)
/// @param filter index of a BOOLEAN input column that rows must pass, or -1
/// @param type type of the result
public record AggregateCall(Function function, int argument, int filter, SqlType type) {
    /// The aggregate functions. All ignore NULL arguments; all but COUNT are NULL over no rows.
    public enum Function {
        COUNT,
        SUM,
        MIN,
        MAX,
        AVG
    }
}
