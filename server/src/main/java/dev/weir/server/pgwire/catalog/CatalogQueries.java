package dev.weir.server.pgwire.catalog;

import dev.weir.sql.catalog.Catalog;

import java.util.Optional;

/// Tells queries to PostgreSQL's catalog from those to Weir's relations.
public final class CatalogQueries {
    private CatalogQueries() {}

    /// The query, when it is one to the catalog.
    public static Optional<CatalogQuery> find(String statement, Catalog catalog) {
        return Optional.empty();
    }
}
