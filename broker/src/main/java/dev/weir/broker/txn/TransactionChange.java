package dev.weir.broker.txn;

/// A record of `__transaction_state`.
///
/// @param now null when the id is forgotten
record TransactionChange(String transactionalId, Transaction now) {}
