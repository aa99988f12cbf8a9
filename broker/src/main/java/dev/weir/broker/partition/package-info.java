/// Partitions as the rest of the broker sees them: append, read, wait until durable. Start at
/// [LogDirectory], which opens [Partition]s and owns the threads that serve them.
///
/// Any thread may call a partition; its append lock is held for the page-cache write, never for an
/// fsync. The threads named `log-sync-N`, or the thread that appended at the end of its [SyncTurn],
/// sync what is dirty and then raise high watermarks; the thread `log-upkeep` applies retention,
/// finishes rolled segments and writes checkpoints; the thread `log-compaction` keeps logs by key.
///
/// A partition consists of parts, each of which uses those named before it:
///
/// - [Locks] are its three locks and their order, [Availability] is whether it can be used;
/// - [Listeners] and their [Watch]es are told when more can be read, [Waiters] when offsets are
///   durable; [Pins] say what must stay;
/// - [Syncs] makes what was appended durable, owns the high watermark and asks the [SyncLoop],
///   which all partitions share, for its turn;
/// - [RecoveryPoint] moves the point from which recovery starts, by checkpoints;
/// - [Appends] checks batches ([BatchCheck]), writes them and asks for their sync; [Producers]
///   knows who wrote;
/// - [Upkeep] applies retention and deletes records, [Compactions] keeps the newest of each key.
///
/// What they need of the directory they ask of the [PartitionHost]. The directory, too, has parts:
/// [SyncLoop], [UpkeepLoop] and [CompactionLoop] own its threads, [DeletionHold] says when the
/// latter two may begin to delete, [RetiredFiles] are open for those who still read them, and
/// [DeletedPartitions] are yet to be deleted.
package dev.weir.broker.partition;
