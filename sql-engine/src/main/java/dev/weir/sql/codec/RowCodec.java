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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Rows as compact bytes.
///
/// ```
/// row    = null bitmap (1 bit a column, lowest bit first, set = NULL), then each value not NULL
/// long   = zigzag, 7 bits a byte, lowest first
/// double = 8 bytes, big-endian
/// bytes  = length (7 bits a byte), bytes
/// object = decimal: scale (zigzag), unscaled value as bytes
///          array:   count, then each element: 0, or 1 and the value
///          map:     count, then each entry: key, value as array elements
///          struct:  each field as an array element
/// ```
///
/// Belongs to one owner: it has scratch space.
public final class RowCodec {
    private final SqlType[] types;
    private final int[] columns;
    private final SqlType.Layout[] layouts;
    private int position;

    /// A codec of all columns.
    public RowCodec(Schema schema) {
        this(schema, IntStream.range(0, schema.size()).toArray());
    }

    /// A codec of some columns, in the order given.
    public RowCodec(Schema schema, int[] columns) {
        this.columns = columns.clone();
        this.types = new SqlType[columns.length];
        this.layouts = new SqlType.Layout[columns.length];
        for (int i = 0; i < columns.length; i++) {
            types[i] = schema.type(columns[i]);
            layouts[i] = types[i].layout();
        }
    }

    /// Appends the row's bytes to `out`.
    public void write(Batch in, int row, ByteSink out) {
        int maskAt = out.size();
        int maskBytes = (columns.length + 7) >>> 3;
        out.reserve(maskBytes);
        for (int i = 0; i < maskBytes; i++) {
            out.put(0);
        }
        for (int i = 0; i < columns.length; i++) {
            Column column = in.column(columns[i]);
            if (column.isNull(row)) {
                out.array()[maskAt + (i >>> 3)] |= (byte) (1 << (i & 7));
                continue;
            }
            switch (layouts[i]) {
                case LONG -> out.putVarLong(zigzag(((LongColumn) column).get(row)));
                case DOUBLE ->
                        out.putLong(Double.doubleToRawLongBits(((DoubleColumn) column).get(row)));
                case BYTES -> {
                    BytesColumn bytes = (BytesColumn) column;
                    out.putVarLong(bytes.length(row));
                    out.put(bytes.arena(), bytes.offset(row), bytes.length(row));
                }
                case OBJECT -> writeValue(types[i], ((ObjectColumn) column).get(row), out);
            }
        }
    }

    /// Appends the row at `offset` to the columns, one for each of the codec's columns in order.
    ///
    /// @return the offset after the row
    public int read(byte[] data, int offset, Column[] into) {
        position = offset + ((columns.length + 7) >>> 3);
        for (int i = 0; i < columns.length; i++) {
            readColumn(data, offset, i, into[i]);
        }
        return position;
    }

    /// Appends the row at `offset` to the first columns of `into`, one for each of the codec's
    /// columns in order. The caller ends the row.
    ///
    /// @return the offset after the row
    public int read(byte[] data, int offset, Batch into) {
        position = offset + ((columns.length + 7) >>> 3);
        for (int i = 0; i < columns.length; i++) {
            readColumn(data, offset, i, into.column(i));
        }
        return position;
    }

    private void readColumn(byte[] data, int maskAt, int i, Column into) {
        if ((data[maskAt + (i >>> 3)] & (1 << (i & 7))) != 0) {
            into.appendNull();
            return;
        }
        switch (layouts[i]) {
            case LONG -> ((LongColumn) into).append(unzigzag(readVarLong(data)));
            case DOUBLE -> {
                ((DoubleColumn) into)
                        .append(Double.longBitsToDouble(ByteSink.longAt(data, position)));
                position += 8;
            }
            case BYTES -> {
                int length = (int) readVarLong(data);
                ((BytesColumn) into).append(data, position, length);
                position += length;
            }
            case OBJECT -> ((ObjectColumn) into).append(readValue(types[i], data));
        }
    }

    private static void writeValue(SqlType type, Object value, ByteSink out) {
        switch (type) {
            case Primitive primitive -> {
                switch (primitive.layout()) {
                    case LONG -> out.putVarLong(zigzag((Long) value));
                    case DOUBLE -> out.putLong(Double.doubleToRawLongBits((Double) value));
                    case BYTES -> {
                        byte[] bytes = flatBytes(value);
                        out.putVarLong(bytes.length);
                        out.put(bytes);
                    }
                    case OBJECT -> throw new IllegalStateException("no object: " + primitive);
                }
            }
            case SqlType.Decimal _ -> {
                BigDecimal decimal = (BigDecimal) value;
                out.putVarLong(zigzag(decimal.scale()));
                byte[] unscaled = decimal.unscaledValue().toByteArray();
                out.putVarLong(unscaled.length);
                out.put(unscaled);
            }
            case SqlType.Array(SqlType element) -> {
                List<?> list = (List<?>) value;
                out.putVarLong(list.size());
                for (Object item : list) {
                    writeNullable(element, item, out);
                }
            }
            case SqlType.MapOf(SqlType keyType, SqlType valueType) -> {
                Map<?, ?> map = (Map<?, ?>) value;
                out.putVarLong(map.size());
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    writeNullable(keyType, entry.getKey(), out);
                    writeNullable(valueType, entry.getValue(), out);
                }
            }
            case SqlType.Struct(List<Field> fields) -> {
                List<?> struct = (List<?>) value;
                for (int i = 0; i < fields.size(); i++) {
                    writeNullable(fields.get(i).type(), struct.get(i), out);
                }
            }
        }
    }

    private static void writeNullable(SqlType type, Object value, ByteSink out) {
        if (value == null) {
            out.put(0);
        } else {
            out.put(1);
            writeValue(type, value, out);
        }
    }

    private Object readValue(SqlType type, byte[] data) {
        return switch (type) {
            case Primitive primitive ->
                    switch (primitive.layout()) {
                        case LONG -> unzigzag(readVarLong(data));
                        case DOUBLE -> {
                            double number =
                                    Double.longBitsToDouble(ByteSink.longAt(data, position));
                            position += 8;
                            yield number;
                        }
                        case BYTES -> {
                            byte[] bytes = readBytes(data);
                            yield primitive == Primitive.VARCHAR
                                    ? new String(bytes, StandardCharsets.UTF_8)
                                    : bytes;
                        }
                        case OBJECT -> throw new IllegalStateException("no object: " + primitive);
                    };
            case SqlType.Decimal _ -> {
                int scale = (int) unzigzag(readVarLong(data));
                yield new BigDecimal(new BigInteger(readBytes(data)), scale);
            }
            case SqlType.Array(SqlType element) -> {
                int count = (int) readVarLong(data);
                List<Object> list = new ArrayList<>(count);
                for (int i = 0; i < count; i++) {
                    list.add(readNullable(element, data));
                }
                yield list;
            }
            case SqlType.MapOf(SqlType keyType, SqlType valueType) -> {
                int count = (int) readVarLong(data);
                Map<Object, Object> map = LinkedHashMap.newLinkedHashMap(count);
                for (int i = 0; i < count; i++) {
                    Object key = readNullable(keyType, data);
                    map.put(key, readNullable(valueType, data));
                }
                yield map;
            }
            case SqlType.Struct(List<Field> fields) -> {
                List<Object> struct = new ArrayList<>(fields.size());
                for (Field field : fields) {
                    struct.add(readNullable(field.type(), data));
                }
                yield struct;
            }
        };
    }

    private Object readNullable(SqlType type, byte[] data) {
        return data[position++] == 0 ? null : readValue(type, data);
    }

    private byte[] readBytes(byte[] data) {
        int length = (int) readVarLong(data);
        byte[] bytes = new byte[length];
        System.arraycopy(data, position, bytes, 0, length);
        position += length;
        return bytes;
    }

    private long readVarLong(byte[] data) {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte next = data[position++];
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalStateException("corrupt row: number longer than ten bytes");
    }

    static byte[] flatBytes(Object value) {
        return value instanceof String text
                ? text.getBytes(StandardCharsets.UTF_8)
                : (byte[]) value;
    }

    private static long zigzag(long value) {
        return (value << 1) ^ (value >> 63);
    }

    private static long unzigzag(long value) {
        return (value >>> 1) ^ -(value & 1);
    }
}
