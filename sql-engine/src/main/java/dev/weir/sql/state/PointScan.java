package dev.weir.sql.state;

/// A scan of one versioned state as of a step, that goes on where it stopped. While it is open no
/// record of the state is moved or forgotten. Used by one thread at a time.
public final class PointScan implements AutoCloseable {
    private final long step;
    private final PointState state;
    private final PointState.Range range;
    private final Rows rows = new Rows();
    private int chunk;
    private int at;
    private boolean diskLeft;
    private boolean closed;

    PointScan(long step, PointState state) {
        this.step = step;
        this.state = state;
        range = state.startScan();
        diskLeft = range.disk() != null;
    }

    /// True when there may be more rows.
    public boolean hasNext() {
        while (chunk < range.chunks().length && at >= range.ends()[chunk]) {
            chunk++;
            at = 0;
        }
        return chunk < range.chunks().length || diskLeft;
    }

    /// Visits the next rows, in no particular order.
    ///
    /// @param records how many to look at
    /// @return false when the visitor wants no more
    public boolean next(int records, RowVisitor visitor) {
        rows.clear();
        if (!hasNext()) {
            return true;
        }
        if (chunk < range.chunks().length) {
            at = state.take(step, range, chunk, at, records, rows);
        } else {
            diskLeft = state.takeFromDisk(step, range, records, rows);
        }
        return rows.visit(visitor);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            if (range.disk() != null) {
                range.disk().close();
            }
            state.endScan();
        }
    }
}
