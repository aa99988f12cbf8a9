package dev.weir.repl.render;

import org.jline.utils.WCWidth;

/// How wide text is on a terminal, and text made harmless to one.
final class TextWidth {
    private TextWidth() {}

    /// Columns of a terminal that the text takes: wide characters take two, combining ones none.
    static int of(String text) {
        int width = 0;
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            i += Character.charCount(codePoint);
            width += Math.max(0, WCWidth.wcwidth(codePoint));
        }
        return width;
    }

    /// The beginning of the text that fits, with an ellipsis where something is missing.
    ///
    /// @param width columns of a terminal
    static String cut(String text, int width) {
        if (of(text) <= width) {
            return text;
        }
        StringBuilder out = new StringBuilder(width);
        int taken = 0;
        for (int i = 0; i < text.length(); ) {
            int codePoint = text.codePointAt(i);
            taken += Math.max(0, WCWidth.wcwidth(codePoint));
            if (taken > width - 1) {
                break;
            }
            out.appendCodePoint(codePoint);
            i += Character.charCount(codePoint);
        }
        return width < 1 ? "" : out.append('…').toString();
    }

    /// Control characters made visible, so that no value can move the cursor or colour the screen.
    ///
    /// @param keepNewlines leaves line ends for the caller to lay out
    static String printable(String text, boolean keepNewlines) {
        int first = 0;
        while (first < text.length() && !isControl(text.charAt(first), keepNewlines)) {
            first++;
        }
        if (first == text.length()) {
            return text;
        }
        StringBuilder out = new StringBuilder(text.length() + 8).append(text, 0, first);
        for (int i = first; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isControl(c, keepNewlines)) {
                out.append(c);
            } else {
                switch (c) {
                    case '\n' -> out.append("\\n");
                    case '\r' -> out.append("\\r");
                    case '\t' -> out.append("\\t");
                    default ->
                            out.append("\\x")
                                    .append(Character.forDigit(c >> 4, 16))
                                    .append(Character.forDigit(c & 15, 16));
                }
            }
        }
        return out.toString();
    }

    private static boolean isControl(char c, boolean keepNewlines) {
        return (c < 0x20 && !(keepNewlines && c == '\n')) || (c >= 0x7f && c < 0xa0);
    }
}
