package dev.weir.broker.metric;

import java.util.concurrent.atomic.LongAdder;

/// How long things took, by fixed bounds, so that recording is two additions and no lock.
///
/// The bounds follow each other by factors of 2 and 2.5 from 50 µs to 10 s: a percentile read from
/// them is off by at most such a factor, whatever the load.
public final class Histogram {
    private static final long[] BOUNDS_MICROS = {
        50,
        100,
        250,
        500,
        1_000,
        2_500,
        5_000,
        10_000,
        25_000,
        50_000,
        100_000,
        250_000,
        500_000,
        1_000_000,
        2_500_000,
        5_000_000,
        10_000_000
    };
    private static final String[] LABELS = new String[BOUNDS_MICROS.length];

    static {
        for (int i = 0; i < LABELS.length; i++) {
            LABELS[i] = Labels.of("le", Double.toString(BOUNDS_MICROS[i] / 1e6));
        }
    }

    /// One more than bounds: the last is of what exceeds them all.
    private final LongAdder[] counts = new LongAdder[BOUNDS_MICROS.length + 1];

    private final LongAdder nanos = new LongAdder();

    public Histogram() {
        for (int i = 0; i < counts.length; i++) {
            counts[i] = new LongAdder();
        }
    }

    /// Counts something that took this long.
    public void record(long tookNanos) {
        long micros = tookNanos / 1_000;
        int at = 0;
        // Most of what is measured takes less than a millisecond, so few bounds are compared.
        while (at < BOUNDS_MICROS.length && micros > BOUNDS_MICROS[at]) {
            at++;
        }
        counts[at].increment();
        nanos.add(tookNanos);
    }

    /// How many were recorded.
    public long count() {
        long sum = 0;
        for (LongAdder each : counts) {
            sum += each.sum();
        }
        return sum;
    }

    /// Reports buckets, sum and count in seconds as samples of the metric begun last.
    ///
    /// @param labels of every sample, empty for none
    public void report(MetricVisitor visitor, String labels) {
        String before = labels.isEmpty() ? "" : labels + ',';
        long sum = 0;
        for (int i = 0; i < BOUNDS_MICROS.length; i++) {
            sum += counts[i].sum();
            visitor.sample("_bucket", before + LABELS[i], (double) sum);
        }
        sum += counts[BOUNDS_MICROS.length].sum();
        visitor.sample("_bucket", before + "le=\"+Inf\"", (double) sum);
        visitor.sample("_sum", labels, (double) nanos.sum() / 1e9);
        // Counted with the buckets, so that it agrees with them while others record.
        visitor.sample("_count", labels, (double) sum);
    }
}
