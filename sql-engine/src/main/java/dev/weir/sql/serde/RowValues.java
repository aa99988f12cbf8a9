package dev.weir.sql.serde;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;

/// Rows as people and their drivers see them.
public final class RowValues {
    private RowValues() {}

    /// The columns of a physical row in people's form; see [Values].
    public static Object[] read(Batch batch, int row) {
        Schema schema = batch.schema();
        Object[] values = new Object[schema.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Values.people(schema.type(i), batch.column(i), row);
        }
        return values;
    }
}
