/// Physical plans: a sealed tree of operators as records, made from Calcite's relational algebra.
///
/// Start at [Planner]; [PlanNode] is what it makes. Plans are values: no threads, no state.
package dev.weir.sql.plan;
