package dev.weir.broker.log;

import java.util.ArrayList;
import java.util.List;

/// What the next sync of a log has to cover besides the active segment: segments that were closed
/// since the last one, and the directory if files were created in it.
///
/// Owned by the holder of the append lock.
final class Unsynced {
    private final List<LogSegment> closed = new ArrayList<>();
    private boolean directoryChanged;

    /// Notes that a segment was closed and the file of the next one created.
    void rolled(LogSegment segment) {
        closed.add(segment);
        directoryChanged = true;
    }

    /// See [Log#captureForSync].
    Log.SyncCapture capture(LogPosition end) {
        List<LogSegment> dirty = new ArrayList<>(closed);
        dirty.add(end.segment());
        closed.clear();
        boolean changed = directoryChanged;
        directoryChanged = false;
        return new Log.SyncCapture(end, dirty, changed);
    }

    /// See [Log#giveBack].
    ///
    /// @param active which the next capture has anyhow
    void giveBack(Log.SyncCapture capture, LogSegment active) {
        for (LogSegment segment : capture.segments) {
            if (segment != active && !closed.contains(segment)) {
                closed.add(segment);
            }
        }
        directoryChanged |= capture.directory;
    }
}
