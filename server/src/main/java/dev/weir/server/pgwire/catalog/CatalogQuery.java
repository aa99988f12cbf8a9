package dev.weir.server.pgwire.catalog;

import dev.weir.server.pgwire.catalog.CatalogSyntax.CatalogSelect;
import dev.weir.sql.catalog.Catalog;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/// A query to the catalog's tables, parsed. Immutable.
public final class CatalogQuery {
    private final CatalogSelect select;
    private final int parameters;

    CatalogQuery(CatalogSelect select, int parameters) {
        this.select = select;
        this.parameters = parameters;
    }

    /// A column of its result.
    ///
    /// @param element for an array the oid of its elements, else 0
    public record Column(String name, int oid, int element) {}

    /// @param rows values Long, Double, String, Boolean, List or null
    public record Result(List<Column> columns, List<Object[]> rows) {
        public Result {
            columns = List.copyOf(columns);
            rows = List.copyOf(rows);
        }
    }

    /// The number of its parameters.
    public int parameters() {
        return parameters;
    }

    /// Evaluates it.
    ///
    /// @param values of the parameters, null for NULL
    /// @throws dev.weir.sql.error.SqlException when a name is unknown or a value makes no sense
    public Result run(Catalog catalog, SessionFacts facts, List<Object> values) {
        List<Object> plain = new ArrayList<>();
        for (Object value : values) {
            plain.add(plain(value));
        }
        while (plain.size() < parameters) {
            plain.add(null);
        }
        CatalogTables tables = new CatalogTables(catalog, facts);
        CatalogFunctions functions = new CatalogFunctions(tables, facts);
        CatalogEvaluator.Rows rows =
                new CatalogEvaluator(tables, functions, plain).evaluate(select, null, null);
        List<Column> columns =
                rows.fields().stream()
                        .map(f -> new Column(f.name(), f.type().oid(), f.type().element()))
                        .toList();
        for (int i = 0; i < columns.size(); i++) {
            CatalogType type = rows.fields().get(i).type();
            for (Object[] row : rows.rows()) {
                row[i] = shown(row[i], type, functions);
            }
        }
        return new Result(columns, rows.rows());
    }

    private static Object plain(Object value) {
        return switch (value) {
            case null -> null;
            case Integer number -> number.longValue();
            case BigDecimal number -> number.doubleValue();
            case Long _, Double _, Boolean _, String _ -> value;
            default -> value.toString();
        };
    }

    /// A value in the form that its type has on the wire.
    private static Object shown(Object value, CatalogType type, CatalogFunctions functions) {
        if (value == null) {
            return null;
        }
        if (type.isReference()) {
            return functions.reference(type, value);
        }
        if (type.equals(CatalogType.BOOL)) {
            return Operators.bool(value);
        }
        if (type.isArray()) {
            return Operators.list(value).stream()
                    .map(e -> shown(e, type.elementType(), functions))
                    .toList();
        }
        if (type.isNumber()) {
            Number number = Operators.number(value);
            return type.equals(CatalogType.FLOAT4) || type.equals(CatalogType.FLOAT8)
                    ? (Object) number.doubleValue()
                    : (Object) number.longValue();
        }
        return Operators.text(value);
    }
}
