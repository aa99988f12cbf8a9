package dev.weir.sql.batch;

/// The types without parameters.
public enum Primitive implements SqlType {
    BOOLEAN(Layout.LONG),
    INT(Layout.LONG),
    BIGINT(Layout.LONG),
    DOUBLE(Layout.DOUBLE),
    VARCHAR(Layout.BYTES),
    BYTES(Layout.BYTES),
    DATE(Layout.LONG),
    TIME(Layout.LONG),
    TIMESTAMP(Layout.LONG);

    private final Layout layout;

    Primitive(Layout layout) {
        this.layout = layout;
    }

    Layout memoryLayout() {
        return layout;
    }
}
