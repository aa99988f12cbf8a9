package dev.weir.sql.plan;

/// What is known of a node's rows.
///
/// @param appendOnly true when rows are never retracted
/// @param uniqueKey indexes of columns that identify a row, or null when no such set is known; an
///   empty array means there is at most one row
public record Traits(boolean appendOnly, int[] uniqueKey) {}
