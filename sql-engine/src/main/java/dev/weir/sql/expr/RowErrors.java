package dev.weir.sql.expr;

import dev.weir.sql.batch.Batch;

/// Told of rows whose expressions could not be computed (division by zero, a failed cast, …).
@FunctionalInterface
public interface RowErrors {
    /// @param row physical row in `in`
    /// @param cause what happened; its message says why
    void failed(Batch in, int row, RuntimeException cause);
}
