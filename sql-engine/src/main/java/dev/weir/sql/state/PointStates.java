package dev.weir.sql.state;

import java.util.List;

/// The point states of one operator, one for each lane; a key is in the one that its hash says. For
/// readers of snapshots. Any thread.
public final class PointStates {
    private final PointState[] lanes;

    PointStates(PointState[] lanes) {
        this.lanes = lanes;
    }

    /// States of all lanes, in their order.
    public static PointStates of(List<PointState> lanes) {
        return new PointStates(lanes.toArray(PointState[]::new));
    }

    public int lanes() {
        return lanes.length;
    }

    /// The part that a lane keeps.
    public PointState lane(int lane) {
        return lanes[lane];
    }

    /// The lane that keeps a key.
    public int laneOf(byte[] key, int offset, int length) {
        return Shards.lane(Words.hash(key, offset, length), lanes.length);
    }
}
