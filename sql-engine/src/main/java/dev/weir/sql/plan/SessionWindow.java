package dev.weir.sql.plan;

/// The sessions that rows are grouped by: of rows with the same other group columns, those that
/// follow each other.
///
/// @param start which of the group columns is the session's start, the time of its first row; in
///   the input it is the row's time
/// @param end which of them is its end, the time of its last row
/// @param gapMs longest time from a row to the next of a session
/// @param graceMs how long after its end and the gap a session stays open; below 0 for ever
/// @param isFinal whether a session's row comes once, when it has closed
public record SessionWindow(int start, int end, long gapMs, long graceMs, boolean isFinal) {
    /// Whether sessions come to an end.
    public boolean closes() {
        return graceMs >= 0;
    }
}
