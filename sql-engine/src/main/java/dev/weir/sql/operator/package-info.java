/// The running operators: deltas in, deltas out, state in between.
///
/// Start at [Operator]. All operators of a circuit are owned by its worker thread. Linear ones pass
/// deltas on at once; those that must see a whole step emit in [Operator#endStep].
package dev.weir.sql.operator;
