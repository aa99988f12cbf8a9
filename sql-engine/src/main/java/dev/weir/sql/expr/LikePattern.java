package dev.weir.sql.expr;

import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.nio.charset.StandardCharsets;

/// A pattern of LIKE, matched against UTF-8 in place. Immutable.
///
/// `%` stands for any text, `_` for one character. After a mismatch the last `%` takes one byte
/// more: no recursion, and at most text × pattern steps.
public final class LikePattern {
    private static final int ANY_TEXT = 256;
    private static final int ANY_CHARACTER = 257;

    private final int[] elements;

    private LikePattern(int[] elements) {
        this.elements = elements;
    }

    /// @param escape the escape character as text, or null for none
    public static LikePattern of(String pattern, String escape) {
        if (escape != null && escape.codePointCount(0, escape.length()) != 1) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER, "the escape of LIKE must be one character");
        }
        int escapePoint = escape == null ? -1 : escape.codePointAt(0);
        int[] elements = new int[pattern.length() * 3];
        int count = 0;
        int at = 0;
        while (at < pattern.length()) {
            int point = pattern.codePointAt(at);
            at += Character.charCount(point);
            if (point == escapePoint) {
                if (at == pattern.length()) {
                    throw new SqlException(
                            SqlState.INVALID_PARAMETER,
                            "the pattern of LIKE ends with its escape character");
                }
                point = pattern.codePointAt(at);
                at += Character.charCount(point);
            } else if (point == '%' || point == '_') {
                elements[count++] = point == '%' ? ANY_TEXT : ANY_CHARACTER;
                continue;
            }
            for (byte b : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
                elements[count++] = b & 0xFF;
            }
        }
        return new LikePattern(java.util.Arrays.copyOf(elements, count));
    }

    public boolean matches(BytesColumn column, int row) {
        return matches(column.arena(), column.offset(row), column.length(row));
    }

    public boolean matches(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return matches(bytes, 0, bytes.length);
    }

    private boolean matches(byte[] text, int offset, int length) {
        int end = offset + length;
        int at = offset;
        int element = 0;
        int retryElement = -1;
        int retryAt = 0;
        while (true) {
            if (element < elements.length && elements[element] == ANY_TEXT) {
                retryElement = ++element;
                retryAt = at;
            } else if (at == end) {
                return element == elements.length;
            } else if (element < elements.length && elements[element] == (text[at] & 0xFF)) {
                element++;
                at++;
            } else if (element < elements.length && elements[element] == ANY_CHARACTER) {
                element++;
                at++;
                while (at < end && (text[at] & 0xC0) == 0x80) {
                    at++;
                }
            } else if (retryElement >= 0) {
                element = retryElement;
                at = ++retryAt;
            } else {
                return false;
            }
        }
    }
}
