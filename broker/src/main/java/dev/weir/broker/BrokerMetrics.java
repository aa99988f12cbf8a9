package dev.weir.broker;

import dev.weir.broker.metric.Metric;
import dev.weir.broker.metric.MetricVisitor;
import dev.weir.broker.request.RequestMetrics;

import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/// What the broker counts and measures. Any thread adds and reads; see [#report].
public final class BrokerMetrics {
    /// Topics, partitions and groups that have samples of their own: what collects them keeps every
    /// series for a long time.
    static final int MOST_SERIES = 1_000;

    private final RequestMetrics requests = new RequestMetrics();
    private final CopyOnWriteArrayList<Consumer<MetricVisitor>> sources =
            new CopyOnWriteArrayList<>();

    /// The counters of connections and requests.
    public RequestMetrics requests() {
        return requests;
    }

    /// Adds a value that is asked for at each reading and may go up and down.
    public void gauge(String name, String help, DoubleSupplier value) {
        add(Metric.gauge(name, help), value);
    }

    /// Adds a value that is asked for at each reading and only grows.
    public void counter(String name, String help, DoubleSupplier value) {
        add(Metric.counter(name, help), value);
    }

    /// Adds something that reports metrics of its own at each reading.
    public void source(Consumer<MetricVisitor> source) {
        sources.add(source);
    }

    /// Reports everything, in a stable order. May wait a moment for a coordinator, so it is not for
    /// event loops.
    public void report(MetricVisitor visitor) {
        requests.report(visitor);
        sources.forEach(source -> source.accept(visitor));
    }

    private void add(Metric metric, DoubleSupplier value) {
        source(visitor -> visitor.single(metric, value.getAsDouble()));
    }
}
