/// The one exception the engine speaks to its users, and the checkpoints at which planning can be
/// ended. A leaf: every package may use them.
package dev.weir.sql.error;
