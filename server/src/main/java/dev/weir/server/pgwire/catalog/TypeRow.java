package dev.weir.server.pgwire.catalog;

import java.util.List;
import java.util.Optional;

/// A row of pg_type.
///
/// @param shown its name in SQL
/// @param size bytes, -1 when they vary
/// @param category PostgreSQL's letter for its kind
/// @param element of an array, else 0
/// @param array the type of its arrays, 0 for none
record TypeRow(
        long oid, String name, String shown, int size, String category, long element, long array) {
    static final List<TypeRow> ALL =
            List.of(
                    of(16, "bool", "boolean", 1, "B", 1000),
                    of(17, "bytea", "bytea", -1, "U", 1001),
                    of(18, "char", "\"char\"", 1, "Z", 1002),
                    of(19, "name", "name", 64, "S", 1003),
                    of(20, "int8", "bigint", 8, "N", 1016),
                    of(21, "int2", "smallint", 2, "N", 1005),
                    of(23, "int4", "integer", 4, "N", 1007),
                    of(24, "regproc", "regproc", 4, "N", 0),
                    of(25, "text", "text", -1, "S", 1009),
                    of(26, "oid", "oid", 4, "N", 1028),
                    of(114, "json", "json", -1, "U", 0),
                    of(700, "float4", "real", 4, "N", 0),
                    of(701, "float8", "double precision", 8, "N", 1022),
                    of(705, "unknown", "unknown", -2, "X", 0),
                    of(1042, "bpchar", "character", -1, "S", 0),
                    of(1043, "varchar", "character varying", -1, "S", 0),
                    of(1082, "date", "date", 4, "D", 1182),
                    of(1083, "time", "time without time zone", 8, "D", 1183),
                    of(1114, "timestamp", "timestamp without time zone", 8, "D", 1115),
                    of(1184, "timestamptz", "timestamp with time zone", 8, "D", 0),
                    of(1700, "numeric", "numeric", -1, "N", 1231),
                    of(2205, "regclass", "regclass", 4, "N", 0),
                    of(2206, "regtype", "regtype", 4, "N", 0),
                    of(3802, "jsonb", "jsonb", -1, "U", 0),
                    array(1000, "_bool", "boolean[]", 16),
                    array(1001, "_bytea", "bytea[]", 17),
                    array(1002, "_char", "\"char\"[]", 18),
                    array(1003, "_name", "name[]", 19),
                    array(1005, "_int2", "smallint[]", 21),
                    array(1007, "_int4", "integer[]", 23),
                    array(1009, "_text", "text[]", 25),
                    array(1016, "_int8", "bigint[]", 20),
                    array(1022, "_float8", "double precision[]", 701),
                    array(1028, "_oid", "oid[]", 26),
                    array(1115, "_timestamp", "timestamp without time zone[]", 1114),
                    array(1182, "_date", "date[]", 1082),
                    array(1183, "_time", "time without time zone[]", 1083),
                    array(1231, "_numeric", "numeric[]", 1700));

    private static TypeRow of(
            long oid, String name, String shown, int size, String category, long array) {
        return new TypeRow(oid, name, shown, size, category, 0, array);
    }

    private static TypeRow array(long oid, String name, String shown, long element) {
        return new TypeRow(oid, name, shown, -1, "A", element, 0);
    }

    static Optional<TypeRow> find(long oid) {
        return ALL.stream().filter(type -> type.oid == oid).findFirst();
    }

    static Optional<TypeRow> find(String name) {
        return ALL.stream()
                .filter(type -> type.name.equals(name) || type.shown.equals(name))
                .findFirst();
    }

    /// As PostgreSQL's format_type.
    static String format(long oid, long modifier) {
        String shown = find(oid).map(TypeRow::shown).orElse("???");
        if (modifier < 4 || (oid != 1700 && oid != 1231)) {
            return shown;
        }
        long packed = modifier - 4;
        String precision = "(" + (packed >> 16) + "," + (packed & 0xffff) + ")";
        return shown.endsWith("[]")
                ? shown.substring(0, shown.length() - 2) + precision + "[]"
                : shown + precision;
    }
}
