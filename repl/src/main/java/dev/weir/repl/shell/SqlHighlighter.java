package dev.weir.repl.shell;

import org.jline.reader.Highlighter;
import org.jline.reader.LineReader;
import org.jline.utils.AttributedString;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Colours keywords, text, numbers and comments as they are typed. What cannot be right shows red:
/// quotes and comments without an end, brackets without a partner.
final class SqlHighlighter implements Highlighter {
    static final AttributedStyle KEYWORD =
            AttributedStyle.DEFAULT.foreground(AttributedStyle.CYAN).bold();
    static final AttributedStyle TEXT = AttributedStyle.DEFAULT.foreground(AttributedStyle.GREEN);
    static final AttributedStyle NUMBER =
            AttributedStyle.DEFAULT.foreground(AttributedStyle.MAGENTA);
    static final AttributedStyle COMMENT = AttributedStyle.DEFAULT.faint();
    static final AttributedStyle WRONG = AttributedStyle.DEFAULT.foreground(AttributedStyle.RED);
    static final AttributedStyle COMMAND =
            AttributedStyle.DEFAULT.foreground(AttributedStyle.BLUE).bold();

    @Override
    public AttributedString highlight(LineReader reader, String buffer) {
        return highlight(buffer);
    }

    static AttributedString highlight(String text) {
        AttributedStringBuilder out = new AttributedStringBuilder(text.length());
        if (text.startsWith("\\")) {
            int end = 0;
            while (end < text.length() && !Character.isWhitespace(text.charAt(end))) {
                end++;
            }
            return out.styled(COMMAND, text.substring(0, end))
                    .append(text.substring(end))
                    .toAttributedString();
        }
        List<Token> tokens = Token.all(text);
        Set<Integer> lonely = lonelyBrackets(text, tokens);
        for (Token token : tokens) {
            out.styled(lonely.contains(token.start()) ? WRONG : style(text, token), token.in(text));
        }
        return out.toAttributedString();
    }

    private static AttributedStyle style(String text, Token token) {
        if (!token.closed()) {
            return WRONG;
        }
        return switch (token.kind()) {
            case WORD -> Keywords.contains(token.in(text)) ? KEYWORD : AttributedStyle.DEFAULT;
            case NUMBER -> NUMBER;
            case TEXT -> TEXT;
            case COMMENT -> COMMENT;
            case QUOTED_NAME, SPACE, SYMBOL -> AttributedStyle.DEFAULT;
        };
    }

    /// Closing brackets that close nothing, and those that are open at the end of a statement. A
    /// bracket still open where one types is nothing to complain about.
    private static Set<Integer> lonelyBrackets(String text, List<Token> tokens) {
        Set<Integer> lonely = new HashSet<>();
        Deque<Integer> open = new ArrayDeque<>();
        for (Token token : tokens) {
            if (token.kind() != Token.Kind.SYMBOL) {
                continue;
            }
            switch (text.charAt(token.start())) {
                case '(' -> open.push(token.start());
                case ')' -> {
                    if (open.poll() == null) {
                        lonely.add(token.start());
                    }
                }
                case ';' -> {
                    lonely.addAll(open);
                    open.clear();
                }
                default -> {
                    // Any other character needs no partner.
                }
            }
        }
        return lonely;
    }
}
