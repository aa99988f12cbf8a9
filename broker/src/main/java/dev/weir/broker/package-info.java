/// The broker as a whole: configuration, wiring, start and clean shutdown.
///
/// Start at [Broker]: it opens the log directory and the metadata log, binds the Kafka listener and
/// hands out partitions to readers in the same process. A request goes `net` (frames, order of
/// responses) → `request` (one handler per API) → `topic` and `partition` → `log`. Event-loop
/// threads of the listener decode, append and answer; what waits is parked; what blocks runs on the
/// named threads `broker-admin` (changes of topics) and `broker-lookup` (searches by timestamp).
package dev.weir.broker;
