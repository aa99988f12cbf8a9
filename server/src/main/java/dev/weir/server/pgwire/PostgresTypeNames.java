package dev.weir.server.pgwire;

/// The names of types in messages.
final class PostgresTypeNames {
    private PostgresTypeNames() {}

    static String name(int oid) {
        return switch (oid) {
            case PostgresType.BOOL -> "boolean";
            case PostgresType.BYTEA -> "bytea";
            case PostgresType.INT8 -> "bigint";
            case PostgresType.INT2 -> "smallint";
            case PostgresType.INT4 -> "integer";
            case PostgresType.OID -> "oid";
            case PostgresType.FLOAT4 -> "real";
            case PostgresType.FLOAT8 -> "double precision";
            case PostgresType.NUMERIC -> "numeric";
            case PostgresType.DATE -> "date";
            case PostgresType.TIME -> "time";
            case PostgresType.TIMESTAMP -> "timestamp";
            case PostgresType.TIMESTAMPTZ -> "timestamp with time zone";
            default -> "text";
        };
    }
}
