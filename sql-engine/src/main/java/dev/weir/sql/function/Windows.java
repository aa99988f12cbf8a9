package dev.weir.sql.function;

import org.apache.calcite.linq4j.function.Strict;

/// Windows of event time.
public final class Windows {
    private Windows() {}

    /// The start of the window of `sizeMs` milliseconds that holds `timeMs`.
    @Strict
    public static long start(long timeMs, long sizeMs) {
        return timeMs - Math.floorMod(timeMs, sizeMs);
    }

    /// The end of a window. The plan reads how late rows may come and whether results are final
    /// from the call.
    @Strict
    public static long end(long startMs, long sizeMs, long graceMs, boolean isFinal) {
        return Math.addExact(startMs, sizeMs);
    }

    /// A bound of the session of one row, before it meets others. The plan reads the session's
    /// window from the call.
    @Strict
    public static long session(long timeMs, long gapMs, long graceMs, boolean isFinal) {
        return timeMs;
    }
}
