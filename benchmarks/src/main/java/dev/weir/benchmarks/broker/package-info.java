/// Loads for any Kafka-protocol broker, run against Weir and Apache Kafka in turn by
/// `benchmarks/kafka.sh`.
package dev.weir.benchmarks.broker;
