package dev.weir.broker.request;

/// How many partitions a client may create and delete at a time (KIP-599).
interface PartitionBudget {
    /// That of a client without a limit.
    PartitionBudget UNLIMITED =
            new PartitionBudget() {
                @Override
                public boolean isLimited() {
                    return false;
                }

                @Override
                public void charge(int partitions) {}
            };

    /// Whether anything is counted at all.
    boolean isLimited();

    /// Counts a change that is about to be made.
    ///
    /// @throws dev.weir.broker.error.BrokerException with `THROTTLING_QUOTA_EXCEEDED` if it must
    ///   not be made now; then it is not counted
    void charge(int partitions);
}
