package dev.weir.broker.log;

/// A transaction without an end marker yet.
public record OpenTransaction(long producerId, short producerEpoch, long firstOffset) {}
