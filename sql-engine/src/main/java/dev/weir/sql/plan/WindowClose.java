package dev.weir.sql.plan;

/// When the windows that an aggregate groups by close: rows that come later do not count, and what
/// is kept of them is freed.
///
/// @param endColumn the input's column with a window's end, milliseconds since the epoch
/// @param graceMs how long after its end a window stays open
/// @param isFinal whether a window's row comes once, when the window has closed
public record WindowClose(int endColumn, long graceMs, boolean isFinal) {}
