package dev.weir.server.pgwire;

/// Names in statements.
final class Names {
    private Names() {}

    /// In double quotes, as it is.
    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}
