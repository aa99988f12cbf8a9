package dev.weir.broker.metric;

/// Labels as Prometheus' text format has them.
public final class Labels {
    private Labels() {}

    /// `key="value"` with what must be escaped.
    public static String of(String key, String value) {
        return key + "=\"" + escaped(value) + '"';
    }

    public static String of(String key1, String value1, String key2, String value2) {
        return of(key1, value1) + ',' + of(key2, value2);
    }

    private static String escaped(String value) {
        return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }
}
