package dev.weir.broker.partition;

/// How far a reader may see.
public enum ReadLimit {
    /// Durable records.
    HIGH_WATERMARK,
    /// Durable records of decided transactions.
    LAST_STABLE_OFFSET,
    /// Everything appended, durable or not.
    LOG_END
}
