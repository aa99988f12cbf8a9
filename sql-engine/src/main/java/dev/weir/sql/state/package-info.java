/// What operators remember: byte keys to byte values, larger than memory and quick to recover.
///
/// Start at [StateStore]. Each operator owns a [PointState] (hash map) or an [OrderedState]
/// (ordered map); both are write-back maps in front of one RocksDB. The worker thread reads and
/// changes them between [StateStore#beginStep] calls; a checkpoint thread runs [Freeze#write]; any
/// thread may read the last published step through a [StateSnapshot]. Each map has a lock, which
/// its operator takes for a slice of a batch and the others for a few hundred microseconds at most.
package dev.weir.sql.state;
