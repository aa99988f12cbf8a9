package dev.weir.broker.net;

/// How many connections there may be, before anybody has said who they are.
///
/// @param max of all clients together; the next one waits until one is closed (`max.connections`)
/// @param maxPerAddress of one address; the next one is closed at once (`max.connections.per.ip`)
/// @param maxIdleMs after which a connection that asks nothing is closed
///   (`connections.max.idle.ms`)
public record ConnectionLimits(int max, int maxPerAddress, long maxIdleMs) {
    public static final ConnectionLimits DEFAULT =
            new ConnectionLimits(10_000, Integer.MAX_VALUE, 600_000);

    public ConnectionLimits {
        check("max.connections", max);
        check("max.connections.per.ip", maxPerAddress);
        check("connections.max.idle.ms", maxIdleMs);
    }

    private static void check(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, got " + value);
        }
    }
}
