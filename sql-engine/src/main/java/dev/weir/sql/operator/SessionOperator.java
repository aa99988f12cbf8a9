package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.plan.AggregateCall;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.plan.SessionWindow;
import dev.weir.sql.state.OrderedState;

import java.util.Arrays;
import java.util.List;

/// GROUP BY with sessions: of the rows of a key, those that follow each other by no more than the
/// gap. The input never retracts.
///
/// During a step the rows make sessions of their own in memory. At its end each of them is merged
/// with what it is near to, of the step and of before; of every session that has changed the rows
/// before are retracted (-1) and the row after comes (+1). So the result of a step depends on which
/// rows it has, and not on their order.
///
/// Sessions may close: when the latest event time is more than the gap and the grace period after
/// their end. Then their row stays as it is, or comes only then, and what is kept of them is freed.
/// Rows are late, and are dropped and counted, when the session that they end up in had closed
/// before the step: a row that joins a session which is still open is not late.
///
/// ```
/// key   = the key's columns, as KeyCodec has them, which are the prefix;
///         end, 8 bytes, sign bit flipped; start, 8 bytes, sign bit flipped
/// value = the accumulators, as Groups has them
/// ```
public final class SessionOperator implements Operator {
    private static final int BATCH_ROWS = 4096;

    private final SessionWindow window;
    private final int timeColumn;
    private final OrderedState state;
    private final OrderedState.Cursor cursor;
    private final StreamTime time;
    private final Expiry expiry;
    private final RowErrors errors;
    private final Output output;
    private final KeyCodec keys;
    private final Accumulator[] accumulators;
    private final StepSessions sessions;
    private final int groupColumns;
    private final Batch out;
    private final Column[] keysOut;
    private final int[] numbers = new int[KeySlice.ROWS];
    private final ByteSink key = new ByteSink();
    private int[] mine = new int[16];
    private int[] absorbed = new int[16];
    private int absorbedCount;

    /// @param state keeps the open sessions
    /// @param time when sessions close, the time of all lanes; else null
    /// @param ends when sessions close, keeps them by their end; else null
    /// @param lane one of `lanes`, whose keys these are
    /// @param errors told of sums out of range; the row it gets is the output row
    public SessionOperator(
            PlanNode.Sessions plan,
            OrderedState state,
            StreamTime time,
            OrderedState ends,
            int lane,
            int lanes,
            RowErrors errors,
            Output output) {
        this.window = plan.window();
        this.timeColumn = plan.groupColumns()[window.start()];
        this.state = state;
        this.cursor = state.cursor();
        this.time = time;
        this.expiry = time == null ? null : new Expiry(ends, lane, lanes);
        this.errors = errors;
        this.output = output;
        this.groupColumns = plan.groupColumns().length;
        Schema in = plan.input().schema();
        this.keys = new KeyCodec(in, plan.keyColumns());
        List<AggregateCall> functions = plan.calls();
        this.accumulators = new Accumulator[functions.size()];
        AccumulatorFactory factory = new AccumulatorFactory(in, true, null);
        for (int i = 0; i < accumulators.length; i++) {
            accumulators[i] = factory.make(functions.get(i));
        }
        this.sessions = new StepSessions(factory.slots(), factory.parts());
        this.out = Batch.of(plan.schema());
        this.keysOut = Arrays.stream(plan.keyGroups()).mapToObj(out::column).toArray(Column[]::new);
    }

    static long plus(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }

    static long minus(long a, long b) {
        return a < Long.MIN_VALUE + b ? Long.MIN_VALUE : a - b;
    }

    @Override
    public void accept(int input, Batch delta) {
        int size = delta.size();
        for (int from = 0; from < size; from += KeySlice.ROWS) {
            int to = Math.min(size, from + KeySlice.ROWS);
            group(delta, from, to);
            for (Accumulator accumulator : accumulators) {
                accumulator.add(sessions, delta, from, to, numbers);
            }
        }
    }

    /// Finds the session of each row, and counts the row there.
    private void group(Batch delta, int from, int to) {
        long[] times = delta.longs(timeColumn).values();
        for (int i = from; i < to; i++) {
            int row = delta.row(i);
            long weight = delta.weight(row);
            if (weight < 0) {
                throw new IllegalStateException("retraction from an append-only input");
            }
            key.clear();
            keys.write(delta, row, key);
            int number =
                    sessions.take(
                            sessions.key(key.array(), 0, key.size()), times[row], window.gapMs());
            numbers[i - from] = number;
            addRows(number, weight, delta.rowTime(row));
        }
    }

    private void addRows(int number, long rows, long latest) {
        byte[] data = sessions.data(number);
        int at = sessions.at(number);
        Slots.setLong(data, at + Groups.ROWS, Slots.getLong(data, at + Groups.ROWS) + rows);
        if (Slots.getLong(data, at + Groups.TIME) < latest) {
            Slots.setLong(data, at + Groups.TIME, latest);
        }
    }

    @Override
    public void endStep() {
        int number = 0;
        while (number < sessions.keys()) {
            lock();
            try {
                int slice = Math.min(sessions.keys(), number + KeySlice.ROWS);
                for (; number < slice; number++) {
                    end(number);
                }
            } finally {
                unlock();
            }
            emit(BATCH_ROWS);
        }
        sessions.clear();
        if (time != null) {
            close();
        }
        emit(1);
    }

    private void emit(int least) {
        if (out.size() >= least) {
            output.emit(out);
            out.clear();
        }
    }

    private void lock() {
        state.lock();
        if (expiry != null) {
            expiry.lock();
        }
    }

    private void unlock() {
        if (expiry != null) {
            expiry.unlock();
        }
        state.unlock();
    }

    /// Merges the step's sessions of a key with each other and with those of before.
    private void end(int keyNumber) {
        mine = sessions.ofKey(keyNumber, mine);
        int next = 0;
        while (mine[next] >= 0) {
            int into = mine[next++];
            long start = sessions.start(into);
            long end = sessions.end(into);
            absorbedCount = 0;
            boolean more = false;
            do {
                for (;
                        mine[next] >= 0 && sessions.start(mine[next]) <= plus(end, window.gapMs());
                        next++) {
                    end = Math.max(end, sessions.end(mine[next]));
                    merge(into, mine[next]);
                }
                more = absorb(keyNumber, start, end);
                if (more) {
                    int last = absorbed[absorbedCount - 1];
                    start = Math.min(start, sessions.start(last));
                    end = Math.max(end, sessions.end(last));
                }
            } while (more);
            for (int i = 0; i < absorbedCount; i++) {
                merge(into, absorbed[i]);
            }
            if (time != null && end <= closed(time.now())) {
                time.dropped(Slots.getLong(sessions.data(into), sessions.at(into) + Groups.ROWS));
            } else {
                change(keyNumber, into, start, end);
            }
        }
    }

    /// Takes in the next session of before that is near, if there is one: they are apart from each
    /// other, so each comes after those taken in already.
    private boolean absorb(int keyNumber, long start, long end) {
        int prefix = sessions.keySize(keyNumber);
        boolean first = absorbedCount == 0;
        long from =
                first
                        ? minus(start, window.gapMs())
                        : sessions.end(absorbed[absorbedCount - 1]) + 1;
        if (!first && from == Long.MIN_VALUE) {
            return false;
        }
        setKey(keyNumber, from);
        cursor.seekFrom(key.array(), 0, prefix, key.size());
        if (!cursor.next()) {
            return false;
        }
        long itsEnd = Slots.getLong(cursor.keys(), cursor.keyOffset() + prefix) ^ Long.MIN_VALUE;
        long itsStart =
                Slots.getLong(cursor.keys(), cursor.keyOffset() + prefix + Long.BYTES)
                        ^ Long.MIN_VALUE;
        if (itsStart > plus(end, window.gapMs())) {
            return false;
        }
        if (absorbedCount == absorbed.length) {
            absorbed = Arrays.copyOf(absorbed, 2 * absorbedCount);
        }
        absorbed[absorbedCount++] =
                sessions.add(
                        itsStart,
                        itsEnd,
                        cursor.values(),
                        cursor.valueOffset(),
                        cursor.valueLength());
        return true;
    }

    private void merge(int into, int number) {
        byte[] data = sessions.data(number);
        int at = sessions.at(number);
        addRows(into, Slots.getLong(data, at + Groups.ROWS), Slots.getLong(data, at + Groups.TIME));
        for (Accumulator accumulator : accumulators) {
            accumulator.merge(sessions, into, number);
        }
    }

    /// A session comes in the place of those that it has taken in.
    private void change(int keyNumber, int number, long start, long end) {
        boolean isThere =
                absorbedCount == 1
                        && sessions.start(absorbed[0]) == start
                        && sessions.end(absorbed[0]) == end;
        if (!window.isFinal() && !(isThere && same(absorbed[0], number))) {
            boolean wasInRange = true;
            for (int i = 0; i < absorbedCount; i++) {
                int gone = absorbed[i];
                wasInRange &=
                        write(
                                sessions.keyBytes(),
                                sessions.keyStart(keyNumber),
                                sessions.start(gone),
                                sessions.end(gone),
                                sessions.data(gone),
                                sessions.at(gone),
                                -1);
            }
            boolean inRange =
                    write(
                            sessions.keyBytes(),
                            sessions.keyStart(keyNumber),
                            start,
                            end,
                            sessions.data(number),
                            sessions.at(number),
                            1);
            report(inRange || !wasInRange);
        }
        int prefix = sessions.keySize(keyNumber);
        if (!isThere) {
            for (int i = 0; i < absorbedCount; i++) {
                setKey(keyNumber, sessions.end(absorbed[i]));
                key.putLong(sessions.start(absorbed[i]) ^ Long.MIN_VALUE);
                state.erase(state.find(key.array(), 0, prefix, key.size()));
                if (expiry != null) {
                    expiry.remove(sessions.end(absorbed[i]), key.array(), 0, prefix);
                }
            }
            if (expiry != null) {
                expiry.add(end, sessions.keyBytes(), sessions.keyStart(keyNumber), prefix);
            }
        }
        setKey(keyNumber, end);
        key.putLong(start ^ Long.MIN_VALUE);
        state.put(
                key.array(),
                0,
                prefix,
                key.size(),
                sessions.data(number),
                sessions.at(number),
                sessions.length(number));
    }

    /// The scratch key becomes a key and an end.
    private void setKey(int keyNumber, long end) {
        key.clear();
        key.put(sessions.keyBytes(), sessions.keyStart(keyNumber), sessions.keySize(keyNumber));
        key.putLong(end ^ Long.MIN_VALUE);
    }

    private boolean same(int before, int after) {
        for (Accumulator accumulator : accumulators) {
            if (!accumulator.same(
                    sessions,
                    sessions.data(before),
                    sessions.at(before),
                    sessions.data(after),
                    sessions.at(after))) {
                return false;
            }
        }
        return true;
    }

    private boolean write(
            byte[] keyBytes, int keyStart, long start, long end, byte[] data, int at, long weight) {
        keys.read(keyBytes, keyStart, keysOut);
        ((LongColumn) out.column(window.start())).append(start);
        ((LongColumn) out.column(window.end())).append(end);
        boolean inRange = true;
        for (int i = 0; i < accumulators.length; i++) {
            inRange &= accumulators[i].write(sessions, data, at, out.column(groupColumns + i));
        }
        out.endRow(weight, Slots.getLong(data, at + Groups.TIME));
        return inRange;
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

    /// Sessions that end then or before are over at a time: a row of that time is too far from
    /// them, and the grace period has passed as well.
    private long closed(long now) {
        return minus(now, window.gapMs() + window.graceMs() + 1);
    }

    /// Forgets the sessions that are over; final rows are emitted now.
    private void close() {
        long through = closed(time.latest());
        int count;
        do {
            lock();
            try {
                count = expiry.take(through);
                for (int i = 0; i < count; i++) {
                    close(expiry.takenAt(i), expiry.takenLength(i), expiry.takenEnd(i));
                }
            } finally {
                unlock();
            }
            emit(BATCH_ROWS);
        } while (count > 0);
    }

    private void close(int keyAt, int keyLength, long end) {
        key.clear();
        key.put(expiry.taken(), keyAt, keyLength);
        key.putLong(end ^ Long.MIN_VALUE);
        cursor.seek(key.array(), 0, keyLength, key.size());
        if (!cursor.next()) {
            throw new IllegalStateException("a session that ends is not there");
        }
        long start =
                Slots.getLong(cursor.keys(), cursor.keyOffset() + keyLength + Long.BYTES)
                        ^ Long.MIN_VALUE;
        if (window.isFinal()) {
            report(
                    write(
                            cursor.keys(),
                            cursor.keyOffset(),
                            start,
                            end,
                            cursor.values(),
                            cursor.valueOffset(),
                            1));
        }
        key.putLong(start ^ Long.MIN_VALUE);
        state.erase(state.find(key.array(), 0, keyLength, key.size()));
    }
}
