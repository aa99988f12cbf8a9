package dev.weir.sql.catalog;

/// The window of a windowed table: its topic keys carry the window start after the key.
///
/// @param kind the window's shape
/// @param sizeMs its length in milliseconds
public record WindowSpec(Kind kind, long sizeMs) {
    /// The shapes of windows.
    public enum Kind {
        TUMBLING,
        HOPPING
    }

    /// The pseudo-column with a window's start, milliseconds since the epoch.
    public static final String START = "WINDOWSTART";

    /// The pseudo-column with a window's end, milliseconds since the epoch.
    public static final String END = "WINDOWEND";
}
