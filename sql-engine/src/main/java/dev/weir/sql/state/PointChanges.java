package dev.weir.sql.state;

/// What the keys of one versioned state held at two steps, for those that may have changed in
/// between; goes on where it stopped. Snapshots of both steps must be open as long as this is. Used
/// by one thread at a time.
public final class PointChanges implements AutoCloseable {
    private final PointState state;
    private final long from;
    private final long to;
    private final PointState.UndoPosition position = new PointState.UndoPosition();
    private boolean more = true;
    private boolean closed;

    /// Takes what a key held.
    @FunctionalInterface
    public interface Visitor {
        /// @param before null when the key had no value
        /// @param after null when it has none any more
        void changed(byte[] before, byte[] after);
    }

    PointChanges(PointState state, long from, long to) {
        this.state = state;
        this.from = from;
        this.to = to;
        state.startChanges();
    }

    /// True when there may be more.
    public boolean hasNext() {
        return more;
    }

    /// Visits the next changes, in no particular order, each key once.
    ///
    /// @param records how many to look at
    public void next(int records, Visitor visitor) {
        more = state.changes(from, to, position, records, visitor);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            state.endChanges();
        }
    }
}
