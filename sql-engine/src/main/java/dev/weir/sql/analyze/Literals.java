package dev.weir.sql.analyze;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import org.apache.calcite.avatica.util.ByteString;
import org.apache.calcite.rex.RexLiteral;

import java.math.BigDecimal;
import java.math.RoundingMode;

/// Calcite's literals as values in the storage form of [SqlType].
public final class Literals {
    private Literals() {}

    /// @param type the type of the value; the literal's own, or one it was cast to
    /// @return null for NULL
    public static Object storage(RexLiteral literal, SqlType type) {
        if (literal.isNull()) {
            return null;
        }
        return switch (type) {
            case Primitive primitive ->
                    switch (primitive) {
                        case BOOLEAN -> RexLiteral.booleanValue(literal) ? 1L : 0L;
                        case INT, BIGINT -> decimal(literal).longValue();
                        case DOUBLE -> literal.getValueAs(Double.class);
                        case VARCHAR -> literal.getValueAs(String.class);
                        case BYTES -> literal.getValueAs(ByteString.class).getBytes();
                        case DATE, TIME -> literal.getValueAs(Integer.class).longValue();
                        case TIMESTAMP -> literal.getValueAs(Long.class);
                    };
            case SqlType.Decimal(_, int scale) ->
                    decimal(literal).setScale(scale, RoundingMode.HALF_UP);
            case SqlType.Array _, SqlType.MapOf _, SqlType.Struct _ ->
                    throw new IllegalStateException("a literal of type " + type.sql());
        };
    }

    private static BigDecimal decimal(RexLiteral literal) {
        return literal.getValueAs(BigDecimal.class);
    }
}
