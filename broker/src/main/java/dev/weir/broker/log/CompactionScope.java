package dev.weir.broker.log;

import dev.weir.broker.log.StateFile.Checkpoint;

import java.io.IOException;
import java.util.List;

/// Which part of a log can be compacted at a moment, and whether it is worth while: closed segments
/// that nobody needs as they are, from the first one on. Those that a compaction has seen are
/// clean, those after them dirty.
///
/// Made and asked under the upkeep lock.
final class CompactionScope {
    private final Segments all;
    private final CompactionConfig wanted;
    private final long nowMs;
    private final long dirtyFrom;
    private final long end;
    private final long gapsBelow;

    /// @param all segments of the log
    /// @param last checkpoint; recovery still needs the segment it names
    /// @param bound the first offset that must stay as it is, durable and decided
    CompactionScope(Segments all, CompactionConfig wanted, Checkpoint last, long bound, long nowMs)
            throws IOException {
        this.all = all;
        this.wanted = wanted;
        this.nowMs = nowMs;
        gapsBelow = last.gapsBelow();
        dirtyFrom = Math.max(last.compactedBelow(), all.first().baseOffset());
        end = oldEnoughBelow(Math.min(all.startOf(bound), last.segmentBase()));
    }

    /// Where the last compaction ended.
    long dirtyFrom() {
        return dirtyFrom;
    }

    /// The end of the last segment that can be compacted.
    long end() {
        return end;
    }

    /// Offset from which on each batch follows the one before without a gap.
    long gapsBelow() {
        return gapsBelow;
    }

    /// The segments that can be compacted, the first one first.
    List<LogSegment> segments() {
        int count = 0;
        while (all.get(count).baseOffset() < end) {
            count++;
        }
        return all.upTo(count).asList();
    }

    /// The transactions with records in them that were aborted, also those that ended later.
    List<AbortedTransaction> aborted() throws IOException {
        return all.aborted(all.first().baseOffset(), end);
    }

    boolean isWorthWhile() throws IOException {
        if (end <= dirtyFrom) {
            return false;
        }
        long clean = 0;
        long dirty = 0;
        for (int i = 0; all.get(i).baseOffset() < end; i++) {
            if (all.endOf(i) <= dirtyFrom) {
                clean += all.get(i).size();
            } else {
                dirty += all.get(i).size();
            }
        }
        return dirty > 0
                && ((double) dirty / (clean + dirty) > wanted.minDirtyRatio()
                        || isOverdue(nowMs - wanted.maxLagMs()));
    }

    /// The part below an offset that has no dirty segment with too young a record.
    private long oldEnoughBelow(long to) throws IOException {
        for (int i = 0; wanted.minLagMs() > 0 && all.get(i).baseOffset() < to; i++) {
            LogSegment segment = all.get(i);
            if (segment.baseOffset() >= dirtyFrom
                    && segment.maxTimestamp() > nowMs - wanted.minLagMs()) {
                return segment.baseOffset();
            }
        }
        return to;
    }

    /// Whether a closed dirty segment begins with a batch from before this time. Batches without a
    /// timestamp say nothing.
    private boolean isOverdue(long beforeMs) throws IOException {
        for (int i = 0; beforeMs > 0 && i < all.count() - 1; i++) {
            if (all.endOf(i) > dirtyFrom) {
                LogSegment segment = all.get(i);
                HeaderScanner first = new HeaderScanner(segment.file(), 0, segment.size());
                if (first.next() && first.maxTimestamp() > 0 && first.maxTimestamp() < beforeMs) {
                    return true;
                }
            }
        }
        return false;
    }
}
