package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.plan.AggregateCall;

import java.util.List;

/// A function of each value once: counts how often a value is there, and lets the function see only
/// that it came or went.
final class Distinct extends Accumulator {
    private final ValueCounts counts;
    private final Accumulator inner;
    private final Batch seen;
    private int[] seenNumbers = new int[KeySlice.ROWS];

    /// @param inner over a single column
    Distinct(AggregateCall function, Schema in, ValueCounts counts, Accumulator inner) {
        super(function, inner.slot);
        this.counts = counts;
        this.inner = inner;
        this.seen = Batch.of(only(in, function));
    }

    /// The one column that the inner function sees.
    static Schema only(Schema in, AggregateCall function) {
        return new Schema(List.of(new Field("value", in.type(function.argument()))));
    }

    /// The function to be applied to that column.
    static AggregateCall inner(AggregateCall function) {
        return new AggregateCall(
                function.kind(), 0, -1, -1, AggregateCall.Options.NONE, function.type());
    }

    @Override
    void add(Groups groups, Batch in, int from, int to, int[] numbers) {
        boolean all = takesAll(in);
        for (int i = from; i < to; i++) {
            int row = in.row(i);
            if (!all && !takes(in, row)) {
                continue;
            }
            int number = numbers[i - from];
            long weight = in.weight(row);
            long before = counts.add(groups, number, in, row, weight);
            boolean was = before > 0;
            boolean is = before + weight > 0;
            if (was != is) {
                seenNumbers[seen.size()] = number;
                seen.column(0).appendFrom(in.column(function.argument()), row);
                seen.endRow(is ? 1 : -1, in.rowTime(row));
            }
        }
        pass(groups);
    }

    private void pass(Groups groups) {
        inner.add(groups, seen, 0, seen.size(), seenNumbers);
        seen.clear();
    }

    @Override
    void refresh(Groups groups, int number) {
        inner.refresh(groups, number);
    }

    @Override
    void erase(Groups groups, int number) {
        counts.clear(groups, number);
    }

    @Override
    boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
        return inner.same(groups, a, aAt, b, bAt);
    }

    @Override
    boolean write(Groups groups, byte[] data, int at, Column out) {
        return inner.write(groups, data, at, out);
    }
}
