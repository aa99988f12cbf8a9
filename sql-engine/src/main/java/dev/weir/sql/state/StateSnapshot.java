package dev.weir.sql.state;

import java.util.function.LongConsumer;

/// Versioned states as of one published step. Used by one thread at a time, any thread.
///
/// Reads wait for the worker no longer than it takes it to come to [StateMap#breathe], and hold it
/// up no longer than it takes to copy a few hundred rows. An open snapshot makes the worker keep
/// what it replaces: close it soon.
public final class StateSnapshot implements AutoCloseable {
    private static final int SLICE_RECORDS = 256;

    private final long step;
    private final LongConsumer onClose;
    private boolean closed;

    StateSnapshot(long step, LongConsumer onClose) {
        this.step = step;
        this.onClose = onClose;
    }

    /// The step read; Long.MIN_VALUE for what was there before the first.
    public long step() {
        return step;
    }

    /// The value of a key as of the step, or null.
    public byte[] get(PointState state, byte[] key, int offset, int length) {
        checkOpen();
        return state.getAsOf(step, key, offset, length);
    }

    /// Visits all rows as of the step, in no particular order.
    ///
    /// @return false when the visitor ended it
    public boolean scan(PointState state, RowVisitor visitor) {
        checkOpen();
        try (PointScan scan = new PointScan(step, state)) {
            while (scan.hasNext()) {
                if (!scan.next(SLICE_RECORDS, visitor)) {
                    return false;
                }
            }
            return true;
        }
    }

    /// Begins a scan of all rows as of the step, to be closed before this is.
    public PointScan scan(PointState state) {
        checkOpen();
        return new PointScan(step, state);
    }

    /// What has changed from an earlier snapshot to this one; to be closed before both are.
    public PointChanges changesSince(StateSnapshot earlier, PointState state) {
        checkOpen();
        earlier.checkOpen();
        return new PointChanges(state, earlier.step, step);
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("snapshot is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            onClose.accept(step);
        }
    }
}
