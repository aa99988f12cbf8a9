package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.plan.AggregateCall;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;

/// Variances, standard deviations and correlation, from exact sums: of the values, of their
/// squares, and for a correlation of the second argument, of its squares and of the products. So
/// the order of rows never matters, nor does it leave a trace when a row is taken back; a running
/// mean would drift.
///
/// Two slots: number of values, how many of them are infinite or no number; a part of variable
/// size: each sum as scale (4 bytes), length (4 bytes), unscaled value.
final class Moments extends Accumulator {
    static final int SLOTS = 2;

    private final int part;
    private final boolean correlation;
    private final ByteSink bytes = new ByteSink();

    Moments(AggregateCall function, int slot, int part) {
        super(function, slot);
        this.part = part;
        this.correlation = function.kind() == AggregateCall.Kind.CORRELATION;
    }

    @Override
    void add(Groups groups, Batch in, int from, int to, int[] numbers) {
        Column first = in.column(function.argument());
        Column second = correlation ? in.column(function.second()) : null;
        for (int i = from; i < to; i++) {
            int row = in.row(i);
            if (!takes(in, row) || (correlation && second.isNull(row))) {
                continue;
            }
            int number = numbers[i - from];
            long weight = in.weight(row);
            count(groups, number, slot, weight);
            if (!isFinite(first, row) || (correlation && !isFinite(second, row))) {
                count(groups, number, slot + 8, weight);
                continue;
            }
            BigDecimal times = BigDecimal.valueOf(weight);
            BigDecimal x = number(first, row);
            BigDecimal[] sums = sums(groups, groups.data(number), groups.at(number));
            sums[0] = sums[0].add(x.multiply(times));
            sums[1] = sums[1].add(x.multiply(x).multiply(times));
            if (correlation) {
                BigDecimal y = number(second, row);
                sums[2] = sums[2].add(y.multiply(times));
                sums[3] = sums[3].add(y.multiply(y).multiply(times));
                sums[4] = sums[4].add(x.multiply(y).multiply(times));
            }
            store(groups, number, sums);
        }
    }

    private static void count(Groups groups, int number, int slot, long weight) {
        byte[] data = groups.data(number);
        int at = groups.at(number) + slot;
        Slots.setLong(data, at, Slots.getLong(data, at) + weight);
    }

    private static boolean isFinite(Column column, int row) {
        return !(column instanceof DoubleColumn doubles) || Double.isFinite(doubles.get(row));
    }

    private static BigDecimal number(Column column, int row) {
        return switch (column) {
            case LongColumn longs -> BigDecimal.valueOf(longs.get(row));
            case DoubleColumn doubles -> new BigDecimal(doubles.get(row));
            case ObjectColumn objects -> (BigDecimal) objects.get(row);
            default -> throw new IllegalStateException("a variance of " + column);
        };
    }

    private BigDecimal[] sums(Groups groups, byte[] data, int at) {
        BigDecimal[] sums = new BigDecimal[correlation ? 5 : 2];
        int from = groups.variable(data, at, part);
        int next = from + 4;
        for (int i = 0; i < sums.length; i++) {
            if (Slots.getInt(data, from) < 0) {
                sums[i] = BigDecimal.ZERO;
                continue;
            }
            int length = Slots.getInt(data, next + 4);
            sums[i] =
                    new BigDecimal(
                            new BigInteger(data, next + 8, length), Slots.getInt(data, next));
            next += 8 + length;
        }
        return sums;
    }

    private void store(Groups groups, int number, BigDecimal[] sums) {
        bytes.clear();
        for (BigDecimal sum : sums) {
            // So that equal sums have equal bytes.
            BigDecimal plain = sum.signum() == 0 ? BigDecimal.ZERO : sum.stripTrailingZeros();
            byte[] unscaled = plain.unscaledValue().toByteArray();
            bytes.putInt(plain.scale());
            bytes.putInt(unscaled.length);
            bytes.put(unscaled);
        }
        groups.setVariable(number, part, bytes.array(), 0, bytes.size());
    }

    @Override
    void merge(Groups groups, int into, int number) {
        BigDecimal[] sums = sums(groups, groups.data(into), groups.at(into));
        byte[] data = groups.data(number);
        int at = groups.at(number);
        BigDecimal[] more = sums(groups, data, at);
        for (int i = 0; i < sums.length; i++) {
            sums[i] = sums[i].add(more[i]);
        }
        count(groups, into, slot, Slots.getLong(data, at + slot));
        count(groups, into, slot + 8, Slots.getLong(data, at + slot + 8));
        store(groups, into, sums);
    }

    @Override
    boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
        return Slots.getLong(a, aAt + slot) == Slots.getLong(b, bAt + slot)
                && Slots.getLong(a, aAt + slot + 8) == Slots.getLong(b, bAt + slot + 8)
                && groups.sameVariable(a, aAt, b, bAt, part);
    }

    @Override
    boolean write(Groups groups, byte[] data, int at, Column out) {
        long count = Slots.getLong(data, at + slot);
        boolean sample =
                function.kind() == AggregateCall.Kind.VAR_SAMP
                        || function.kind() == AggregateCall.Kind.STDDEV_SAMP;
        if (count < (sample ? 2 : 1)) {
            out.appendNull();
            return true;
        }
        double value =
                Slots.getLong(data, at + slot + 8) != 0
                        ? Double.NaN
                        : value(sums(groups, data, at), count, sample);
        if (correlation && Double.isNaN(value)) {
            out.appendNull();
        } else {
            ((DoubleColumn) out).append(value);
        }
        return true;
    }

    private double value(BigDecimal[] sums, long count, boolean sample) {
        BigDecimal n = BigDecimal.valueOf(count);
        BigDecimal squares = n.multiply(sums[1]).subtract(sums[0].multiply(sums[0]));
        if (correlation) {
            BigDecimal others = n.multiply(sums[3]).subtract(sums[2].multiply(sums[2]));
            BigDecimal products = n.multiply(sums[4]).subtract(sums[0].multiply(sums[2]));
            BigDecimal root = squares.multiply(others).sqrt(MathContext.DECIMAL128);
            // One of the two is the same in all rows.
            return root.signum() == 0
                    ? Double.NaN
                    : products.divide(root, MathContext.DECIMAL128).doubleValue();
        }
        BigDecimal variance =
                squares.divide(
                        n.multiply(sample ? n.subtract(BigDecimal.ONE) : n),
                        MathContext.DECIMAL128);
        boolean deviation =
                function.kind() == AggregateCall.Kind.STDDEV_POP
                        || function.kind() == AggregateCall.Kind.STDDEV_SAMP;
        return (deviation ? variance.sqrt(MathContext.DECIMAL128) : variance).doubleValue();
    }
}
