package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;

/// Where an operator sends its delta: the operators and sinks behind it.
@FunctionalInterface
public interface Output {
    /// The batch is valid during the call only.
    void emit(Batch delta);
}
