package dev.weir.sql.function;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.linq4j.function.Strict;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Functions over arrays and maps. Positions count from 1.
public final class CollectionFunctions {
    private static final int MOST_GENERATED = 1_000_000;

    private CollectionFunctions() {}

    @Strict
    @Sql(value = "ARRAY_LENGTH(array ARRAY) INT", doc = "the number of elements")
    public static int length(List<?> array) {
        return array.size();
    }

    @Sql(
            value = "ARRAY_CONTAINS(array ARRAY, value ANY) BOOLEAN",
            doc = "whether the value is an element; NULL may be looked for too")
    public static Boolean contains(List<?> array, Object value) {
        return array == null ? null : Items.contains(array, value);
    }

    @Strict
    @Sql(value = "ARRAY_DISTINCT(array ARRAY) SAME", doc = "each element once, where it came first")
    public static List<Object> distinct(List<?> array) {
        List<Object> result = new ArrayList<>();
        for (Object item : array) {
            if (!Items.contains(result, item)) {
                result.add(item);
            }
        }
        return result;
    }

    @Strict
    @Sql(
            value = "ARRAY_UNION(left ARRAY, right ARRAY) SAME",
            doc = "each element of either array once")
    public static List<Object> union(List<?> left, List<?> right) {
        return distinct(concat(left, right));
    }

    @Strict
    @Sql(
            value = "ARRAY_INTERSECT(left ARRAY, right ARRAY) SAME",
            doc = "each element once that both arrays have")
    public static List<Object> intersect(List<?> left, List<?> right) {
        List<Object> result = distinct(left);
        result.removeIf(item -> !Items.contains(right, item));
        return result;
    }

    @Strict
    @Sql(
            value = "ARRAY_EXCEPT(left ARRAY, right ARRAY) SAME",
            doc = "each element once that only the first array has")
    public static List<Object> except(List<?> left, List<?> right) {
        List<Object> result = distinct(left);
        result.removeIf(item -> Items.contains(right, item));
        return result;
    }

    @Sql(
            value = "ARRAY_CONCAT(left ARRAY, right ARRAY) SAME",
            doc = "the elements of both arrays; a NULL array has none, two are NULL")
    public static List<Object> concat(List<?> left, List<?> right) {
        if (left == null && right == null) {
            return null;
        }
        List<Object> result = new ArrayList<>(left == null ? List.of() : left);
        result.addAll(right == null ? List.of() : right);
        return result;
    }

    @Sql(
            value = "ARRAY_REMOVE(array ARRAY, value ANY) SAME",
            doc = "the array without the elements equal to the value; NULLs can be removed too")
    public static List<Object> remove(List<?> array, Object value) {
        if (array == null) {
            return null;
        }
        List<Object> result = new ArrayList<>(array);
        result.removeIf(item -> Items.same(item, value));
        return result;
    }

    @Strict
    @Sql(value = "ARRAY_MAX(array ARRAY) ELEMENT", doc = "the largest element; NULLs do not count")
    public static Object max(List<?> array) {
        return MathFunctions.greatest(array.toArray());
    }

    @Strict
    @Sql(value = "ARRAY_MIN(array ARRAY) ELEMENT", doc = "the smallest element; NULLs do not count")
    public static Object min(List<?> array) {
        return MathFunctions.least(array.toArray());
    }

    @Strict
    @Sql(value = "ARRAY_SORT(array ARRAY) SAME", doc = "the elements in order, NULLs last")
    public static List<Object> sort(List<?> array) {
        return sort(array, "ASC");
    }

    @Strict
    @Sql(
            value = "ARRAY_SORT(array ARRAY, direction VARCHAR) SAME",
            doc = "the elements in order, 'ASC' or 'DESC', NULLs last")
    public static List<Object> sort(List<?> array, String direction) {
        boolean ascending = direction.toUpperCase(java.util.Locale.ROOT).startsWith("ASC");
        if (!ascending && !direction.toUpperCase(java.util.Locale.ROOT).startsWith("DESC")) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "\"" + direction + "\" is no direction of ARRAY_SORT",
                    "Give 'ASC' or 'DESC'.");
        }
        Comparator<Object> order = ascending ? Items::compare : (a, b) -> Items.compare(b, a);
        List<Object> result = new ArrayList<>(array);
        result.sort(Comparator.nullsLast(order));
        return result;
    }

    @Strict
    @Sql(
            value = "ARRAY_JOIN(array ARRAY, delimiter VARCHAR) VARCHAR",
            doc = "the elements as text with the delimiter between them; NULL as null")
    public static String join(List<?> array, String delimiter) {
        List<String> texts = new ArrayList<>();
        array.forEach(item -> texts.add(String.valueOf(item)));
        return String.join(delimiter, texts);
    }

    @Strict
    @Sql(
            value = "ARRAY_JOIN(array ARRAY) VARCHAR",
            doc = "the elements as text with commas between them; NULL as null")
    public static String join(List<?> array) {
        return join(array, ",");
    }

    @Sql(
            value = "SLICE(array ARRAY, from INT, to INT) SAME",
            doc = "the elements from one position to another, both included; NULL for an open end")
    public static List<Object> slice(List<?> array, Object from, Object to) {
        if (array == null) {
            return null;
        }
        int start = from == null ? 0 : Math.max(0, ((Number) from).intValue() - 1);
        int end = to == null ? array.size() : Math.min(array.size(), ((Number) to).intValue());
        return start >= end ? null : new ArrayList<>(array.subList(start, end));
    }

    @Strict
    @Sql(
            value = "GENERATE_SERIES(from BIGINT, to BIGINT) ARRAY<BIGINT>",
            doc = "the numbers from one to another, both included, up or down")
    public static List<Object> series(long from, long to) {
        return series(from, to, from <= to ? 1 : -1);
    }

    @Strict
    @Sql(
            value = "GENERATE_SERIES(from BIGINT, to BIGINT, step INT) ARRAY<BIGINT>",
            doc = "the numbers from one to another by a step")
    public static List<Object> series(long from, long to, int step) {
        if (step == 0 || (from < to && step < 0) || (from > to && step > 0)) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "GENERATE_SERIES from " + from + " to " + to + " cannot go by " + step,
                    "The step must lead from the first to the last number.");
        }
        long count = Math.subtractExact(to, from) / step + 1;
        if (count > MOST_GENERATED) {
            throw new SqlException(
                    SqlState.LIMIT_EXCEEDED,
                    null,
                    "GENERATE_SERIES would give " + count + " numbers",
                    "The most are " + MOST_GENERATED + ".");
        }
        List<Object> result = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            result.add(from + i * step);
        }
        return result;
    }

    @Strict
    @Sql(value = "MAP_KEYS(map MAP) ARRAY<KEY>", doc = "the keys of a map")
    public static List<Object> keys(Map<?, ?> map) {
        return new ArrayList<>(map.keySet());
    }

    @Strict
    @Sql(value = "MAP_VALUES(map MAP) ARRAY<VALUE>", doc = "the values of a map")
    public static List<Object> values(Map<?, ?> map) {
        return new ArrayList<>(map.values());
    }

    @Sql(
            value = "MAP_UNION(left MAP, right MAP) SAME",
            doc = "the entries of both maps; the second wins, a NULL map has none")
    public static Map<Object, Object> union(Map<?, ?> left, Map<?, ?> right) {
        if (left == null && right == null) {
            return null;
        }
        Map<Object, Object> result = new LinkedHashMap<>(left == null ? Map.of() : left);
        result.putAll(right == null ? Map.of() : right);
        return result;
    }

    @Strict
    @Sql(
            value =
                    "SPLIT_TO_MAP(text VARCHAR, entries VARCHAR, keys VARCHAR) MAP<VARCHAR,"
                            + " VARCHAR>",
            doc = "a map from text such as 'a:=1/b:=2', the delimiters being '/' and ':='")
    public static Map<Object, Object> splitToMap(String text, String entries, String keys) {
        if (entries.isEmpty() || keys.isEmpty()) {
            return null;
        }
        Map<Object, Object> result = new LinkedHashMap<>();
        for (Object entry : TextFunctions.split(text, entries)) {
            String pair = (String) entry;
            int at = pair.indexOf(keys);
            if (at >= 0) {
                result.put(pair.substring(0, at), pair.substring(at + keys.length()));
            }
        }
        return result;
    }

    @Strict
    @Sql(value = "ARRAY_REVERSE(array ARRAY) SAME", doc = "the elements from last to first")
    public static List<Object> reverse(List<?> array) {
        List<Object> result = new ArrayList<>(array);
        Collections.reverse(result);
        return result;
    }
}
