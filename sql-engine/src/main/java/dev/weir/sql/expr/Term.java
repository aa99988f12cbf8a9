package dev.weir.sql.expr;

/// A computed value in a kernel's source: cheap Java expressions that may be repeated.
///
/// @param isNull a boolean expression; "false" when it is never NULL, "true" when always
/// @param value the value, meaningless but defined where it is NULL; for [Form#SLICE] the column,
///   for [Form#LITERAL] the text
/// @param form how to read `value`
record Term(Kind kind, String isNull, String value, Form form) {
    /// What a value is in Java.
    enum Kind {
        BOOLEAN("boolean", "false"),
        LONG("long", "0L"),
        DOUBLE("double", "0.0"),
        DECIMAL("java.math.BigDecimal", "null"),
        TEXT("String", "null"),
        BYTES("byte[]", "null"),
        OBJECT("Object", "null");

        final String javaType;
        final String zero;

        Kind(String javaType, String zero) {
            this.javaType = javaType;
            this.zero = zero;
        }

        boolean isNumber() {
            return this == LONG || this == DOUBLE || this == DECIMAL;
        }
    }

    /// How a term gives its value.
    enum Form {
        /// An expression of the kind's Java type.
        PLAIN,
        /// The current row of a BytesColumn.
        SLICE,
        /// The name of a String field; the field with a `u` after it holds the same as UTF-8.
        LITERAL
    }

    static Term of(Kind kind, String isNull, String value) {
        return new Term(kind, isNull, value, Form.PLAIN);
    }

    static Term known(Kind kind, String value) {
        return new Term(kind, "false", value, Form.PLAIN);
    }

    static Term nothing(Kind kind) {
        return new Term(kind, "true", kind.zero, Form.PLAIN);
    }

    boolean neverNull() {
        return isNull.equals("false");
    }

    boolean alwaysNull() {
        return isNull.equals("true");
    }

    /// A condition that holds when a boolean term is TRUE.
    String isTrue() {
        return neverNull() ? value : alwaysNull() ? "false" : "(!" + isNull + " && " + value + ")";
    }

    /// A condition that holds when a boolean term is FALSE.
    String isFalse() {
        return neverNull()
                ? "!" + value
                : alwaysNull() ? "false" : "(!" + isNull + " && !" + value + ")";
    }

    /// The value as an expression of the kind's Java type.
    String plain() {
        return switch (form) {
            case PLAIN, LITERAL -> value;
            case SLICE -> value + (kind == Kind.TEXT ? ".string(row)" : ".bytes(row)");
        };
    }
}
