package dev.weir.broker.access;

/// Who asks.
///
/// @param principal such as `User:ANONYMOUS`
/// @param host the address it asks from
public record Caller(String principal, String host) {}
