package dev.weir.sql.serde;

import dev.weir.sql.catalog.Relation;

/// Makes encoders.
public final class Encoders {
    private Encoders() {}

    /// An encoder of a relation's rows.
    public static RecordEncoder of(Relation relation) {
        return new TopicEncoder(relation);
    }
}
