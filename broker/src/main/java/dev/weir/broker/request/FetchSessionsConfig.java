package dev.weir.broker.request;

/// How many fetch sessions are kept.
///
/// @param slots the most sessions (`max.incremental.fetch.session.cache.slots`); 0 for none at all
/// @param partitions the most partitions of all sessions together; each takes some 130 bytes and
///   its share of its topic's name, which is no longer than 249 characters
/// @param evictionMs how long a session that is not used is safe from others, and how long any is
///   safe from larger ones after it began
public record FetchSessionsConfig(int slots, int partitions, long evictionMs) {
    public static final FetchSessionsConfig DEFAULT =
            new FetchSessionsConfig(1000, 500_000, 120_000);

    public FetchSessionsConfig {
        if (slots < 0) {
            throw new IllegalArgumentException(
                    "max.incremental.fetch.session.cache.slots must be at least 0, got " + slots);
        }
        if (partitions < 0 || evictionMs < 0) {
            throw new IllegalArgumentException(
                    "fetch sessions: "
                            + partitions
                            + " partitions and "
                            + evictionMs
                            + " ms must not be negative");
        }
    }

    /// The same with another number of slots.
    public FetchSessionsConfig withSlots(int newSlots) {
        return new FetchSessionsConfig(newSlots, partitions, evictionMs);
    }
}
