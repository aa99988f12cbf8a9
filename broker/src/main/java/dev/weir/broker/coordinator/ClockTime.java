package dev.weir.broker.coordinator;

import org.apache.kafka.common.utils.Time;

import java.time.InstantSource;
import java.util.function.Supplier;

/// The broker's clock as Kafka's classes want it: the time of day is the broker's, what measures
/// durations and waits is the system's.
public record ClockTime(InstantSource clock) implements Time {
    @Override
    public long milliseconds() {
        return clock.millis();
    }

    @Override
    public long nanoseconds() {
        return Time.SYSTEM.nanoseconds();
    }

    @Override
    public void sleep(long ms) {
        Time.SYSTEM.sleep(ms);
    }

    @Override
    public void waitObject(Object monitor, Supplier<Boolean> condition, long deadlineMs)
            throws InterruptedException {
        Time.SYSTEM.waitObject(monitor, condition, deadlineMs);
    }
}
