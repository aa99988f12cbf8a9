package dev.weir.sql.codec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Keys as bytes whose unsigned order is the order of the values, column by column, NULL first.
/// Equal values have equal bytes: -0.0 is 0.0, every NaN is one NaN above infinity, 1.50 is 1.5.
///
/// ```
/// column  = 0 for NULL, or 1 and the value
/// boolean = 1 byte;  int, date, time = 4 bytes;  bigint, timestamp = 8 bytes: sign bit flipped,
///           big-endian
/// double  = 8 bytes: IEEE bits; positive: sign bit flipped; negative: all bits flipped
/// bytes   = the bytes, each 00 as 00 FF, then 00 00
/// decimal = sign (0, 1 for zero, 2); then, all bits flipped when negative: position of the point
///           (4 bytes), digits in pairs plus 1, 00
/// array   = each element: 1 for NULL, or 2 and the value; then 0
/// map     = as an array of its entries in the order of their keys' bytes
/// struct  = its fields as columns
/// ```
///
/// Belongs to one owner: it has scratch space.
public final class KeyCodec {
    private static final int NULL = 0;
    private static final int PRESENT = 1;
    private static final int END = 0;
    private static final int NULL_ELEMENT = 1;
    private static final int ELEMENT = 2;
    private static final int NEGATIVE = 0;
    private static final int ZERO = 1;
    private static final int POSITIVE = 2;

    private final int[] columns;
    private final SqlType[] types;
    private int position;

    /// A codec of some columns, most significant first.
    public KeyCodec(Schema schema, int[] columns) {
        this.columns = columns.clone();
        this.types = new SqlType[columns.length];
        for (int i = 0; i < columns.length; i++) {
            types[i] = schema.type(columns[i]);
        }
    }

    /// Appends the key of a row to `out`.
    public void write(Batch in, int row, ByteSink out) {
        for (int i = 0; i < columns.length; i++) {
            Column column = in.column(columns[i]);
            if (column.isNull(row)) {
                out.put(NULL);
                continue;
            }
            out.put(PRESENT);
            switch (column) {
                case LongColumn longs -> putLong(types[i], longs.get(row), out);
                case DoubleColumn doubles -> out.putLong(orderedBits(doubles.get(row)));
                case BytesColumn bytes ->
                        putBytes(bytes.arena(), bytes.offset(row), bytes.length(row), out);
                case ObjectColumn objects -> putValue(types[i], objects.get(row), out);
            }
        }
    }

    /// Appends the key at `offset` to the columns, one for each of the codec's columns in order.
    ///
    /// @return the offset after the key
    public int read(byte[] data, int offset, Column[] into) {
        position = offset;
        for (int i = 0; i < columns.length; i++) {
            readColumn(data, types[i], into[i]);
        }
        return position;
    }

    /// Appends the key at `offset` to the first columns of `into`, one for each of the codec's
    /// columns in order. The caller ends the row.
    ///
    /// @return the offset after the key
    public int read(byte[] data, int offset, Batch into) {
        position = offset;
        for (int i = 0; i < columns.length; i++) {
            readColumn(data, types[i], into.column(i));
        }
        return position;
    }

    private void readColumn(byte[] data, SqlType type, Column into) {
        if (data[position++] == NULL) {
            into.appendNull();
            return;
        }
        switch (into) {
            case LongColumn longs -> longs.append(getLong(type, data));
            case DoubleColumn doubles -> doubles.append(getDouble(data));
            case BytesColumn bytes -> {
                int length = escapedLength(data);
                bytes.reserve(length);
                unescape(data, bytes.arena(), bytes.end());
                bytes.commit(length);
            }
            case ObjectColumn objects -> objects.append(getValue(type, data));
        }
    }

    private static void putLong(SqlType type, long value, ByteSink out) {
        switch (type) {
            case Primitive.BOOLEAN -> out.put((int) value);
            case Primitive.INT, Primitive.DATE, Primitive.TIME ->
                    out.putInt((int) value ^ Integer.MIN_VALUE);
            default -> out.putLong(value ^ Long.MIN_VALUE);
        }
    }

    private long getLong(SqlType type, byte[] data) {
        switch (type) {
            case Primitive.BOOLEAN -> {
                return data[position++];
            }
            case Primitive.INT, Primitive.DATE, Primitive.TIME -> {
                int value = ByteSink.intAt(data, position) ^ Integer.MIN_VALUE;
                position += 4;
                return value;
            }
            default -> {
                long value = ByteSink.longAt(data, position) ^ Long.MIN_VALUE;
                position += 8;
                return value;
            }
        }
    }

    /// The bits of a double such that unsigned order is numeric order.
    private static long orderedBits(double value) {
        // Adding 0.0 turns -0.0 into 0.0; doubleToLongBits makes every NaN the same.
        long bits = Double.doubleToLongBits(value + 0.0);
        return bits < 0 ? ~bits : bits ^ Long.MIN_VALUE;
    }

    private double getDouble(byte[] data) {
        long bits = ByteSink.longAt(data, position);
        position += 8;
        return Double.longBitsToDouble(bits < 0 ? bits ^ Long.MIN_VALUE : ~bits);
    }

    private static void putBytes(byte[] source, int offset, int length, ByteSink out) {
        out.reserve(length + 2);
        int end = offset + length;
        int from = offset;
        for (int at = offset; at < end; at++) {
            if (source[at] == 0) {
                out.put(source, from, at - from + 1);
                out.put(0xFF);
                from = at + 1;
            }
        }
        out.put(source, from, end - from);
        out.put(0);
        out.put(0);
    }

    /// How many bytes the escaped bytes at the position stand for.
    private int escapedLength(byte[] data) {
        int length = 0;
        int at = position;
        while (true) {
            if (data[at] == 0) {
                if (data[at + 1] == 0) {
                    return length;
                }
                at++;
            }
            at++;
            length++;
        }
    }

    private void unescape(byte[] data, byte[] target, int targetOffset) {
        int to = targetOffset;
        while (true) {
            byte next = data[position++];
            if (next == 0) {
                byte escape = data[position++];
                if (escape == 0) {
                    return;
                }
            }
            target[to++] = next;
        }
    }

    private static void putValue(SqlType type, Object value, ByteSink out) {
        switch (type) {
            case Primitive primitive -> {
                switch (primitive.layout()) {
                    case LONG -> putLong(primitive, (Long) value, out);
                    case DOUBLE -> out.putLong(orderedBits((Double) value));
                    case BYTES -> {
                        byte[] bytes = RowCodec.flatBytes(value);
                        putBytes(bytes, 0, bytes.length, out);
                    }
                    case OBJECT -> throw new IllegalStateException("no object: " + primitive);
                }
            }
            case SqlType.Decimal _ -> putDecimal((BigDecimal) value, out);
            case SqlType.Array(SqlType element) -> {
                for (Object item : (List<?>) value) {
                    putElement(element, item, out);
                }
                out.put(END);
            }
            case SqlType.MapOf(SqlType keyType, SqlType valueType) -> {
                List<byte[]> entries = new ArrayList<>();
                ByteSink scratch = new ByteSink();
                for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                    scratch.clear();
                    putElement(keyType, entry.getKey(), scratch);
                    putElement(valueType, entry.getValue(), scratch);
                    entries.add(scratch.toByteArray());
                }
                entries.sort(Arrays::compareUnsigned);
                for (byte[] entry : entries) {
                    out.put(entry);
                }
                out.put(END);
            }
            case SqlType.Struct(List<Field> fields) -> {
                List<?> struct = (List<?>) value;
                for (int i = 0; i < fields.size(); i++) {
                    putNullable(fields.get(i).type(), struct.get(i), out);
                }
            }
        }
    }

    private static void putElement(SqlType type, Object value, ByteSink out) {
        if (value == null) {
            out.put(NULL_ELEMENT);
        } else {
            out.put(ELEMENT);
            putValue(type, value, out);
        }
    }

    private static void putNullable(SqlType type, Object value, ByteSink out) {
        if (value == null) {
            out.put(NULL);
        } else {
            out.put(PRESENT);
            putValue(type, value, out);
        }
    }

    private Object getValue(SqlType type, byte[] data) {
        return switch (type) {
            case Primitive primitive ->
                    switch (primitive.layout()) {
                        case LONG -> getLong(primitive, data);
                        case DOUBLE -> getDouble(data);
                        case BYTES -> {
                            byte[] bytes = new byte[escapedLength(data)];
                            unescape(data, bytes, 0);
                            yield primitive == Primitive.VARCHAR
                                    ? new String(bytes, StandardCharsets.UTF_8)
                                    : bytes;
                        }
                        case OBJECT -> throw new IllegalStateException("no object: " + primitive);
                    };
            case SqlType.Decimal(_, int scale) -> getDecimal(scale, data);
            case SqlType.Array(SqlType element) -> {
                List<Object> list = new ArrayList<>();
                for (int tag = data[position++]; tag != END; tag = data[position++]) {
                    list.add(tag == NULL_ELEMENT ? null : getValue(element, data));
                }
                yield list;
            }
            case SqlType.MapOf(SqlType keyType, SqlType valueType) -> {
                Map<Object, Object> map = new LinkedHashMap<>();
                for (int tag = data[position++]; tag != END; tag = data[position++]) {
                    Object key = tag == NULL_ELEMENT ? null : getValue(keyType, data);
                    int valueTag = data[position++];
                    map.put(key, valueTag == NULL_ELEMENT ? null : getValue(valueType, data));
                }
                yield map;
            }
            case SqlType.Struct(List<Field> fields) -> {
                List<Object> struct = new ArrayList<>(fields.size());
                for (Field field : fields) {
                    struct.add(data[position++] == NULL ? null : getValue(field.type(), data));
                }
                yield struct;
            }
        };
    }

    private static void putDecimal(BigDecimal value, ByteSink out) {
        int signum = value.signum();
        if (signum == 0) {
            out.put(ZERO);
            return;
        }
        out.put(signum < 0 ? NEGATIVE : POSITIVE);
        int flip = signum < 0 ? 0xFF : 0;
        BigDecimal normal = value.stripTrailingZeros();
        String digits = normal.unscaledValue().abs().toString();
        // 0.digits × 10^point
        int point = digits.length() - normal.scale();
        out.putInt(point ^ Integer.MIN_VALUE ^ (flip == 0 ? 0 : -1));
        for (int i = 0; i < digits.length(); i += 2) {
            int high = digits.charAt(i) - '0';
            int low = i + 1 < digits.length() ? digits.charAt(i + 1) - '0' : 0;
            out.put((high * 10 + low + 1) ^ flip);
        }
        out.put(flip);
    }

    private BigDecimal getDecimal(int scale, byte[] data) {
        int sign = data[position++];
        if (sign == ZERO) {
            return BigDecimal.ZERO.setScale(scale);
        }
        int flip = sign == NEGATIVE ? 0xFF : 0;
        int point = ByteSink.intAt(data, position) ^ Integer.MIN_VALUE ^ (flip == 0 ? 0 : -1);
        position += 4;
        StringBuilder digits = new StringBuilder();
        for (int next = (data[position++] & 0xFF) ^ flip;
                next != 0;
                next = (data[position++] & 0xFF) ^ flip) {
            digits.append((char) ('0' + (next - 1) / 10)).append((char) ('0' + (next - 1) % 10));
        }
        BigInteger unscaled = new BigInteger(digits.toString());
        BigDecimal value =
                new BigDecimal(flip == 0 ? unscaled : unscaled.negate(), digits.length() - point)
                        .stripTrailingZeros();
        return value.scale() <= scale ? value.setScale(scale) : value;
    }
}
