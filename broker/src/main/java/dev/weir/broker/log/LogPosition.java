package dev.weir.broker.log;

import dev.weir.broker.storage.StorageFile;

/// An offset and where the batch that starts with it is, or will be.
public final class LogPosition {
    private final long offset;
    private final LogSegment segment;
    private final int position;

    LogPosition(long offset, LogSegment segment, int position) {
        this.offset = offset;
        this.segment = segment;
        this.position = position;
    }

    public long offset() {
        return offset;
    }

    /// Whether it lies in the segment of this file.
    public boolean isIn(StorageFile file) {
        return segment.isIn(file);
    }

    LogSegment segment() {
        return segment;
    }

    int position() {
        return position;
    }
}
