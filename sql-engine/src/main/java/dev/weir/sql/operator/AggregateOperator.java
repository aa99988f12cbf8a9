package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.plan.AggregateCall;
import dev.weir.sql.state.OrderedState;
import dev.weir.sql.state.PointState;

import java.util.List;

/// GROUP BY with the functions of [AggregateCall].
///
/// A group has a row while the sum of its rows' weights is not zero; the aggregate of everything
/// (no group columns) has one from its first input on, or from its first step on. At the end of a
/// step every touched group whose row has changed emits the row before (-1) and the row after (+1),
/// in the order of first touch. Row time is the latest of all rows the group has ever had.
///
/// Groups that are windows may close: then their row stays as it is, or comes only then, and what
/// is kept of them is freed. Rows that come later are dropped and counted.
///
/// A SUM out of range of its type is NULL until it comes back into range; it is reported when it
/// leaves it.
public final class AggregateOperator implements Operator {
    private static final int BATCH_ROWS = 4096;

    private final boolean global;
    private final boolean rowWhenEmpty;
    private final boolean appendOnly;
    private final OrderedState extremes;
    private final Closing closing;
    private final int endColumn;
    private final RowErrors errors;
    private final Output output;
    private final StoredGroups groups;
    private final KeyCodec keys;
    private final KeySlice keySlice;
    private final Accumulator[] accumulators;
    private final int groupColumns;
    private final int[] numbers = new int[KeySlice.ROWS];
    private final Batch out;
    private final Batch bounds;
    private boolean started;

    /// @param appendOnly whether the input never retracts: MIN and MAX then keep the extreme only,
    ///   and lists are in the order in which values come
    /// @param rowWhenEmpty whether an aggregate of everything has a row before it has any input
    /// @param groups not versioned; keeps the accumulators
    /// @param extremes keeps values with their counts, for functions that need them
    /// @param closing when groups are windows that close, of an input that never retracts; else
    ///   null
    /// @param errors told of sums out of range; the row it gets is the output row
    public AggregateOperator(
            Schema in,
            int[] groupColumns,
            List<AggregateCall> functions,
            Schema outSchema,
            boolean appendOnly,
            boolean rowWhenEmpty,
            PointState groups,
            OrderedState extremes,
            Closing closing,
            RowErrors errors,
            Output output) {
        this.global = groupColumns.length == 0;
        this.rowWhenEmpty = rowWhenEmpty && global;
        this.appendOnly = appendOnly;
        this.extremes = extremes;
        this.closing = closing;
        this.endColumn = closing == null ? -1 : closing.endOf(groupColumns);
        this.errors = errors;
        this.output = output;
        this.groupColumns = groupColumns.length;
        this.keys = new KeyCodec(in, groupColumns);
        this.keySlice = new KeySlice(keys, groups);
        this.accumulators = new Accumulator[functions.size()];
        AccumulatorFactory factory = new AccumulatorFactory(in, appendOnly, extremes);
        for (int i = 0; i < accumulators.length; i++) {
            accumulators[i] = factory.make(functions.get(i));
        }
        this.groups = new StoredGroups(groups, factory.slots(), factory.parts());
        this.out = Batch.of(outSchema);
        this.bounds = Batch.of(outSchema);
    }

    @Override
    public void accept(int input, Batch all) {
        if (all.isEmpty()) {
            return;
        }
        Batch delta = closing == null ? all : closing.timely(all);
        int size = delta.size();
        lock();
        try {
            for (int from = 0; from < size; from += KeySlice.ROWS) {
                int to = Math.min(size, from + KeySlice.ROWS);
                group(delta, from, to);
                for (Accumulator accumulator : accumulators) {
                    accumulator.add(groups, delta, from, to, numbers);
                }
                groups.state.breathe();
                extremes.breathe();
            }
        } finally {
            unlock();
        }
    }

    private void lock() {
        groups.state.lock();
        extremes.lock();
        if (closing != null) {
            closing.expiry().lock();
        }
    }

    private void unlock() {
        if (closing != null) {
            closing.expiry().unlock();
        }
        extremes.unlock();
        groups.state.unlock();
    }

    /// Finds the group of each row, and counts the row there.
    private void group(Batch delta, int from, int to) {
        long[] weights = delta.weights().values();
        long[] times = delta.rowTimes().values();
        keySlice.load(delta, from, to);
        int last = -1;
        int number = 0;
        for (int i = from; i < to; i++) {
            int key = keySlice.key(i - from);
            if (key != last) {
                last = key;
                number = groups.number(keySlice, key);
            }
            numbers[i - from] = number;
            int row = delta.row(i);
            long weight = weights[row];
            if (weight < 0 && appendOnly) {
                throw new IllegalStateException("retraction from an append-only input");
            }
            byte[] data = groups.data(number);
            int at = groups.at(number);
            Slots.setLong(data, at + Groups.ROWS, Slots.getLong(data, at + Groups.ROWS) + weight);
            if (Slots.getLong(data, at + Groups.TIME) < times[row]) {
                Slots.setLong(data, at + Groups.TIME, times[row]);
            }
        }
    }

    @Override
    public void endStep() {
        if (!started && rowWhenEmpty) {
            lock();
            try {
                groups.everything();
            } finally {
                unlock();
            }
        }
        started = true;
        int number = 0;
        while (number < groups.size()) {
            lock();
            try {
                int slice = Math.min(groups.size(), number + KeySlice.ROWS);
                groups.announce(number, slice);
                for (; number < slice; number++) {
                    end(number);
                }
            } finally {
                unlock();
            }
            if (out.size() >= BATCH_ROWS) {
                output.emit(out);
                out.clear();
            }
        }
        groups.clear();
        if (closing != null) {
            close();
        }
        if (!out.isEmpty()) {
            output.emit(out);
            out.clear();
        }
    }

    /// Forgets the windows that are over; final rows are emitted now.
    private void close() {
        Expiry expiry = closing.expiry();
        long through = closing.closed();
        int count;
        do {
            lock();
            try {
                count = expiry.take(through);
                for (int i = 0; i < count; i++) {
                    int number =
                            groups.find(expiry.taken(), expiry.takenAt(i), expiry.takenLength(i));
                    if (closing.isFinal()) {
                        report(write(number, groups.data(number), groups.at(number), 1));
                    }
                    erase(number);
                }
                groups.clear();
            } finally {
                unlock();
            }
            if (out.size() >= BATCH_ROWS) {
                output.emit(out);
                out.clear();
            }
        } while (count > 0);
    }

    private void end(int number) {
        for (Accumulator accumulator : accumulators) {
            accumulator.refresh(groups, number);
        }
        byte[] data = groups.data(number);
        int at = groups.at(number);
        byte[] images = groups.images();
        int imageAt = groups.imageAt(number);
        boolean was = groups.wasThere(number);
        boolean is = global || Slots.getLong(data, at + Groups.ROWS) != 0;
        if (closing != null && !was && is) {
            open(number);
        }
        if (closing != null && closing.isFinal()) {
            return;
        }
        if (was && is && same(images, imageAt, data, at)) {
            return;
        }
        boolean wasInRange = true;
        if (was) {
            wasInRange = write(number, images, imageAt, -1);
        }
        if (!is) {
            erase(number);
        } else {
            report(write(number, data, at, 1) || !wasInRange);
        }
    }

    private void open(int number) {
        byte[] data = groups.data(number);
        int at = groups.keyAt(number);
        bounds.clear();
        keys.read(data, at, bounds);
        bounds.endRow(1, 0);
        closing.expiry().add(bounds.longs(endColumn).get(0), data, at, groups.keyLength(number));
    }

    private void report(boolean inRange) {
        if (!inRange) {
            errors.failed(
                    out,
                    out.size() - 1,
                    new SqlException(
                            SqlState.NUMERIC_OUT_OF_RANGE,
                            null,
                            "sum is out of range of its type",
                            "Cast the argument to DOUBLE or to a DECIMAL of more digits."));
        }
    }

    private void erase(int number) {
        for (Accumulator accumulator : accumulators) {
            accumulator.erase(groups, number);
        }
        groups.erase(number);
    }

    private boolean same(byte[] a, int aAt, byte[] b, int bAt) {
        for (Accumulator accumulator : accumulators) {
            if (!accumulator.same(groups, a, aAt, b, bAt)) {
                return false;
            }
        }
        return true;
    }

    private boolean write(int number, byte[] data, int at, long weight) {
        keys.read(groups.data(number), groups.keyAt(number), out);
        boolean inRange = true;
        for (int i = 0; i < accumulators.length; i++) {
            inRange &= accumulators[i].write(groups, data, at, out.column(groupColumns + i));
        }
        long time = Slots.getLong(data, at + Groups.TIME);
        out.endRow(weight, time == Long.MIN_VALUE ? 0 : time);
        return inRange;
    }
}
