package dev.weir.sql.function;

import org.apache.calcite.linq4j.function.Strict;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Functions over text. Positions count Unicode code points from 1.
public final class TextFunctions {
    private TextFunctions() {}

    @Strict
    public static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    @Strict
    public static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    @Strict
    public static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    @Strict
    public static String trimLeft(String text) {
        int from = 0;
        while (from < text.length() && text.charAt(from) == ' ') {
            from++;
        }
        return text.substring(from);
    }

    @Strict
    public static String trimRight(String text) {
        int to = text.length();
        while (to > 0 && text.charAt(to - 1) == ' ') {
            to--;
        }
        return text.substring(0, to);
    }

    @Strict
    public static String reverse(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    /// Where `part` first occurs in `text`, 0 if nowhere.
    @Strict
    public static int position(String text, String part) {
        return position(text, part, 1);
    }

    /// Where `part` first occurs in `text` at or after position `from`; a negative `from` counts
    /// from the end and searches backwards. 0 if nowhere.
    @Strict
    public static int position(String text, String part, int from) {
        int points = text.codePointCount(0, text.length());
        if (from == 0 || Math.abs((long) from) > points) {
            return 0;
        }
        int at =
                from > 0
                        ? text.indexOf(part, text.offsetByCodePoints(0, from - 1))
                        : text.lastIndexOf(part, text.offsetByCodePoints(text.length(), from));
        return at < 0 ? 0 : text.codePointCount(0, at) + 1;
    }

    /// The parts between the delimiters; an empty delimiter splits into characters.
    @Strict
    public static List<Object> split(String text, String delimiter) {
        List<Object> parts = new ArrayList<>();
        if (delimiter.isEmpty()) {
            text.codePoints().forEach(point -> parts.add(Character.toString(point)));
            return parts;
        }
        int from = 0;
        for (int at = text.indexOf(delimiter); at >= 0; at = text.indexOf(delimiter, from)) {
            parts.add(text.substring(from, at));
            from = at + delimiter.length();
        }
        parts.add(text.substring(from));
        return parts;
    }
}
