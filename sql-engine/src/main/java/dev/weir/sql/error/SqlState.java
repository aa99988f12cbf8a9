package dev.weir.sql.error;

/// The SQLSTATE classes Weir reports, as PostgreSQL 15 numbers them (its appendix A).
public enum SqlState {
    SYNTAX_ERROR("42601"),
    UNDEFINED_TABLE("42P01"),
    UNDEFINED_COLUMN("42703"),
    UNDEFINED_FUNCTION("42883"),
    UNDEFINED_OBJECT("42704"),
    AMBIGUOUS_COLUMN("42702"),
    DUPLICATE_TABLE("42P07"),
    DUPLICATE_COLUMN("42701"),
    DUPLICATE_OBJECT("42710"),
    DATATYPE_MISMATCH("42804"),
    CANNOT_COERCE("42846"),
    GROUPING_ERROR("42803"),
    INVALID_TABLE_DEFINITION("42P16"),
    WRONG_OBJECT_TYPE("42809"),
    DEPENDENT_OBJECTS("2BP01"),
    FEATURE_NOT_SUPPORTED("0A000"),
    INVALID_PARAMETER("22023"),
    INVALID_TEXT("22P02"),
    NUMERIC_OUT_OF_RANGE("22003"),
    DIVISION_BY_ZERO("22012"),
    NOT_NULL_VIOLATION("23502"),
    QUERY_CANCELED("57014"),
    ADMIN_SHUTDOWN("57P01"),
    CANNOT_CONNECT_NOW("57P03"),
    DISK_FULL("53100"),
    LIMIT_EXCEEDED("54000"),
    IO_ERROR("58030"),
    INTERNAL_ERROR("XX000");

    private final String code;

    SqlState(String code) {
        this.code = code;
    }

    /// The five-character code sent to clients.
    public String code() {
        return code;
    }
}
