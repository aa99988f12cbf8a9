package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;

import org.apache.calcite.rel.type.RelDataType;
import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.schema.impl.AbstractTable;
import org.apache.calcite.sql.type.SqlTypeName;

import java.util.List;
import java.util.Locale;

/// A relation as Calcite's validator sees it: its columns, then the pseudo-columns, which a star
/// leaves out.
public final class RelationTable extends AbstractTable {
    /// The row time, milliseconds since the epoch.
    public static final String ROWTIME = "ROWTIME";

    /// The record's partition.
    public static final String ROWPARTITION = "ROWPARTITION";

    /// The record's offset.
    public static final String ROWOFFSET = "ROWOFFSET";

    private static final List<String> PSEUDO_COLUMNS = List.of(ROWTIME, ROWPARTITION, ROWOFFSET);

    private final Relation relation;

    RelationTable(Relation relation) {
        this.relation = relation;
    }

    public Relation relation() {
        return relation;
    }

    static boolean isPseudoColumn(String name) {
        return PSEUDO_COLUMNS.contains(name.toUpperCase(Locale.ROOT));
    }

    /// Records of a stream have a partition and an offset; rows of a table come from many records.
    static List<String> pseudoColumns(Relation relation) {
        return relation.isTable() ? List.of(ROWTIME) : PSEUDO_COLUMNS;
    }

    @Override
    public RelDataType getRowType(RelDataTypeFactory factory) {
        RelDataTypeFactory.Builder row = factory.builder();
        for (RelationColumn column : relation.columns()) {
            row.add(column.name(), RelTypes.toRel(column.type(), factory));
        }
        row.add(ROWTIME, SqlTypeName.BIGINT);
        if (!relation.isTable()) {
            row.add(ROWPARTITION, SqlTypeName.INTEGER);
            row.add(ROWOFFSET, SqlTypeName.BIGINT);
        }
        return row.build();
    }
}
