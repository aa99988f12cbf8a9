/// Consumer groups: Apache Kafka's own group coordinator, hosted over this broker's logs.
///
/// Start at [Groups]. The coordinator comes from Kafka's `kafka-group-coordinator` library with all
/// its rules: classic groups, consumer groups of KIP-848, committed offsets and their expiry. This
/// package only lends it what a Kafka broker would: partitions of `__consumer_offsets` to write and
/// to load from, a picture of the topics, time and timers. Request handlers talk to its one public
/// interface, `GroupCoordinator`; the rest of the library is seen by this package alone.
///
/// Nothing of the library is loaded before a group is first asked for. From then on its own event
/// threads own all state of groups; a change is answered when its records are durable.
package dev.weir.broker.group;
