/// Columns in flight: schemas, typed columns and the weighted batches that flow between operators.
///
/// Start at [Batch]. A batch is owned by the operator that made it and valid until that operator is
/// called again; whoever wants to keep rows copies them. A leaf: knows nothing of SQL or state.
package dev.weir.sql.batch;
