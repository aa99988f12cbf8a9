/// Loads for any Kafka-protocol broker, run against Weir and Apache Kafka in turn by
/// `benchmarks/kafka.sh`, and kernels of the broker's own.
package dev.weir.benchmarks.broker;
