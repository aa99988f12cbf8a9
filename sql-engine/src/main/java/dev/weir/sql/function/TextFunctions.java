package dev.weir.sql.function;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.linq4j.function.Strict;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Functions over text. Positions count Unicode code points from 1.
public final class TextFunctions {
    private static final int MOST_CHARACTERS = 16 << 20;

    private TextFunctions() {}

    @Strict
    @Sql(
            value = {"LEN(text VARCHAR) INT", "LENGTH(text VARCHAR) INT"},
            doc = "the number of characters")
    public static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    @Strict
    @Sql(value = "LCASE(text VARCHAR) VARCHAR", doc = "the text in lower case")
    public static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    @Strict
    @Sql(value = "UCASE(text VARCHAR) VARCHAR", doc = "the text in upper case")
    public static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    @Strict
    @Sql(value = "LTRIM(text VARCHAR) VARCHAR", doc = "the text without spaces before it")
    public static String trimLeft(String text) {
        int from = 0;
        while (from < text.length() && text.charAt(from) == ' ') {
            from++;
        }
        return text.substring(from);
    }

    @Strict
    @Sql(value = "RTRIM(text VARCHAR) VARCHAR", doc = "the text without spaces behind it")
    public static String trimRight(String text) {
        int to = text.length();
        while (to > 0 && text.charAt(to - 1) == ' ') {
            to--;
        }
        return text.substring(0, to);
    }

    @Strict
    @Sql(value = "REVERSE(text VARCHAR) VARCHAR", doc = "the text from its end to its beginning")
    public static String reverse(String text) {
        return new StringBuilder(text).reverse().toString();
    }

    /// Where `part` first occurs in `text`, 0 if nowhere.
    @Strict
    @Sql(
            value = "INSTR(text VARCHAR, part VARCHAR) INT",
            doc = "where the part first is in the text, 0 if nowhere")
    public static int position(String text, String part) {
        return position(text, part, 1);
    }

    /// Where `part` first occurs in `text` at or after position `from`; a negative `from` counts
    /// from the end and searches backwards. 0 if nowhere.
    @Strict
    @Sql(
            value = "INSTR(text VARCHAR, part VARCHAR, from INT) INT",
            doc =
                    "where the part first is at or after a position; a negative one counts from the"
                            + " end and searches backwards")
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
    @Sql(
            value = "SPLIT(text VARCHAR, delimiter VARCHAR) ARRAY<VARCHAR>",
            doc = "the parts between the delimiters; an empty delimiter splits into characters")
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

    @Strict
    @Sql(
            value = "SPLIT_PART(text VARCHAR, delimiter VARCHAR, n INT) VARCHAR",
            doc = "the n-th part between the delimiters, from the end when n is negative")
    public static String part(String text, String delimiter, int n) {
        if (n == 0) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "SPLIT_PART counts from 1, or from -1 at the end",
                    null);
        }
        List<Object> parts = delimiter.isEmpty() ? List.of(text) : split(text, delimiter);
        int at = n > 0 ? n - 1 : parts.size() + n;
        return at < 0 || at >= parts.size() ? "" : (String) parts.get(at);
    }

    @Strict
    @Sql(
            value = "LPAD(text VARCHAR, length INT) VARCHAR",
            doc = "the text with spaces before it, or cut, to so many characters")
    public static String padLeft(String text, int length) {
        return padLeft(text, length, " ");
    }

    @Strict
    @Sql(
            value = "LPAD(text VARCHAR, length INT, padding VARCHAR) VARCHAR",
            doc = "the text with padding before it, or cut, to so many characters")
    public static String padLeft(String text, int length, String padding) {
        String pad = padding(text, length, padding);
        return pad == null ? null : pad + left(text, length);
    }

    @Strict
    @Sql(
            value = "RPAD(text VARCHAR, length INT) VARCHAR",
            doc = "the text with spaces behind it, or cut, to so many characters")
    public static String padRight(String text, int length) {
        return padRight(text, length, " ");
    }

    @Strict
    @Sql(
            value = "RPAD(text VARCHAR, length INT, padding VARCHAR) VARCHAR",
            doc = "the text with padding behind it, or cut, to so many characters")
    public static String padRight(String text, int length, String padding) {
        String pad = padding(text, length, padding);
        return pad == null ? null : left(text, length) + pad;
    }

    /// What is missing of a length; null when there is nothing to pad with.
    private static String padding(String text, int length, String padding) {
        if (length < 0 || padding.isEmpty()) {
            return null;
        }
        if (length > MOST_CHARACTERS) {
            throw tooLong(length);
        }
        int missing = Math.max(0, length - length(text));
        return left(padding.repeat(missing / length(padding) + 1), missing);
    }

    private static String left(String text, int characters) {
        return characters >= length(text)
                ? text
                : text.substring(0, text.offsetByCodePoints(0, characters));
    }

    @Strict
    @Sql(
            value = "LEFT(text VARCHAR, n INT) VARCHAR",
            doc = "the first n characters; all but the last -n when n is negative")
    public static String first(String text, int n) {
        return left(text, n >= 0 ? n : Math.max(0, length(text) + n));
    }

    @Strict
    @Sql(
            value = "RIGHT(text VARCHAR, n INT) VARCHAR",
            doc = "the last n characters; all but the first -n when n is negative")
    public static String last(String text, int n) {
        int all = length(text);
        int kept = n >= 0 ? Math.min(n, all) : Math.max(0, all + n);
        return text.substring(text.offsetByCodePoints(0, all - kept));
    }

    @Strict
    @Sql(value = "REPEAT(text VARCHAR, n INT) VARCHAR", doc = "the text n times")
    public static String repeat(String text, int n) {
        if ((long) text.length() * n > MOST_CHARACTERS) {
            throw tooLong((long) text.length() * n);
        }
        return text.repeat(Math.max(0, n));
    }

    private static SqlException tooLong(long length) {
        return new SqlException(
                SqlState.LIMIT_EXCEEDED,
                null,
                "a text of " + length + " characters is too long",
                "The most are " + MOST_CHARACTERS + ".");
    }

    @Sql(
            value = "CONCAT_WS(separator VARCHAR, text VARCHAR...) VARCHAR",
            doc = "the texts with the separator between them; NULLs are left out")
    public static String concat(String separator, Object[] texts) {
        if (separator == null) {
            return null;
        }
        List<String> present = new ArrayList<>();
        for (Object text : texts) {
            if (text != null) {
                present.add((String) text);
            }
        }
        return String.join(separator, present);
    }

    @Strict
    @Sql(value = "CHR(code INT) VARCHAR", doc = "the character of a Unicode code point")
    public static String character(int code) {
        return Character.isValidCodePoint(code) ? Character.toString(code) : null;
    }

    @Strict
    @Sql(
            value = "CHR(escape VARCHAR) VARCHAR",
            doc = "the characters that are written as \\\\u and four hexadecimal digits each")
    public static String character(String escape) {
        if (!escape.matches("(\\\\u[0-9A-Fa-f]{4})+")) {
            return null;
        }
        StringBuilder text = new StringBuilder();
        for (int i = 2; i < escape.length(); i += 6) {
            text.append((char) Integer.parseInt(escape, i, i + 4, 16));
        }
        return text.toString();
    }

    @Strict
    @Sql(
            value = "ASCII(text VARCHAR) INT",
            doc = "the Unicode code point of the first character, 0 of empty text")
    public static int code(String text) {
        return text.isEmpty() ? 0 : text.codePointAt(0);
    }

    @Sql(
            value = "FIELD(text VARCHAR, choice VARCHAR...) INT",
            doc = "the place of the text among the choices, from 1; 0 if it is none of them")
    public static Integer field(String text, Object[] choices) {
        for (int i = 0; text != null && i < choices.length; i++) {
            if (text.equals(choices[i])) {
                return i + 1;
            }
        }
        return 0;
    }

    @Sql(
            value = "ELT(n INT, choice VARCHAR...) VARCHAR",
            doc = "the n-th of the choices, from 1; NULL if there is none")
    public static String choice(Object n, Object[] choices) {
        if (n == null) {
            return null;
        }
        long at = ((Number) n).longValue();
        return at < 1 || at > choices.length ? null : (String) choices[(int) at - 1];
    }

    @Strict
    @Sql(
            value = "STARTS_WITH(text VARCHAR, beginning VARCHAR) BOOLEAN",
            doc = "whether the text begins so")
    public static boolean startsWith(String text, String beginning) {
        return text.startsWith(beginning);
    }
}
