/// The Nexmark auction workload: its events, and queries over them timed on a running Weir.
///
/// [NexmarkEvents] writes the same bytes for the same arguments, so that any engine can be given
/// the same input; [NexmarkRun] starts a server, loads them and times the queries.
package dev.weir.benchmarks.nexmark;
