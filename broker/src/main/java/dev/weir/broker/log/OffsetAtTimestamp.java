package dev.weir.broker.log;

/// A record found by its timestamp.
public record OffsetAtTimestamp(long offset, long timestampMs, int leaderEpoch) {
    /// No record has such a timestamp.
    public static final OffsetAtTimestamp NONE = new OffsetAtTimestamp(-1, -1, -1);

    public boolean isFound() {
        return offset >= 0;
    }
}
