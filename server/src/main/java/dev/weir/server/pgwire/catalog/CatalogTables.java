package dev.weir.server.pgwire.catalog;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.function.Functions;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// The tables of `pg_catalog` and `information_schema` over one snapshot of Weir's catalog.
///
/// Relations are tables (`r`), those that a query writes materialized views (`m`). Their oids come
/// of their names, so that they stay the same while others come and go. A table's primary key is
/// shown as an index `name_pkey`.
final class CatalogTables {
    static final String CATALOG = "pg_catalog";
    static final String INFORMATION = "information_schema";

    static final long PUBLIC_OID = 2200;
    static final long CATALOG_OID = 11;
    static final long INFORMATION_OID = 13_000;
    private static final long OWNER = 10;
    private static final long FIRST_OID = 16_384;
    private static final long BTREE = 403;
    private static final long HEAP = 2;

    /// Those that have no rows here.
    private static final Set<String> EMPTY =
            Set.of(
                    "pg_attrdef",
                    "pg_description",
                    "pg_shdescription",
                    "pg_policy",
                    "pg_trigger",
                    "pg_inherits",
                    "pg_publication",
                    "pg_publication_rel",
                    "pg_publication_namespace",
                    "pg_statistic_ext",
                    "pg_rewrite",
                    "pg_extension",
                    "pg_foreign_server",
                    "pg_foreign_data_wrapper",
                    "pg_foreign_table",
                    "pg_auth_members",
                    "pg_event_trigger",
                    "pg_sequence",
                    "pg_sequences",
                    "pg_depend",
                    "pg_shdepend",
                    "pg_enum",
                    "pg_range",
                    "pg_language",
                    "pg_cast",
                    "pg_partitioned_table",
                    "pg_subscription",
                    "pg_largeobject_metadata",
                    "pg_default_acl",
                    "pg_seclabel",
                    "pg_seclabels",
                    "pg_user_mappings",
                    "pg_user_mapping",
                    "pg_stat_user_tables",
                    "pg_statio_user_tables",
                    "pg_stat_activity",
                    "pg_locks",
                    "pg_views",
                    "pg_rules",
                    "pg_operator",
                    "pg_opclass",
                    "pg_aggregate",
                    "pg_ts_config",
                    "pg_prepared_xacts",
                    "pg_stat_replication",
                    "pg_replication_slots",
                    "pg_conversion",
                    "pg_init_privs",
                    "pg_collation");

    private static final Set<String> EMPTY_INFORMATION =
            Set.of(
                    "views",
                    "routines",
                    "parameters",
                    "sequences",
                    "triggers",
                    "referential_constraints",
                    "check_constraints",
                    "constraint_column_usage",
                    "role_table_grants",
                    "table_privileges",
                    "column_privileges",
                    "domains",
                    "element_types",
                    "user_defined_types");

    private final Map<Long, Relation> byOid = new TreeMap<>();
    private final Map<String, Long> oids = new HashMap<>();
    private final SessionFacts facts;

    CatalogTables(Catalog catalog, SessionFacts facts) {
        this.facts = facts;
        for (Relation relation : catalog.relations()) {
            String name = relation.name().toLowerCase(Locale.ROOT);
            long oid = FIRST_OID + 2 * (Integer.toUnsignedLong(name.hashCode()) % 500_000_000L);
            while (byOid.containsKey(oid)) {
                oid += 2;
            }
            byOid.put(oid, relation);
            oids.put(name, oid);
        }
    }

    /// True when there is such a table.
    static boolean exists(String schema, String table) {
        boolean catalog =
                EMPTY.contains(table)
                        || Set.of(
                                        "pg_namespace",
                                        "pg_class",
                                        "pg_attribute",
                                        "pg_type",
                                        "pg_index",
                                        "pg_constraint",
                                        "pg_am",
                                        "pg_database",
                                        "pg_roles",
                                        "pg_user",
                                        "pg_authid",
                                        "pg_proc",
                                        "pg_settings",
                                        "pg_tables",
                                        "pg_matviews",
                                        "pg_indexes",
                                        "pg_tablespace")
                                .contains(table);
        boolean information =
                EMPTY_INFORMATION.contains(table)
                        || Set.of(
                                        "schemata",
                                        "tables",
                                        "columns",
                                        "table_constraints",
                                        "key_column_usage",
                                        "information_schema_catalog_name")
                                .contains(table);
        return switch (schema) {
            case "" -> catalog;
            case CATALOG -> catalog;
            case INFORMATION -> information;
            default -> false;
        };
    }

    Optional<Long> oid(String relation) {
        return Optional.ofNullable(oids.get(relation.toLowerCase(Locale.ROOT)));
    }

    Optional<Relation> relation(long oid) {
        return Optional.ofNullable(byOid.get(oid));
    }

    /// The relation whose primary key has that oid.
    Optional<Relation> keyOf(long indexOid) {
        return Optional.ofNullable(byOid.get(indexOid - 1)).filter(CatalogTables::hasKey);
    }

    CatalogTable table(String schema, String name) {
        if (schema.equals(INFORMATION)) {
            return information(name);
        }
        return switch (name) {
            case "pg_namespace" ->
                    CatalogTable.of(
                            "oid:oid nspname:name nspowner:oid nspacl:text[]",
                            List.of(
                                    new Object[] {CATALOG_OID, CATALOG, OWNER, null},
                                    new Object[] {PUBLIC_OID, "public", OWNER, null},
                                    new Object[] {INFORMATION_OID, INFORMATION, OWNER, null}));
            case "pg_class" -> classes();
            case "pg_attribute" -> attributes();
            case "pg_type" -> types();
            case "pg_index" -> indexes();
            case "pg_constraint" -> constraints();
            case "pg_am" ->
                    CatalogTable.of(
                            "oid:oid amname:name amhandler:regproc amtype:char",
                            List.of(
                                    new Object[] {HEAP, "heap", "heap_tableam_handler", "t"},
                                    new Object[] {BTREE, "btree", "bthandler", "i"}));
            case "pg_database" ->
                    CatalogTable.of(
                            "oid:oid datname:name datdba:oid encoding:int4 datlocprovider:char"
                                    + " datistemplate:bool datallowconn:bool datconnlimit:int4"
                                    + " dattablespace:oid datcollate:text datctype:text"
                                    + " daticulocale:text datacl:text[]",
                            List.<Object[]>of(
                                    new Object[] {
                                        5L, "weir", OWNER, 6L, "c", false, true, -1L, 1663L, "C",
                                        "C", null, null
                                    }));
            case "pg_roles", "pg_user", "pg_authid" ->
                    CatalogTable.of(
                            "oid:oid rolname:name rolsuper:bool rolinherit:bool rolcreaterole:bool"
                                + " rolcreatedb:bool rolcanlogin:bool rolreplication:bool"
                                + " rolconnlimit:int4 rolvaliduntil:timestamptz rolbypassrls:bool"
                                + " rolconfig:text[] usename:name usesysid:oid",
                            List.<Object[]>of(
                                    new Object[] {
                                        OWNER,
                                        facts.user(),
                                        true,
                                        true,
                                        true,
                                        true,
                                        true,
                                        false,
                                        -1L,
                                        null,
                                        true,
                                        null,
                                        facts.user(),
                                        OWNER
                                    }));
            case "pg_tablespace" ->
                    CatalogTable.of(
                            "oid:oid spcname:name spcowner:oid",
                            List.<Object[]>of(new Object[] {1663L, "pg_default", OWNER}));
            case "pg_proc" -> functions();
            case "pg_settings" -> settings();
            case "pg_tables" ->
                    CatalogTable.of(
                            "schemaname:name tablename:name tableowner:name tablespace:name"
                                    + " hasindexes:bool hasrules:bool hastriggers:bool"
                                    + " rowsecurity:bool",
                            relations(
                                    false,
                                    (oid, r) ->
                                            new Object[] {
                                                "public",
                                                r.name(),
                                                facts.user(),
                                                null,
                                                hasKey(r),
                                                false,
                                                false,
                                                false
                                            }));
            case "pg_matviews" ->
                    CatalogTable.of(
                            "schemaname:name matviewname:name matviewowner:name tablespace:name"
                                    + " hasindexes:bool ispopulated:bool definition:text",
                            relations(
                                    true,
                                    (oid, r) ->
                                            new Object[] {
                                                "public",
                                                r.name(),
                                                facts.user(),
                                                null,
                                                hasKey(r),
                                                true,
                                                r.sql()
                                            }));
            case "pg_indexes" ->
                    CatalogTable.of(
                            "schemaname:name tablename:name indexname:name tablespace:name"
                                    + " indexdef:text",
                            keyed((oid, r) ->
                                    new Object[] {
                                        "public",
                                        r.name(),
                                        r.name() + "_pkey",
                                        null,
                                        indexDefinition(r)
                                    }));
            default -> CatalogTable.empty();
        };
    }

    private CatalogTable information(String name) {
        return switch (name) {
            case "information_schema_catalog_name" ->
                    CatalogTable.of("catalog_name:name", List.<Object[]>of(new Object[] {"weir"}));
            case "schemata" ->
                    CatalogTable.of(
                            "catalog_name:name schema_name:name schema_owner:name",
                            List.of(
                                    new Object[] {"weir", CATALOG, facts.user()},
                                    new Object[] {"weir", "public", facts.user()},
                                    new Object[] {"weir", INFORMATION, facts.user()}));
            case "tables" ->
                    CatalogTable.of(
                            "table_catalog:name table_schema:name table_name:name table_type:text"
                                    + " is_insertable_into:text",
                            both((oid, r) ->
                                    new Object[] {
                                        "weir",
                                        "public",
                                        r.name(),
                                        r.isDerived() ? "VIEW" : "BASE TABLE",
                                        r.isDerived() ? "NO" : "YES"
                                    }));
            case "columns" -> columns();
            case "table_constraints" ->
                    CatalogTable.of(
                            "constraint_catalog:name constraint_schema:name constraint_name:name"
                                    + " table_catalog:name table_schema:name table_name:name"
                                    + " constraint_type:text",
                            keyed((oid, r) ->
                                    new Object[] {
                                        "weir",
                                        "public",
                                        r.name() + "_pkey",
                                        "weir",
                                        "public",
                                        r.name(),
                                        "PRIMARY KEY"
                                    }));
            case "key_column_usage" -> keyColumns();
            default -> CatalogTable.empty();
        };
    }

    private interface Row {
        Object[] of(long oid, Relation relation);
    }

    private List<Object[]> both(Row row) {
        List<Object[]> rows = new ArrayList<>();
        byOid.forEach((oid, relation) -> rows.add(row.of(oid, relation)));
        return rows;
    }

    private List<Object[]> relations(boolean derived, Row row) {
        List<Object[]> rows = new ArrayList<>();
        byOid.forEach((oid, relation) -> {
            if (relation.isDerived() == derived) {
                rows.add(row.of(oid, relation));
            }
        });
        return rows;
    }

    private List<Object[]> keyed(Row row) {
        List<Object[]> rows = new ArrayList<>();
        byOid.forEach((oid, relation) -> {
            if (hasKey(relation)) {
                rows.add(row.of(oid, relation));
            }
        });
        return rows;
    }

    static boolean hasKey(Relation relation) {
        return relation.isTable() && relation.keyColumns().length > 0;
    }

    static String indexDefinition(Relation relation) {
        return "CREATE UNIQUE INDEX "
                + relation.name()
                + "_pkey ON public."
                + relation.name()
                + " USING btree ("
                + keyNames(relation)
                + ")";
    }

    static String keyNames(Relation relation) {
        return String.join(
                ", ",
                Arrays.stream(relation.keyColumns())
                        .mapToObj(c -> relation.columns().get(c).name())
                        .toList());
    }

    private CatalogTable classes() {
        List<Object[]> rows = new ArrayList<>();
        byOid.forEach((oid, relation) -> {
            rows.add(
                    classRow(
                            oid,
                            relation.name(),
                            relation.isDerived() ? "m" : "r",
                            HEAP,
                            relation.columns().size(),
                            hasKey(relation)));
            if (hasKey(relation)) {
                rows.add(
                        classRow(
                                oid + 1,
                                relation.name() + "_pkey",
                                "i",
                                BTREE,
                                relation.keyColumns().length,
                                false));
            }
        });
        return CatalogTable.of(
                "oid:oid relname:name relnamespace:oid reltype:oid reloftype:oid relowner:oid"
                    + " relam:oid relfilenode:oid reltablespace:oid relpages:int4 reltuples:float4"
                    + " relallvisible:int4 reltoastrelid:oid relhasindex:bool relisshared:bool"
                    + " relpersistence:char relkind:char relnatts:int2 relchecks:int2"
                    + " relhasrules:bool relhastriggers:bool relhassubclass:bool"
                    + " relrowsecurity:bool relforcerowsecurity:bool relispopulated:bool"
                    + " relreplident:char relispartition:bool relrewrite:oid relfrozenxid:oid"
                    + " relminmxid:oid relacl:text[] reloptions:text[] relpartbound:text",
                rows);
    }

    private static Object[] classRow(
            long oid, String name, String kind, long method, long columns, boolean indexed) {
        return new Object[] {
            oid,
            name,
            PUBLIC_OID,
            0L,
            0L,
            OWNER,
            method,
            oid,
            0L,
            0L,
            -1.0,
            0L,
            0L,
            indexed,
            false,
            "p",
            kind,
            columns,
            0L,
            false,
            false,
            false,
            false,
            false,
            true,
            "d",
            false,
            0L,
            0L,
            0L,
            null,
            null,
            null
        };
    }

    private CatalogTable attributes() {
        List<Object[]> rows = new ArrayList<>();
        byOid.forEach((oid, relation) -> {
            for (int c = 0; c < relation.columns().size(); c++) {
                rows.add(attribute(oid, relation.columns().get(c), c + 1L, relation));
            }
            if (hasKey(relation)) {
                int[] keys = relation.keyColumns();
                for (int k = 0; k < keys.length; k++) {
                    rows.add(attribute(oid + 1, relation.columns().get(keys[k]), k + 1L, relation));
                }
            }
        });
        return CatalogTable.of(
                "attrelid:oid attname:name atttypid:oid attstattarget:int4 attlen:int2 attnum:int2"
                    + " attndims:int4 atttypmod:int4 attbyval:bool attalign:char attstorage:char"
                    + " attcompression:char attnotnull:bool atthasdef:bool atthasmissing:bool"
                    + " attidentity:char attgenerated:char attisdropped:bool attislocal:bool"
                    + " attinhcount:int4 attcollation:oid attacl:text[] attoptions:text[]"
                    + " attfdwoptions:text[]",
                rows);
    }

    private static Object[] attribute(
            long relation, RelationColumn column, long number, Relation of) {
        TypeRow type = TypeRow.find(typeOid(column.type())).orElseThrow();
        return new Object[] {
            relation,
            column.name(),
            type.oid(),
            -1L,
            (long) type.size(),
            number,
            type.element() == 0 ? 0L : 1L,
            modifier(column.type()),
            type.size() > 0,
            "i",
            type.size() > 0 ? "p" : "x",
            "",
            column.key() && of.isTable(),
            false,
            false,
            "",
            "",
            false,
            true,
            0L,
            0L,
            null,
            null,
            null
        };
    }

    /// As results are described.
    static long typeOid(SqlType type) {
        return switch (type) {
            case Primitive primitive ->
                    switch (primitive) {
                        case BOOLEAN -> 16;
                        case INT -> 23;
                        case BIGINT -> 20;
                        case DOUBLE -> 701;
                        case VARCHAR -> 25;
                        case BYTES -> 17;
                        case DATE -> 1082;
                        case TIME -> 1083;
                        case TIMESTAMP -> 1114;
                    };
            case SqlType.Decimal _ -> 1700;
            case SqlType.Array(SqlType element) -> {
                long array =
                        TypeRow.find(typeOid(element))
                                .filter(of -> of.element() == 0)
                                .map(TypeRow::array)
                                .orElse(0L);
                yield array == 0 ? 3802 : array;
            }
            case SqlType.MapOf _, SqlType.Struct _ -> 3802;
        };
    }

    private static long modifier(SqlType type) {
        return switch (type) {
            case SqlType.Decimal(int precision, int scale) -> ((precision << 16) | scale) + 4L;
            case SqlType.Array(SqlType element) -> modifier(element);
            case Primitive _, SqlType.MapOf _, SqlType.Struct _ -> -1L;
        };
    }

    private static CatalogTable types() {
        return CatalogTable.of(
                "oid:oid typname:name typnamespace:oid typowner:oid typlen:int2 typbyval:bool"
                    + " typtype:char typcategory:char typispreferred:bool typisdefined:bool"
                    + " typdelim:char typrelid:oid typsubscript:regproc typelem:oid typarray:oid"
                    + " typinput:regproc typoutput:regproc typreceive:regproc typsend:regproc"
                    + " typnotnull:bool typbasetype:oid typtypmod:int4 typndims:int4"
                    + " typcollation:oid typdefault:text typacl:text[] typalign:char"
                    + " typstorage:char",
                TypeRow.ALL.stream()
                        .map(type ->
                                new Object[] {
                                    type.oid(),
                                    type.name(),
                                    CATALOG_OID,
                                    OWNER,
                                    (long) type.size(),
                                    type.size() > 0,
                                    type.oid() == 705 ? "p" : "b",
                                    type.category(),
                                    false,
                                    true,
                                    ",",
                                    0L,
                                    "-",
                                    type.element(),
                                    type.array(),
                                    type.element() == 0 ? type.name() + "in" : "array_in",
                                    type.element() == 0 ? type.name() + "out" : "array_out",
                                    "-",
                                    "-",
                                    false,
                                    0L,
                                    -1L,
                                    0L,
                                    0L,
                                    null,
                                    null,
                                    "i",
                                    type.size() > 0 ? "p" : "x"
                                })
                        .toList());
    }

    private CatalogTable indexes() {
        return CatalogTable.of(
                "indexrelid:oid indrelid:oid indnatts:int2 indnkeyatts:int2 indisunique:bool"
                        + " indnullsnotdistinct:bool indisprimary:bool indisexclusion:bool"
                        + " indimmediate:bool indisclustered:bool indisvalid:bool indcheckxmin:bool"
                        + " indisready:bool indislive:bool indisreplident:bool indkey:int2[]"
                        + " indcollation:oid[] indclass:oid[] indoption:int2[] indexprs:text"
                        + " indpred:text",
                keyed((oid, r) -> {
                    long keys = r.keyColumns().length;
                    return new Object[] {
                        oid + 1,
                        oid,
                        keys,
                        keys,
                        true,
                        false,
                        true,
                        false,
                        true,
                        false,
                        true,
                        false,
                        true,
                        true,
                        false,
                        keyNumbers(r),
                        zeros(r),
                        zeros(r),
                        zeros(r),
                        null,
                        null
                    };
                }));
    }

    private static List<Object> keyNumbers(Relation relation) {
        return Arrays.stream(relation.keyColumns()).<Object>mapToObj(c -> c + 1L).toList();
    }

    private static List<Object> zeros(Relation relation) {
        return Arrays.stream(relation.keyColumns()).<Object>mapToObj(c -> 0L).toList();
    }

    private CatalogTable constraints() {
        return CatalogTable.of(
                "oid:oid conname:name connamespace:oid contype:char condeferrable:bool"
                    + " condeferred:bool convalidated:bool conrelid:oid contypid:oid conindid:oid"
                    + " conparentid:oid confrelid:oid confupdtype:char confdeltype:char"
                    + " confmatchtype:char conislocal:bool coninhcount:int4 connoinherit:bool"
                    + " conkey:int2[] confkey:int2[] conbin:text",
                keyed((oid, r) ->
                        new Object[] {
                            oid + 1,
                            r.name() + "_pkey",
                            PUBLIC_OID,
                            "p",
                            false,
                            false,
                            true,
                            oid,
                            0L,
                            oid + 1,
                            0L,
                            0L,
                            " ",
                            " ",
                            " ",
                            true,
                            0L,
                            true,
                            keyNumbers(r),
                            null,
                            null
                        }));
    }

    private CatalogTable functions() {
        List<Object[]> rows = new ArrayList<>();
        Functions.descriptions()
                .forEach((name, kind) ->
                        rows.add(
                                new Object[] {
                                    FIRST_OID - 8_000 + rows.size(),
                                    name.toLowerCase(Locale.ROOT),
                                    PUBLIC_OID,
                                    OWNER,
                                    kind.toUpperCase(Locale.ROOT).startsWith("AGG") ? "a" : "f",
                                    25L,
                                    0L,
                                    List.of(),
                                    false,
                                    "i"
                                }));
        return CatalogTable.of(
                "oid:oid proname:name pronamespace:oid proowner:oid prokind:char prorettype:oid"
                        + " pronargs:int2 proargtypes:oid[] proretset:bool provolatile:char",
                rows);
    }

    private CatalogTable settings() {
        return CatalogTable.of(
                "name:text setting:text unit:text category:text short_desc:text context:text"
                        + " vartype:text source:text",
                facts.settings().entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(s ->
                                new Object[] {
                                    s.getKey(),
                                    s.getValue(),
                                    null,
                                    "Session",
                                    "",
                                    "user",
                                    "string",
                                    "session"
                                })
                        .toList());
    }

    private CatalogTable columns() {
        List<Object[]> rows = new ArrayList<>();
        for (Relation relation : byOid.values()) {
            for (int c = 0; c < relation.columns().size(); c++) {
                RelationColumn column = relation.columns().get(c);
                TypeRow type = TypeRow.find(typeOid(column.type())).orElseThrow();
                boolean decimal = column.type() instanceof SqlType.Decimal;
                long modifier = modifier(column.type()) - 4;
                rows.add(
                        new Object[] {
                            "weir",
                            "public",
                            relation.name(),
                            column.name(),
                            c + 1L,
                            null,
                            column.key() && relation.isTable() ? "NO" : "YES",
                            type.element() == 0 ? type.shown() : "ARRAY",
                            null,
                            decimal ? (Object) (modifier >> 16) : null,
                            decimal ? (Object) (modifier & 0xffff) : null,
                            null,
                            "weir",
                            CATALOG,
                            type.name(),
                            "NO",
                            "NEVER",
                            relation.isDerived() ? "NO" : "YES"
                        });
            }
        }
        return CatalogTable.of(
                "table_catalog:name table_schema:name table_name:name column_name:name"
                    + " ordinal_position:int4 column_default:text is_nullable:text data_type:text"
                    + " character_maximum_length:int4 numeric_precision:int4 numeric_scale:int4"
                    + " datetime_precision:int4 udt_catalog:name udt_schema:name udt_name:name"
                    + " is_identity:text is_generated:text is_updatable:text",
                rows);
    }

    private CatalogTable keyColumns() {
        List<Object[]> rows = new ArrayList<>();
        for (Relation relation : byOid.values()) {
            if (hasKey(relation)) {
                int[] keys = relation.keyColumns();
                IntStream.range(0, keys.length)
                        .forEach(k ->
                                rows.add(
                                        new Object[] {
                                            "weir",
                                            "public",
                                            relation.name() + "_pkey",
                                            "weir",
                                            "public",
                                            relation.name(),
                                            relation.columns().get(keys[k]).name(),
                                            k + 1L
                                        }));
            }
        }
        return CatalogTable.of(
                "constraint_catalog:name constraint_schema:name constraint_name:name"
                        + " table_catalog:name table_schema:name table_name:name column_name:name"
                        + " ordinal_position:int4",
                rows);
    }
}
