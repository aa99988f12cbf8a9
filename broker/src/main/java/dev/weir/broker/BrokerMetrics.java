package dev.weir.broker;

import dev.weir.broker.request.RequestMetrics;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;

/// What the broker counts and measures, under Prometheus-like names, so that a `/metrics` page
/// prints it as it comes from [#forEach]. Any thread.
public final class BrokerMetrics {
    private final RequestMetrics requests = new RequestMetrics();
    private final CopyOnWriteArrayList<Gauge> gauges = new CopyOnWriteArrayList<>();

    /// Receives the samples of one reading.
    @FunctionalInterface
    public interface Visitor {
        /// @param name the metric, such as `weir_broker_bytes_in_total`
        /// @param labels its labels as `key="value"` pairs, empty for none
        /// @param value the value now
        void sample(String name, String labels, double value);
    }

    private record Gauge(String name, String labels, DoubleSupplier value) {}

    /// The counters of connections and requests.
    public RequestMetrics requests() {
        return requests;
    }

    /// Adds a value that is asked for at each reading.
    public void gauge(String name, String labels, DoubleSupplier value) {
        gauges.add(new Gauge(name, labels, value));
    }

    /// Reports every counter and gauge, in a stable order.
    public void forEach(Visitor visitor) {
        report(visitor, "bytes_in", "", requests.bytesIn.sum());
        report(visitor, "bytes_out", "", requests.bytesOut.sum());
        report(visitor, "produced_bytes", "", requests.producedBytes.sum());
        report(visitor, "fetched_bytes", "", requests.fetchedBytes.sum());
        report(visitor, "fetches_incremental", "", requests.incrementalFetches.sum());
        report(visitor, "connections_opened", "", requests.connectionsOpened.sum());
        report(visitor, "connections_closed", "", requests.connectionsClosed.sum());
        report(visitor, "connections_refused", "", requests.connectionsRefused.sum());
        report(visitor, "requests_refused", "", requests.requestsRefused.sum());
        requests.apis()
                .forEach((name, counters) -> {
                    var labels = "api=\"" + name + "\"";
                    report(visitor, "requests", labels, counters.requests.sum());
                    report(visitor, "request_errors", labels, counters.errors.sum());
                    visitor.sample(
                            "weir_broker_request_seconds_total",
                            labels,
                            (double) counters.nanos.sum() / 1e9);
                });
        for (var gauge : List.copyOf(gauges)) {
            visitor.sample(gauge.name, gauge.labels, gauge.value.getAsDouble());
        }
    }

    private static void report(Visitor visitor, String name, String labels, long total) {
        visitor.sample("weir_broker_" + name + "_total", labels, (double) total);
    }
}
