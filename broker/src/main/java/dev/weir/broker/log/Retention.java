package dev.weir.broker.log;

import java.io.IOException;

/// What a log need not keep, by the age of its records and by its size.
final class Retention {
    private Retention() {}

    /// Whether all of a segment that is not empty has outlived `retention.ms`. What has no
    /// timestamps is as old as its file, as by Kafka's `LogSegment.largestTimestamp`.
    static boolean isOver(LogSegment segment, LogConfig config, long nowMs) throws IOException {
        if (config.retentionMs() < 0) {
            return false;
        }
        long greatest = segment.maxTimestamp();
        long youngest = greatest >= 0 ? greatest : segment.lastModifiedMs();
        return nowMs - youngest > config.retentionMs();
    }

    /// Whether the active segment has to be closed so that it can go, or be compacted, though
    /// nothing is appended that would need the next one.
    static boolean closes(LogSegment active, LogConfig config, long nowMs) throws IOException {
        boolean compactable =
                config.compaction().enabled()
                        && nowMs - active.createdMs() > config.compaction().maxLagMs();
        return isOver(active, config, nowMs) || compactable || config.retentionBytes() == 0;
    }

    /// Where a log would start if retention were applied to all it may take: closed segments, from
    /// the first one on.
    ///
    /// @param start where it starts
    /// @param bound the first offset that must stay
    static long from(Segments all, long start, long bound, LogConfig config, long nowMs)
            throws IOException {
        long size = config.retentionBytes() >= 0 ? all.sizeInBytes() : 0;
        long from = start;
        for (int i = 0; i < all.count() - 1 && all.endOf(i) <= bound; i++) {
            LogSegment segment = all.get(i);
            if (segment.size() == 0) {
                continue; // compaction left nothing: it goes with the next, and is no reason to
            }
            boolean below = all.endOf(i) <= start;
            boolean old = isOver(segment, config, nowMs);
            boolean surplus =
                    config.retentionBytes() >= 0
                            && size - segment.size() >= config.retentionBytes();
            if (!below && !old && !surplus) {
                break;
            }
            size -= segment.size();
            from = Math.max(from, all.endOf(i));
        }
        return from;
    }
}
