/// The running operators: deltas in, deltas out, state in between.
///
/// Start at [Operator]. All operators of a circuit are owned by one thread, and a query that
/// several threads share has a circuit for each: an operator that keeps state by key sees only the
/// keys of its own lane, to which an [Exchange] brings them. Linear operators pass deltas on at
/// once; those that must see a whole step emit in [Operator#endStep].
package dev.weir.sql.operator;
