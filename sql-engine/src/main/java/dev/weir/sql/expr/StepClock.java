package dev.weir.sql.expr;

/// The time that CURRENT_TIMESTAMP and NOW() give: one value for a whole step, taken from its
/// journal record, so that a replayed step computes what it computed the first time.
@FunctionalInterface
public interface StepClock {
    /// Milliseconds since the epoch.
    long nowMs();
}
