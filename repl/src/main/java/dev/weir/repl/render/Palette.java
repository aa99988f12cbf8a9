package dev.weir.repl.render;

/// Colours and line drawing: what a terminal gets, and the plain text that files and pipes get.
///
/// @param vertical between columns
/// @param horizontal under the header
/// @param cross where the two meet
public record Palette(boolean colour, String vertical, String horizontal, String cross) {
    public static final Palette PLAIN = new Palette(false, "|", "-", "+");
    public static final Palette TERMINAL = new Palette(true, "│", "─", "┼");
    public static final Palette COLOURLESS_TERMINAL = new Palette(false, "│", "─", "┼");

    public String red(String text) {
        return styled("\u001b[31;1m", text);
    }

    public String green(String text) {
        return styled("\u001b[32m", text);
    }

    public String bold(String text) {
        return styled("\u001b[1m", text);
    }

    public String faint(String text) {
        return styled("\u001b[2m", text);
    }

    private String styled(String start, String text) {
        return colour ? start + text + "\u001b[0m" : text;
    }
}
