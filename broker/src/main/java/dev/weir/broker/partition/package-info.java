/// Partitions as the rest of the broker sees them: append, read, wait until durable. Start at
/// [LogDirectory], which opens [Partition]s. Any thread may call a partition; its append lock is
/// held for the page-cache write, never for an fsync. The threads named `log-sync-N`, or the thread
/// that appended at the end of its [SyncTurn], sync what is dirty and then raise high watermarks;
/// the thread `log-upkeep` applies retention, finishes rolled segments and writes checkpoints; the
/// thread `log-compaction` keeps logs by key.
package dev.weir.broker.partition;
