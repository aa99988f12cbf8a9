package dev.weir.sql.serde;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.codec.ByteSink;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigDecimal;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/// Writes columns as JSON, straight into a sink.
///
/// As ksqlDB writes them: NULL columns are there with `null`; DATE, TIME and TIMESTAMP are numbers
/// (days, milliseconds of the day, milliseconds); DECIMAL is a plain number; BYTES is Base64;
/// doubles that no number can write are the texts NaN, Infinity and -Infinity.
final class JsonWriter {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final byte[] TRUE = ascii("true");
    private static final byte[] FALSE = ascii("false");
    private static final byte[] NULL = ascii("null");
    private static final byte[] HEX = ascii("0123456789abcdef");

    private final SqlType[] types;
    private final int[] columns;
    // `{"name":` and `,"name":`; empty for a bare value.
    private final byte[][] heads;
    private final boolean bare;

    /// @param columns indexes of the batch's columns to write
    /// @param bare true to write the only column's value itself
    JsonWriter(List<Field> fields, int[] columns, boolean bare) {
        this.columns = columns.clone();
        this.bare = bare;
        this.types = new SqlType[columns.length];
        this.heads = new byte[columns.length][];
        for (int i = 0; i < columns.length; i++) {
            types[i] = fields.get(i).type();
            ByteSink head = new ByteSink();
            if (!bare) {
                head.put(i == 0 ? '{' : ',');
                text(fields.get(i).name(), head);
                head.put(':');
            }
            heads[i] = head.toByteArray();
        }
    }

    void write(Batch in, int row, ByteSink out) {
        if (columns.length == 0) {
            out.put('{');
        }
        for (int i = 0; i < columns.length; i++) {
            out.put(heads[i], 0, heads[i].length);
            column(types[i], in.column(columns[i]), row, out);
        }
        if (!bare) {
            out.put('}');
        }
    }

    private static void column(SqlType type, Column column, int row, ByteSink out) {
        if (column.isNull(row)) {
            out.put(NULL, 0, NULL.length);
            return;
        }
        switch (column) {
            case LongColumn longs -> {
                if (type == Primitive.BOOLEAN) {
                    truth(longs.get(row), out);
                } else {
                    number(longs.get(row), out);
                }
            }
            case DoubleColumn doubles -> real(doubles.get(row), out);
            case BytesColumn bytes -> {
                if (type == Primitive.VARCHAR) {
                    text(bytes.arena(), bytes.offset(row), bytes.length(row), out);
                } else {
                    base64(bytes.bytes(row), out);
                }
            }
            case ObjectColumn objects -> value(type, objects.get(row), out);
        }
    }

    /// A value in storage form.
    private static void value(SqlType type, Object value, ByteSink out) {
        if (value == null) {
            out.put(NULL, 0, NULL.length);
            return;
        }
        switch (type) {
            case Primitive primitive -> {
                switch (primitive) {
                    case BOOLEAN -> truth((Long) value, out);
                    case INT, BIGINT, DATE, TIME, TIMESTAMP -> number((Long) value, out);
                    case DOUBLE -> real((Double) value, out);
                    case VARCHAR -> text((String) value, out);
                    case BYTES -> base64((byte[]) value, out);
                }
            }
            case SqlType.Decimal _ -> out.putAscii(((BigDecimal) value).toPlainString());
            case SqlType.Array(SqlType element) -> {
                out.put('[');
                int count = 0;
                for (Object item : (List<?>) value) {
                    if (count++ > 0) {
                        out.put(',');
                    }
                    value(element, item, out);
                }
                out.put(']');
            }
            case SqlType.MapOf(SqlType keyType, SqlType valueType) -> {
                out.put('{');
                int count = 0;
                for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                    if (count++ > 0) {
                        out.put(',');
                    }
                    text(String.valueOf(Values.people(keyType, entry.getKey())), out);
                    out.put(':');
                    value(valueType, entry.getValue(), out);
                }
                out.put('}');
            }
            case SqlType.Struct(List<Field> fields) -> {
                out.put('{');
                for (int i = 0; i < fields.size(); i++) {
                    if (i > 0) {
                        out.put(',');
                    }
                    text(fields.get(i).name(), out);
                    out.put(':');
                    value(fields.get(i).type(), ((List<?>) value).get(i), out);
                }
                out.put('}');
            }
        }
    }

    private static void truth(long value, ByteSink out) {
        byte[] word = value != 0 ? TRUE : FALSE;
        out.put(word, 0, word.length);
    }

    /// A whole number, its digits written from the last.
    static void number(long value, ByteSink out) {
        if (value == Long.MIN_VALUE) {
            out.putAscii("-9223372036854775808");
            return;
        }
        out.reserve(20);
        long rest = Math.abs(value);
        int length = value < 0 ? 2 : 1;
        for (long left = rest; left >= 10; left /= 10) {
            length++;
        }
        byte[] array = out.array();
        int at = out.size() + length;
        do {
            long tens = rest / 10;
            array[--at] = (byte) ('0' + (rest - tens * 10));
            rest = tens;
        } while (rest != 0);
        if (value < 0) {
            array[--at] = '-';
        }
        out.advance(length);
    }

    /// The shortest text that reads back as the same double.
    private static void real(double value, ByteSink out) {
        if (Double.isFinite(value)) {
            out.putAscii(Double.toString(value));
        } else {
            out.put('"');
            out.putAscii(Double.toString(value));
            out.put('"');
        }
    }

    private static void base64(byte[] bytes, ByteSink out) {
        out.put('"');
        out.put(Base64.getEncoder().encode(bytes));
        out.put('"');
    }

    private static void text(String text, ByteSink out) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        text(bytes, 0, bytes.length, out);
    }

    /// UTF-8 in quotes; runs without anything to escape are copied whole.
    private static void text(byte[] data, int offset, int length, ByteSink out) {
        out.reserve(length + 2);
        out.put('"');
        int end = offset + length;
        int from = offset;
        int at = offset;
        while (at < end) {
            if (at + 8 <= end && plain((long) LONG.get(data, at))) {
                at += 8;
                continue;
            }
            byte next = data[at];
            if (next == '"' || next == '\\' || (next >= 0 && next < ' ')) {
                out.put(data, from, at - from);
                escape(next, out);
                from = at + 1;
            }
            at++;
        }
        out.put(data, from, end - from);
        out.put('"');
    }

    /// True when none of eight bytes is a quote, a backslash or a control character.
    private static boolean plain(long word) {
        long quote = word ^ 0x2222222222222222L;
        long backslash = word ^ 0x5c5c5c5c5c5c5c5cL;
        return ((((quote - 0x0101010101010101L) & ~quote)
                                | ((backslash - 0x0101010101010101L) & ~backslash)
                                | ((word - 0x2020202020202020L) & ~word))
                        & 0x8080808080808080L)
                == 0;
    }

    private static void escape(byte character, ByteSink out) {
        out.put('\\');
        switch (character) {
            case '"', '\\' -> out.put(character);
            case '\b' -> out.put('b');
            case '\f' -> out.put('f');
            case '\n' -> out.put('n');
            case '\r' -> out.put('r');
            case '\t' -> out.put('t');
            default -> {
                out.putAscii("u00");
                out.put(HEX[character >> 4]);
                out.put(HEX[character & 15]);
            }
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
