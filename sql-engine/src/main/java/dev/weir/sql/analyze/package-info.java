/// Names and types resolved: [dev.weir.sql.parse.Statement] to [Analyzed].
///
/// Start at [Analyzer]. Queries become Calcite's relational algebra by way of its validator; what
/// it refuses comes out as [dev.weir.sql.error.SqlException] with a position and a hint. An
/// analyzer serves one catalog snapshot and one thread.
package dev.weir.sql.analyze;
