/// Append-only partition logs: segments, sparse indexes, producer state, recovery, retention,
/// compaction ([Compaction]). Start at [Log]. The holder of the partition's append lock changes a
/// log; any thread may read it. Knows bytes and offsets; knows nothing of requests, groups or SQL.
package dev.weir.broker.log;
