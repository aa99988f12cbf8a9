/// The one exception the broker's packages throw at each other, carrying a Kafka error code. Start
/// at [BrokerException]. A leaf: it imports nothing of the broker and nothing of Kafka. Immutable;
/// any thread.
package dev.weir.broker.error;
