package dev.weir.broker.txn;

/// How transactions are kept, by Kafka's names.
///
/// @param statePartitions partitions that `__transaction_state` is created with
///   (`transaction.state.log.num.partitions`)
/// @param maxTimeoutMs the longest timeout a producer may ask for (`transaction.max.timeout.ms`)
/// @param idExpirationMs after which idle time a transactional id is forgotten
///   (`transactional.id.expiration.ms`)
/// @param abortIntervalMs between two looks for transactions that took too long
///   (`transaction.abort.timed.out.transaction.cleanup.interval.ms`)
/// @param removeIntervalMs between two looks for ids to forget
///   (`transaction.remove.expired.transaction.cleanup.interval.ms`)
public record TransactionsConfig(
        int statePartitions,
        int maxTimeoutMs,
        int idExpirationMs,
        int abortIntervalMs,
        int removeIntervalMs) {

    /// Kafka's defaults but for fewer partitions, which one node has no use for.
    public static final TransactionsConfig DEFAULT =
            new TransactionsConfig(8, 900_000, 604_800_000, 10_000, 3_600_000);

    public TransactionsConfig {
        positive("transaction.state.log.num.partitions", statePartitions);
        positive("transaction.max.timeout.ms", maxTimeoutMs);
        positive("transactional.id.expiration.ms", idExpirationMs);
        positive("transaction.abort.timed.out.transaction.cleanup.interval.ms", abortIntervalMs);
        positive("transaction.remove.expired.transaction.cleanup.interval.ms", removeIntervalMs);
    }

    /// The same, looking more or less often.
    public TransactionsConfig withIntervals(int newAbortIntervalMs, int newRemoveIntervalMs) {
        return new TransactionsConfig(
                statePartitions,
                maxTimeoutMs,
                idExpirationMs,
                newAbortIntervalMs,
                newRemoveIntervalMs);
    }

    /// The same with ids forgotten after another idle time.
    public TransactionsConfig withIdExpirationMs(int ms) {
        return new TransactionsConfig(
                statePartitions, maxTimeoutMs, ms, abortIntervalMs, removeIntervalMs);
    }

    /// The same with another longest timeout.
    public TransactionsConfig withMaxTimeoutMs(int ms) {
        return new TransactionsConfig(
                statePartitions, ms, idExpirationMs, abortIntervalMs, removeIntervalMs);
    }

    private static void positive(String property, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(property + " must be at least 1, got " + value);
        }
    }
}
