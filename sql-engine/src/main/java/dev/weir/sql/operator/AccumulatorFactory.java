package dev.weir.sql.operator;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.plan.AggregateCall;
import dev.weir.sql.state.OrderedState;

/// Makes the accumulators of one aggregate, and gives each its place in a group.
final class AccumulatorFactory {
    private final Schema in;
    private final boolean appendOnly;
    private final OrderedState values;
    private int slots;
    private int parts;
    private int functions;

    /// @param appendOnly whether rows are never taken back
    /// @param values keeps the values of functions that need them counted
    AccumulatorFactory(Schema in, boolean appendOnly, OrderedState values) {
        this.in = in;
        this.appendOnly = appendOnly;
        this.values = values;
    }

    /// Slots of all accumulators so far.
    int slots() {
        return slots;
    }

    /// Parts of variable size of all accumulators so far.
    int parts() {
        return parts;
    }

    Accumulator make(AggregateCall function) {
        int number = functions++;
        boolean distinct = function.options().distinct();
        return switch (function.kind()) {
            case COUNT, SUM, AVG, VAR_POP, VAR_SAMP, STDDEV_POP, STDDEV_SAMP ->
                    distinct
                            ? new Distinct(
                                    function,
                                    in,
                                    counts(number, function, false),
                                    number(Distinct.inner(function), Distinct.only(in, function)))
                            : number(function, in);
            case CORRELATION -> new Moments(function, take(Moments.SLOTS), parts++);
            case MIN, MAX -> extreme(function, number);
            case EARLIEST, LATEST -> Listed.of(function, parts++, in, null);
            case COLLECT, TOP, JOIN ->
                    Listed.of(
                            function,
                            parts++,
                            in,
                            appendOnly
                                    ? null
                                    : counts(number, function, Listed.isDescending(function)));
            case HISTOGRAM -> Listed.of(function, parts++, in, counts(number, function, false));
        };
    }

    private int take(int count) {
        int slot = Groups.SLOTS + 8 * slots;
        slots += count;
        return slot;
    }

    private ValueCounts counts(int number, AggregateCall function, boolean descending) {
        return new ValueCounts(values, number, in, function.argument(), descending);
    }

    private Accumulator number(AggregateCall function, Schema schema) {
        SqlType.Layout layout = layout(function, schema);
        return switch (function.kind()) {
            case COUNT ->
                    function.argument() < 0 && function.filter() < 0
                            ? new Accumulator.CountRows(function)
                            : new Accumulator.Count(function, take(1));
            case SUM, AVG ->
                    switch (layout) {
                        case LONG -> new Accumulator.LongSum(function, take(3));
                        case DOUBLE -> new Accumulator.DoubleSum(function, take(2));
                        case OBJECT -> new Accumulator.DecimalSum(function, take(1), parts++);
                        case BYTES ->
                                throw new IllegalArgumentException(function.kind() + " of text");
                    };
            default -> new Moments(function, take(Moments.SLOTS), parts++);
        };
    }

    private Accumulator extreme(AggregateCall function, int number) {
        if (appendOnly && layout(function, in) == SqlType.Layout.LONG) {
            return new Accumulator.LongExtreme(function, take(2));
        }
        return new Accumulator.KeyExtreme(
                function,
                parts++,
                in,
                appendOnly
                        ? null
                        : counts(number, function, function.kind() == AggregateCall.Kind.MAX));
    }

    private static SqlType.Layout layout(AggregateCall function, Schema schema) {
        return function.argument() < 0
                ? SqlType.Layout.LONG
                : schema.type(function.argument()).layout();
    }
}
