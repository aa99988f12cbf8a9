package dev.weir.repl.shell;

import org.jline.reader.Highlighter;
import org.jline.reader.LineReader;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/// Colours keywords, text, numbers and comments as they are typed.
final class SqlHighlighter implements Highlighter {
    private static final AttributedStyle KEYWORD =
            AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN).bold();
    private static final AttributedStyle TEXT =
            AttributedStyle.DEFAULT.foreground(AttributedStyle.GREEN);
    private static final AttributedStyle NUMBER =
            AttributedStyle.DEFAULT.foreground(AttributedStyle.MAGENTA);
    private static final AttributedStyle COMMENT = AttributedStyle.DEFAULT.faint();

    @Override
    public AttributedString highlight(LineReader reader, String buffer) {
        AttributedStringBuilder out = new AttributedStringBuilder(buffer.length());
        int i = 0;
        while (i < buffer.length()) {
            char c = buffer.charAt(i);
            int end;
            AttributedStyle style = AttributedStyle.DEFAULT;
            if (c == '\'' || c == '"' || c == '`') {
                int close = buffer.indexOf(c, i + 1);
                end = close < 0 ? buffer.length() : close + 1;
                style = c == '\'' ? TEXT : AttributedStyle.DEFAULT;
            } else if (buffer.startsWith("--", i)) {
                int newline = buffer.indexOf('\n', i);
                end = newline < 0 ? buffer.length() : newline;
                style = COMMENT;
            } else if (buffer.startsWith("/*", i)) {
                int close = buffer.indexOf("*/", i + 2);
                end = close < 0 ? buffer.length() : close + 2;
                style = COMMENT;
            } else if (Character.isDigit(c)) {
                end = endOfWord(buffer, i);
                style = NUMBER;
            } else if (Character.isLetter(c) || c == '_') {
                end = endOfWord(buffer, i);
                if (Keywords.contains(buffer.substring(i, end))) {
                    style = KEYWORD;
                }
            } else {
                end = i + 1;
            }
            out.styled(style, buffer.substring(i, end));
            i = end;
        }
        return out.toAttributedString();
    }

    private static int endOfWord(String text, int start) {
        int end = start;
        while (end < text.length()
                && (Character.isLetterOrDigit(text.charAt(end)) || text.charAt(end) == '_')) {
            end++;
        }
        return end;
    }
}
