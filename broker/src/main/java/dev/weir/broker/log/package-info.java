/// Append-only partition logs. Start at [Log]: it appends, and it carries out what the others find
/// or decide. The holder of the partition's append lock changes a log; any thread may read it.
/// Knows bytes and offsets; knows nothing of requests, groups or SQL.
///
/// - What a log consists of: [LogSegment], a file of batches with its [SparseIndex]es and
///   [AbortedIndex]; [Segments], all of them at one moment, from which is read; [LogPosition], a
///   place in one. [FirstReads] sees to it that damage is never served, [TimestampSearch] finds
///   records by their time. [BatchWalker] goes through batches and checks them, [HeaderScanner]
///   looks at their heads alone.
/// - Appending: [AppendRun] collects what one write takes, [ProducerState] knows which batches are
///   next and which transactions open, [Rolling] when the next segment begins.
/// - Durability: [Unsynced] knows what a sync must cover, [Birth] makes the first files,
///   [Checkpoints] keep what recovery relies on, in a [StateFile] and snapshots, [DiskHealth] says
///   whether the disk can be trusted. [Recovery] opens a log out of all this.
/// - Upkeep: [Retention] says what need not be kept; [CompactionScope] what a [Compaction]
///   rewrites, with [KeyOffsets] and a [TransactionTracker]; [SegmentReplacer] puts the result in
///   its place, so that a crash leaves the old or the new.
package dev.weir.broker.log;
