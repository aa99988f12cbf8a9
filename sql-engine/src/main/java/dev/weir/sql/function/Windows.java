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
}
