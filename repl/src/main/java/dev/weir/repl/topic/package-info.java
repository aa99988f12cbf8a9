/// `weir topic`: topics listed, made, described, filled and read, over the Kafka protocol. It works
/// with any broker.
///
/// Start at [TopicCommand]. One thread does everything but what Kafka's clients do on their own.
package dev.weir.repl.topic;
