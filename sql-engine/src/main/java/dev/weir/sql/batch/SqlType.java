package dev.weir.sql.batch;

import java.util.List;
import java.util.stream.Collectors;

/// The types of columns. Every column may hold NULL.
///
/// [#layout] says which [Column] class carries a type: booleans (0 or 1), integers, dates (days
/// since the epoch), times (milliseconds of the day) and timestamps (milliseconds since the epoch,
/// UTC) are longs; text and bytes share an arena; the rest are objects.
public sealed interface SqlType
        permits Primitive, SqlType.Decimal, SqlType.Array, SqlType.MapOf, SqlType.Struct {
    /// How a column of this type is laid out in memory.
    enum Layout {
        LONG,
        DOUBLE,
        BYTES,
        OBJECT
    }

    record Decimal(int precision, int scale) implements SqlType {}

    record Array(SqlType element) implements SqlType {}

    record MapOf(SqlType key, SqlType value) implements SqlType {}

    record Struct(List<Field> fields) implements SqlType {
        public Struct {
            fields = List.copyOf(fields);
        }
    }

    default Layout layout() {
        return switch (this) {
            case Primitive primitive -> primitive.memoryLayout();
            // BigDecimal, List, Map, and List<Object> in field order.
            case Decimal _, Array _, MapOf _, Struct _ -> Layout.OBJECT;
        };
    }

    /// True when equal values of the two types have equal key bytes once INT is written as BIGINT.
    static boolean areComparable(SqlType a, SqlType b) {
        return a.equals(b)
                || (a instanceof Decimal && b instanceof Decimal)
                || ((a == Primitive.INT || a == Primitive.BIGINT)
                        && (b == Primitive.INT || b == Primitive.BIGINT));
    }

    /// The type as a user writes it.
    default String sql() {
        return switch (this) {
            case Primitive primitive -> primitive.name();
            case Decimal(int precision, int scale) -> "DECIMAL(" + precision + ", " + scale + ")";
            case Array(var element) -> "ARRAY<" + element.sql() + ">";
            case MapOf(var key, var value) -> "MAP<" + key.sql() + ", " + value.sql() + ">";
            case Struct(var fields) ->
                    fields.stream()
                            .map(f -> f.name() + " " + f.type().sql())
                            .collect(Collectors.joining(", ", "STRUCT<", ">"));
        };
    }
}
