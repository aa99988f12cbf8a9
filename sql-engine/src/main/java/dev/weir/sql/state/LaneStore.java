package dev.weir.sql.state;

/// The part of a [StateStore] that one lane works with: its operators' states, each with the keys
/// whose shards are the lane's.
public final class LaneStore {
    private final StateStore store;
    private final int lane;

    LaneStore(StateStore store, int lane) {
        this.store = store;
        this.lane = lane;
    }

    /// The lane's number, from 0.
    public int lane() {
        return lane;
    }

    /// How many lanes share the store.
    public int lanes() {
        return store.lanes();
    }

    /// The lane's point state of an operator, made on first call. Between steps.
    ///
    /// @param versioned whether snapshots may read it
    public PointState point(int operator, boolean versioned) {
        return store.point(operator, lane, versioned);
    }

    /// The lane's ordered state of an operator, made on first call. Between steps.
    public OrderedState ordered(int operator) {
        return store.ordered(operator, lane);
    }

    /// The lane that keeps a key: an operator's, or an ordered state's prefix.
    public static int laneOf(byte[] key, int offset, int length, int lanes) {
        return Shards.lane(Words.hash(key, offset, length), lanes);
    }
}
