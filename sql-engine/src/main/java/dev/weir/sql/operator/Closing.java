package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.plan.WindowClose;
import dev.weir.sql.state.OrderedState;

import java.util.stream.IntStream;

/// The windows that an aggregate groups by close: it drops late rows and tells which groups are
/// over. Belongs to one lane; the time is all lanes'.
public final class Closing {
    private final WindowClose close;
    private final StreamTime time;
    private final Expiry expiry;
    private int[] kept = new int[1024];

    /// @param open the lane's; keeps the open groups by their end
    public Closing(WindowClose close, StreamTime time, OrderedState open, int lane, int lanes) {
        this.close = close;
        this.time = time;
        this.expiry = new Expiry(open, lane, lanes);
    }

    boolean isFinal() {
        return close.isFinal();
    }

    /// Which of the group columns is the end of the window.
    int endOf(int[] groupColumns) {
        for (int i = 0; i < groupColumns.length; i++) {
            if (groupColumns[i] == close.endColumn()) {
                return i;
            }
        }
        throw new IllegalStateException("the end of the window is not among the groups");
    }

    Expiry expiry() {
        return expiry;
    }

    /// The rows that do not come too late: a row is late when its window had closed before the
    /// step.
    Batch timely(Batch delta) {
        long closed = closed(time.now());
        LongColumn ends = delta.longs(close.endColumn());
        if (kept.length < delta.size()) {
            kept = new int[delta.size()];
        }
        int count = 0;
        for (int i = 0; i < delta.size(); i++) {
            int row = delta.row(i);
            if (ends.isNull(row) || ends.get(row) > closed) {
                kept[count++] = row;
            } else {
                time.dropped();
            }
        }
        if (count == delta.size()) {
            return delta;
        }
        Batch timely =
                delta.view(delta.schema(), IntStream.range(0, delta.schema().size()).toArray());
        timely.select(kept, count);
        return timely;
    }

    /// Windows that end then or before are over with this step.
    long closed() {
        return closed(time.latest());
    }

    private long closed(long now) {
        return now < Long.MIN_VALUE + close.graceMs() ? Long.MIN_VALUE : now - close.graceMs();
    }
}
