package dev.weir.server.pgwire.catalog;

import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/// A table of the catalog with its rows.
///
/// @param open it has no rows, and any column is taken to be one of it
record CatalogTable(List<Field> fields, List<Object[]> rows, boolean open) {
    /// A column.
    record Field(String name, CatalogType type) {}

    /// @param columns name and type of each, `oid:oid relname:name`
    static CatalogTable of(String columns, List<Object[]> rows) {
        return new CatalogTable(fields(columns), rows, false);
    }

    /// A table that is always empty.
    static CatalogTable empty() {
        return new CatalogTable(List.of(), List.of(), true);
    }

    private static List<Field> fields(String columns) {
        List<Field> fields = new ArrayList<>();
        var all = new StringTokenizer(columns);
        while (all.hasMoreTokens()) {
            String column = all.nextToken();
            int colon = column.indexOf(':');
            String typeName = column.substring(colon + 1);
            boolean array = typeName.endsWith("[]");
            CatalogType type =
                    CatalogType.named(array ? typeName.replace("[]", "") : typeName)
                            .orElseThrow(() -> new IllegalStateException(column));
            fields.add(new Field(column.substring(0, colon), array ? type.array() : type));
        }
        return fields;
    }
}
