package dev.weir.broker.metric;

/// A name under which samples are reported, following Prometheus' conventions: base units, counters
/// end in `_total`.
///
/// @param help one line for people
public record Metric(String name, Kind kind, String help) {
    /// What may be done with the samples.
    public enum Kind {
        /// Only grows, and begins at 0 when the process does.
        COUNTER,
        /// Goes up and down.
        GAUGE,
        /// Counts of values by size.
        HISTOGRAM
    }

    public static Metric counter(String name, String help) {
        return new Metric(name, Kind.COUNTER, help);
    }

    public static Metric gauge(String name, String help) {
        return new Metric(name, Kind.GAUGE, help);
    }

    public static Metric histogram(String name, String help) {
        return new Metric(name, Kind.HISTOGRAM, help);
    }
}
