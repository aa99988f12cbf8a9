/// Steps, journal and recovery; push and pull queries: the running engine.
///
/// Start at [SqlEngine]. One worker thread steps all circuits; one committer thread makes steps
/// durable in order; one checkpoint thread writes state. Front doors call from any thread.
package dev.weir.sql.exec;
