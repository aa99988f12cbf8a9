/// The tools a person types at: the SQL shell and the topic tool. They speak only the wire and load
/// neither the SQL engine nor the broker, so that a prompt appears at once.
///
/// Start at [Main]. Data moves `client → render → shell`; `topic` stands beside them.
package dev.weir.repl;
