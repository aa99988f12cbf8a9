package dev.weir.broker.partition;

/// What an append did.
///
/// @param firstOffset offset of the first record
/// @param lastOffset offset of the last record; durable once the high watermark is above it
/// @param logAppendTimeMs the stamp of the broker, -1 when records keep their producer's time
/// @param duplicate the batch was here already; the offsets are those of the first arrival
public record AppendResult(
        long firstOffset,
        long lastOffset,
        long logAppendTimeMs,
        long logStartOffset,
        boolean duplicate) {}
