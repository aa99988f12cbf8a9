/// Statement text to [Statement] records: Calcite's grammar with ksqlDB's statements beside it.
///
/// Start at [Statements]. Names are as written, nothing is looked up here; the bodies of SELECT
/// stay Calcite syntax trees. No state: any thread may call.
package dev.weir.sql.parse;
