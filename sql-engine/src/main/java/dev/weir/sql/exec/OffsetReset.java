package dev.weir.sql.exec;

/// The session property that says where a new query begins to read streams.
final class OffsetReset {
    static final String PROPERTY = "auto.offset.reset";

    private OffsetReset() {}

    /// True for `latest`; everything else, and nothing, is `earliest`.
    static boolean isLatest(String value) {
        return "latest".equalsIgnoreCase(value);
    }
}
