package dev.weir.server.http;

/// Something that has numbers for `/metrics`.
@FunctionalInterface
public interface MetricSource {
    void collect(Samples samples);

    /// Receives the samples of one reading.
    @FunctionalInterface
    interface Samples {
        /// @param name as Prometheus has it; counters end in `_total`
        /// @param labels `key="value"` pairs, empty for none
        void sample(String name, String labels, double value);

        default void count(String name, String labels, long value) {
            sample(name, labels, (double) value);
        }
    }
}
