package dev.weir.broker.net;

import java.net.InetAddress;
import java.util.Map;

/// How many connections there may be, before anybody has said who they are.
///
/// @param max of all clients together; the next one waits until one is closed (`max.connections`)
/// @param maxPerAddress of one address; the next one is closed at once (`max.connections.per.ip`);
///   with 0 nobody is let in but who may have more
/// @param byAddress the same for addresses that may have more or fewer
///   (`max.connections.per.ip.overrides`)
/// @param maxIdleMs after which a connection that asks nothing is closed
///   (`connections.max.idle.ms`)
public record ConnectionLimits(
        int max, int maxPerAddress, Map<InetAddress, Integer> byAddress, long maxIdleMs) {
    public static final ConnectionLimits DEFAULT =
            new ConnectionLimits(10_000, Integer.MAX_VALUE, 600_000);

    public ConnectionLimits {
        byAddress = Map.copyOf(byAddress);
        check("max.connections", max, 1);
        check("max.connections.per.ip", maxPerAddress, 0);
        check("connections.max.idle.ms", maxIdleMs, 1);
    }

    /// The same for all addresses.
    public ConnectionLimits(int max, int maxPerAddress, long maxIdleMs) {
        this(max, maxPerAddress, Map.of(), maxIdleMs);
    }

    /// How many connections of an address there may be.
    int most(InetAddress address) {
        return byAddress.getOrDefault(address, maxPerAddress);
    }

    private static void check(String name, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    name + " must be at least " + least + ", got " + value);
        }
    }
}
