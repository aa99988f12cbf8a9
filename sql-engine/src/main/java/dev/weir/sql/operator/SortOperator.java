package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;

/// ORDER BY, OFFSET and LIMIT over the whole input.
public final class SortOperator implements Operator {
    public SortOperator(
            Schema schema,
            int[] columns,
            boolean[] descending,
            boolean[] nullsFirst,
            long offset,
            long limit,
            Output output) {}

    @Override
    public void accept(int input, Batch delta) {
        throw new IllegalStateException("being written");
    }

    @Override
    public void endStep() {
        throw new IllegalStateException("being written");
    }
}
