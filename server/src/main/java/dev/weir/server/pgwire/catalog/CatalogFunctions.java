package dev.weir.server.pgwire.catalog;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.LongStream;

/// PostgreSQL's functions that clients call when they look around.
final class CatalogFunctions {
    /// Functions whose rows are read, or that make rows of a SELECT list.
    static final Set<String> ROWS =
            Set.of(
                    "generate_series",
                    "unnest",
                    "_pg_expandarray",
                    "pg_partition_ancestors",
                    "generate_subscripts",
                    "pg_get_keywords",
                    "pg_options_to_table",
                    "aclexplode",
                    "pg_show_all_settings",
                    "regexp_split_to_table",
                    "pg_tablespace_databases");

    static final Set<String> AGGREGATES =
            Set.of(
                    "string_agg",
                    "array_agg",
                    "count",
                    "max",
                    "min",
                    "sum",
                    "bool_or",
                    "bool_and",
                    "json_agg",
                    "jsonb_agg");

    private static final Map<String, CatalogType> TYPES =
            Map.ofEntries(
                    Map.entry("current_database", CatalogType.NAME),
                    Map.entry("current_catalog", CatalogType.NAME),
                    Map.entry("current_schema", CatalogType.NAME),
                    Map.entry("current_user", CatalogType.NAME),
                    Map.entry("session_user", CatalogType.NAME),
                    Map.entry("user", CatalogType.NAME),
                    Map.entry("current_role", CatalogType.NAME),
                    Map.entry("pg_get_userbyid", CatalogType.NAME),
                    Map.entry("pg_encoding_to_char", CatalogType.NAME),
                    Map.entry("current_schemas", CatalogType.NAME.array()),
                    Map.entry("pg_backend_pid", CatalogType.INT4),
                    Map.entry("array_upper", CatalogType.INT4),
                    Map.entry("array_lower", CatalogType.INT4),
                    Map.entry("array_length", CatalogType.INT4),
                    Map.entry("cardinality", CatalogType.INT4),
                    Map.entry("array_position", CatalogType.INT4),
                    Map.entry("length", CatalogType.INT4),
                    Map.entry("char_length", CatalogType.INT4),
                    Map.entry("position", CatalogType.INT4),
                    Map.entry("strpos", CatalogType.INT4),
                    Map.entry("generate_series", CatalogType.INT4),
                    Map.entry("row_number", CatalogType.INT8),
                    Map.entry("count", CatalogType.INT8),
                    Map.entry("pg_table_size", CatalogType.INT8),
                    Map.entry("pg_total_relation_size", CatalogType.INT8),
                    Map.entry("pg_relation_size", CatalogType.INT8),
                    Map.entry("pg_database_size", CatalogType.INT8),
                    Map.entry("pg_table_is_visible", CatalogType.BOOL),
                    Map.entry("pg_function_is_visible", CatalogType.BOOL),
                    Map.entry("pg_type_is_visible", CatalogType.BOOL),
                    Map.entry("pg_relation_is_publishable", CatalogType.BOOL),
                    Map.entry("pg_is_in_recovery", CatalogType.BOOL),
                    Map.entry("pg_is_other_temp_schema", CatalogType.BOOL),
                    Map.entry("has_table_privilege", CatalogType.BOOL),
                    Map.entry("has_schema_privilege", CatalogType.BOOL),
                    Map.entry("has_database_privilege", CatalogType.BOOL),
                    Map.entry("has_column_privilege", CatalogType.BOOL),
                    Map.entry("has_any_column_privilege", CatalogType.BOOL),
                    Map.entry("has_function_privilege", CatalogType.BOOL),
                    Map.entry("has_sequence_privilege", CatalogType.BOOL),
                    Map.entry("starts_with", CatalogType.BOOL),
                    Map.entry("bool_or", CatalogType.BOOL),
                    Map.entry("bool_and", CatalogType.BOOL),
                    Map.entry("to_regclass", CatalogType.REGCLASS),
                    Map.entry("to_regtype", CatalogType.REGTYPE),
                    Map.entry("pg_my_temp_schema", CatalogType.OID),
                    Map.entry("txid_current", CatalogType.INT8),
                    Map.entry("pg_partition_ancestors", CatalogType.REGCLASS));

    private static final Set<String> KNOWN =
            Set.of(
                    "version",
                    "format_type",
                    "pg_get_expr",
                    "obj_description",
                    "col_description",
                    "shobj_description",
                    "pg_get_viewdef",
                    "pg_get_indexdef",
                    "pg_get_constraintdef",
                    "pg_get_ruledef",
                    "pg_get_triggerdef",
                    "pg_get_functiondef",
                    "pg_get_function_result",
                    "pg_get_function_arguments",
                    "pg_get_function_identity_arguments",
                    "pg_get_statisticsobjdef_columns",
                    "pg_get_partkeydef",
                    "pg_get_serial_sequence",
                    "pg_size_pretty",
                    "array_to_string",
                    "array_remove",
                    "array_append",
                    "array_cat",
                    "current_setting",
                    "set_config",
                    "lower",
                    "upper",
                    "replace",
                    "substring",
                    "substr",
                    "btrim",
                    "ltrim",
                    "rtrim",
                    "concat",
                    "coalesce",
                    "nullif",
                    "quote_ident",
                    "split_part",
                    "left",
                    "right",
                    "greatest",
                    "least",
                    "to_char",
                    "now",
                    "current_timestamp",
                    "pg_postmaster_start_time",
                    "pg_tablespace_location",
                    "inet_server_addr",
                    "inet_server_port",
                    "inet_client_addr",
                    "pg_jit_available",
                    "regexp_replace",
                    "translate_type");

    private final CatalogTables tables;
    private final SessionFacts facts;

    CatalogFunctions(CatalogTables tables, SessionFacts facts) {
        this.tables = tables;
        this.facts = facts;
    }

    static boolean exists(String name) {
        return TYPES.containsKey(name)
                || KNOWN.contains(name)
                || ROWS.contains(name)
                || AGGREGATES.contains(name);
    }

    /// @param arguments types of the arguments
    static CatalogType type(String name, List<CatalogType> arguments) {
        CatalogType first = arguments.isEmpty() ? CatalogType.TEXT : arguments.getFirst();
        return switch (name) {
            case "coalesce",
                    "nullif",
                    "max",
                    "min",
                    "greatest",
                    "least",
                    "sum",
                    "array_remove",
                    "array_append",
                    "array_cat" ->
                    first;
            case "unnest" -> first.elementType();
            case "array_agg" -> first.isArray() ? first : first.array();
            case "now", "current_timestamp", "pg_postmaster_start_time" -> CatalogType.TEXT;
            default -> TYPES.getOrDefault(name, CatalogType.TEXT);
        };
    }

    /// The value of a function that is neither an aggregate nor gives rows.
    Object call(String name, List<Object> a) {
        return switch (name) {
            case "version" -> "PostgreSQL " + facts.version() + " on the JVM, a streaming database";
            case "current_database", "current_catalog" -> "weir";
            case "current_schema" -> "public";
            case "current_user", "session_user", "user", "current_role" -> facts.user();
            case "current_schemas" ->
                    a.getFirst() instanceof Boolean implicit && implicit
                            ? List.of(CatalogTables.CATALOG, "public")
                            : List.of("public");
            case "pg_backend_pid" -> (long) facts.processId();
            case "current_setting" -> setting(a);
            case "set_config" -> a.get(1);
            case "pg_get_userbyid" -> facts.user();
            case "pg_encoding_to_char" -> "UTF8";
            case "pg_is_in_recovery",
                    "pg_is_other_temp_schema",
                    "pg_relation_is_publishable",
                    "pg_jit_available" ->
                    false;
            case "pg_table_is_visible", "pg_function_is_visible", "pg_type_is_visible" -> true;
            case "pg_my_temp_schema", "txid_current" -> 0L;
            case "format_type" ->
                    a.getFirst() == null
                            ? null
                            : TypeRow.format(
                                    Operators.integer(a.get(0)),
                                    a.size() < 2 || a.get(1) == null
                                            ? -1
                                            : Operators.integer(a.get(1)));
            case "pg_get_viewdef" -> relation(a).map(Relation::sql).orElse(null);
            case "pg_get_indexdef" -> indexDefinition(a);
            case "pg_get_constraintdef" ->
                    a.getFirst() == null
                            ? null
                            : tables.keyOf(Operators.integer(a.getFirst()))
                                    .map(r -> "PRIMARY KEY (" + CatalogTables.keyNames(r) + ")")
                                    .orElse(null);
            case "pg_get_function_result" -> "any";
            case "pg_get_function_arguments", "pg_get_function_identity_arguments" -> "";
            case "pg_size_pretty" ->
                    a.getFirst() == null ? null : Operators.integer(a.getFirst()) + " bytes";
            case "pg_table_size",
                    "pg_total_relation_size",
                    "pg_relation_size",
                    "pg_database_size" ->
                    0L;
            case "array_to_string" ->
                    anyNull(a)
                            ? null
                            : String.join(
                                    Operators.text(a.get(1)),
                                    Operators.list(a.getFirst()).stream()
                                            .filter(e -> e != null)
                                            .map(Operators::text)
                                            .toList());
            case "array_remove" ->
                    a.getFirst() == null
                            ? null
                            : Operators.list(a.getFirst()).stream()
                                    .filter(e ->
                                            e != null
                                                    && a.get(1) != null
                                                    && Operators.compare(e, a.get(1)) != 0)
                                    .toList();
            case "array_append", "array_cat" -> Operators.binary("||", a.get(0), a.get(1));
            case "array_upper", "array_length" -> {
                List<?> list = a.getFirst() == null ? List.of() : Operators.list(a.getFirst());
                yield list.isEmpty() ? null : (long) list.size();
            }
            case "array_lower" -> a.getFirst() == null ? null : 1L;
            case "cardinality" ->
                    a.getFirst() == null ? null : (long) Operators.list(a.getFirst()).size();
            case "array_position" -> {
                long at =
                        a.getFirst() == null ? -1 : Operators.list(a.getFirst()).indexOf(a.get(1));
                yield at < 0 ? null : at + 1;
            }
            case "to_regclass" ->
                    a.getFirst() == null
                            ? null
                            : tables.oid(unqualified(Operators.text(a.getFirst()))).orElse(null);
            case "to_regtype" ->
                    a.getFirst() == null
                            ? null
                            : TypeRow.find(unqualified(Operators.text(a.getFirst())))
                                    .map(TypeRow::oid)
                                    .orElse(null);
            case "coalesce" -> a.stream().filter(v -> v != null).findFirst().orElse(null);
            case "nullif" ->
                    a.get(0) != null
                                    && a.get(1) != null
                                    && Operators.compare(a.get(0), a.get(1)) == 0
                            ? null
                            : a.get(0);
            case "greatest" ->
                    a.stream().filter(v -> v != null).max(Operators::compare).orElse(null);
            case "least" -> a.stream().filter(v -> v != null).min(Operators::compare).orElse(null);
            case "concat" ->
                    String.join(
                            "", a.stream().filter(v -> v != null).map(Operators::text).toList());
            case "now", "current_timestamp", "pg_postmaster_start_time" -> Instant.now().toString();
            default -> name.startsWith("has_") ? (Object) true : anyNull(a) ? null : text(name, a);
        };
    }

    private static boolean anyNull(List<Object> arguments) {
        return arguments.contains(null);
    }

    /// Functions of texts; what is known by name alone is NULL.
    private static Object text(String name, List<Object> a) {
        String text = a.isEmpty() ? "" : Operators.text(a.getFirst());
        return switch (name) {
            case "lower" -> text.toLowerCase(Locale.ROOT);
            case "upper" -> text.toUpperCase(Locale.ROOT);
            case "length", "char_length" -> (long) text.codePointCount(0, text.length());
            case "replace" -> text.replace(Operators.text(a.get(1)), Operators.text(a.get(2)));
            case "regexp_replace" ->
                    text.replaceFirst(Operators.text(a.get(1)), Operators.text(a.get(2)));
            case "position" -> (long) Operators.text(a.get(1)).indexOf(text) + 1;
            case "strpos" -> (long) text.indexOf(Operators.text(a.get(1))) + 1;
            case "starts_with" -> text.startsWith(Operators.text(a.get(1)));
            case "substring", "substr" -> substring(text, a);
            case "left" -> text.substring(0, clamp(Operators.integer(a.get(1)), text));
            case "right" ->
                    text.substring(text.length() - clamp(Operators.integer(a.get(1)), text));
            case "btrim" -> trim(trim(text, characters(a), true), characters(a), false);
            case "ltrim" -> trim(text, characters(a), true);
            case "rtrim" -> trim(text, characters(a), false);
            case "quote_ident" ->
                    text.matches("[a-z_][a-z0-9_$]*")
                            ? text
                            : '"' + text.replace("\"", "\"\"") + '"';
            case "split_part" -> {
                String[] parts = text.split(Pattern.quote(Operators.text(a.get(1))), -1);
                int at = (int) Operators.integer(a.get(2));
                yield at >= 1 && at <= parts.length ? parts[at - 1] : "";
            }
            default -> null;
        };
    }

    private static int clamp(long count, String text) {
        return Math.clamp(count, 0, text.length());
    }

    /// Positions count from 1 and may lie before the text.
    private static String substring(String text, List<Object> a) {
        long start = Operators.integer(a.get(1)) - 1;
        long end = a.size() < 3 ? text.length() : start + Operators.integer(a.get(2));
        int from = clamp(start, text);
        return text.substring(from, Math.max(from, clamp(end, text)));
    }

    private static String characters(List<Object> a) {
        return a.size() < 2 ? " " : Operators.text(a.get(1));
    }

    private static String trim(String text, String characters, boolean front) {
        String rest = text;
        while (!rest.isEmpty()
                && characters.indexOf(rest.charAt(front ? 0 : rest.length() - 1)) >= 0) {
            rest = front ? rest.substring(1) : rest.substring(0, rest.length() - 1);
        }
        return rest;
    }

    private Object setting(List<Object> a) {
        Map<String, String> settings = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        settings.putAll(facts.settings());
        String name = Operators.text(a.getFirst());
        String value = settings.get(name);
        if (value == null && (a.size() < 2 || !Operators.bool(a.get(1)))) {
            throw new SqlException(
                    SqlState.UNDEFINED_OBJECT,
                    "unrecognized configuration parameter \"" + name + "\"");
        }
        return value;
    }

    private Optional<Relation> relation(List<Object> a) {
        return a.getFirst() == null
                ? Optional.empty()
                : tables.relation(Operators.integer(a.getFirst()));
    }

    private Object indexDefinition(List<Object> a) {
        Optional<Relation> of =
                a.getFirst() == null
                        ? Optional.empty()
                        : tables.keyOf(Operators.integer(a.getFirst()));
        if (of.isEmpty()) {
            return null;
        }
        int column = a.size() < 2 || a.get(1) == null ? 0 : (int) Operators.integer(a.get(1));
        int[] keys = of.get().keyColumns();
        return column == 0
                ? CatalogTables.indexDefinition(of.get())
                : column <= keys.length ? of.get().columns().get(keys[column - 1]).name() : null;
    }

    /// The name of what an oid of type regclass, regtype or regnamespace stands for.
    String reference(CatalogType type, Object oid) {
        long number = Operators.integer(oid);
        Optional<String> name =
                type.equals(CatalogType.REGTYPE)
                        ? TypeRow.find(number).map(TypeRow::shown)
                        : type.equals(CatalogType.REGNAMESPACE)
                                ? Optional.of(
                                        number == CatalogTables.PUBLIC_OID
                                                ? "public"
                                                : number == CatalogTables.CATALOG_OID
                                                        ? CatalogTables.CATALOG
                                                        : Long.toString(number))
                                : tables.relation(number)
                                        .map(Relation::name)
                                        .or(() ->
                                                tables.keyOf(number).map(r -> r.name() + "_pkey"));
        return name.orElse(number == 0 ? "-" : Long.toString(number));
    }

    /// `'name'::regclass` and its like.
    Object reference(CatalogType type, String name) {
        if (name.matches("[0-9]+")) {
            return Long.parseLong(name);
        }
        String plain = unqualified(name);
        if (type.equals(CatalogType.REGTYPE)) {
            return TypeRow.find(plain)
                    .map(TypeRow::oid)
                    .orElseThrow(() ->
                            new SqlException(
                                    SqlState.UNDEFINED_OBJECT,
                                    "type \"" + name + "\" does not exist"));
        }
        if (type.equals(CatalogType.REGNAMESPACE)) {
            return plain.equals("public") ? CatalogTables.PUBLIC_OID : CatalogTables.CATALOG_OID;
        }
        if (CatalogTables.exists("", plain)) {
            return 1_000L + Math.floorMod(plain.hashCode(), 1_000);
        }
        return tables.oid(plain)
                .orElseThrow(() ->
                        new SqlException(
                                SqlState.UNDEFINED_TABLE,
                                "relation \"" + name + "\" does not exist"));
    }

    private static String unqualified(String name) {
        String plain = name.substring(name.lastIndexOf('.') + 1);
        return plain.startsWith("\"") && plain.endsWith("\"") && plain.length() > 1
                ? plain.substring(1, plain.length() - 1).replace("\"\"", "\"")
                : plain;
    }

    /// The rows of a function that gives some; composites are lists of their fields.
    static List<Object> rows(String name, List<Object> a) {
        return switch (name) {
            case "generate_series" ->
                    anyNull(a)
                            ? List.of()
                            : LongStream.rangeClosed(
                                            Operators.integer(a.get(0)),
                                            Operators.integer(a.get(1)))
                                    .limit(1_000_000)
                                    .<Object>mapToObj(n -> n)
                                    .toList();
            case "unnest" ->
                    a.getFirst() == null
                            ? List.of()
                            : new ArrayList<>(Operators.list(a.getFirst()));
            case "generate_subscripts" ->
                    a.getFirst() == null
                            ? List.of()
                            : LongStream.rangeClosed(1, Operators.list(a.getFirst()).size())
                                    .<Object>mapToObj(n -> n)
                                    .toList();
            case "_pg_expandarray" -> {
                List<Object> rows = new ArrayList<>();
                for (Object element :
                        a.getFirst() == null ? List.of() : Operators.list(a.getFirst())) {
                    rows.add(Arrays.asList(element, rows.size() + 1L));
                }
                yield rows;
            }
            case "pg_get_keywords" ->
                    new ArrayList<>(List.of("emit", "stream", "tumbling", "hopping", "topic"));
            default -> List.of();
        };
    }

    static Object aggregate(String name, List<List<Object>> calls) {
        List<Object> values =
                calls.stream()
                        .filter(c -> !c.isEmpty() && c.getFirst() != null)
                        .map(List::getFirst)
                        .toList();
        return switch (name) {
            case "count" ->
                    (long)
                            (!calls.isEmpty() && calls.getFirst().isEmpty()
                                    ? calls.size()
                                    : values.size());
            case "string_agg" ->
                    values.isEmpty()
                            ? null
                            : String.join(
                                    Operators.text(calls.getFirst().get(1)),
                                    values.stream().map(Operators::text).toList());
            case "array_agg", "json_agg", "jsonb_agg" -> values.isEmpty() ? null : values;
            case "max" -> values.stream().max(Operators::compare).orElse(null);
            case "min" -> values.stream().min(Operators::compare).orElse(null);
            case "sum" ->
                    values.isEmpty()
                            ? null
                            : (Object) values.stream().mapToLong(Operators::integer).sum();
            case "bool_or" -> values.isEmpty() ? null : values.stream().anyMatch(Operators::bool);
            default -> values.isEmpty() ? null : values.stream().allMatch(Operators::bool);
        };
    }
}
