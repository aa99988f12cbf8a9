package dev.weir.server.pgwire.catalog;

import java.util.Map;
import java.util.Optional;

/// A type of PostgreSQL by its oid.
///
/// @param element for an array the oid of its elements, else 0
record CatalogType(int oid, int element) {
    static final CatalogType BOOL = new CatalogType(16, 0);
    static final CatalogType CHAR = new CatalogType(18, 0);
    static final CatalogType NAME = new CatalogType(19, 0);
    static final CatalogType INT8 = new CatalogType(20, 0);
    static final CatalogType INT2 = new CatalogType(21, 0);
    static final CatalogType INT4 = new CatalogType(23, 0);
    static final CatalogType REGPROC = new CatalogType(24, 0);
    static final CatalogType TEXT = new CatalogType(25, 0);
    static final CatalogType OID = new CatalogType(26, 0);
    static final CatalogType FLOAT4 = new CatalogType(700, 0);
    static final CatalogType FLOAT8 = new CatalogType(701, 0);
    static final CatalogType TIMESTAMPTZ = new CatalogType(1184, 0);
    static final CatalogType REGCLASS = new CatalogType(2205, 0);
    static final CatalogType REGTYPE = new CatalogType(2206, 0);
    static final CatalogType REGNAMESPACE = new CatalogType(4089, 0);

    private static final Map<String, CatalogType> NAMES =
            Map.ofEntries(
                    Map.entry("bool", BOOL),
                    Map.entry("boolean", BOOL),
                    Map.entry("char", CHAR),
                    Map.entry("name", NAME),
                    Map.entry("int8", INT8),
                    Map.entry("bigint", INT8),
                    Map.entry("int2", INT2),
                    Map.entry("smallint", INT2),
                    Map.entry("int4", INT4),
                    Map.entry("int", INT4),
                    Map.entry("integer", INT4),
                    Map.entry("regproc", REGPROC),
                    Map.entry("regprocedure", REGPROC),
                    Map.entry("text", TEXT),
                    Map.entry("varchar", TEXT),
                    Map.entry("character varying", TEXT),
                    Map.entry("information_schema.sql_identifier", NAME),
                    Map.entry("oid", OID),
                    Map.entry("xid", OID),
                    Map.entry("float4", FLOAT4),
                    Map.entry("real", FLOAT4),
                    Map.entry("float8", FLOAT8),
                    Map.entry("double precision", FLOAT8),
                    Map.entry("numeric", FLOAT8),
                    Map.entry("timestamptz", TIMESTAMPTZ),
                    Map.entry("regclass", REGCLASS),
                    Map.entry("regtype", REGTYPE),
                    Map.entry("regnamespace", REGNAMESPACE));

    static Optional<CatalogType> named(String name) {
        return Optional.ofNullable(NAMES.get(name));
    }

    /// An array of this.
    CatalogType array() {
        int array =
                switch (oid) {
                    case 16 -> 1000;
                    case 18 -> 1002;
                    case 19 -> 1003;
                    case 20 -> 1016;
                    case 21 -> 1005;
                    case 23 -> 1007;
                    case 26 -> 1028;
                    default -> 1009;
                };
        return new CatalogType(array, array == 1009 ? TEXT.oid : oid);
    }

    boolean isArray() {
        return element != 0;
    }

    CatalogType elementType() {
        return new CatalogType(element == 0 ? TEXT.oid : element, 0);
    }

    boolean isNumber() {
        return switch (oid) {
            case 20, 21, 23, 26, 700, 701, 1700 -> true;
            default -> false;
        };
    }

    /// Stored as the number of an object, shown as its name.
    boolean isReference() {
        return oid == REGCLASS.oid || oid == REGTYPE.oid || oid == REGNAMESPACE.oid;
    }
}
