package dev.weir.server.pgwire.catalog;

import java.util.List;
import java.util.Optional;

/// A query to the catalog: its body, and what is done to the rows of that.
record CatalogSelect(
        Body body,
        List<Expression.Order> orderBy,
        Optional<Expression> limit,
        Optional<Expression> offset) {
    /// Where rows come from.
    sealed interface Body {}

    /// SELECT.
    record Select(
            boolean distinct,
            List<Item> items,
            List<Source> from,
            Optional<Expression> where,
            List<Expression> groupBy,
            Optional<Expression> having)
            implements Body {}

    /// UNION, INTERSECT, EXCEPT.
    record SetOperation(String operator, boolean all, Body left, Body right) implements Body {}

    /// VALUES.
    record Values(List<List<Expression>> rows) implements Body {}

    /// A column of SELECT.
    record Item(Expression value, Optional<String> alias) {}

    /// What FROM lists.
    sealed interface Source {}

    /// @param schema empty when none is given
    record Table(String schema, String name, String alias, List<String> columns)
            implements Source {}

    /// A function whose rows are read.
    record Rows(Expression.Call call, String alias, List<String> columns, boolean withOrdinality)
            implements Source {}

    record Nested(CatalogSelect query, String alias, List<String> columns) implements Source {}

    /// @param kind INNER, LEFT, RIGHT, FULL or CROSS
    /// @param using names of columns, when the condition is given by them
    record Join(
            String kind,
            Source left,
            Source right,
            Optional<Expression> condition,
            List<String> using)
            implements Source {}
}
