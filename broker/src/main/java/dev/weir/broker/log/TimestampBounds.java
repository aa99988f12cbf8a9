package dev.weir.broker.log;

/// How far the timestamps of clients' records may be from the server's clock, in milliseconds.
///
/// @param beforeMaxMs `message.timestamp.before.max.ms`: how far in the past
/// @param afterMaxMs `message.timestamp.after.max.ms`: how far in the future
public record TimestampBounds(long beforeMaxMs, long afterMaxMs) {
    /// Kafka's defaults: any past, an hour of future, for clocks that go wrong.
    public static final TimestampBounds DEFAULT = new TimestampBounds(Long.MAX_VALUE, 3_600_000);

    public TimestampBounds {
        require("message.timestamp.before.max.ms", beforeMaxMs);
        require("message.timestamp.after.max.ms", afterMaxMs);
    }

    private static void require(String name, long ms) {
        if (ms < 0) {
            throw new IllegalArgumentException(name + " must not be negative, got " + ms);
        }
    }
}
