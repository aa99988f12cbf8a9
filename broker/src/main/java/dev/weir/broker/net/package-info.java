/// The Kafka listener: sockets, frames, the order of responses, and backpressure.
///
/// Start at [KafkaListener]. Each connection belongs to one event-loop thread, which reads frames,
/// has them served and writes the responses in the order of their requests. A broken frame closes
/// its connection and no other. Knows frames and exchanges; what a request means is the business of
/// `request`.
package dev.weir.broker.net;
