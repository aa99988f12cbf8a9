/// Transactions of producers over several partitions, with Apache Kafka's rules (KIP-98, KIP-360
/// and KIP-890 with transaction version 2).
///
/// Start at [Transactions]. What is known of a transactional id is a [Transaction], a value that
/// only changes by records of the topic `__transaction_state`, in Kafka's own format:
/// [TransactionShard] decides, Kafka's coordinator runtime writes, and `replay` alone applies. An
/// end is decided by a record that is durable before the first marker is written; [Markers] writes
/// those to the partitions of this broker, and a last record says that all of them are durable. A
/// crash in between is finished when the partition of the topic is loaded again.
///
/// The runtime's event threads own all state; nothing starts before it is first needed.
package dev.weir.broker.txn;
