package dev.weir.repl.render;

import java.util.List;

/// Turns a sequence of frames into what a terminal must be sent: each takes the place of the one
/// before, and lines that stay the same are not sent again.
///
/// Counts on two things: no line is wider than the terminal, and before each frame the cursor is
/// where the last one left it, at the beginning of the line below. Frames may grow and shrink; the
/// screen scrolls when one grows beyond its bottom.
public final class Repaint {
    private List<String> shown = List.of();

    /// From the frame before to this one.
    public String next(List<String> lines) {
        StringBuilder out = new StringBuilder();
        if (!shown.isEmpty()) {
            out.append("\u001b[").append(shown.size()).append('A');
        }
        out.append('\r');
        for (int i = 0; i < lines.size(); i++) {
            if (i >= shown.size() || !lines.get(i).equals(shown.get(i))) {
                out.append(lines.get(i)).append("\u001b[K");
            }
            out.append("\r\n");
        }
        if (lines.size() < shown.size()) {
            out.append("\u001b[J");
        }
        shown = List.copyOf(lines);
        return out.toString();
    }

    /// This frame alone on the screen. After a change of the terminal's size nobody knows where the
    /// lines before it went.
    public String afresh(List<String> lines) {
        shown = List.of();
        return "\u001b[H\u001b[2J" + next(lines);
    }
}
