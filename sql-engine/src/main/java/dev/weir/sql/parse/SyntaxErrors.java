package dev.weir.sql.parse;

import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.runtime.CalciteContextException;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the generated parser says, in our words.
final class SyntaxErrors {
    private static final Pattern LEXICAL =
            Pattern.compile(
                    "(?s)Lexical error at line (\\d+), column (\\d+)\\.\\s+Encountered: "
                            + "(<EOF>)?.*");
    private static final List<String> VERBS =
            List.of(
                    "ALTER",
                    "CANCEL",
                    "COPY",
                    "CREATE",
                    "DEFINE",
                    "DELETE",
                    "DESCRIBE",
                    "DROP",
                    "EXPLAIN",
                    "INSERT",
                    "LIST",
                    "PRINT",
                    "SELECT",
                    "SET",
                    "SHOW",
                    "TERMINATE",
                    "UNDEFINE",
                    "UNSET",
                    "UPDATE",
                    "WITH");
    private static final int MOST_LISTED = 8;

    private SyntaxErrors() {}

    static SqlException of(ParseException e, String text) {
        Token last = e.currentToken;
        Token wrong = last.next;
        TreeSet<String> words = new TreeSet<>();
        boolean nameExpected = false;
        for (int[] sequence : e.expectedTokenSequences) {
            nameExpected |= sequence[0] == WeirParserConstants.IDENTIFIER;
            String image = e.tokenImage[sequence[0]];
            if (image.startsWith("\"") && Character.isLetter(image.charAt(1))) {
                words.add(image.substring(1, image.length() - 1));
            }
        }
        boolean end = wrong.kind == WeirParserConstants.EOF;
        return new SqlException(
                SqlState.SYNTAX_ERROR,
                end ? endOf(text) : Syntax.position(wrong),
                end
                        ? "syntax error at end of input"
                        : "syntax error at or near \"" + wrong.image + "\"",
                hint(last, wrong, words, nameExpected, e));
    }

    static SqlException of(TokenMgrError e, String text) {
        Matcher matcher = LEXICAL.matcher(String.valueOf(e.getMessage()));
        if (!matcher.matches()) {
            return new SqlException(SqlState.SYNTAX_ERROR, null, "syntax error", null, e);
        }
        // At the end of the text the lexer has gone one too far.
        int column = Integer.parseInt(matcher.group(2)) - (matcher.group(3) == null ? 0 : 1);
        Position position = new Position(Integer.parseInt(matcher.group(1)), Math.max(1, column));
        int at = Math.min(position.offsetIn(text), text.length()) - 1;
        return new SqlException(
                SqlState.SYNTAX_ERROR,
                position,
                "unexpected character \"" + (at < 0 ? "" : text.charAt(at)) + "\"",
                "Names with other characters than letters, digits and _ stand in double quotes,"
                        + " text in single quotes.",
                e);
    }

    /// What the grammar's own actions refuse.
    static SqlException of(CalciteContextException e, String text) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        String message = String.valueOf(cause.getMessage());
        Position position =
                new Position(Math.max(1, e.getPosLine()), Math.max(1, e.getPosColumn()));
        if (!message.startsWith("Non-query expression")) {
            return new SqlException(
                    SqlState.SYNTAX_ERROR,
                    position,
                    message.isEmpty()
                            ? "syntax error"
                            : Character.toLowerCase(message.charAt(0)) + message.substring(1),
                    "Write it another way.",
                    e);
        }
        int from = position.offsetIn(text) - 1;
        int to = from;
        while (to < text.length() && Character.isLetterOrDigit(text.charAt(to))) {
            to++;
        }
        String word = text.substring(from, Math.max(to, Math.min(text.length(), from + 1)));
        return new SqlException(
                SqlState.SYNTAX_ERROR,
                position,
                "syntax error at or near \"" + word + "\"",
                Nearest.to(word, VERBS).map(v -> "Did you mean " + v + "? ").orElse("")
                        + "Statements begin with "
                        + String.join(", ", VERBS)
                        + ".",
                e);
    }

    private static String hint(
            Token last, Token wrong, Set<String> words, boolean nameExpected, ParseException e) {
        if (last.kind == WeirParserConstants.SEMICOLON) {
            return "One statement at a time: nothing may stand after the semicolon.";
        }
        if (wrong.kind != WeirParserConstants.EOF) {
            Optional<String> meant = misspelt(wrong, words);
            if (meant.isPresent()) {
                return "Did you mean " + meant.get() + "?";
            }
        }
        // A misspelt word may have passed as a name or an alias: SELECT a FORM b.
        if (last.kind == WeirParserConstants.IDENTIFIER) {
            Optional<String> meant = misspelt(last, words);
            if (meant.isPresent()) {
                return "Did you mean " + meant.get() + " where \"" + last.image + "\" stands?";
            }
        }
        if (nameExpected && isWord(wrong)) {
            return "\""
                    + wrong.image
                    + "\" is a reserved word: put it in double quotes to use it as a name.";
        }
        TreeSet<String> all = new TreeSet<>(words);
        for (int[] sequence : e.expectedTokenSequences) {
            String image = e.tokenImage[sequence[0]];
            if (sequence[0] == WeirParserConstants.IDENTIFIER) {
                all.add("a name");
            } else if (image.startsWith("\"") && !Character.isLetter(image.charAt(1))) {
                all.add(image.substring(1, image.length() - 1));
            }
        }
        if (!all.isEmpty() && all.size() <= MOST_LISTED) {
            return "Expected " + String.join(" or ", all) + ".";
        }
        return nameExpected
                ? "Expected a name or an expression."
                : "Check the order of the clauses: SELECT, FROM, WINDOW, WHERE, GROUP BY, HAVING,"
                        + " EMIT CHANGES, LIMIT.";
    }

    private static Optional<String> misspelt(Token token, Set<String> words) {
        if (token.kind != WeirParserConstants.IDENTIFIER || token.image.length() < 2) {
            return Optional.empty();
        }
        String word = token.image.toUpperCase(Locale.ROOT);
        return Nearest.to(word, words)
                .filter(n -> Nearest.distance(word, n) <= (word.length() < 5 ? 1 : 2));
    }

    private static boolean isWord(Token token) {
        return token.kind != WeirParserConstants.IDENTIFIER
                && !token.image.isEmpty()
                && Character.isLetter(token.image.charAt(0));
    }

    private static Position endOf(String text) {
        String stripped = text.stripTrailing();
        int line = 1;
        int lineStart = 0;
        for (int i = 0; i < stripped.length(); i++) {
            if (stripped.charAt(i) == '\n') {
                line++;
                lineStart = i + 1;
            }
        }
        return new Position(line, stripped.length() - lineStart + 1);
    }
}
