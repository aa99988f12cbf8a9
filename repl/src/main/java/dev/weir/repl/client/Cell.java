package dev.weir.repl.client;

/// One value of a result, kept as the text it came in, so that no digit of it is lost.
public sealed interface Cell {
    /// The absent value.
    enum Null implements Cell {
        NULL
    }

    /// A JSON string: text, and whatever else the server writes as one (times, bytes).
    record Text(String value) implements Cell {}

    /// Any other JSON value, verbatim: a number, true, false, an array or an object.
    record Literal(String json) implements Cell {}

    /// The value as people read it.
    default String text() {
        return switch (this) {
            case Null _ -> "NULL";
            case Text(var value) -> value;
            case Literal(var json) -> json;
        };
    }

    /// The value as JSON.
    default String json() {
        return switch (this) {
            case Null _ -> "null";
            case Text(var value) -> Json.quote(value);
            case Literal(var json) -> json;
        };
    }
}
