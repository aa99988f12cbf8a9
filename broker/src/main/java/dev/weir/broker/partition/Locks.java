package dev.weir.broker.partition;

import java.util.concurrent.locks.ReentrantLock;

/// The locks of one partition, in the order in which they are taken. Readers take none. Callbacks
/// run without the append lock. Each field that one of them guards names it.
final class Locks {
    /// Held while a checkpoint or a deletion runs, and to begin and end a compaction.
    final ReentrantLock upkeep = new ReentrantLock();

    /// Held while files are synced.
    final ReentrantLock sync = new ReentrantLock();

    /// Held for one append to the page cache, and for moments by whoever changes or asks for what
    /// appends change.
    final ReentrantLock append = new ReentrantLock();

    void underAppend(Runnable change) {
        append.lock();
        try {
            change.run();
        } finally {
            append.unlock();
        }
    }
}
