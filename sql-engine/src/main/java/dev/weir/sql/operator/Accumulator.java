package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.plan.AggregateCall;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;

/// What one aggregate function keeps of a group: some slots of 8 bytes, and for some a part of
/// variable size. The value is a function of what is kept, so that the rows before and after a step
/// can both be made from bytes.
abstract class Accumulator {
    final AggregateCall function;

    /// Offset of the first slot.
    final int slot;

    private final boolean mayBeNull;

    Accumulator(AggregateCall function, int slot) {
        this.function = function;
        this.slot = slot;
        this.mayBeNull = function.argument() >= 0 && !function.options().nulls();
    }

    /// Adds rows `from` to `to` of a batch.
    ///
    /// @param numbers the group of each, starting with row `from`
    abstract void add(Groups groups, Batch in, int from, int to, int[] numbers);

    /// Brings a group's value up to date at the end of a step.
    void refresh(Groups groups, int number) {}

    /// Adds what another group has: that group is not used any more. Only for inputs that never
    /// retract.
    void merge(Groups groups, int into, int number) {
        throw new IllegalStateException(function.kind() + " cannot be merged");
    }

    /// Forgets what is kept of a group elsewhere than in the group. Without retractions it may be
    /// more than nothing.
    void erase(Groups groups, int number) {}

    /// Whether two groups have the same value. May say no although they have.
    abstract boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt);

    /// Appends the value.
    ///
    /// @return false when it is out of range of its type and NULL was written instead
    abstract boolean write(Groups groups, byte[] data, int at, Column out);

    /// Whether neither filter nor NULLs keep any row of a batch away.
    final boolean takesAll(Batch in) {
        return function.filter() < 0 && (!mayBeNull || in.column(function.argument()).hasNoNulls());
    }

    /// Whether a row passes the filter and has an argument.
    final boolean takes(Batch in, int row) {
        int filter = function.filter();
        if (filter >= 0) {
            LongColumn passes = in.longs(filter);
            if (passes.isNull(row) || passes.get(row) == 0) {
                return false;
            }
        }
        return !mayBeNull || !in.column(function.argument()).isNull(row);
    }

    /// COUNT. One slot.
    static final class Count extends Accumulator {
        Count(AggregateCall function, int slot) {
            super(function, slot);
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            boolean all = takesAll(in);
            long[] weights = in.weights().values();
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (all || takes(in, row)) {
                    int number = numbers[i - from];
                    byte[] data = groups.data(number);
                    int at = groups.at(number) + slot;
                    Slots.setLong(data, at, Slots.getLong(data, at) + weights[row]);
                }
            }
        }

        @Override
        void merge(Groups groups, int into, int number) {
            byte[] from = groups.data(number);
            byte[] data = groups.data(into);
            Slots.add(data, groups.at(into) + slot, from, groups.at(number) + slot);
        }

        @Override
        boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
            return Slots.getLong(a, aAt + slot) == Slots.getLong(b, bAt + slot);
        }

        @Override
        boolean write(Groups groups, byte[] data, int at, Column out) {
            ((LongColumn) out).append(Slots.getLong(data, at + slot));
            return true;
        }
    }

    /// COUNT(*) without a filter: the number of rows every group keeps. No slot.
    static final class CountRows extends Accumulator {
        CountRows(AggregateCall function) {
            super(function, Groups.ROWS);
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {}

        @Override
        void merge(Groups groups, int into, int number) {
            // The groups add up their rows themselves.
        }

        @Override
        boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
            return Slots.getLong(a, aAt + slot) == Slots.getLong(b, bAt + slot);
        }

        @Override
        boolean write(Groups groups, byte[] data, int at, Column out) {
            ((LongColumn) out).append(Slots.getLong(data, at + slot));
            return true;
        }
    }

    /// SUM and AVG of whole numbers, summed in 128 bits: the order of rows never matters, and a sum
    /// that was out of range comes back when rows are retracted. Three slots: high and low half,
    /// number of values.
    static final class LongSum extends Accumulator {
        LongSum(AggregateCall function, int slot) {
            super(function, slot);
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            boolean all = takesAll(in);
            long[] weights = in.weights().values();
            long[] values = in.longs(function.argument()).values();
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (all || takes(in, row)) {
                    int number = numbers[i - from];
                    byte[] data = groups.data(number);
                    int at = groups.at(number) + slot;
                    long weight = weights[row];
                    long low = values[row] * weight;
                    long sum = Slots.getLong(data, at + 8) + low;
                    long high =
                            Math.multiplyHigh(values[row], weight)
                                    + (Long.compareUnsigned(sum, low) < 0 ? 1 : 0);
                    Slots.setLong(data, at + 8, sum);
                    Slots.setLong(data, at, Slots.getLong(data, at) + high);
                    Slots.setLong(data, at + 16, Slots.getLong(data, at + 16) + weight);
                }
            }
        }

        @Override
        void merge(Groups groups, int into, int number) {
            byte[] from = groups.data(number);
            int more = groups.at(number) + slot;
            byte[] data = groups.data(into);
            int at = groups.at(into) + slot;
            long low = Slots.getLong(from, more + 8);
            long sum = Slots.getLong(data, at + 8) + low;
            Slots.setLong(data, at + 8, sum);
            Slots.add(data, at, from, more);
            if (Long.compareUnsigned(sum, low) < 0) {
                Slots.setLong(data, at, Slots.getLong(data, at) + 1);
            }
            Slots.add(data, at + 16, from, more + 16);
        }

        @Override
        boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
            int x = aAt + slot;
            int y = bAt + slot;
            long m = Slots.getLong(a, x + 16);
            long n = Slots.getLong(b, y + 16);
            boolean sameSum =
                    Slots.getLong(a, x) == Slots.getLong(b, y)
                            && Slots.getLong(a, x + 8) == Slots.getLong(b, y + 8);
            if (function.kind() == AggregateCall.Kind.SUM) {
                return (sameSum && (m == 0) == (n == 0))
                        || (function.type() == Primitive.BIGINT
                                && !fits(Slots.getLong(a, x), Slots.getLong(a, x + 8))
                                && !fits(Slots.getLong(b, y), Slots.getLong(b, y + 8)));
            }
            if (m == 0 || n == 0 || function.type() != Primitive.DOUBLE) {
                return sameSum && m == n;
            }
            return Double.compare(average(a, x, m), average(b, y, n)) == 0;
        }

        private static boolean fits(long high, long low) {
            return high == low >> 63;
        }

        private static double average(byte[] data, int at, long count) {
            long high = Slots.getLong(data, at);
            long low = Slots.getLong(data, at + 8);
            double sum = fits(high, low) ? low : wide(high, low).doubleValue();
            return sum / count;
        }

        private static BigInteger wide(long high, long low) {
            BigInteger unsignedLow = BigInteger.valueOf(low);
            if (low < 0) {
                unsignedLow = unsignedLow.add(BigInteger.ONE.shiftLeft(64));
            }
            return BigInteger.valueOf(high).shiftLeft(64).add(unsignedLow);
        }

        @Override
        boolean write(Groups groups, byte[] data, int at, Column out) {
            int base = at + slot;
            long count = Slots.getLong(data, base + 16);
            if (count == 0) {
                out.appendNull();
                return true;
            }
            long high = Slots.getLong(data, base);
            long low = Slots.getLong(data, base + 8);
            boolean average = function.kind() == AggregateCall.Kind.AVG;
            switch (out) {
                case DoubleColumn doubles ->
                        doubles.append(average(data, base, average ? count : 1));
                case LongColumn longs -> {
                    long value = low;
                    boolean inRange = fits(high, low);
                    if (average) {
                        BigInteger mean = wide(high, low).divide(BigInteger.valueOf(count));
                        value = mean.longValue();
                        inRange = mean.bitLength() < 64;
                    }
                    if (!inRange || (function.type() == Primitive.INT && value != (int) value)) {
                        longs.appendNull();
                        return false;
                    }
                    longs.append(value);
                }
                case ObjectColumn objects ->
                        objects.append(
                                scaled(
                                        new BigDecimal(wide(high, low)),
                                        average ? count : 1,
                                        function.type()));
                case BytesColumn _ -> throw new IllegalStateException("sum as bytes");
            }
            return true;
        }
    }

    private static BigDecimal scaled(BigDecimal sum, long count, SqlType type) {
        int scale = type instanceof SqlType.Decimal decimal ? decimal.scale() : sum.scale();
        return count == 1
                ? sum.setScale(scale, RoundingMode.HALF_UP)
                : sum.divide(BigDecimal.valueOf(count), scale, RoundingMode.HALF_UP);
    }

    /// SUM and AVG of doubles. Two slots: sum, number of values. A group that has lost all its
    /// values starts anew from zero.
    static final class DoubleSum extends Accumulator {
        DoubleSum(AggregateCall function, int slot) {
            super(function, slot);
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            boolean all = takesAll(in);
            long[] weights = in.weights().values();
            double[] values = in.doubles(function.argument()).values();
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (all || takes(in, row)) {
                    int number = numbers[i - from];
                    byte[] data = groups.data(number);
                    int at = groups.at(number) + slot;
                    long count = Slots.getLong(data, at + 8) + weights[row];
                    double sum =
                            count == 0
                                    ? 0
                                    : Double.longBitsToDouble(Slots.getLong(data, at))
                                            + values[row] * weights[row];
                    Slots.setLong(data, at, Double.doubleToRawLongBits(sum));
                    Slots.setLong(data, at + 8, count);
                }
            }
        }

        @Override
        void merge(Groups groups, int into, int number) {
            byte[] from = groups.data(number);
            int more = groups.at(number) + slot;
            byte[] data = groups.data(into);
            int at = groups.at(into) + slot;
            double sum =
                    Double.longBitsToDouble(Slots.getLong(data, at))
                            + Double.longBitsToDouble(Slots.getLong(from, more));
            Slots.setLong(data, at, Double.doubleToRawLongBits(sum));
            Slots.add(data, at + 8, from, more + 8);
        }

        @Override
        boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
            boolean aEmpty = Slots.getLong(a, aAt + slot + 8) == 0;
            boolean bEmpty = Slots.getLong(b, bAt + slot + 8) == 0;
            return aEmpty == bEmpty
                    && (aEmpty || Double.compare(value(a, aAt), value(b, bAt)) == 0);
        }

        private double value(byte[] data, int at) {
            double sum = Double.longBitsToDouble(Slots.getLong(data, at + slot));
            return function.kind() == AggregateCall.Kind.AVG
                    ? sum / Slots.getLong(data, at + slot + 8)
                    : sum;
        }

        @Override
        boolean write(Groups groups, byte[] data, int at, Column out) {
            if (Slots.getLong(data, at + slot + 8) == 0) {
                out.appendNull();
            } else {
                ((DoubleColumn) out).append(value(data, at));
            }
            return true;
        }
    }

    /// SUM and AVG of decimals. One slot: number of values; part of variable size: scale (4 bytes),
    /// unscaled sum.
    static final class DecimalSum extends Accumulator {
        private final int part;
        private final ByteSink scratch = new ByteSink();

        DecimalSum(AggregateCall function, int slot, int part) {
            super(function, slot);
            this.part = part;
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            ObjectColumn values = in.objects(function.argument());
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (!takes(in, row)) {
                    continue;
                }
                int number = numbers[i - from];
                long weight = in.weight(row);
                add(
                        groups,
                        number,
                        ((BigDecimal) values.get(row)).multiply(BigDecimal.valueOf(weight)),
                        weight);
            }
        }

        private void add(Groups groups, int number, BigDecimal value, long count) {
            byte[] data = groups.data(number);
            int at = groups.at(number);
            BigDecimal sum = sum(groups, data, at).add(value);
            Slots.setLong(data, at + slot, Slots.getLong(data, at + slot) + count);
            scratch.clear();
            scratch.putInt(sum.scale());
            scratch.put(sum.unscaledValue().toByteArray());
            groups.setVariable(number, part, scratch.array(), 0, scratch.size());
        }

        private BigDecimal sum(Groups groups, byte[] data, int at) {
            int from = groups.variable(data, at, part);
            int length = Slots.getInt(data, from);
            if (length < 0) {
                return BigDecimal.ZERO;
            }
            return new BigDecimal(
                    new BigInteger(data, from + 8, length - 4), Slots.getInt(data, from + 4));
        }

        @Override
        void merge(Groups groups, int into, int number) {
            byte[] from = groups.data(number);
            int at = groups.at(number);
            add(groups, into, sum(groups, from, at), Slots.getLong(from, at + slot));
        }

        @Override
        boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
            long m = Slots.getLong(a, aAt + slot);
            long n = Slots.getLong(b, bAt + slot);
            boolean average = function.kind() == AggregateCall.Kind.AVG;
            return (average ? m == n : (m == 0) == (n == 0))
                    && sum(groups, a, aAt).compareTo(sum(groups, b, bAt)) == 0;
        }

        @Override
        boolean write(Groups groups, byte[] data, int at, Column out) {
            long count = Slots.getLong(data, at + slot);
            if (count == 0) {
                out.appendNull();
                return true;
            }
            BigDecimal sum = sum(groups, data, at);
            boolean average = function.kind() == AggregateCall.Kind.AVG;
            if (out instanceof DoubleColumn doubles) {
                doubles.append(
                        average
                                ? sum.divide(BigDecimal.valueOf(count), MathContext.DECIMAL128)
                                        .doubleValue()
                                : sum.doubleValue());
                return true;
            }
            BigDecimal value = scaled(sum, average ? count : 1, function.type());
            if (function.type() instanceof SqlType.Decimal decimal
                    && value.precision() > decimal.precision()) {
                out.appendNull();
                return false;
            }
            ((ObjectColumn) out).append(value);
            return true;
        }
    }

    /// MIN and MAX of longs that are never retracted. Two slots: extreme, 1 once there is one.
    static final class LongExtreme extends Accumulator {
        private final boolean greatest;

        LongExtreme(AggregateCall function, int slot) {
            super(function, slot);
            this.greatest = function.kind() == AggregateCall.Kind.MAX;
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            boolean all = takesAll(in);
            long[] values = in.longs(function.argument()).values();
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (all || takes(in, row)) {
                    int number = numbers[i - from];
                    byte[] data = groups.data(number);
                    int at = groups.at(number) + slot;
                    long extreme = Slots.getLong(data, at);
                    long value = values[row];
                    if (Slots.getLong(data, at + 8) == 0
                            || (greatest ? value > extreme : value < extreme)) {
                        Slots.setLong(data, at, value);
                        Slots.setLong(data, at + 8, 1);
                    }
                }
            }
        }

        @Override
        void merge(Groups groups, int into, int number) {
            byte[] from = groups.data(number);
            int more = groups.at(number) + slot;
            byte[] data = groups.data(into);
            int at = groups.at(into) + slot;
            long value = Slots.getLong(from, more);
            long extreme = Slots.getLong(data, at);
            if (Slots.getLong(from, more + 8) != 0
                    && (Slots.getLong(data, at + 8) == 0
                            || (greatest ? value > extreme : value < extreme))) {
                Slots.setLong(data, at, value);
                Slots.setLong(data, at + 8, 1);
            }
        }

        @Override
        boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
            return Slots.getLong(a, aAt + slot) == Slots.getLong(b, bAt + slot)
                    && Slots.getLong(a, aAt + slot + 8) == Slots.getLong(b, bAt + slot + 8);
        }

        @Override
        boolean write(Groups groups, byte[] data, int at, Column out) {
            if (Slots.getLong(data, at + slot + 8) == 0) {
                out.appendNull();
            } else {
                ((LongColumn) out).append(Slots.getLong(data, at + slot));
            }
            return true;
        }
    }

    /// MIN and MAX of other types, or of rows that may be retracted. A part of variable size: the
    /// extreme as KeyCodec writes it; for MAX all bits flipped, so that the least bytes win. With
    /// retractions all values are kept, and the least of them is the extreme.
    static final class KeyExtreme extends Accumulator {
        private final int part;
        private final boolean greatest;
        private final KeyCodec codec;
        private final ValueCounts counts;
        private final ByteSink key = new ByteSink();

        /// @param counts null when nothing is retracted
        KeyExtreme(AggregateCall function, int part, Schema in, ValueCounts counts) {
            super(function, 0);
            this.part = part;
            this.greatest = function.kind() == AggregateCall.Kind.MAX;
            this.codec = new KeyCodec(in, new int[] {function.argument()});
            this.counts = counts;
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            boolean all = takesAll(in);
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (all || takes(in, row)) {
                    if (counts == null) {
                        keepLesser(groups, numbers[i - from], in, row);
                    } else {
                        counts.add(groups, numbers[i - from], in, row, in.weight(row));
                    }
                }
            }
        }

        private void keepLesser(Groups groups, int number, Batch in, int row) {
            key.clear();
            codec.write(in, row, key);
            if (greatest) {
                ValueCounts.flip(key.array(), 0, key.size());
            }
            keepLesser(groups, number);
        }

        /// Keeps the scratch key if it is less than what is kept.
        private void keepLesser(Groups groups, int number) {
            byte[] data = groups.data(number);
            int from = groups.variable(data, groups.at(number), part);
            int length = Slots.getInt(data, from);
            if (length < 0
                    || Arrays.compareUnsigned(
                                    key.array(), 0, key.size(), data, from + 4, from + 4 + length)
                            < 0) {
                groups.setVariable(number, part, key.array(), 0, key.size());
            }
        }

        @Override
        void refresh(Groups groups, int number) {
            if (counts == null) {
                return;
            }
            counts.seek(groups, number);
            if (counts.next()) {
                groups.setVariable(
                        number, part, counts.bytes(), counts.valueAt(), counts.valueLength());
            } else {
                groups.setVariable(number, part, key.array(), 0, -1);
            }
        }

        @Override
        void merge(Groups groups, int into, int number) {
            byte[] from = groups.data(number);
            int at = groups.variable(from, groups.at(number), part);
            int length = Slots.getInt(from, at);
            if (length >= 0) {
                key.clear();
                key.put(from, at + 4, length);
                keepLesser(groups, into);
            }
        }

        @Override
        boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
            return groups.sameVariable(a, aAt, b, bAt, part);
        }

        @Override
        boolean write(Groups groups, byte[] data, int at, Column out) {
            int from = groups.variable(data, at, part);
            int length = Slots.getInt(data, from);
            if (length < 0) {
                out.appendNull();
                return true;
            }
            key.clear();
            key.put(data, from + 4, length);
            if (greatest) {
                ValueCounts.flip(key.array(), 0, length);
            }
            codec.read(key.array(), 0, new Column[] {out});
            return true;
        }
    }
}
