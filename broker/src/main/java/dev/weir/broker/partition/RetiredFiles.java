package dev.weir.broker.partition;

import dev.weir.broker.storage.StorageFile;

import java.util.ArrayDeque;
import java.util.List;

/// Open files of segments that are gone, which those who already read them may go on reading for a
/// while. Any thread.
final class RetiredFiles {
    private record Retired(StorageFile file, long sinceNanos) {}

    private final ArrayDeque<Retired> files = new ArrayDeque<>(); // guarded by this; oldest first

    synchronized void add(List<StorageFile> open) {
        long now = System.nanoTime();
        for (StorageFile file : open) {
            files.add(new Retired(file, now));
        }
    }

    /// Closes those that have been here for some time.
    synchronized void close(long delayNanos) {
        while (!files.isEmpty() && System.nanoTime() - files.peek().sinceNanos >= delayNanos) {
            files.remove().file.close();
        }
    }
}
