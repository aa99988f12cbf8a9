package dev.weir.server.http;

import java.util.function.Supplier;

/// What identifies a server.
///
/// @param clusterId asked for at each request: known only once the broker runs
public record ServerFacts(String version, Supplier<String> clusterId) {}
