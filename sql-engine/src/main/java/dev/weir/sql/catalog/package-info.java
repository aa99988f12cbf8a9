/// Streams, tables and their queries as immutable values; the catalog is a snapshot of them.
///
/// Start at [Catalog]. Whoever changes it makes a new snapshot; readers keep the one they have.
package dev.weir.sql.catalog;
