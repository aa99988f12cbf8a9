/// `weir demo`: a server on a temporary data directory, a made-up shop that sends orders and
/// clicks, the example queries, and a shell with a live query.
///
/// Start at [Demo]. It reaches the server only as a user would, by HTTP and the Kafka protocol. The
/// calling thread runs the shell; a thread of its own sends the events.
package dev.weir.server.demo;
