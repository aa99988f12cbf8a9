package dev.weir.broker.partition;

import java.util.concurrent.TimeUnit;

/// Whether retention and compaction may begin: not right after the start, and not while an owner
/// still has to find out what it must pin. Any thread.
final class DeletionHold {
    private static final long DELAY_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final long startNanos = System.nanoTime();
    private volatile boolean paused;
    private volatile boolean compactsAtOnce;

    void pause() {
        paused = true;
    }

    void resume() {
        paused = false;
    }

    /// Lets compaction begin without the delay after the start.
    void compactAtOnce() {
        compactsAtOnce = true;
    }

    boolean isPaused() {
        return paused;
    }

    boolean mayDelete() {
        return !paused && isDelayOver();
    }

    boolean mayCompact() {
        return !paused && (compactsAtOnce || isDelayOver());
    }

    private boolean isDelayOver() {
        return System.nanoTime() - startNanos >= DELAY_NANOS;
    }
}
