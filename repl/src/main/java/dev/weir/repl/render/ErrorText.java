package dev.weir.repl.render;

import dev.weir.repl.client.StatementError;

import java.util.List;

/// An error as people read it: what is wrong, the line with a mark under the place, what to do.
///
/// ```
/// ERROR:  column "amout" does not exist in stream "orders"   [42703]
///   SELECT amout FROM orders
///          ^^^^^
/// HINT:   Did you mean "amount"?
/// ```
public final class ErrorText {
    private ErrorText() {}

    /// @param where the file and line before the message, or empty
    /// @param sql the statement that the error's place refers to
    /// @return lines, each ended by a line end
    public static String of(StatementError error, String where, String sql, Palette palette) {
        StringBuilder out = new StringBuilder();
        if (!where.isEmpty()) {
            out.append(where).append(": ");
        }
        out.append(palette.red("ERROR:"))
                .append("  ")
                .append(TextWidth.printable(error.message(), true));
        if (!error.sqlState().isEmpty()) {
            out.append("   [").append(error.sqlState()).append(']');
        }
        out.append('\n');
        appendPlace(out, error, sql, palette);
        if (!error.hint().isEmpty()) {
            out.append(palette.bold("HINT:"))
                    .append("   ")
                    .append(TextWidth.printable(error.hint(), true))
                    .append('\n');
        }
        return out.toString();
    }

    private static void appendPlace(
            StringBuilder out, StatementError error, String sql, Palette palette) {
        List<String> lines = sql.lines().toList();
        if (error.line() < 1 || error.column() < 1 || error.line() > lines.size()) {
            return;
        }
        String line = lines.get(error.line() - 1);
        int start = Math.min(error.column() - 1, line.length());
        int end = start;
        while (end < line.length() && isWordPart(line.charAt(end))) {
            end++;
        }
        end = Math.max(end, Math.min(start + 1, line.length()));
        // Tabs would put the mark elsewhere.
        String before = line.substring(0, start).replace('\t', ' ');
        String marked = line.substring(start, end);
        out.append("  ").append(line.replace('\t', ' ')).append('\n');
        out.append("  ")
                .append(" ".repeat(TextWidth.of(before)))
                .append(palette.red("^".repeat(Math.max(1, TextWidth.of(marked)))))
                .append('\n');
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$';
    }
}
