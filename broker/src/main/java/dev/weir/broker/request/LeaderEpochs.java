package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.partition.Partition;

/// What clients claim to know about who leads a partition (KIP-320).
final class LeaderEpochs {
    private LeaderEpochs() {}

    /// Refuses a client that knows a leader we are not, or not yet.
    ///
    /// @param claimed the epoch it knows, negative for none
    /// @throws BrokerException `FENCED_LEADER_EPOCH` or `UNKNOWN_LEADER_EPOCH`
    static void check(Partition partition, int claimed) {
        int epoch = partition.leaderEpoch();
        if (claimed >= 0 && claimed < epoch) {
            throw new BrokerException(
                    ErrorCode.FENCED_LEADER_EPOCH,
                    "leader epoch " + claimed + " is over, " + epoch + " is current");
        }
        if (claimed > epoch) {
            throw new BrokerException(
                    ErrorCode.UNKNOWN_LEADER_EPOCH,
                    "leader epoch " + claimed + " is yet to come, " + epoch + " is current");
        }
    }
}
