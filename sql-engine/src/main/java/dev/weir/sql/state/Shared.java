package dev.weir.sql.state;

/// What all maps of a store share. Written by the worker between steps, when no lane runs, unless
/// said otherwise.
final class Shared {
    /// Null for throw-away state.
    final Disk disk;

    /// Changes made now belong to this generation; a freeze ends it.
    int generation = 1;

    /// All generations up to this one are in RocksDB. Written by whoever writes them.
    volatile int flushedThrough;

    /// What the worker goes by: [#flushedThrough] as of the start of the step.
    int cleanThrough;

    long step = Long.MIN_VALUE;

    /// No snapshot, present or future, reads an earlier step than this.
    long oldestReadable = Long.MIN_VALUE;

    Shared(Disk disk) {
        this.disk = disk;
        this.cleanThrough = disk == null ? Integer.MAX_VALUE : 0;
    }
}
