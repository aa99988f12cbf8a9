package dev.weir.server.pgwire;

import dev.weir.server.session.JsonValues;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/// Result values as the texts that PostgreSQL's output functions make, DateStyle ISO.
final class TextFormat {
    private static final DateTimeFormatter TIME =
            new DateTimeFormatterBuilder()
                    .appendPattern("HH:mm:ss")
                    .appendFraction(ChronoField.NANO_OF_SECOND, 0, 6, true)
                    .toFormatter(Locale.ROOT);

    private static final Pattern PLAIN_ELEMENT = Pattern.compile("[^{},\"\\\\\\s]+");

    private TextFormat() {}

    /// @param value not null
    static String text(Object value) {
        return switch (value) {
            case String text -> text;
            case Boolean flag -> flag ? "t" : "f";
            case Integer number -> number.toString();
            case Long number -> number.toString();
            case Double number -> text(number.doubleValue());
            case BigDecimal number -> number.toPlainString();
            case byte[] bytes -> "\\x" + HexFormat.of().formatHex(bytes);
            case LocalDate date -> date.toString();
            case LocalTime time -> TIME.format(time);
            case Instant instant -> text(LocalDateTime.ofInstant(instant, ZoneOffset.UTC));
            case List<?> list -> JsonValues.text(list);
            case Map<?, ?> map -> JsonValues.text(map);
            default ->
                    throw new IllegalStateException("no text for a " + value.getClass().getName());
        };
    }

    /// As [#text(Object)], and arrays as PostgreSQL writes them: `{1,NULL,"a b"}`.
    static String text(Object value, PostgresType type) {
        if (type.element() == 0 || !(value instanceof List<?> list)) {
            return text(value);
        }
        StringBuilder array = new StringBuilder("{");
        for (Object element : list) {
            if (array.length() > 1) {
                array.append(',');
            }
            if (element == null) {
                array.append("NULL");
            } else {
                appendElement(array, text(element));
            }
        }
        return array.append('}').toString();
    }

    private static void appendElement(StringBuilder array, String text) {
        if (PLAIN_ELEMENT.matcher(text).matches() && !text.equalsIgnoreCase("NULL")) {
            array.append(text);
        } else {
            array.append('"').append(text.replace("\\", "\\\\").replace("\"", "\\\"")).append('"');
        }
    }

    private static String text(LocalDateTime time) {
        return time.toLocalDate() + " " + TIME.format(time);
    }

    /// The shortest digits that read back as the same number; an exponent from 1e15 on and below
    /// 1e-4.
    static String text(double number) {
        if (Double.isNaN(number)) {
            return "NaN";
        }
        if (Double.isInfinite(number)) {
            return number > 0 ? "Infinity" : "-Infinity";
        }
        if (number == 0) {
            return 1 / number < 0 ? "-0" : "0";
        }
        BigDecimal digits = new BigDecimal(Double.toString(number)).stripTrailingZeros();
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= -4 && exponent < 15) {
            return digits.toPlainString();
        }
        String mantissa = digits.movePointLeft(exponent).stripTrailingZeros().toPlainString();
        return mantissa
                + (exponent < 0 ? "e-" : "e+")
                + (Math.abs(exponent) < 10 ? "0" : "")
                + Math.abs(exponent);
    }

    /// A value in COPY's text format: delimiters, line ends and backslashes escaped.
    static void appendCopyText(StringBuilder line, String text, char delimiter) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '\\' -> line.append("\\\\");
                case '\t' -> line.append("\\t");
                case '\n' -> line.append("\\n");
                case '\r' -> line.append("\\r");
                case '\b' -> line.append("\\b");
                case '\f' -> line.append("\\f");
                case '\u000b' -> line.append("\\v");
                default -> {
                    if (c == delimiter) {
                        line.append('\\');
                    }
                    line.append(c);
                }
            }
        }
    }
}
