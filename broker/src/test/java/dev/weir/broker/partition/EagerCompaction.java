package dev.weir.broker.partition;

import dev.weir.broker.log.CompactionConfig;

/// Compaction that leaves nothing for later.
final class EagerCompaction {
    private EagerCompaction() {}

    static CompactionConfig after(long deleteRetentionMs) {
        return new CompactionConfig(true, deleteRetentionMs, 0, Long.MAX_VALUE, 0);
    }
}
