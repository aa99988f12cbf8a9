/// Steps, journal and recovery; push and pull queries: the running engine.
///
/// Start at [SqlEngine]. A record's way: [SourceReader] reads and decodes it once for all who want
/// it, a [Feed] shows it to each scan, a [Circuit] computes, a [QueryLane]'s sink nets and encodes,
/// the [Committer] makes it durable and visible.
///
/// Threads:
///
/// - The [Worker] owns the [Program], which is everything that runs, and steps all of it together:
///   one clock for the whole server. Between two steps it does what must see everything at rest.
/// - [Lanes] are threads that share the work of a larger step; the worker is the first of them.
///   Each reads a part of the input, and has its own circuits, sinks and state: the keys whose
///   shards are its own. Nodes are ended one after the other, each in stages; rows change lanes
///   between two stages, and all lanes wait for each other there. A small step the worker does
///   alone, lane after lane.
/// - The [Committer] makes steps durable in order: outputs synced, journal record synced, commit
///   markers, published. The journal alone decides what has happened.
/// - [Planning] has threads on which statements are parsed, planned and compiled, each for a
///   limited time; what they do then is done by their callers' threads and the worker.
/// - A checkpoint thread writes the state that the worker has frozen.
/// - A push query is brought up to date by a thread of its own, then belongs to the worker. Pull
///   queries run on their callers' threads over a [Committer.View].
///
/// [Recovery] restores the last checkpoint and carries out the journal behind it again: the same
/// statements, the same cuts, no output. See [JournalRecord] and [JournalFormat] for what is
/// journalled, [Mark] for what a checkpoint says.
///
/// A new persistent query is filled beside the main sequence, a slice of some milliseconds between
/// two steps: first its tables, by a [TableFill] whose slices are one step for the journal; then
/// its streams, each slice a journalled step in the query's own scope, while the changes of its
/// tables reach it through the main sequence already. When it is level it joins.
///
/// The readers of a derived stream get its query's delta in the same step. Records that others
/// write into its topic they get as from any topic: a [SourceReader] passes over the batches of the
/// engine's main producer, and [OwnOffsets] tells it where they lie, so that they cost no step.
/// What queries insert into streams beside others is of a second producer ([Producers]). A query
/// begins to read such a stream where both ways stand at the same place.
///
/// Today's limits: while a push query takes in the rows of its tables the main sequence waits;
/// records that others write into a derived table's topic are not read; a query that TERMINATE
/// ended leaves its relation as it was and cannot be started again.
package dev.weir.sql.exec;
