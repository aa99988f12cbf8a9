package dev.weir.repl.client;

/// A column of a result.
///
/// @param type as written in SQL, for example `DECIMAL(10, 2)`
public record ResultColumn(String name, String type) {
    /// True for types whose values line up at the right.
    public boolean isNumeric() {
        return switch (type) {
            case "INT", "INTEGER", "BIGINT", "DOUBLE" -> true;
            default -> type.startsWith("DECIMAL");
        };
    }
}
