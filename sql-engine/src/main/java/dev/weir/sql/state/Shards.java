package dev.weir.sql.state;

/// The part of an operator's keys that one of several lanes keeps: a run of the 256 shards. A key's
/// shard is part of its hash and is written to disk with it, so a store can be opened again with
/// any number of lanes.
///
/// The run is contiguous, so that a lane's keys lie together on disk.
///
/// @param from the first shard
/// @param to one past the last; `from` when there are more lanes than shards
record Shards(int from, int to) {
    static final int COUNT = 256;
    static final Shards ALL = new Shards(0, COUNT);

    /// The shards of a lane.
    static Shards of(int lane, int lanes) {
        return new Shards(first(lane, lanes), first(lane + 1, lanes));
    }

    private static int first(int lane, int lanes) {
        return (COUNT * lane + lanes - 1) / lanes;
    }

    /// The lane that keeps a key of that hash.
    static int lane(int hash, int lanes) {
        return (Words.shard(hash) * lanes) / COUNT;
    }
}
