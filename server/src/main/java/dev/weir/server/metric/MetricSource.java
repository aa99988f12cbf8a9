package dev.weir.server.metric;

/// Something that has numbers for `/metrics`. Asked by the thread of a request, which may wait.
@FunctionalInterface
public interface MetricSource {
    void collect(MetricPage to);
}
