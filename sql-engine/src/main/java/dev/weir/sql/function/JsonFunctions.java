package dev.weir.sql.function;

import org.apache.calcite.linq4j.function.Strict;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Functions over text that is JSON. Text that is none gives NULL.
public final class JsonFunctions {
    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .build();

    private JsonFunctions() {}

    @Strict
    @Sql(
            value = "EXTRACTJSONFIELD(json VARCHAR, path VARCHAR) VARCHAR",
            doc = "what stands at a path such as '$.a.b[0]': text as it is, anything else as JSON")
    public static String extract(String json, String path) {
        JsonNode node = at(parse(json), path);
        return node == null || node.isNull() ? null : text(node);
    }

    @Strict
    @Sql(value = "IS_JSON_STRING(json VARCHAR) BOOLEAN", doc = "whether the text is JSON")
    public static boolean isJson(String json) {
        return parse(json) != null;
    }

    @Strict
    @Sql(
            value = "JSON_ARRAY_LENGTH(json VARCHAR) INT",
            doc = "the number of elements of a JSON array")
    public static Integer length(String json) {
        JsonNode node = parse(json);
        return node == null || !node.isArray() ? null : (Integer) node.size();
    }

    @Strict
    @Sql(
            value = "JSON_ARRAY_CONTAINS(json VARCHAR, value ANY) BOOLEAN",
            doc = "whether a JSON array has the value as an element")
    public static Boolean contains(String json, Object value) {
        JsonNode node = parse(json);
        if (node == null || !node.isArray()) {
            return null;
        }
        for (JsonNode element : node) {
            boolean equal =
                    switch (value) {
                        case Boolean flag -> element.isBoolean() && element.asBoolean() == flag;
                        case Number number ->
                                element.isNumber()
                                        && element.decimalValue()
                                                        .compareTo(
                                                                new java.math.BigDecimal(
                                                                        number.toString()))
                                                == 0;
                        default ->
                                element.isString() && element.asString().equals(value.toString());
                    };
            if (equal) {
                return true;
            }
        }
        return false;
    }

    @Strict
    @Sql(value = "JSON_KEYS(json VARCHAR) ARRAY<VARCHAR>", doc = "the names in a JSON object")
    public static List<Object> keys(String json) {
        JsonNode node = parse(json);
        return node == null || !node.isObject() ? null : new ArrayList<>(node.propertyNames());
    }

    @Strict
    @Sql(
            value = "JSON_ITEMS(json VARCHAR) ARRAY<VARCHAR>",
            doc = "the elements of a JSON array, each as JSON")
    public static List<Object> items(String json) {
        JsonNode node = parse(json);
        if (node == null || !node.isArray()) {
            return null;
        }
        List<Object> items = new ArrayList<>();
        node.forEach(element -> items.add(element.toString()));
        return items;
    }

    @Strict
    @Sql(
            value = "JSON_RECORDS(json VARCHAR) MAP<VARCHAR, VARCHAR>",
            doc = "the members of a JSON object, each value as JSON")
    public static Map<Object, Object> records(String json) {
        JsonNode node = parse(json);
        if (node == null || !node.isObject()) {
            return null;
        }
        Map<Object, Object> records = new LinkedHashMap<>();
        node.properties().forEach(e -> records.put(e.getKey(), e.getValue().toString()));
        return records;
    }

    @Sql(
            value = "JSON_CONCAT(json VARCHAR...) VARCHAR",
            doc = "JSON objects put together, the last wins; of anything else an array of all")
    public static String concat(Object[] texts) {
        JsonNode result = null;
        for (Object text : texts) {
            JsonNode node = text == null ? null : parse((String) text);
            if (node == null) {
                return null;
            }
            result = result == null ? node : merged(result, node);
        }
        return result == null ? null : result.toString();
    }

    private static JsonNode merged(JsonNode a, JsonNode b) {
        if (a.isObject() && b.isObject()) {
            ObjectNode all = ((ObjectNode) a).deepCopy();
            b.properties().forEach(e -> all.set(e.getKey(), e.getValue()));
            return all;
        }
        var all = JsonNodeFactory.instance.arrayNode();
        for (JsonNode part : List.of(a, b)) {
            if (part.isArray()) {
                part.forEach(all::add);
            } else {
                all.add(part);
            }
        }
        return all;
    }

    private static String text(JsonNode node) {
        return node.isString() ? node.asString() : node.toString();
    }

    /// Null for text that is no JSON. What stands behind the first value does not matter.
    private static JsonNode parse(String json) {
        try (var parser = JSON.createParser(json)) {
            return JSON.readTree(parser);
        } catch (JacksonException notJson) {
            return null;
        }
    }

    /// `$.name`, `['name']` and `[index]` in turn; null when there is nothing.
    private static JsonNode at(JsonNode root, String path) {
        JsonNode node = root;
        int at = path.startsWith("$") ? 1 : 0;
        while (node != null && at < path.length()) {
            char c = path.charAt(at);
            if (c == '[') {
                int end = path.indexOf(']', at);
                if (end < 0) {
                    return null;
                }
                String inside = path.substring(at + 1, end).strip();
                if (inside.length() > 1 && (inside.charAt(0) == '\'' || inside.charAt(0) == '"')) {
                    node = node.get(inside.substring(1, inside.length() - 1));
                } else if (inside.matches("[0-9]{1,9}")) {
                    node = node.get(Integer.parseInt(inside));
                } else {
                    return null;
                }
                at = end + 1;
            } else {
                int start = c == '.' ? at + 1 : at;
                int end = start;
                while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
                    end++;
                }
                if (end == start) {
                    return null;
                }
                node = node.get(path.substring(start, end));
                at = end;
            }
        }
        return node;
    }
}
