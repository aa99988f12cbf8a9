package dev.weir.sql.expr;

import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.avatica.util.DateTimeUtils;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
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
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What generated kernels call. Public only because they live in a class loader of their own.
///
/// Nothing wraps around and nothing becomes infinite: results out of range and divisions by zero
/// are errors of the row.
public final class KernelSupport {
    private static final long DAY_MS = 86_400_000L;
    private static final DateTimeFormatter TIME_TEXT =
            new DateTimeFormatterBuilder()
                    .appendPattern("HH:mm:ss")
                    .appendFraction(java.time.temporal.ChronoField.MILLI_OF_SECOND, 0, 3, true)
                    .toFormatter(Locale.ROOT);

    private KernelSupport() {}

    /// What went wrong in a row, as an error for people.
    public static RuntimeException explain(RuntimeException failure) {
        return switch (failure) {
            case SqlException told -> told;
            case ArithmeticException overflow -> {
                String message = String.valueOf(overflow.getMessage());
                yield message.contains("zero")
                        ? new SqlException(
                                SqlState.DIVISION_BY_ZERO, null, "division by zero", null, overflow)
                        : new SqlException(
                                SqlState.NUMERIC_OUT_OF_RANGE,
                                null,
                                "numeric value out of range",
                                null,
                                overflow);
            }
            default ->
                    new SqlException(
                            SqlState.INVALID_PARAMETER,
                            null,
                            failure.getMessage() == null
                                    ? failure.getClass().getSimpleName()
                                    : failure.getMessage(),
                            null,
                            failure);
        };
    }

    private static SqlException outOfRange(String what, String type) {
        return new SqlException(
                SqlState.NUMERIC_OUT_OF_RANGE,
                "numeric value out of range: " + what + " does not fit " + type);
    }

    private static SqlException zeroDivision() {
        return new SqlException(SqlState.DIVISION_BY_ZERO, "division by zero");
    }

    /// Each word with a capital first letter; words are of letters and digits of any script.
    public static String capitalized(String text) {
        StringBuilder words = new StringBuilder(text.length());
        boolean within = false;
        for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
            int character = text.codePointAt(at);
            words.appendCodePoint(
                    within ? Character.toLowerCase(character) : Character.toUpperCase(character));
            within = Character.isLetterOrDigit(character);
        }
        return words.toString();
    }

    /// A boolean as functions give it, or as it is within arrays and maps.
    public static boolean isTrue(Object value) {
        return value instanceof Boolean flag ? flag : ((Long) value).longValue() != 0;
    }

    public static long toInt(long value) {
        if ((int) value != value) {
            throw outOfRange(Long.toString(value), "INT");
        }
        return value;
    }

    public static long divide(long a, long b) {
        if (b == 0) {
            throw zeroDivision();
        }
        return Math.divideExact(a, b);
    }

    public static long mod(long a, long b) {
        if (b == 0) {
            throw zeroDivision();
        }
        return a % b;
    }

    public static double divide(double a, double b) {
        if (b == 0) {
            throw zeroDivision();
        }
        return a / b;
    }

    public static double mod(double a, double b) {
        if (b == 0) {
            throw zeroDivision();
        }
        return a % b;
    }

    public static BigDecimal divide(BigDecimal a, BigDecimal b, int scale) {
        if (b.signum() == 0) {
            throw zeroDivision();
        }
        return a.divide(b, scale, RoundingMode.HALF_UP);
    }

    public static BigDecimal mod(BigDecimal a, BigDecimal b) {
        if (b.signum() == 0) {
            throw zeroDivision();
        }
        return a.remainder(b);
    }

    /// The decimal rounded to a type's scale, if it fits.
    public static BigDecimal fit(BigDecimal value, int precision, int scale) {
        // Checked first: 1e999999999 must not be written out.
        if ((long) value.precision() - value.scale() > (long) precision - scale
                && value.signum() != 0) {
            throw outOfRange(value.toString(), "DECIMAL(" + precision + ", " + scale + ")");
        }
        BigDecimal rounded = value.setScale(scale, RoundingMode.HALF_UP);
        if (rounded.precision() > precision) {
            throw outOfRange(value.toString(), "DECIMAL(" + precision + ", " + scale + ")");
        }
        return rounded;
    }

    /// A double cut to a whole number.
    public static long toLong(double value) {
        if (!(value >= -0x1p63 && value < 0x1p63)) {
            throw outOfRange(Double.toString(value), "BIGINT");
        }
        return (long) value;
    }

    /// A decimal cut to a whole number.
    public static long toLong(BigDecimal value) {
        if ((long) value.precision() - value.scale() > 19) {
            throw outOfRange(value.toString(), "BIGINT");
        }
        BigInteger whole = value.setScale(0, RoundingMode.DOWN).toBigInteger();
        if (whole.bitLength() > 63) {
            throw outOfRange(value.toString(), "BIGINT");
        }
        return whole.longValue();
    }

    public static BigDecimal toDecimal(double value) {
        if (!Double.isFinite(value)) {
            throw outOfRange(Double.toString(value), "DECIMAL");
        }
        return BigDecimal.valueOf(value);
    }

    // Text

    public static boolean equal(BytesColumn column, int row, byte[] other) {
        int at = column.offset(row);
        return column.length(row) == other.length
                && Arrays.equals(column.arena(), at, at + other.length, other, 0, other.length);
    }

    public static boolean equal(BytesColumn a, BytesColumn b, int row) {
        return Arrays.equals(
                a.arena(),
                a.offset(row),
                a.offset(row) + a.length(row),
                b.arena(),
                b.offset(row),
                b.offset(row) + b.length(row));
    }

    /// Compares bytes unsigned, which for UTF-8 is the order of code points.
    public static int compare(BytesColumn column, int row, byte[] other) {
        int at = column.offset(row);
        return Arrays.compareUnsigned(
                column.arena(), at, at + column.length(row), other, 0, other.length);
    }

    public static int compare(BytesColumn a, BytesColumn b, int row) {
        return Arrays.compareUnsigned(
                a.arena(),
                a.offset(row),
                a.offset(row) + a.length(row),
                b.arena(),
                b.offset(row),
                b.offset(row) + b.length(row));
    }

    /// Compares text in the order of code points, as its UTF-8 would.
    public static int compare(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // Surrogates stand for code points above all others.
                return Character.isSurrogate(x) == Character.isSurrogate(y)
                        ? Character.compare(x, y)
                        : Character.isSurrogate(x) ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    public static int compare(byte[] a, byte[] b) {
        return Arrays.compareUnsigned(a, b);
    }

    /// @param sorted ascending
    public static boolean isAmong(long value, long[] sorted) {
        return Arrays.binarySearch(sorted, value) >= 0;
    }

    /// @param sorted ascending, as unsigned bytes
    public static boolean isAmong(BytesColumn column, int row, byte[][] sorted) {
        int low = 0;
        int high = sorted.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = compare(column, row, sorted[middle]);
            if (order == 0) {
                return true;
            }
            if (order > 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return false;
    }

    /// @param sorted ascending, as unsigned bytes
    public static boolean isAmong(byte[] value, byte[][] sorted) {
        return Arrays.binarySearch(sorted, value, Arrays::compareUnsigned) >= 0;
    }

    public static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// At most the first `length` characters.
    public static String cut(String text, int length) {
        return text.length() <= length || text.codePointCount(0, text.length()) <= length
                ? text
                : text.substring(0, text.offsetByCodePoints(0, length));
    }

    public static long length(String text) {
        return text.codePointCount(0, text.length());
    }

    public static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    public static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    // Text to values and back

    private static SqlException invalid(String type, String text) {
        return new SqlException(
                SqlState.INVALID_TEXT, "invalid text for " + type + ": \"" + text + "\"");
    }

    public static long parseLong(String text) {
        String trimmed = text.strip();
        try {
            return Long.parseLong(trimmed);
        } catch (NumberFormatException notPlain) {
            boolean digitsOnly = !trimmed.isEmpty() && trimmed.matches("[+-]?[0-9]+");
            throw digitsOnly ? outOfRange(trimmed, "BIGINT") : invalid("a whole number", text);
        }
    }

    public static double parseDouble(String text) {
        String trimmed = text.strip();
        try {
            return switch (trimmed) {
                case "NaN" -> Double.NaN;
                case "Infinity" -> Double.POSITIVE_INFINITY;
                case "-Infinity" -> Double.NEGATIVE_INFINITY;
                default -> {
                    // Java's own grammar also has hexadecimal and suffixes.
                    if (!trimmed.matches("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?")) {
                        throw invalid("DOUBLE", text);
                    }
                    double value = Double.parseDouble(trimmed);
                    if (Double.isInfinite(value)) {
                        throw outOfRange(trimmed, "DOUBLE");
                    }
                    yield value;
                }
            };
        } catch (NumberFormatException bad) {
            throw invalid("DOUBLE", text);
        }
    }

    public static BigDecimal parseDecimal(String text) {
        try {
            return new BigDecimal(text.strip());
        } catch (NumberFormatException bad) {
            throw invalid("DECIMAL", text);
        }
    }

    /// Bytes as PostgreSQL reads them: `\x` and hexadecimal digits, or text in which `\\` is a
    /// backslash and `\ooo` the byte of three octal digits.
    public static byte[] parseBytes(String text) {
        if (text.startsWith("\\x")) {
            try {
                return HexFormat.of().parseHex(text.substring(2).replaceAll("\\s", ""));
            } catch (IllegalArgumentException bad) {
                throw invalid("BYTES", text);
            }
        }
        byte[] given = utf8(text);
        byte[] bytes = new byte[given.length];
        int size = 0;
        for (int i = 0; i < given.length; i++) {
            if (given[i] != '\\') {
                bytes[size++] = given[i];
            } else if (i + 1 < given.length && given[i + 1] == '\\') {
                bytes[size++] = given[++i];
            } else if (i + 3 < given.length
                    && given[i + 1] >= '0'
                    && given[i + 1] <= '3'
                    && isOctal(given[i + 2])
                    && isOctal(given[i + 3])) {
                bytes[size++] =
                        (byte)
                                ((given[i + 1] - '0') << 6
                                        | (given[i + 2] - '0') << 3
                                        | (given[i + 3] - '0'));
                i += 3;
            } else {
                throw invalid("BYTES", text);
            }
        }
        return Arrays.copyOf(bytes, size);
    }

    private static boolean isOctal(byte digit) {
        return digit >= '0' && digit <= '7';
    }

    public static boolean parseBoolean(String text) {
        return switch (text.strip().toLowerCase(Locale.ROOT)) {
            case "true", "t", "yes", "on", "1" -> true;
            case "false", "f", "no", "off", "0" -> false;
            default -> throw invalid("BOOLEAN", text);
        };
    }

    public static long parseDate(String text) {
        try {
            return LocalDate.parse(text.strip()).toEpochDay();
        } catch (DateTimeException bad) {
            throw invalid("DATE", text);
        }
    }

    public static long parseTime(String text) {
        try {
            return LocalTime.parse(text.strip()).toNanoOfDay() / 1_000_000;
        } catch (DateTimeException bad) {
            throw invalid("TIME", text);
        }
    }

    public static long parseTimestamp(String text) {
        String iso = text.strip();
        try {
            if (iso.length() == 10) {
                return LocalDate.parse(iso).toEpochDay() * DAY_MS;
            }
            if (iso.length() > 10 && iso.charAt(10) == ' ') {
                iso = iso.substring(0, 10) + 'T' + iso.substring(11);
            }
            boolean zoned =
                    iso.endsWith("Z") || iso.indexOf('+', 10) > 0 || iso.indexOf('-', 10) > 0;
            return zoned
                    ? OffsetDateTime.parse(iso).toInstant().toEpochMilli()
                    : LocalDateTime.parse(iso).toInstant(ZoneOffset.UTC).toEpochMilli();
        } catch (DateTimeException bad) {
            throw invalid("TIMESTAMP", text);
        }
    }

    public static String dateText(long days) {
        return LocalDate.ofEpochDay(days).toString();
    }

    public static String timeText(long millis) {
        return TIME_TEXT.format(LocalTime.ofNanoOfDay(millis * 1_000_000));
    }

    public static String timestampText(long millis) {
        LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochMilli(millis), ZoneOffset.UTC);
        return time.toLocalDate() + " " + TIME_TEXT.format(time.toLocalTime());
    }

    // Time

    public static long addMonths(long millis, long months) {
        return DateTimeUtils.addMonths(millis, Math.toIntExact(months));
    }

    public static long addMonthsToDate(long days, long months) {
        return DateTimeUtils.addMonths((int) days, Math.toIntExact(months));
    }

    // Nested values, in storage form

    /// An element of an array, counted from 1; NULL outside.
    public static Object element(Object array, long index) {
        List<?> list = (List<?>) array;
        return index < 1 || index > list.size() ? null : list.get((int) index - 1);
    }

    public static Object entry(Object map, Object key) {
        return ((Map<?, ?>) map).get(key);
    }

    public static Object field(Object struct, int index) {
        return ((List<?>) struct).get(index);
    }

    public static long cardinality(Object collection) {
        return collection instanceof Map<?, ?> map ? map.size() : ((List<?>) collection).size();
    }

    public static List<Object> list(Object[] items) {
        return Arrays.asList(items);
    }

    /// A map of alternating keys and values.
    public static Map<Object, Object> map(Object[] keysAndValues) {
        Map<Object, Object> map = new java.util.LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put(keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }
}
