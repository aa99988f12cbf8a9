package dev.weir.sql.serde;

import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One value in its two forms.
///
/// Storage form is what columns hold, boxed: Long for the LONG layout, Double, String or byte[],
/// BigDecimal, List, Map, a struct as List in field order. People's form is what results hold:
/// Boolean, Integer, Long, Double, BigDecimal, String, byte[], LocalDate, LocalTime, Instant, List,
/// Map, a struct as LinkedHashMap from name to value. NULL is null in both.
public final class Values {
    private Values() {}

    /// The value of a column's row in storage form.
    public static Object storage(SqlType type, Column column, int row) {
        if (column.isNull(row)) {
            return null;
        }
        return switch (column) {
            case LongColumn longs -> longs.get(row);
            case DoubleColumn doubles -> doubles.get(row);
            case BytesColumn bytes ->
                    type == Primitive.VARCHAR ? bytes.string(row) : bytes.bytes(row);
            case ObjectColumn objects -> objects.get(row);
        };
    }

    /// The value of a column's row in people's form.
    public static Object people(SqlType type, Column column, int row) {
        return people(type, storage(type, column, row));
    }

    /// People's form of a value in storage form.
    public static Object people(SqlType type, Object value) {
        if (value == null) {
            return null;
        }
        return switch (type) {
            case Primitive.BOOLEAN -> (Long) value != 0;
            case Primitive.INT -> ((Long) value).intValue();
            case Primitive.BIGINT, Primitive.DOUBLE, Primitive.VARCHAR, Primitive.BYTES -> value;
            case Primitive.DATE -> LocalDate.ofEpochDay((Long) value);
            case Primitive.TIME -> LocalTime.ofNanoOfDay((Long) value * 1_000_000);
            case Primitive.TIMESTAMP -> Instant.ofEpochMilli((Long) value);
            case SqlType.Decimal _ -> value;
            case SqlType.Array(SqlType element) -> {
                List<Object> list = new ArrayList<>();
                for (Object item : (List<?>) value) {
                    list.add(people(element, item));
                }
                yield list;
            }
            case SqlType.MapOf(SqlType keyType, SqlType valueType) -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                ((Map<?, ?>) value)
                        .forEach((k, v) -> map.put(people(keyType, k), people(valueType, v)));
                yield map;
            }
            case SqlType.Struct(List<Field> fields) -> {
                Map<Object, Object> struct = new LinkedHashMap<>();
                for (int i = 0; i < fields.size(); i++) {
                    Field field = fields.get(i);
                    struct.put(field.name(), people(field.type(), ((List<?>) value).get(i)));
                }
                yield struct;
            }
        };
    }

    /// Storage form of a value in people's form.
    public static Object stored(SqlType type, Object value) {
        if (value == null) {
            return null;
        }
        return switch (type) {
            case Primitive.BOOLEAN -> (Boolean) value ? 1L : 0L;
            case Primitive.INT -> ((Integer) value).longValue();
            case Primitive.BIGINT, Primitive.DOUBLE, Primitive.VARCHAR, Primitive.BYTES -> value;
            case Primitive.DATE -> ((LocalDate) value).toEpochDay();
            case Primitive.TIME -> ((LocalTime) value).toNanoOfDay() / 1_000_000;
            case Primitive.TIMESTAMP -> ((Instant) value).toEpochMilli();
            case SqlType.Decimal _ -> value;
            case SqlType.Array(SqlType element) -> {
                List<Object> list = new ArrayList<>();
                for (Object item : (List<?>) value) {
                    list.add(stored(element, item));
                }
                yield list;
            }
            case SqlType.MapOf(SqlType keyType, SqlType valueType) -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                ((Map<?, ?>) value)
                        .forEach((k, v) -> map.put(stored(keyType, k), stored(valueType, v)));
                yield map;
            }
            case SqlType.Struct(List<Field> fields) -> {
                List<Object> struct = new ArrayList<>();
                for (Field field : fields) {
                    struct.add(stored(field.type(), ((Map<?, ?>) value).get(field.name())));
                }
                yield struct;
            }
        };
    }

    /// Appends a value in storage form, null for NULL. Text may be given as String or as UTF-8.
    public static void append(Column column, Object value) {
        if (value == null) {
            column.appendNull();
            return;
        }
        switch (column) {
            case LongColumn longs -> longs.append((Long) value);
            case DoubleColumn doubles -> doubles.append((Double) value);
            case BytesColumn bytes -> {
                byte[] flat =
                        value instanceof String text
                                ? text.getBytes(StandardCharsets.UTF_8)
                                : (byte[]) value;
                bytes.append(flat, 0, flat.length);
            }
            case ObjectColumn objects -> objects.append(value);
        }
    }
}
