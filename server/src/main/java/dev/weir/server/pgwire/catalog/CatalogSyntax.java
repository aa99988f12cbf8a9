package dev.weir.server.pgwire.catalog;

import java.util.List;
import java.util.Optional;

/// What a query to the catalog is made of. Expressions hold queries and queries expressions, so
/// both stand here.
final class CatalogSyntax {
    private CatalogSyntax() {}

    /// What can stand in a query to the catalog.
    sealed interface Expression {
        /// @param type of a constant written as such
        record Literal(Object value, CatalogType type) implements Expression {}

        /// `$1` has the index 0.
        record Parameter(int index) implements Expression {}

        /// @param qualifier empty when none is given
        record Column(String qualifier, String name) implements Expression {}

        /// `*` or `t.*`, in a SELECT list only.
        record Star(String qualifier) implements Expression {}

        record Call(String function, List<Expression> arguments) implements Expression {}

        /// `row_number() OVER (PARTITION BY … ORDER BY …)`.
        record Window(String function, List<Expression> partition, List<Order> order)
                implements Expression {}

        /// Arithmetic, comparison, AND, OR, `~`, LIKE and the like.
        record Binary(String operator, Expression left, Expression right) implements Expression {}

        record Not(Expression operand) implements Expression {}

        record Negative(Expression operand) implements Expression {}

        record IsNull(Expression operand) implements Expression {}

        /// @param operand what WHEN is compared with; empty when WHEN has conditions
        record Case(Optional<Expression> operand, List<When> whens, Optional<Expression> otherwise)
                implements Expression {}

        /// WHEN … THEN ….
        record When(Expression condition, Expression result) {}

        record Cast(Expression operand, CatalogType type) implements Expression {}

        record In(Expression operand, List<Expression> values) implements Expression {}

        /// `left operator ANY (array or query)`, or ALL.
        record Quantified(Expression left, String operator, boolean all, Expression right)
                implements Expression {}

        record Exists(CatalogSelect query) implements Expression {}

        /// A query that gives one value.
        record Scalar(CatalogSelect query) implements Expression {}

        /// `ARRAY(SELECT …)`, and the query of IN and ANY.
        record ArrayQuery(CatalogSelect query) implements Expression {}

        record ArrayOf(List<Expression> elements) implements Expression {}

        record Subscript(Expression array, Expression index) implements Expression {}

        /// `(composite).field`.
        record FieldOf(Expression composite, String field) implements Expression {}

        /// An item of ORDER BY.
        record Order(Expression by, boolean descending, boolean nullsFirst) {}
    }

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
        record Rows(
                Expression.Call call, String alias, List<String> columns, boolean withOrdinality)
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
}
