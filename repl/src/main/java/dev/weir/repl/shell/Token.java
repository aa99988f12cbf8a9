package dev.weir.repl.shell;

import java.util.ArrayList;
import java.util.List;

/// A piece of SQL as it is typed: whole or not, right or wrong. Together the pieces of a text make
/// up all of it.
///
/// @param start index of the first character
/// @param end index behind the last one
/// @param closed false for text, a name or a comment whose end has not been typed
record Token(Kind kind, int start, int end, boolean closed) {
    enum Kind {
        WORD,
        NUMBER,
        /// In single quotes.
        TEXT,
        /// In double quotes or backticks.
        QUOTED_NAME,
        COMMENT,
        SPACE,
        /// One character of punctuation.
        SYMBOL
    }

    String in(String text) {
        return text.substring(start, end);
    }

    /// The pieces of a text in order.
    static List<Token> all(String text) {
        List<Token> tokens = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            Token token = next(text, at);
            tokens.add(token);
            at = token.end();
        }
        return tokens;
    }

    private static Token next(String text, int start) {
        char c = text.charAt(start);
        if (c == '\'' || c == '"' || c == '`') {
            Kind kind = c == '\'' ? Kind.TEXT : Kind.QUOTED_NAME;
            return upTo(kind, text, start, endOfQuotes(text, start));
        }
        if (text.startsWith("--", start)) {
            int newline = text.indexOf('\n', start);
            int end = newline < 0 ? text.length() : newline;
            return new Token(Kind.COMMENT, start, end, true);
        }
        if (text.startsWith("/*", start)) {
            int close = text.indexOf("*/", start + 2);
            return upTo(Kind.COMMENT, text, start, close < 0 ? -1 : close + 2);
        }
        int end = start + 1;
        Kind kind = Kind.SYMBOL;
        if (Character.isWhitespace(c)) {
            kind = Kind.SPACE;
            while (end < text.length() && Character.isWhitespace(text.charAt(end))) {
                end++;
            }
        } else if (isDigit(c)) {
            kind = Kind.NUMBER;
            while (end < text.length() && isPartOfNumber(text, end)) {
                end++;
            }
        } else if (isWordPart(c)) {
            kind = Kind.WORD;
            while (end < text.length() && isWordPart(text.charAt(end))) {
                end++;
            }
        }
        return new Token(kind, start, end, true);
    }

    private static Token upTo(Kind kind, String text, int start, int end) {
        return end < 0
                ? new Token(kind, start, text.length(), false)
                : new Token(kind, start, end, true);
    }

    /// Behind the closing quote, or -1; a doubled quote stands for itself.
    private static int endOfQuotes(String text, int start) {
        char quote = text.charAt(start);
        int at = start + 1;
        while (true) {
            int close = text.indexOf(quote, at);
            if (close < 0) {
                return -1;
            }
            if (close + 1 == text.length() || text.charAt(close + 1) != quote) {
                return close + 1;
            }
            at = close + 2;
        }
    }

    private static boolean isPartOfNumber(String text, int at) {
        char c = text.charAt(at);
        char before = text.charAt(at - 1);
        return isWordPart(c)
                || (c == '.' && at + 1 < text.length() && isDigit(text.charAt(at + 1)))
                || ((c == '-' || c == '+') && (before == 'e' || before == 'E'));
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || Character.isSurrogate(c) || c == '_' || c == '$';
    }
}
