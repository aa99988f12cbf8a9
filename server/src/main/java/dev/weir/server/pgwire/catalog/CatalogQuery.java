package dev.weir.server.pgwire.catalog;

import dev.weir.sql.catalog.Catalog;

import java.util.List;

/// A query to the catalog's tables, parsed.
public final class CatalogQuery {
    /// A column of its result.
    ///
    /// @param element for an array the oid of its elements, else 0
    public record Column(String name, int oid, int element) {}

    /// The number of its parameters.
    public int parameters() {
        return 0;
    }

    public List<Column> columns() {
        return List.of();
    }

    /// Evaluates it.
    public List<Object[]> rows(Catalog catalog, SessionFacts facts, List<Object> values) {
        return List.of();
    }
}
