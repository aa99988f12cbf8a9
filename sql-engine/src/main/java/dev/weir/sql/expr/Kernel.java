package dev.weir.sql.expr;

import dev.weir.sql.batch.Batch;

/// A filter and projection fused into one loop.
public interface Kernel {
    /// Appends to `out`, for each visible row of `in` that passes the filter, the projected columns
    /// with the row's weight and row time. A row whose expressions fail is reported and left out.
    void run(Batch in, Batch out, RowErrors errors);
}
