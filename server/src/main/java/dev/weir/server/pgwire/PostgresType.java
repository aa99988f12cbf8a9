package dev.weir.server.pgwire;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import java.util.Map;
import java.util.Optional;

/// PostgreSQL's types, as results and parameters are described to clients. Arrays of plain values
/// are arrays; arrays of others, maps and structs are JSON.
///
/// @param oid the type's number in pg_type
/// @param size bytes of a value in binary, -1 when they vary
/// @param modifier precision and scale of numeric, -1 for none
/// @param element for an array the oid of its elements, else 0
record PostgresType(int oid, int size, int modifier, int element) {
    static final int BOOL = 16;
    static final int BYTEA = 17;
    static final int CHAR = 18;
    static final int NAME = 19;
    static final int INT8 = 20;
    static final int INT2 = 21;
    static final int INT4 = 23;
    static final int TEXT = 25;
    static final int OID = 26;
    static final int JSON = 114;
    static final int FLOAT4 = 700;
    static final int FLOAT8 = 701;
    static final int UNKNOWN = 705;
    static final int BPCHAR = 1042;
    static final int VARCHAR = 1043;
    static final int DATE = 1082;
    static final int TIME = 1083;
    static final int TIMESTAMP = 1114;
    static final int TIMESTAMPTZ = 1184;
    static final int NUMERIC = 1700;
    static final int JSONB = 3802;

    /// Element types and their arrays.
    private static final Map<Integer, Integer> ARRAYS =
            Map.ofEntries(
                    Map.entry(BOOL, 1000),
                    Map.entry(BYTEA, 1001),
                    Map.entry(CHAR, 1002),
                    Map.entry(NAME, 1003),
                    Map.entry(INT2, 1005),
                    Map.entry(INT4, 1007),
                    Map.entry(TEXT, 1009),
                    Map.entry(INT8, 1016),
                    Map.entry(FLOAT8, 1022),
                    Map.entry(OID, 1028),
                    Map.entry(TIMESTAMP, 1115),
                    Map.entry(DATE, 1182),
                    Map.entry(TIME, 1183),
                    Map.entry(NUMERIC, 1231));

    static PostgresType of(SqlType type) {
        return switch (type) {
            case Primitive primitive ->
                    switch (primitive) {
                        case BOOLEAN -> plain(BOOL);
                        case INT -> plain(INT4);
                        case BIGINT -> plain(INT8);
                        case DOUBLE -> plain(FLOAT8);
                        case VARCHAR -> plain(TEXT);
                        case BYTES -> plain(BYTEA);
                        case DATE -> plain(DATE);
                        case TIME -> plain(TIME);
                        case TIMESTAMP -> plain(TIMESTAMP);
                    };
            case SqlType.Decimal(int precision, int scale) ->
                    new PostgresType(NUMERIC, -1, ((precision << 16) | scale) + 4, 0);
            case SqlType.Array(SqlType element) -> {
                PostgresType of = of(element);
                yield ARRAYS.containsKey(of.oid)
                        ? new PostgresType(ARRAYS.get(of.oid), -1, of.modifier, of.oid)
                        : plain(JSONB);
            }
            case SqlType.MapOf _, SqlType.Struct _ -> plain(JSONB);
        };
    }

    /// A type without modifier.
    static PostgresType plain(int oid) {
        int size =
                switch (oid) {
                    case BOOL, CHAR -> 1;
                    case INT2 -> 2;
                    case INT4, OID, FLOAT4, DATE -> 4;
                    case INT8, FLOAT8, TIME, TIMESTAMP, TIMESTAMPTZ -> 8;
                    case NAME -> 64;
                    default -> -1;
                };
        return new PostgresType(oid, size, -1, 0);
    }

    /// An array of a type that [#ARRAYS] knows.
    static PostgresType arrayOf(int element) {
        return new PostgresType(ARRAYS.getOrDefault(element, 1009), -1, -1, element);
    }

    /// The engine's type for a parameter a client declared; empty where the context says it better.
    static Optional<SqlType> declared(int oid) {
        return switch (oid) {
            case BOOL -> Optional.of(Primitive.BOOLEAN);
            case INT2, INT4 -> Optional.of(Primitive.INT);
            case INT8, OID -> Optional.of(Primitive.BIGINT);
            case FLOAT4, FLOAT8 -> Optional.of(Primitive.DOUBLE);
            case TEXT, VARCHAR, BPCHAR, NAME, CHAR -> Optional.of(Primitive.VARCHAR);
            case BYTEA -> Optional.of(Primitive.BYTES);
            case DATE -> Optional.of(Primitive.DATE);
            case TIME -> Optional.of(Primitive.TIME);
            case TIMESTAMP, TIMESTAMPTZ -> Optional.of(Primitive.TIMESTAMP);
            default -> Optional.empty();
        };
    }
}
