package dev.weir.server.http;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Types and schemas as ksqlDB's clients read them.
final class KsqlTypes {
    private KsqlTypes() {}

    /// A type on one line: `STRING`, `ARRAY<INTEGER>`, ``STRUCT<`A` DOUBLE>``.
    static String name(SqlType type) {
        return switch (type) {
            case Primitive primitive -> baseName(primitive);
            case SqlType.Decimal(int precision, int scale) ->
                    "DECIMAL(" + precision + ", " + scale + ")";
            case SqlType.Array(var element) -> "ARRAY<" + name(element) + ">";
            case SqlType.MapOf(var key, var value) -> "MAP<" + name(key) + ", " + name(value) + ">";
            case SqlType.Struct(var fields) ->
                    fields.stream()
                            .map(KsqlTypes::column)
                            .collect(Collectors.joining(", ", "STRUCT<", ">"));
        };
    }

    /// All columns on one line.
    static String schema(Schema schema) {
        return schema.fields().stream().map(KsqlTypes::column).collect(Collectors.joining(", "));
    }

    private static String column(Field field) {
        return "`" + field.name().replace("`", "``") + "` " + name(field.type());
    }

    /// A type as the tree that descriptions show.
    static Map<String, Object> tree(SqlType type) {
        var tree = new LinkedHashMap<String, Object>();
        tree.put("type", kind(type));
        tree.put(
                "fields",
                type instanceof SqlType.Struct(var fields)
                        ? fields.stream().map(KsqlTypes::member).toList()
                        : null);
        tree.put(
                "memberSchema",
                switch (type) {
                    case SqlType.Array(var element) -> tree(element);
                    case SqlType.MapOf(_, var value) -> tree(value);
                    case Primitive _, SqlType.Decimal _, SqlType.Struct _ -> null;
                });
        if (type instanceof SqlType.Decimal(int precision, int scale)) {
            tree.put("parameters", Map.of("precision", precision, "scale", scale));
        }
        return tree;
    }

    private static Map<String, Object> member(Field field) {
        var member = new LinkedHashMap<String, Object>();
        member.put("name", field.name());
        member.put("schema", tree(field.type()));
        return member;
    }

    private static String kind(SqlType type) {
        return switch (type) {
            case Primitive primitive -> baseName(primitive);
            case SqlType.Decimal _ -> "DECIMAL";
            case SqlType.Array _ -> "ARRAY";
            case SqlType.MapOf _ -> "MAP";
            case SqlType.Struct _ -> "STRUCT";
        };
    }

    private static String baseName(Primitive primitive) {
        return switch (primitive) {
            case INT -> "INTEGER";
            case VARCHAR -> "STRING";
            case BOOLEAN, BIGINT, DOUBLE, BYTES, DATE, TIME, TIMESTAMP -> primitive.name();
        };
    }

    static List<String> names(Schema schema) {
        return schema.fields().stream().map(f -> name(f.type())).toList();
    }
}
