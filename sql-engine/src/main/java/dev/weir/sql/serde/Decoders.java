package dev.weir.sql.serde;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;

import java.util.List;

/// Makes decoders.
public final class Decoders {
    private Decoders() {}

    /// A decoder of the wanted columns of a relation's records.
    public static RecordDecoder of(Relation relation, List<ScanColumn> columns) {
        return new TopicDecoder(relation, columns);
    }
}
