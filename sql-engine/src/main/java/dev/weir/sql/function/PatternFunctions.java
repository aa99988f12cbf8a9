package dev.weir.sql.function;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.linq4j.function.Strict;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// Functions with regular expressions, which are those of java.util.regex, and masks.
public final class PatternFunctions {
    private static final int MOST_CACHED = 256;
    private static final ConcurrentHashMap<String, Pattern> PATTERNS = new ConcurrentHashMap<>();

    private PatternFunctions() {}

    @Strict
    @Sql(
            value = "REGEXP_EXTRACT(pattern VARCHAR, text VARCHAR) VARCHAR",
            doc = "the first part of the text that fits the pattern")
    public static String extract(String pattern, String text) {
        return extract(pattern, text, 0);
    }

    @Strict
    @Sql(
            value = "REGEXP_EXTRACT(pattern VARCHAR, text VARCHAR, n INT) VARCHAR",
            doc = "what the n-th group of the pattern fits first")
    public static String extract(String pattern, String text, int n) {
        Matcher matcher = pattern(pattern).matcher(text);
        return find(matcher) && n >= 0 && n <= matcher.groupCount() ? matcher.group(n) : null;
    }

    @Strict
    @Sql(
            value = "REGEXP_EXTRACT_ALL(pattern VARCHAR, text VARCHAR) ARRAY<VARCHAR>",
            doc = "all parts of the text that fit the pattern")
    public static List<Object> extractAll(String pattern, String text) {
        return extractAll(pattern, text, 0);
    }

    @Strict
    @Sql(
            value = "REGEXP_EXTRACT_ALL(pattern VARCHAR, text VARCHAR, n INT) ARRAY<VARCHAR>",
            doc = "all that the n-th group of the pattern fits")
    public static List<Object> extractAll(String pattern, String text, int n) {
        Matcher matcher = pattern(pattern).matcher(text);
        if (n < 0 || n > matcher.groupCount()) {
            return null;
        }
        List<Object> found = new ArrayList<>();
        while (find(matcher)) {
            found.add(matcher.group(n));
        }
        return found;
    }

    @Strict
    @Sql(
            value = "REGEXP_REPLACE(text VARCHAR, pattern VARCHAR, replacement VARCHAR) VARCHAR",
            doc = "the text with all that fits the pattern replaced; $1 stands for the first group")
    public static String replace(String text, String pattern, String replacement) {
        try {
            return pattern(pattern).matcher(text).replaceAll(replacement);
        } catch (StackOverflowError deep) {
            throw tooDeep(deep);
        } catch (IllegalArgumentException | IndexOutOfBoundsException bad) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "the replacement \"" + replacement + "\" speaks of a group that is not there",
                    "Write \\$ for the sign itself.",
                    bad);
        }
    }

    @Strict
    @Sql(
            value = "REGEXP_SPLIT_TO_ARRAY(text VARCHAR, pattern VARCHAR) ARRAY<VARCHAR>",
            doc = "the parts between what fits the pattern")
    public static List<Object> split(String text, String pattern) {
        Matcher matcher = pattern(pattern).matcher(text);
        List<Object> parts = new ArrayList<>();
        int from = 0;
        while (find(matcher)) {
            if (matcher.end() > 0
                    && (matcher.end() > matcher.start() || matcher.end() < text.length())) {
                parts.add(text.substring(from, matcher.start()));
                from = matcher.end();
            }
        }
        parts.add(text.substring(from));
        return parts;
    }

    @Strict
    @Sql(
            value = "REGEXP_LIKE(text VARCHAR, pattern VARCHAR) BOOLEAN",
            doc = "whether some part of the text fits the pattern")
    public static boolean like(String text, String pattern) {
        return find(pattern(pattern).matcher(text));
    }

    /// The row is at fault, not the engine, when a pattern of alternatives under a star goes as
    /// deep as a long text.
    private static boolean find(Matcher matcher) {
        try {
            return matcher.find();
        } catch (StackOverflowError deep) {
            throw tooDeep(deep);
        }
    }

    private static SqlException tooDeep(StackOverflowError deep) {
        return new SqlException(
                SqlState.LIMIT_EXCEEDED,
                null,
                "the text is too long for the regular expression",
                "Write alternatives of single characters as a class: [ab]* instead of (a|b)*.",
                deep);
    }

    private static Pattern pattern(String text) {
        Pattern known = PATTERNS.get(text);
        if (known != null) {
            return known;
        }
        try {
            Pattern made = Pattern.compile(text);
            // Patterns may come from data: then they are not worth keeping.
            if (PATTERNS.size() < MOST_CACHED) {
                PATTERNS.put(text, made);
            }
            return made;
        } catch (PatternSyntaxException bad) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "\"" + text + "\" is no regular expression: " + bad.getDescription(),
                    "Regular expressions are those of java.util.regex.",
                    bad);
        }
    }

    // ---- masks

    @Strict
    @Sql(
            value = "MASK(text VARCHAR) VARCHAR",
            doc = "the text with X for upper-case letters, x for lower-case, n for digits, - else")
    public static String mask(String text) {
        return mask(text, 0, text.length(), DEFAULT_MASKS);
    }

    @Sql(
            value =
                    "MASK(text VARCHAR, upper VARCHAR, lower VARCHAR, digit VARCHAR, other VARCHAR)"
                            + " VARCHAR",
            doc = "the text with these characters for all of a kind; NULL leaves a kind as it is")
    public static String mask(String text, String upper, String lower, String digit, String other) {
        return text == null
                ? null
                : mask(text, 0, text.length(), new String[] {upper, lower, digit, other});
    }

    @Strict
    @Sql(value = "MASK_LEFT(text VARCHAR, n INT) VARCHAR", doc = "masks the first n characters")
    public static String maskLeft(String text, int n) {
        return mask(text, 0, Math.clamp(n, 0, text.length()), DEFAULT_MASKS);
    }

    @Strict
    @Sql(value = "MASK_RIGHT(text VARCHAR, n INT) VARCHAR", doc = "masks the last n characters")
    public static String maskRight(String text, int n) {
        int length = text.length();
        return mask(text, length - Math.clamp(n, 0, length), length, DEFAULT_MASKS);
    }

    @Strict
    @Sql(
            value = "MASK_KEEP_LEFT(text VARCHAR, n INT) VARCHAR",
            doc = "masks all but the first n characters")
    public static String maskKeepLeft(String text, int n) {
        return mask(text, Math.clamp(n, 0, text.length()), text.length(), DEFAULT_MASKS);
    }

    @Strict
    @Sql(
            value = "MASK_KEEP_RIGHT(text VARCHAR, n INT) VARCHAR",
            doc = "masks all but the last n characters")
    public static String maskKeepRight(String text, int n) {
        int length = text.length();
        return mask(text, 0, length - Math.clamp(n, 0, length), DEFAULT_MASKS);
    }

    private static final String[] DEFAULT_MASKS = {"X", "x", "n", "-"};

    private static String mask(String text, int from, int to, String[] masks) {
        StringBuilder masked = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            int kind =
                    Character.isUpperCase(c)
                            ? 0
                            : Character.isLowerCase(c) ? 1 : Character.isDigit(c) ? 2 : 3;
            masked.append(
                    i < from || i >= to || masks[kind] == null ? String.valueOf(c) : masks[kind]);
        }
        return masked.toString();
    }
}
