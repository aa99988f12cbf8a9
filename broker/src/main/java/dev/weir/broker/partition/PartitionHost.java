package dev.weir.broker.partition;

import dev.weir.broker.storage.StorageFile;

import java.util.List;

/// What a partition asks of the directory it is in. Any thread.
interface PartitionHost {
    /// The disk failed: all partitions must be told.
    void diskFailed();

    /// Something was appended.
    void appended(int bytes);

    /// Much was appended since the last checkpoint.
    void checkpointDue(Partition partition);

    /// Idle time after which a producer is forgotten. It may change.
    long producerExpirationMs();

    /// What is counted about the work on logs.
    LogMetrics metrics();

    /// Closes files when those who still read them are done.
    void closeLater(List<StorageFile> files);
}
