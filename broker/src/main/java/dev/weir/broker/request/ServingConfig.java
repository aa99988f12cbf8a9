package dev.weir.broker.request;

import dev.weir.broker.topic.BrokerSettings;

import java.time.InstantSource;
import java.util.Map;
import java.util.function.LongSupplier;

/// How requests are served.
///
/// @param node how the broker appears to clients
/// @param autoCreateTopics whether asking for a topic makes it (`auto.create.topics.enable`)
/// @param capReplicas whether more than one replica is cut to one instead of refused
///   (`replicas.cap`)
/// @param shown the broker's settings that stay as they are, as clients may see them, by Kafka's
///   names
/// @param settings those that can be changed
/// @param metadataEnd how long the metadata log is now
/// @param clock what time answers tell
public record ServingConfig(
        Node node,
        boolean autoCreateTopics,
        boolean capReplicas,
        Map<String, String> shown,
        BrokerSettings settings,
        LongSupplier metadataEnd,
        InstantSource clock) {}
