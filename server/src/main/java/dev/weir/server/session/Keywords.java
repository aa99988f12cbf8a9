package dev.weir.server.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The first words of a statement: enough for a front door to know what kind of answer it will
/// send, without parsing.
public final class Keywords {
    private Keywords() {}

    /// The first word in upper case, or the first character when it is no word; empty for a
    /// statement of comments and space only.
    public static String first(String statement) {
        List<String> words = first(statement, 1);
        return words.isEmpty() ? "" : words.getFirst();
    }

    /// At most `count` words from the start, in upper case; stops after the first character that is
    /// part of no word, which is included.
    public static List<String> first(String statement, int count) {
        var words = new ArrayList<String>(count);
        int at = skipBlank(statement, 0);
        while (words.size() < count && at < statement.length()) {
            int end = at;
            while (end < statement.length() && isWordPart(statement.charAt(end))) {
                end++;
            }
            if (end == at) {
                words.add(statement.substring(at, at + 1));
                break;
            }
            words.add(statement.substring(at, end).toUpperCase(Locale.ROOT));
            at = skipBlank(statement, end);
        }
        return words;
    }

    private static boolean isWordPart(char c) {
        return Character.isLetterOrDigit(c) || c == '_' || c == '$';
    }

    private static int skipBlank(String text, int from) {
        int at = from;
        while (at < text.length()) {
            if (Character.isWhitespace(text.charAt(at))) {
                at++;
            } else if (text.startsWith("--", at)) {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end + 1;
            } else if (text.startsWith("/*", at)) {
                int end = text.indexOf("*/", at + 2);
                at = end < 0 ? text.length() : end + 2;
            } else {
                break;
            }
        }
        return at;
    }
}
