/// Topics, their partitions and their settings, and the log of decisions that makes them durable.
///
/// Start at [Topics]. Every change is decided, written to the [MetadataLog] and fsynced, then
/// applied; recovery replays the same records. Changes are serialised by a lock and block on the
/// disk, so they are made from the broker's admin thread; any thread may look topics up without
/// waiting. Knows partitions; knows nothing of requests or the wire.
package dev.weir.broker.topic;
