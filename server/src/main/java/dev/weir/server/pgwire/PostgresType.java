package dev.weir.server.pgwire;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

/// PostgreSQL's types, as results are described to clients. Arrays, maps and structs are JSON.
///
/// @param oid the type's number in pg_type
/// @param size bytes of a value in binary, -1 when they vary
/// @param modifier precision and scale of numeric, -1 for none
record PostgresType(int oid, int size, int modifier) {
    private static final int NUMERIC = 1700;
    private static final int JSON = 114;

    static PostgresType of(SqlType type) {
        return switch (type) {
            case Primitive primitive ->
                    switch (primitive) {
                        case BOOLEAN -> plain(16, 1);
                        case INT -> plain(23, 4);
                        case BIGINT -> plain(20, 8);
                        case DOUBLE -> plain(701, 8);
                        case VARCHAR -> plain(25, -1);
                        case BYTES -> plain(17, -1);
                        case DATE -> plain(1082, 4);
                        case TIME -> plain(1083, 8);
                        case TIMESTAMP -> plain(1114, 8);
                    };
            case SqlType.Decimal(int precision, int scale) ->
                    new PostgresType(NUMERIC, -1, ((precision << 16) | scale) + 4);
            case SqlType.Array _, SqlType.MapOf _, SqlType.Struct _ -> plain(JSON, -1);
        };
    }

    private static PostgresType plain(int oid, int size) {
        return new PostgresType(oid, size, -1);
    }
}
