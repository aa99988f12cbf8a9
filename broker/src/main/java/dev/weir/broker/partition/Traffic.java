package dev.weir.broker.partition;

import java.util.concurrent.atomic.LongAdder;

/// What clients wrote to and read from one partition since the start. Any thread adds, any thread
/// reads.
public final class Traffic {
    private final LongAdder producedBytes = new LongAdder();
    private final LongAdder producedBatches = new LongAdder();
    private final LongAdder producedRecords = new LongAdder();
    private final LongAdder fetchedBytes = new LongAdder();

    Traffic() {}

    /// Counts a batch that was appended for a client.
    public void produced(long bytes, long records) {
        producedBytes.add(bytes);
        producedBatches.increment();
        producedRecords.add(records);
    }

    /// Counts batches that are sent to a client.
    public void fetched(long bytes) {
        fetchedBytes.add(bytes);
    }

    public long producedBytes() {
        return producedBytes.sum();
    }

    public long producedBatches() {
        return producedBatches.sum();
    }

    public long producedRecords() {
        return producedRecords.sum();
    }

    public long fetchedBytes() {
        return fetchedBytes.sum();
    }
}
