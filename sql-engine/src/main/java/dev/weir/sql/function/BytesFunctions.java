package dev.weir.sql.function;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.linq4j.function.Strict;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/// Functions between text and bytes. Encodings are hex, utf8, ascii and base64.
public final class BytesFunctions {
    private BytesFunctions() {}

    @Strict
    @Sql(
            value = "TO_BYTES(text VARCHAR, encoding VARCHAR) BYTES",
            doc = "the bytes that the text writes in an encoding: 'hex', 'utf8', 'ascii', 'base64'")
    public static byte[] toBytes(String text, String encoding) {
        try {
            return switch (encoding.toLowerCase(Locale.ROOT)) {
                case "utf8" -> text.getBytes(StandardCharsets.UTF_8);
                case "ascii" -> text.getBytes(StandardCharsets.US_ASCII);
                case "base64" -> Base64.getDecoder().decode(text);
                case "hex" -> {
                    boolean marked = text.startsWith("0x") || text.startsWith("0X");
                    String digits = marked ? text.substring(2) : text;
                    yield HexFormat.of().parseHex(digits.length() % 2 == 0 ? digits : "0" + digits);
                }
                default -> throw unknown(encoding);
            };
        } catch (IllegalArgumentException notEncoded) {
            throw new SqlException(
                    SqlState.INVALID_TEXT,
                    null,
                    "\"" + text + "\" is not " + encoding,
                    null,
                    notEncoded);
        }
    }

    @Strict
    @Sql(
            value = "FROM_BYTES(bytes BYTES, encoding VARCHAR) VARCHAR",
            doc = "the bytes as text in an encoding: 'hex', 'utf8', 'ascii', 'base64'")
    public static String fromBytes(byte[] bytes, String encoding) {
        return switch (encoding.toLowerCase(Locale.ROOT)) {
            case "utf8" -> new String(bytes, StandardCharsets.UTF_8);
            case "ascii" -> new String(bytes, StandardCharsets.US_ASCII);
            case "base64" -> Base64.getEncoder().encodeToString(bytes);
            case "hex" -> HexFormat.of().formatHex(bytes);
            default -> throw unknown(encoding);
        };
    }

    @Strict
    @Sql(
            value = "ENCODE(text VARCHAR, from VARCHAR, to VARCHAR) VARCHAR",
            doc = "text of one encoding in another: 'hex', 'utf8', 'ascii', 'base64'")
    public static String encode(String text, String from, String to) {
        return fromBytes(toBytes(text, from), to);
    }

    @Strict
    @Sql(value = "MD5(text VARCHAR) VARCHAR", doc = "the MD5 digest of the text's UTF-8 in hex")
    public static String md5(String text) {
        return digest("MD5", text);
    }

    @Strict
    @Sql(
            value = "SHA256(text VARCHAR) VARCHAR",
            doc = "the SHA-256 digest of the text's UTF-8 in hex")
    public static String sha256(String text) {
        return digest("SHA-256", text);
    }

    @Strict
    @Sql(value = "INT_FROM_BYTES(bytes BYTES) INT", doc = "4 bytes, the highest first, as a number")
    public static int intOf(byte[] bytes) {
        return sized(bytes, Integer.BYTES).getInt();
    }

    @Strict
    @Sql(
            value = "BIGINT_FROM_BYTES(bytes BYTES) BIGINT",
            doc = "8 bytes, the highest first, as a number")
    public static long longOf(byte[] bytes) {
        return sized(bytes, Long.BYTES).getLong();
    }

    @Strict
    @Sql(
            value = "DOUBLE_FROM_BYTES(bytes BYTES) DOUBLE",
            doc = "8 bytes, the highest first, as a number")
    public static double doubleOf(byte[] bytes) {
        return sized(bytes, Double.BYTES).getDouble();
    }

    private static ByteBuffer sized(byte[] bytes, int size) {
        if (bytes.length != size) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    bytes.length + " bytes are no number of " + size + " bytes",
                    null);
        }
        return ByteBuffer.wrap(bytes);
    }

    private static String digest(String algorithm, String text) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance(algorithm)
                                    .digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException(missing);
        }
    }

    private static SqlException unknown(String encoding) {
        return new SqlException(
                SqlState.INVALID_PARAMETER,
                null,
                "\"" + encoding + "\" is no encoding",
                "Encodings are hex, utf8, ascii and base64.");
    }
}
