package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.serde.Values;

import org.apache.calcite.rex.RexCall;
import org.apache.calcite.rex.RexInputRef;
import org.apache.calcite.rex.RexLiteral;
import org.apache.calcite.rex.RexNode;
import org.apache.calcite.rex.RexUtil;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.type.SqlTypeFamily;
import org.apache.calcite.util.NlsString;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Finds the one key that a condition over a table's scan lets pass, so that reading the table is a
/// lookup.
final class KeyLookup {
    private KeyLookup() {}

    /// The key as a batch with one row of the key columns, when the condition of the scan fixes all
    /// of them with constants: `key = 'a' AND …`.
    static Optional<Batch> key(Circuit.Scan scan) {
        if (scan.condition() == null) {
            return Optional.empty();
        }
        Relation table = scan.relation();
        int[] keyColumns = table.keyColumns();
        Object[] values = new Object[keyColumns.length];
        for (RexNode term : RexUtil.flattenAnd(List.of(scan.condition()))) {
            if (term instanceof RexCall call && call.getKind() == SqlKind.EQUALS) {
                take(call.getOperands().get(0), call.getOperands().get(1), scan, values);
                take(call.getOperands().get(1), call.getOperands().get(0), scan, values);
            }
        }
        List<Field> fields = new ArrayList<>();
        for (int k = 0; k < values.length; k++) {
            if (values[k] == null) {
                return Optional.empty();
            }
            fields.add(
                    new Field(
                            table.columns().get(keyColumns[k]).name(),
                            table.columns().get(keyColumns[k]).type()));
        }
        Batch key = Batch.of(new Schema(fields));
        for (int k = 0; k < values.length; k++) {
            Values.append(key.column(k), values[k]);
        }
        key.endRow(1, 0);
        return Optional.of(key);
    }

    private static void take(RexNode column, RexNode value, Circuit.Scan scan, Object[] values) {
        if (!(column instanceof RexInputRef ref)
                || !(value instanceof RexLiteral literal)
                || !(scan.columns().get(ref.getIndex())
                        instanceof ScanColumn.Value(int index, List<String> path))
                || !path.isEmpty()) {
            return;
        }
        int[] keyColumns = scan.relation().keyColumns();
        for (int k = 0; k < keyColumns.length; k++) {
            if (keyColumns[k] == index) {
                values[k] = constant(scan.relation().columns().get(index).type(), literal);
            }
        }
    }

    /// The literal in storage form, or null when it is not plainly a value of the type.
    private static Object constant(SqlType type, RexLiteral literal) {
        return switch (type) {
            case Primitive.VARCHAR ->
                    literal.getValue() instanceof NlsString text ? text.getValue() : null;
            case Primitive.INT, Primitive.BIGINT -> {
                if (literal.getTypeName().getFamily() != SqlTypeFamily.NUMERIC
                        || !(literal.getValue() instanceof BigDecimal number)) {
                    yield null;
                }
                try {
                    yield number.longValueExact();
                } catch (ArithmeticException e) {
                    yield null;
                }
            }
            default -> null;
        };
    }
}
