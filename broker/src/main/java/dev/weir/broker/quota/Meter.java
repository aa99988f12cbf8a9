package dev.weir.broker.quota;

import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.metrics.stats.Rate;
import org.apache.kafka.common.metrics.stats.TokenBucket;

import java.util.concurrent.TimeUnit;

/// How much was used of late by those who share a limit. Kafka's own statistics do the sums, so
/// that clients wait as long as they would there. Any thread may call.
///
/// The limit is given with each use, so that a changed quota holds from the next one on.
abstract sealed class Meter {
    final int windows;
    final long windowMs;
    private long lastUseMs;

    Meter(int windows, int windowSeconds) {
        this.windows = windows;
        this.windowMs = TimeUnit.SECONDS.toMillis(windowSeconds);
    }

    final void touch(long nowMs) {
        lastUseMs = nowMs;
    }

    /// Whether forgetting it now would change nothing.
    synchronized boolean isForgettable(long nowMs) {
        return nowMs - lastUseMs > windows * windowMs;
    }

    final MetricConfig config(double limit) {
        return new MetricConfig()
                .samples(windows)
                .timeWindow(windowMs, TimeUnit.MILLISECONDS)
                .quota(Quota.upperBound(limit));
    }

    static int milliseconds(double wait) {
        return (int) Math.min(Integer.MAX_VALUE, Math.round(wait));
    }

    /// The average over the last windows.
    static final class OfRate extends Meter {
        private final Rate rate = new Rate();

        OfRate(int windows, int windowSeconds) {
            super(windows, windowSeconds);
        }

        /// Counts a use.
        ///
        /// @return for how many milliseconds nothing must follow, so that the average gets back to
        ///   the limit; 0 if it is within
        synchronized int use(double amount, double limit, long nowMs) {
            touch(nowMs);
            var config = config(limit);
            rate.record(config, amount, nowMs);
            double used = rate.measure(config, nowMs);
            if (used <= limit) {
                return 0;
            }
            // With X more milliseconds, used * W / (W + X) = limit.
            return milliseconds((used - limit) / limit * rate.windowSize(config, nowMs));
        }

        /// What was counted in all windows.
        synchronized double used(long nowMs) {
            var config = config(Double.MAX_VALUE);
            return Math.rint(rate.measure(config, nowMs) * rate.windowSize(config, nowMs) / 1000.0);
        }
    }

    /// A bucket that fills at the rate of the limit and holds all windows' worth of it, KIP-599.
    static final class OfTokens extends Meter {
        private final TokenBucket bucket = new TokenBucket();
        private double limit;

        OfTokens(int windows, int windowSeconds) {
            super(windows, windowSeconds);
        }

        /// Takes tokens, more than there are if need be.
        ///
        /// @param strict whether nothing is taken while the bucket is in debt
        /// @return after how many milliseconds it is out of debt; 0 if it is not in debt, or, if
        ///   strict, was not before
        synchronized int use(double amount, double newLimit, boolean strict, long nowMs) {
            touch(nowMs);
            limit = newLimit;
            var config = config(limit);
            if (strict) {
                int wait = debtMs(config, nowMs);
                if (wait == 0) {
                    bucket.record(config, amount, nowMs);
                }
                return wait;
            }
            bucket.record(config, amount, nowMs);
            return debtMs(config, nowMs);
        }

        private int debtMs(MetricConfig config, long nowMs) {
            double tokens = bucket.measure(config, nowMs);
            return tokens >= 0 ? 0 : Math.max(1, milliseconds(-tokens / limit * 1000));
        }

        @Override
        synchronized boolean isForgettable(long nowMs) {
            return super.isForgettable(nowMs) && debtMs(config(limit), nowMs) == 0;
        }
    }
}
