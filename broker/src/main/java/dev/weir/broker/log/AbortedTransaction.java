package dev.weir.broker.log;

/// A transaction that ended in an abort marker.
///
/// @param firstOffset first record of the transaction
/// @param lastOffset the abort marker
/// @param lastStableOffset the last stable offset just after the marker was appended
public record AbortedTransaction(
        long producerId, long firstOffset, long lastOffset, long lastStableOffset) {}
