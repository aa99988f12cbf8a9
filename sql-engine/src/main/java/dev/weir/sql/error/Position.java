package dev.weir.sql.error;

/// A place in a statement's text.
///
/// @param line 1-based line
/// @param column 1-based column, counted in characters
public record Position(int line, int column) {
    /// The 1-based character index of this place in `text`, as PostgreSQL's error field `P` wants
    /// it.
    public int offsetIn(String text) {
        int at = 0;
        for (int l = 1; l < line; l++) {
            int next = text.indexOf('\n', at);
            if (next < 0) {
                break;
            }
            at = next + 1;
        }
        return Math.min(at + column, text.length() + 1);
    }
}
