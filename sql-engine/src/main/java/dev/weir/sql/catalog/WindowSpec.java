package dev.weir.sql.catalog;

/// The window of a windowed table: its topic keys carry the window start after the key, those of
/// sessions the end, then the start.
///
/// @param kind the window's shape
/// @param sizeMs its length in milliseconds; 0 for sessions, each of which has its own
public record WindowSpec(Kind kind, long sizeMs) {
    /// The shapes of windows.
    public enum Kind {
        TUMBLING,
        HOPPING,
        /// Rows that follow each other; the end is the time of the last.
        SESSION
    }

    /// The pseudo-column with a window's start, milliseconds since the epoch.
    public static final String START = "WINDOWSTART";

    /// The pseudo-column with a window's end, milliseconds since the epoch.
    public static final String END = "WINDOWEND";

    public boolean isSession() {
        return kind == Kind.SESSION;
    }
}
