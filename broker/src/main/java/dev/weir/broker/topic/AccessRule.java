package dev.weir.broker.topic;

/// Who may or may not do what with what. The numbers are those of Kafka's protocol.
///
/// @param patternType whether the name is whole or the beginning of one
/// @param principal such as `User:alice`
/// @param host an address, or `*` for all
public record AccessRule(
        byte resourceType,
        String resourceName,
        byte patternType,
        String principal,
        String host,
        byte operation,
        byte permission) {}
