package dev.weir.server.metric;

/// One reading of everything counted, written in Prometheus' text format, version 0.0.4. Used by
/// one thread.
public final class MetricPage {
    /// The content type of the format.
    public static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final StringBuilder text = new StringBuilder(16 << 10);
    private String name = "";

    /// Begins a metric; its samples follow, before any of another.
    ///
    /// @param metricName by Prometheus' conventions: base units, counters end in `_total`
    /// @param type `counter`, `gauge` or `histogram`
    /// @param help one line for people
    public void begin(String metricName, String type, String help) {
        name = metricName;
        text.append("# HELP ").append(name).append(' ');
        text.append(help.replace("\\", "\\\\").replace("\n", "\\n")).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    /// Begins a metric that goes up and down.
    public void gauge(String metricName, String help) {
        begin(metricName, "gauge", help);
    }

    /// Begins a metric that only grows.
    public void counter(String metricName, String help) {
        begin(metricName, "counter", help);
    }

    /// A metric that goes up and down, with one sample.
    public void gauge(String metricName, String help, double value) {
        gauge(metricName, help);
        sample("", "", value);
    }

    /// The same for what counts things.
    public void gauge(String metricName, String help, long value) {
        gauge(metricName, help, (double) value);
    }

    /// The same for what counts things.
    public void counter(String metricName, String help, long value) {
        counter(metricName, help, (double) value);
    }

    /// A metric that only grows, with one sample.
    public void counter(String metricName, String help, double value) {
        counter(metricName, help);
        sample("", "", value);
    }

    /// A sample of the metric begun last.
    ///
    /// @param labels see [#label], empty for none
    public void sample(String labels, double value) {
        sample("", labels, value);
    }

    /// A sample of the metric begun last that counts things.
    public void sample(String labels, long value) {
        sample("", labels, (double) value);
    }

    /// A sample of the metric begun last.
    ///
    /// @param suffix of the name, such as `_bucket`
    /// @param labels see [#label], empty for none
    public void sample(String suffix, String labels, double value) {
        text.append(name).append(suffix);
        if (!labels.isEmpty()) {
            text.append('{').append(labels).append('}');
        }
        text.append(' ').append(number(value)).append('\n');
    }

    /// A label, with what must be escaped; several are joined by commas.
    public static String label(String key, String value) {
        return key
                + "=\""
                + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n")
                + '"';
    }

    private static String number(double value) {
        if (value == Math.rint(value) && Math.abs(value) < 1e15) {
            return Long.toString((long) value);
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        return Double.toString(value);
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
