package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.List;

/// Values in PostgreSQL's binary formats.
///
/// ```
/// numeric: int16 groups, int16 weight of the first, int16 sign, int16 digits after the point,
///          groups x int16 (four decimal digits each)
/// array:   int32 dimensions, int32 has NULLs, int32 element oid,
///          per dimension int32 length, int32 lower bound; elements as (int32 length, bytes)
/// ```
///
/// Dates count days and timestamps microseconds from 2000-01-01.
final class BinaryFormat {
    private static final LocalDate EPOCH = LocalDate.of(2000, 1, 1);
    private static final Instant EPOCH_INSTANT = Instant.parse("2000-01-01T00:00:00Z");
    private static final int NEGATIVE = 0x4000;
    private static final int NAN = 0xC000;
    private static final int GROUP_DIGITS = 4;
    private static final BigInteger GROUP = BigInteger.valueOf(10_000);

    private BinaryFormat() {}

    /// Appends a value without its length.
    ///
    /// @param value not null
    static void write(ByteBuf out, Object value, PostgresType type) {
        switch (type.oid()) {
            case PostgresType.BOOL -> out.writeBoolean((Boolean) value);
            case PostgresType.INT2 -> out.writeShort(((Number) value).intValue());
            case PostgresType.INT4, PostgresType.OID -> out.writeInt(((Number) value).intValue());
            case PostgresType.INT8 -> out.writeLong(((Number) value).longValue());
            case PostgresType.FLOAT4 -> out.writeFloat(((Number) value).floatValue());
            case PostgresType.FLOAT8 -> out.writeDouble(((Number) value).doubleValue());
            case PostgresType.NUMERIC -> numeric(out, (BigDecimal) value);
            case PostgresType.BYTEA -> out.writeBytes((byte[]) value);
            case PostgresType.DATE ->
                    out.writeInt((int) ChronoUnit.DAYS.between(EPOCH, (LocalDate) value));
            case PostgresType.TIME -> out.writeLong(((LocalTime) value).toNanoOfDay() / 1_000);
            case PostgresType.TIMESTAMP, PostgresType.TIMESTAMPTZ ->
                    out.writeLong(ChronoUnit.MICROS.between(EPOCH_INSTANT, (Instant) value));
            case PostgresType.JSONB -> {
                out.writeByte(1);
                ByteBufUtil.writeUtf8(out, TextFormat.text(value));
            }
            default -> {
                if (type.element() != 0 && value instanceof List<?> list) {
                    array(out, list, type);
                } else {
                    ByteBufUtil.writeUtf8(out, TextFormat.text(value, type));
                }
            }
        }
    }

    private static void array(ByteBuf out, List<?> list, PostgresType type) {
        out.writeInt(list.isEmpty() ? 0 : 1);
        out.writeInt(list.contains(null) ? 1 : 0);
        out.writeInt(type.element());
        if (!list.isEmpty()) {
            out.writeInt(list.size());
            out.writeInt(1);
        }
        PostgresType element = PostgresType.plain(type.element());
        for (Object value : list) {
            int lengthAt = out.writerIndex();
            out.writeInt(-1);
            if (value != null) {
                write(out, value, element);
                out.setInt(lengthAt, out.writerIndex() - lengthAt - 4);
            }
        }
    }

    private static void numeric(ByteBuf out, BigDecimal number) {
        int scale = Math.max(0, number.scale());
        // So many digits after the point that the groups end with the last of them.
        int groupsAfterPoint = (scale + GROUP_DIGITS - 1) / GROUP_DIGITS;
        BigInteger rest = number.abs().setScale(groupsAfterPoint * GROUP_DIGITS).unscaledValue();
        int count = 0;
        int[] groups = new int[rest.bitLength() / 13 + 2];
        while (rest.signum() != 0) {
            BigInteger[] parts = rest.divideAndRemainder(GROUP);
            groups[count++] = parts[1].intValue();
            rest = parts[0];
        }
        out.writeShort(count);
        out.writeShort(count == 0 ? 0 : count - groupsAfterPoint - 1);
        out.writeShort(number.signum() < 0 ? NEGATIVE : 0);
        out.writeShort(scale);
        for (int i = count - 1; i >= 0; i--) {
            out.writeShort(groups[i]);
        }
    }

    /// A parameter's value.
    ///
    /// @throws SqlException INVALID_BINARY when the bytes are no value of that type
    static Object read(byte[] bytes, int oid) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        return switch (oid) {
            case PostgresType.BOOL -> {
                expect(bytes, 1, "bool");
                yield bytes[0] != 0;
            }
            case PostgresType.INT2 -> {
                expect(bytes, 2, "int2");
                yield (int) in.getShort();
            }
            case PostgresType.INT4 -> {
                expect(bytes, 4, "int4");
                yield in.getInt();
            }
            case PostgresType.OID -> {
                expect(bytes, 4, "oid");
                yield Integer.toUnsignedLong(in.getInt());
            }
            case PostgresType.INT8 -> {
                expect(bytes, 8, "int8");
                yield in.getLong();
            }
            case PostgresType.FLOAT4 -> {
                expect(bytes, 4, "float4");
                // Through its digits, lest 0.1 become 0.10000000149011612.
                yield Double.parseDouble(Float.toString(in.getFloat()));
            }
            case PostgresType.FLOAT8 -> {
                expect(bytes, 8, "float8");
                yield in.getDouble();
            }
            case PostgresType.NUMERIC -> numeric(in);
            case PostgresType.BYTEA -> bytes;
            case PostgresType.DATE -> {
                expect(bytes, 4, "date");
                yield EPOCH.plusDays(in.getInt());
            }
            case PostgresType.TIME -> {
                expect(bytes, 8, "time");
                long micros = in.getLong();
                if (micros < 0 || micros >= 86_400_000_000L) {
                    throw invalid("time");
                }
                yield LocalTime.ofNanoOfDay(micros * 1_000);
            }
            case PostgresType.TIMESTAMP, PostgresType.TIMESTAMPTZ -> {
                expect(bytes, 8, "timestamp");
                yield EPOCH_INSTANT.plus(in.getLong(), ChronoUnit.MICROS);
            }
            case PostgresType.TEXT,
                    PostgresType.VARCHAR,
                    PostgresType.BPCHAR,
                    PostgresType.NAME,
                    PostgresType.CHAR,
                    PostgresType.JSON,
                    PostgresType.UNKNOWN ->
                    new String(bytes, StandardCharsets.UTF_8);
            case PostgresType.JSONB ->
                    new String(
                            bytes,
                            Math.min(1, bytes.length),
                            Math.max(0, bytes.length - 1),
                            StandardCharsets.UTF_8);
            default ->
                    throw new SqlException(
                            SqlState.FEATURE_NOT_SUPPORTED,
                            null,
                            "a parameter of the type with oid " + oid + " cannot be binary here",
                            "Send it as text.");
        };
    }

    private static BigDecimal numeric(ByteBuffer in) {
        if (in.remaining() < 8) {
            throw invalid("numeric");
        }
        int groups = in.getShort();
        int weight = in.getShort();
        int sign = in.getShort() & 0xffff;
        int scale = in.getShort();
        if (sign == NAN || groups < 0 || in.remaining() != 2 * groups || scale < 0) {
            throw invalid("numeric");
        }
        BigInteger digits = BigInteger.ZERO;
        for (int i = 0; i < groups; i++) {
            int group = in.getShort();
            if (group < 0 || group >= GROUP.intValue()) {
                throw invalid("numeric");
            }
            digits = digits.multiply(GROUP).add(BigInteger.valueOf(group));
        }
        BigDecimal number =
                new BigDecimal(digits, GROUP_DIGITS * (groups - 1 - weight))
                        .setScale(scale, RoundingMode.DOWN);
        return sign == NEGATIVE ? number.negate() : number;
    }

    private static void expect(byte[] bytes, int length, String type) {
        if (bytes.length != length) {
            throw invalid(type);
        }
    }

    private static SqlException invalid(String type) {
        return new SqlException(
                SqlState.INVALID_BINARY,
                null,
                "incorrect binary data format of a parameter of type " + type,
                null);
    }
}
