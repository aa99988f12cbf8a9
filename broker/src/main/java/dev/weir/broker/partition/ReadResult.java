package dev.weir.broker.partition;

import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.storage.FileSlice;

import java.util.List;

/// Batches found by a read. The slice starts with the batch that contains the asked offset (so
/// records before it must be skipped) and may end inside a batch.
///
/// @param aborted aborted transactions overlapping the slice; only for
///   [ReadLimit#LAST_STABLE_OFFSET], else empty
/// @param olderSegment whether the slice lies in a segment behind which there are others to read
public record ReadResult(
        long highWatermark,
        long lastStableOffset,
        long logStartOffset,
        FileSlice slice,
        List<AbortedTransaction> aborted,
        boolean olderSegment) {}
