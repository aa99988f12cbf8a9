package dev.weir.broker.metric;

/// Takes the samples of one reading, metric by metric.
public interface MetricVisitor {
    /// Begins a metric. It may turn out to have no samples.
    void metric(Metric metric);

    /// A sample of the metric begun last.
    ///
    /// @param suffix what follows the metric's name, such as `_bucket`; empty but for histograms
    /// @param labels `key="value"` pairs, see [Labels], empty for none
    void sample(String suffix, String labels, double value);

    /// A sample of a counter or gauge.
    default void sample(String labels, double value) {
        sample("", labels, value);
    }

    /// A sample of a counter or gauge that counts things.
    default void sample(String labels, long value) {
        sample("", labels, (double) value);
    }

    /// A metric with one sample and no labels that counts things.
    default void single(Metric metric, long value) {
        single(metric, (double) value);
    }

    /// A metric with one sample and no labels.
    default void single(Metric metric, double value) {
        metric(metric);
        sample("", "", value);
    }
}
