package dev.weir.sql.parse;

import dev.weir.sql.error.Position;

/// A name in a statement and where it stands.
public record Name(String text, Position position) {
    @Override
    public String toString() {
        return text;
    }
}
