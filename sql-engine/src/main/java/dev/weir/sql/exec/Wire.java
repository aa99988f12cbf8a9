package dev.weir.sql.exec;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/// Reading and writing the engine's own records: numbers of 7 bits a byte, text by its length, a
/// version in front and a CRC-32C behind.
///
/// ```
/// version u8 | kind u8 | fields … | crc32c of all before, 4 bytes big-endian
/// ```
final class Wire {
    private static final int CRC_BYTES = 4;

    private Wire() {}

    static void text(ByteSink out, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        out.putVarLong(bytes.length);
        out.put(bytes);
    }

    static void texts(ByteSink out, Map<String, String> values) {
        out.putVarLong(values.size());
        values.forEach((name, value) -> {
            text(out, name);
            text(out, value);
        });
    }

    static void numbers(ByteSink out, Map<String, Integer> values) {
        out.putVarLong(values.size());
        values.forEach((name, value) -> {
            text(out, name);
            out.putVarLong(value);
        });
    }

    static byte[] sealed(ByteSink out) {
        CRC32C crc = new CRC32C();
        crc.update(out.array(), 0, out.size());
        out.putInt((int) crc.getValue());
        return out.toByteArray();
    }

    /// The fields of a record whose CRC and version are right, position after the version.
    ///
    /// @param what the record's name for the error
    static ByteBuffer open(byte[] bytes, int version, String what) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length < CRC_BYTES + 1) {
            throw damaged(what, "it is only " + bytes.length + " bytes long");
        }
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - CRC_BYTES);
        if ((int) crc.getValue() != in.getInt(bytes.length - CRC_BYTES)) {
            throw damaged(what, "its checksum is wrong");
        }
        in.limit(bytes.length - CRC_BYTES);
        int found = in.get();
        if (found != version) {
            throw new SqlException(
                    SqlState.IO_ERROR,
                    null,
                    "the " + what + " has format " + found + ", this version reads " + version,
                    "Start the version of Weir that wrote this data directory.");
        }
        return in;
    }

    private static SqlException damaged(String what, String why) {
        return new SqlException(
                SqlState.IO_ERROR,
                null,
                "the " + what + " is damaged: " + why,
                "Restore the data directory from a backup.");
    }

    static long number(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (b & 0x7FL) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    static int count(ByteBuffer in) {
        return Math.toIntExact(number(in));
    }

    static boolean flag(ByteBuffer in) {
        return in.get() != 0;
    }

    static String text(ByteBuffer in) {
        byte[] bytes = new byte[count(in)];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static Map<String, String> texts(ByteBuffer in) {
        Map<String, String> values = new LinkedHashMap<>();
        for (int n = count(in); n > 0; n--) {
            String name = text(in);
            values.put(name, text(in));
        }
        return values;
    }

    static Map<String, Integer> numbers(ByteBuffer in) {
        Map<String, Integer> values = new LinkedHashMap<>();
        for (int n = count(in); n > 0; n--) {
            String name = text(in);
            values.put(name, count(in));
        }
        return values;
    }
}
