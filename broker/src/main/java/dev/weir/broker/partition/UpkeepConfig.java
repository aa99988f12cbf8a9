package dev.weir.broker.partition;

/// How the work on logs beside appending is done. Can be changed while they are open.
///
/// @param producerExpirationMs idle time after which a producer's sequence numbers are forgotten
///   (`producer.id.expiration.ms`)
/// @param compactionIntervalMs between two looks for logs to compact (`log.cleaner.backoff.ms`)
/// @param compactionKeyBytes memory for the keys of logs while they are compacted, shared by the
///   threads (`log.cleaner.dedupe.buffer.size`)
/// @param compactionThreads how many logs are compacted at a time (`log.cleaner.threads`)
/// @param openingThreads how many logs are opened, and recovered, at a time
///   (`num.recovery.threads.per.data.dir`)
public record UpkeepConfig(
        long producerExpirationMs,
        long compactionIntervalMs,
        long compactionKeyBytes,
        int compactionThreads,
        int openingThreads) {

    /// Opening is mostly waiting: the file system makes what several threads sync at the same time
    /// durable together. So it has more threads than there are processors.
    public static final UpkeepConfig DEFAULT =
            new UpkeepConfig(86_400_000, 15_000, 64L << 20, 1, 16);

    public UpkeepConfig {
        check("producer.id.expiration.ms", producerExpirationMs, 1);
        check("log.cleaner.backoff.ms", compactionIntervalMs, 0);
        check("log.cleaner.dedupe.buffer.size", compactionKeyBytes, 1);
        check("log.cleaner.threads", compactionThreads, 1);
        check("num.recovery.threads.per.data.dir", openingThreads, 1);
    }

    private static void check(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name + " must be at least " + least + ", got " + value);
        }
    }
}
