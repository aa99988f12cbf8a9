package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;

import org.apache.calcite.schema.Table;
import org.apache.calcite.schema.impl.AbstractSchema;

import java.util.HashMap;
import java.util.Map;

/// A catalog snapshot as Calcite's schema.
final class CatalogSchema extends AbstractSchema {
    private final Map<String, Table> tables = new HashMap<>();

    CatalogSchema(Catalog catalog) {
        for (Relation relation : catalog.relations()) {
            tables.put(relation.name(), new RelationTable(relation));
        }
    }

    @Override
    protected Map<String, Table> getTableMap() {
        return tables;
    }
}
