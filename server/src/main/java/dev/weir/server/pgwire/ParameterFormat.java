package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.util.HexFormat;
import java.util.Locale;

/// The values of parameters as they arrive, by the oid their client declared or was told.
final class ParameterFormat {
    private static final DateTimeFormatter OFFSET =
            new DateTimeFormatterBuilder()
                    .append(DateTimeFormatter.ISO_LOCAL_DATE)
                    .appendLiteral('T')
                    .append(DateTimeFormatter.ISO_LOCAL_TIME)
                    .appendOffset("+HH:mm:ss", "Z")
                    .toFormatter(Locale.ROOT);
    private static final DateTimeFormatter SHORT_OFFSET =
            new DateTimeFormatterBuilder()
                    .append(DateTimeFormatter.ISO_LOCAL_DATE)
                    .appendLiteral('T')
                    .append(DateTimeFormatter.ISO_LOCAL_TIME)
                    .appendOffset("+HH:mm", "Z")
                    .toFormatter(Locale.ROOT);
    private static final DateTimeFormatter HOURS_OFFSET =
            new DateTimeFormatterBuilder()
                    .append(DateTimeFormatter.ISO_LOCAL_DATE)
                    .appendLiteral('T')
                    .append(DateTimeFormatter.ISO_LOCAL_TIME)
                    .appendOffset("+HH", "Z")
                    .toFormatter(Locale.ROOT);

    private ParameterFormat() {}

    /// @param binary its format
    /// @return null for null
    /// @throws SqlException INVALID_TEXT or INVALID_BINARY when it is no value of that type
    static Object read(byte[] bytes, boolean binary, int oid) {
        if (bytes == null) {
            return null;
        }
        return binary ? BinaryFormat.read(bytes, oid) : text(decoded(bytes), oid);
    }

    /// A value from its text, as PostgreSQL's input functions read it.
    static Object text(String text, int oid) {
        try {
            return switch (oid) {
                case PostgresType.BOOL -> bool(text);
                case PostgresType.INT2, PostgresType.INT4 -> Integer.parseInt(text.strip());
                case PostgresType.INT8, PostgresType.OID -> Long.parseLong(text.strip());
                case PostgresType.FLOAT4, PostgresType.FLOAT8 -> number(text.strip());
                case PostgresType.NUMERIC -> new BigDecimal(text.strip());
                case PostgresType.BYTEA -> bytes(text);
                case PostgresType.DATE -> LocalDate.parse(text.strip().split("[ T]", 2)[0].strip());
                case PostgresType.TIME -> LocalTime.parse(withoutOffset(text.strip()));
                case PostgresType.TIMESTAMP -> timestamp(text.strip(), false);
                case PostgresType.TIMESTAMPTZ -> timestamp(text.strip(), true);
                default -> text;
            };
        } catch (DateTimeException | IllegalArgumentException e) {
            throw new SqlException(
                    SqlState.INVALID_TEXT,
                    null,
                    "invalid input syntax for type "
                            + PostgresTypeNames.name(oid)
                            + ": \""
                            + text
                            + "\"",
                    null,
                    e);
        }
    }

    private static String decoded(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException e) {
            throw new SqlException(
                    SqlState.INVALID_ENCODING,
                    null,
                    "invalid byte sequence for encoding \"UTF8\"",
                    null,
                    e);
        }
    }

    private static boolean bool(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "t", "true", "yes", "on", "y", "1" -> true;
            case "f", "false", "no", "off", "n", "0" -> false;
            default -> throw new IllegalArgumentException(text);
        };
    }

    private static double number(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "infinity", "inf", "+infinity" -> Double.POSITIVE_INFINITY;
            case "-infinity", "-inf" -> Double.NEGATIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> Double.parseDouble(text);
        };
    }

    private static byte[] bytes(String text) {
        return text.startsWith("\\x")
                ? HexFormat.of().parseHex(text.substring(2))
                : text.getBytes(StandardCharsets.UTF_8);
    }

    private static String withoutOffset(String time) {
        int offset = Math.max(time.indexOf('+'), time.indexOf('-'));
        return offset < 0 ? time : time.substring(0, offset);
    }

    /// @param zoned whether an offset counts; a timestamp without time zone ignores it
    private static Instant timestamp(String text, boolean zoned) {
        String iso = text.replaceFirst("^(\\S+)[ T]+", "$1T").replace(" ", "");
        int time = iso.indexOf('T');
        if (time < 0) {
            return LocalDate.parse(iso).atStartOfDay().toInstant(ZoneOffset.UTC);
        }
        boolean offset = iso.endsWith("Z") || iso.substring(time).matches(".*[+-].*");
        if (!offset) {
            return LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC);
        }
        String zone = iso.substring(time).replaceFirst("^[^+-]*", "");
        OffsetDateTime at =
                OffsetDateTime.parse(
                        iso,
                        zone.length() > 6
                                ? OFFSET
                                : zone.length() > 3 ? SHORT_OFFSET : HOURS_OFFSET);
        return zoned ? at.toInstant() : at.toLocalDateTime().toInstant(ZoneOffset.UTC);
    }
}
