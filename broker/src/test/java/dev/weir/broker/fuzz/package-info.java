/// Broken and odd requests thrown at a running broker over the wire. Start at [FuzzTest].
///
/// [RequestGenerator] writes requests of any API and version from the schemas that Kafka's own
/// generated classes publish, [BatchGenerator] the record batches in them, [Mutator] breaks their
/// bytes, [Conversation] sends them and judges what comes back, with Kafka's generated classes as
/// the judge of what was well formed; [Allocations] says what that cost. Meanwhile a [Bystander]
/// goes on with honest work.
package dev.weir.broker.fuzz;
