package dev.weir.broker.request;

/// A client's fetches over the same partitions, of which each names only what is new (KIP-227).
///
/// Its [FetchTargets] are the monitor that guards its epoch; what else it has belongs to
/// [FetchSessions].
final class FetchSession {
    /// The epoch of a request that names all partitions and, if it can, begins a session.
    static final int FULL_EPOCH = 0;

    /// The epoch of a request that names all partitions and wants no session.
    static final int FINAL_EPOCH = -1;

    /// The session id of requests and answers without a session.
    static final int NONE = 0;

    private final int id;
    private final FetchTargets targets;
    private int epoch = 1;

    // Guarded by the sessions it is one of.
    final long createdMs;
    long usedMs;
    int countedPartitions;

    FetchSession(int id, FetchTargets targets, long nowMs) {
        this.id = id;
        this.targets = targets;
        this.createdMs = nowMs;
        this.usedMs = nowMs;
    }

    int id() {
        return id;
    }

    FetchTargets targets() {
        return targets;
    }

    /// The number that the next request must have.
    int epoch() {
        return epoch;
    }

    void nextEpoch() {
        epoch = after(epoch);
    }

    /// Epochs begin again at 1: 0 is of requests that begin a session.
    static int after(int epoch) {
        return epoch == Integer.MAX_VALUE ? 1 : epoch + 1;
    }
}
