/// The ports: how the engine reads, appends and administers topics. All calls are batch-sized.
///
/// Start at [TopicLog]. The server implements it over the embedded broker; tests over memory.
package dev.weir.sql.io;
