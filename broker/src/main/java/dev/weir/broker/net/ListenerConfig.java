package dev.weir.broker.net;

/// How connections are taken.
///
/// @param host the address to listen on
/// @param port the port to listen on, 0 for a free one
/// @param maxRequestBytes the largest request read from a client
/// @param maxInFlightRequests requests of one connection that may wait for their answers at a time;
///   beyond them nothing is read from it
/// @param ioThreads event-loop threads
/// @param connections how many there may be
public record ListenerConfig(
        String host,
        int port,
        int maxRequestBytes,
        int maxInFlightRequests,
        int ioThreads,
        ConnectionLimits connections) {}
