/// What operators remember: byte keys to byte values, larger than memory and quick to recover.
///
/// Start at [StateStore]. Each operator owns a [PointState] (hash map) or an [OrderedState]
/// (ordered map); both are write-back maps in front of one RocksDB. Several lanes (threads) share
/// an operator's keys by their shards, 256 of them whatever the number of lanes: a [LaneStore]
/// gives each lane maps of its own, which it alone reads and changes between [StateStore#beginStep]
/// calls, so a store written by two lanes can be opened by three. A checkpoint thread runs
/// [Freeze#write]; any thread may read the last published step through a [StateSnapshot]. Each map
/// has a lock, which its operator takes for a slice of a batch and the others for a few hundred
/// microseconds at most.
package dev.weir.sql.state;
