package dev.weir.server.pgwire.catalog;

import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// PostgreSQL's tokens: `E'…'` and dollar-quoted strings, any operator sign, `::`. The engine's
/// parser has rules of its own; this one serves what clients say to PostgreSQL itself.
public final class Lexer {
    private static final String OPERATOR = "+-*/<>=~!@#%^&|`?";

    private final String text;
    private final List<Token> tokens = new ArrayList<>();
    private int at;

    private Lexer(String text) {
        this.text = text;
    }

    /// The tokens of a statement, an END at last.
    ///
    /// @throws SqlException SYNTAX_ERROR when a quote or comment is not closed
    public static List<Token> tokens(String statement) {
        Lexer lexer = new Lexer(statement);
        lexer.scan();
        return List.copyOf(lexer.tokens);
    }

    /// Where a character of a statement stands.
    public static Position position(String statement, int at) {
        int lineStart = statement.lastIndexOf('\n', at - 1) + 1;
        int line = (int) statement.substring(0, lineStart).chars().filter(c -> c == '\n').count();
        return new Position(line + 1, at - lineStart + 1);
    }

    private void scan() {
        while (true) {
            skipBlank();
            int start = at;
            if (at >= text.length()) {
                tokens.add(new Token(Token.Kind.END, "", start, start));
                return;
            }
            char c = text.charAt(at);
            if ((c == 'e' || c == 'E') && next() == '\'') {
                at++;
                add(Token.Kind.STRING, escaped(), start);
            } else if (Character.isLetter(c) || c == '_') {
                while (at < text.length() && isWordPart(text.charAt(at))) {
                    at++;
                }
                add(Token.Kind.WORD, text.substring(start, at).toLowerCase(Locale.ROOT), start);
            } else if (Character.isDigit(c) || (c == '.' && Character.isDigit(next()))) {
                number();
                add(Token.Kind.NUMBER, text.substring(start, at), start);
            } else if (c == '\'') {
                add(Token.Kind.STRING, quoted('\''), start);
            } else if (c == '"' || c == '`') {
                add(Token.Kind.QUOTED_NAME, quoted(c), start);
            } else if (c == '$' && Character.isDigit(next())) {
                at++;
                while (at < text.length() && Character.isDigit(text.charAt(at))) {
                    at++;
                }
                add(Token.Kind.PARAMETER, text.substring(start + 1, at), start);
            } else if (c == '$') {
                add(Token.Kind.STRING, dollarQuoted(), start);
            } else if (OPERATOR.indexOf(c) >= 0) {
                operator();
                add(Token.Kind.SIGN, text.substring(start, at), start);
            } else {
                at += c == ':' && next() == ':' ? 2 : 1;
                add(Token.Kind.SIGN, text.substring(start, at), start);
            }
        }
    }

    private void add(Token.Kind kind, String meaning, int start) {
        tokens.add(new Token(kind, meaning, start, at));
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$';
    }

    private char next() {
        return at + 1 < text.length() ? text.charAt(at + 1) : 0;
    }

    private void skipBlank() {
        while (at < text.length()) {
            if (Character.isWhitespace(text.charAt(at))) {
                at++;
            } else if (text.startsWith("--", at)) {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end + 1;
            } else if (text.startsWith("/*", at)) {
                int end = text.indexOf("*/", at + 2);
                if (end < 0) {
                    throw unclosed("comment");
                }
                at = end + 2;
            } else {
                return;
            }
        }
    }

    private void number() {
        while (at < text.length()
                && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
            at++;
        }
        if (at < text.length() && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            int sign = next() == '+' || next() == '-' ? 2 : 1;
            if (at + sign < text.length() && Character.isDigit(text.charAt(at + sign))) {
                at += sign;
                while (at < text.length() && Character.isDigit(text.charAt(at))) {
                    at++;
                }
            }
        }
    }

    /// As PostgreSQL cuts them: a sign ends before a comment, and `+` or `-` is no part of `=-`.
    private void operator() {
        int start = at;
        while (at < text.length()
                && OPERATOR.indexOf(text.charAt(at)) >= 0
                && !text.startsWith("--", at)
                && !text.startsWith("/*", at)) {
            at++;
        }
        String sign = text.substring(start, at);
        boolean unusual = sign.chars().anyMatch(c -> "~!@#%^&|`?".indexOf(c) >= 0);
        while (!unusual
                && at - start > 1
                && (text.charAt(at - 1) == '+' || text.charAt(at - 1) == '-')) {
            at--;
        }
    }

    private String quoted(char quote) {
        StringBuilder meaning = new StringBuilder();
        at++;
        while (true) {
            int end = text.indexOf(quote, at);
            if (end < 0) {
                throw unclosed(quote == '\'' ? "quoted string" : "quoted identifier");
            }
            meaning.append(text, at, end);
            at = end + 1;
            if (at >= text.length() || text.charAt(at) != quote) {
                return meaning.toString();
            }
            meaning.append(quote);
            at++;
        }
    }

    private String escaped() {
        StringBuilder meaning = new StringBuilder();
        at++;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\'') {
                if (at >= text.length() || text.charAt(at) != '\'') {
                    return meaning.toString();
                }
                at++;
                meaning.append('\'');
            } else if (c == '\\' && at < text.length()) {
                char escape = text.charAt(at++);
                meaning.append(
                        switch (escape) {
                            case 'n' -> '\n';
                            case 't' -> '\t';
                            case 'r' -> '\r';
                            case 'b' -> '\b';
                            case 'f' -> '\f';
                            default -> escape;
                        });
            } else {
                meaning.append(c);
            }
        }
        throw unclosed("quoted string");
    }

    private String dollarQuoted() {
        int tagEnd = text.indexOf('$', at + 1);
        if (tagEnd < 0) {
            throw unclosed("dollar-quoted string");
        }
        String tag = text.substring(at, tagEnd + 1);
        int end = text.indexOf(tag, tagEnd + 1);
        if (end < 0) {
            throw unclosed("dollar-quoted string");
        }
        at = end + tag.length();
        return text.substring(tagEnd + 1, end);
    }

    private SqlException unclosed(String what) {
        return new SqlException(
                SqlState.SYNTAX_ERROR,
                position(text, Math.min(at, text.length())),
                "unterminated " + what,
                null);
    }
}
