/// The SQL engine: statement in, result or continuous query out.
///
/// Read it in the order a query lives: [dev.weir.sql.parse], [dev.weir.sql.catalog],
/// [dev.weir.sql.analyze], [dev.weir.sql.plan], [dev.weir.sql.expr], [dev.weir.sql.operator],
/// [dev.weir.sql.state], [dev.weir.sql.exec]. The outside world is reached through the ports of
/// [dev.weir.sql.io] only.
package dev.weir.sql;
