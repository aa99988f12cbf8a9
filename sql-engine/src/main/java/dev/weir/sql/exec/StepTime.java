package dev.weir.sql.exec;

import dev.weir.sql.expr.StepClock;

/// The time of the step being computed. Belongs to the thread that steps.
final class StepTime implements StepClock {
    private long nowMs;

    void set(long ms) {
        nowMs = ms;
    }

    @Override
    public long nowMs() {
        return nowMs;
    }
}
