/// The one exception the engine speaks to its users. A leaf: every package may throw it.
package dev.weir.sql.error;
