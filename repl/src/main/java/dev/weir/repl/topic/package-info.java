/// `weir topic` and `weir group`: topics listed, made, described, filled and read, consumer groups
/// listed, described and moved, over the Kafka protocol. They work with any broker.
///
/// Start at [TopicCommand] and [GroupCommand]. One thread does everything but what Kafka's clients
/// do on their own.
package dev.weir.repl.topic;
