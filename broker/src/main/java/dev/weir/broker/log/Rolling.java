package dev.weir.broker.log;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;

/// When the active segment is full or too old for what is appended next, which then begins another.
///
/// The age is the time between its first batch and the next as the records have it, so that records
/// from the past are divided as if they had come in their time; without timestamps it is the time
/// since the segment was made. Append lock.
final class Rolling {
    private static final Logger LOG = LoggerFactory.getLogger(Rolling.class);

    private Rolling() {}

    /// Whether a run begins a segment.
    static boolean isDue(LogSegment active, AppendRun run, LogConfig config, long nowMs)
            throws IOException {
        int size = active.sizeInMemory();
        if (size == 0) {
            return false;
        }
        long first = active.firstTimestamp();
        long age = first >= 0 ? run.timestamp() - first : nowMs - active.createdMs();
        return (long) size + run.bytes() > config.segmentBytes()
                || age > segmentMs(config)
                || run.nextOffset() - active.baseOffset() > Integer.MAX_VALUE;
    }

    /// The greatest timestamp that the active segment takes.
    static long latestFor(LogSegment active, LogConfig config) {
        try {
            return active.sizeInMemory() == 0
                    ? Long.MAX_VALUE
                    : latestAfter(active.firstTimestamp(), config);
        } catch (IOException e) {
            LOG.debug("{}: the write will tell", active.directory(), e);
            return Long.MAX_VALUE;
        }
    }

    /// The greatest timestamp that a segment takes whose first batch has this one.
    static long latestAfter(long firstTimestamp, LogConfig config) {
        long latest = firstTimestamp + segmentMs(config);
        return firstTimestamp < 0 || latest < firstTimestamp ? Long.MAX_VALUE : latest;
    }

    private static long segmentMs(LogConfig config) {
        return config.compaction().enabled()
                ? Math.min(config.segmentMs(), config.compaction().maxLagMs())
                : config.segmentMs();
    }
}
