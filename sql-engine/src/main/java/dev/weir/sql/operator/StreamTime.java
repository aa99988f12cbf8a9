package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.state.PointState;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/// How far the event time of an operator's input has come: what its lanes have of each other.
///
/// Within a step [#now] stands still: it is the latest event time of all steps before. Rows of a
/// step come in the order of their event time, so whether a row is late is decided by [#now] alone,
/// however the step's rows are dealt to lanes and whichever comes first.
///
/// One object for all lanes of an operator. Any lane calls [#now] and [#observe] during a step; one
/// thread calls [#endStep] after all operators of the step have ended. Its point state, the first
/// lane's, holds the time, so checkpoints keep it.
public final class StreamTime {
    /// What [#now] is before anything has come.
    public static final long NONE = Long.MIN_VALUE;

    /// Of the first shard, which the first lane keeps.
    private static final byte[] KEY = Expiry.prefix(0);

    private final PointState state;
    private final AtomicLong latest;
    private final LongAdder late = new LongAdder();
    private volatile long now;

    /// @param state of the first lane, not versioned; holds nothing else
    public StreamTime(PointState state) {
        this.state = state;
        state.lock();
        try {
            int entry = state.find(KEY, 0, KEY.length);
            now =
                    entry == PointState.NONE
                            ? NONE
                            : Slots.getLong(state.bytes(entry), state.valueOffset(entry));
        } finally {
            state.unlock();
        }
        latest = new AtomicLong(now);
    }

    /// The latest event time, in milliseconds, of all steps before this one; NONE when there was
    /// none.
    public long now() {
        return now;
    }

    /// The latest event time so far, this step's included: complete once all lanes have observed
    /// the step's rows, which they do before an exchange.
    public long latest() {
        return latest.get();
    }

    /// Counts a row that came too late.
    public void dropped() {
        late.increment();
    }

    /// Counts rows that came too late.
    public void dropped(long rows) {
        late.add(rows);
    }

    /// How many rows came too late since the start of the server.
    public long late() {
        return late.sum();
    }

    /// Takes note of a row's event time; it counts from the next step on.
    public void observe(long rowTime) {
        if (rowTime > latest.get()) {
            latest.accumulateAndGet(rowTime, Math::max);
        }
    }

    /// Takes note of all visible rows of a batch, retracted ones too.
    public void observe(Batch delta) {
        long[] times = delta.rowTimes().values();
        long last = NONE;
        for (int i = 0; i < delta.size(); i++) {
            last = Math.max(last, times[delta.row(i)]);
        }
        observe(last);
    }

    /// Ends the step: what has been observed is the time of the next one.
    public void endStep() {
        long last = latest.get();
        if (last == now) {
            return;
        }
        now = last;
        byte[] value = new byte[Long.BYTES];
        Slots.setLong(value, 0, last);
        state.lock();
        try {
            state.set(state.entry(KEY, 0, KEY.length, value.length), value, 0, value.length);
        } finally {
            state.unlock();
        }
    }
}
