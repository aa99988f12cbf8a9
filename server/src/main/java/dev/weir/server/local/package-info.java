/// The engine's ports over the broker in this process, batch-sized. The only package of the server
/// that knows the broker.
///
/// Start at [EmbeddedBroker]: it starts the broker and hands out [EmbeddedTopicLog], which the
/// engine reads and appends through. Any thread may call; reads and appends borrow their buffers
/// from a pool, so that no thread keeps megabytes of its own.
package dev.weir.server.local;
