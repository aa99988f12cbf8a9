/// PostgreSQL's system catalog over Weir's: `pg_catalog` and `information_schema` as tables, and
/// the queries that clients send to them.
///
/// Start at [CatalogQueries]. A query is cut by [Lexer], parsed by [CatalogParser] into
/// [CatalogSyntax] and evaluated row by row, in memory: the tables are small, and what matters is
/// that PostgreSQL's own idioms work. Loaded at the first such query.
package dev.weir.server.pgwire.catalog;
