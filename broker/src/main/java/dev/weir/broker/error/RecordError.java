package dev.weir.broker.error;

/// A record of a batch that was refused because of it.
///
/// @param index of the record in its batch, from 0
/// @param message what is wrong with it, lower-case and factual
public record RecordError(int index, String message) {}
