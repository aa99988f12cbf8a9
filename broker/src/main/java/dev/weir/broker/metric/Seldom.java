package dev.weir.broker.metric;

import java.util.concurrent.atomic.AtomicLong;

/// Lets a warning through once in a while and counts the others, so that trouble which happens a
/// thousand times a second is told of and does not fill the disk with its telling.
public final class Seldom {
    private final long intervalNanos;
    private final AtomicLong nextNanos;
    private final AtomicLong held = new AtomicLong();

    /// @param intervalNanos the least time between two
    /// @param nowNanos by the clock that [#pass] is asked with
    public Seldom(long intervalNanos, long nowNanos) {
        this.intervalNanos = intervalNanos;
        this.nextNanos = new AtomicLong(nowNanos);
    }

    /// Whether to tell now.
    ///
    /// @return how many were held back since the last time, or -1 to hold this one back
    public long pass(long nowNanos) {
        long next = nextNanos.get();
        if (nowNanos - next >= 0 && nextNanos.compareAndSet(next, nowNanos + intervalNanos)) {
            return held.getAndSet(0);
        }
        held.incrementAndGet();
        return -1;
    }
}
