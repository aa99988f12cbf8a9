package dev.weir.sql.parse;

import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.List;

/// Finds the statements of a script by its quotes, comments and semicolons, without parsing it.
final class Script {
    private final String text;
    private final List<String> statements = new ArrayList<>();
    private int start;
    private boolean content;

    private Script(String text) {
        this.text = text;
    }

    /// @throws SqlException SYNTAX_ERROR when a quote or comment is not closed
    static List<String> split(String text) {
        Script script = new Script(text);
        script.scan();
        return List.copyOf(script.statements);
    }

    private void scan() {
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            char next = at + 1 < text.length() ? text.charAt(at + 1) : 0;
            if (c == '\'' || c == '"' || c == '`') {
                content = true;
                at = afterQuote(at, c);
            } else if ((c == '-' && next == '-') || (c == '/' && next == '/')) {
                at = afterLine(at);
            } else if (c == '/' && next == '*') {
                at = afterComment(at);
            } else {
                if (c == ';') {
                    take(at);
                } else if (!Character.isWhitespace(c)) {
                    content = true;
                }
                at++;
            }
        }
        take(text.length());
    }

    private void take(int end) {
        if (content) {
            statements.add(text.substring(start, end).strip());
        }
        start = end + 1;
        content = false;
    }

    /// A quote inside is written twice: its two halves pass as two quoted pieces.
    private int afterQuote(int at, char quote) {
        int end = text.indexOf(quote, at + 1);
        if (end < 0) {
            throw unclosed(
                    at,
                    quote == '\'' ? "unterminated quoted string" : "unterminated quoted identifier",
                    "Close it with " + quote + "; inside, write the quote twice.");
        }
        return end + 1;
    }

    private int afterLine(int at) {
        int end = text.indexOf('\n', at);
        return end < 0 ? text.length() : end + 1;
    }

    private int afterComment(int at) {
        int end = text.indexOf("*/", at + 2);
        if (end < 0) {
            throw unclosed(at, "unterminated comment", "Close it with */.");
        }
        return end + 2;
    }

    private SqlException unclosed(int at, String message, String hint) {
        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < at; i++) {
            if (text.charAt(i) == '\n') {
                line++;
                lineStart = i + 1;
            }
        }
        return new SqlException(
                SqlState.SYNTAX_ERROR, new Position(line, at - lineStart + 1), message, hint);
    }
}
