package dev.weir.sql.exec;

import dev.weir.sql.analyze.RelTypes;
import dev.weir.sql.batch.Schema;

import org.apache.calcite.rel.type.RelDataTypeFactory;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexNode;

import java.util.ArrayList;
import java.util.List;

/// Row expressions the engine makes itself.
final class Rex {
    private Rex() {}

    /// Every column as it is.
    static List<RexNode> identity(Schema schema) {
        RelDataTypeFactory types = RelTypes.factory();
        List<RexNode> columns = new ArrayList<>();
        for (int i = 0; i < schema.size(); i++) {
            columns.add(new RexInputRef(i, RelTypes.toRel(schema.type(i), types)));
        }
        return columns;
    }
}
