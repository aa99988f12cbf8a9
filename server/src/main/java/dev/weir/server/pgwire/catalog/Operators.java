package dev.weir.server.pgwire.catalog;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/// Operators over values: Long, Double, String, Boolean, List, and null for NULL.
final class Operators {
    private Operators() {}

    /// @return null when an operand is NULL
    static Object binary(String operator, Object left, Object right) {
        if (operator.equals("is not distinct from")) {
            boolean unknown = left == null || right == null;
            return unknown ? left == right : compare(left, right) == 0;
        }
        if (left == null || right == null) {
            return null;
        }
        return switch (operator) {
            case "=" -> compare(left, right) == 0;
            case "<>" -> compare(left, right) != 0;
            case "<" -> compare(left, right) < 0;
            case "<=" -> compare(left, right) <= 0;
            case ">" -> compare(left, right) > 0;
            case ">=" -> compare(left, right) >= 0;
            case "~" -> matches(left, right, 0);
            case "!~" -> !matches(left, right, 0);
            case "~*" -> matches(left, right, Pattern.CASE_INSENSITIVE);
            case "!~*" -> !matches(left, right, Pattern.CASE_INSENSITIVE);
            case "like", "~~" -> like(left, right, 0);
            case "!~~" -> !like(left, right, 0);
            case "ilike", "~~*" -> like(left, right, Pattern.CASE_INSENSITIVE);
            case "||" -> concatenated(left, right);
            case "&" -> integer(left) & integer(right);
            case "|" -> integer(left) | integer(right);
            case "+", "-", "*", "/" -> arithmetic(operator, number(left), number(right));
            default ->
                    throw new SqlException(
                            SqlState.FEATURE_NOT_SUPPORTED,
                            "operator " + operator + " is not supported in queries to the catalog");
        };
    }

    /// Texts are converted to what they are compared with, as PostgreSQL does with literals.
    static int compare(Object left, Object right) {
        return switch (left) {
            case Boolean flag -> Boolean.compare(flag, bool(right));
            case Number number when right instanceof Boolean ->
                    Boolean.compare(number.longValue() != 0, bool(right));
            case Number number -> compareNumbers(number, number(right));
            case String _ when right instanceof Number number ->
                    compareNumbers(number(left), number);
            case String text when right instanceof Boolean flag ->
                    Boolean.compare(bool(text), flag);
            case List<?> list -> compareLists(list, list(right));
            case String text when right instanceof List<?> list -> compareLists(list(text), list);
            default -> text(left).compareTo(text(right));
        };
    }

    private static int compareNumbers(Number left, Number right) {
        return left instanceof Double || right instanceof Double
                ? Double.compare(left.doubleValue(), right.doubleValue())
                : Long.compare(left.longValue(), right.longValue());
    }

    private static int compareLists(List<?> left, List<?> right) {
        for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
            Object a = left.get(i);
            Object b = right.get(i);
            int order =
                    a == null || b == null ? Boolean.compare(a == null, b == null) : compare(a, b);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.size(), right.size());
    }

    private static Object arithmetic(String operator, Number left, Number right) {
        if (left instanceof Double || right instanceof Double) {
            double a = left.doubleValue();
            double b = right.doubleValue();
            return switch (operator) {
                case "+" -> a + b;
                case "-" -> a - b;
                case "*" -> a * b;
                default -> a / b;
            };
        }
        long a = left.longValue();
        long b = right.longValue();
        if (operator.equals("/") && b == 0) {
            throw new SqlException(SqlState.DIVISION_BY_ZERO, "division by zero");
        }
        return switch (operator) {
            case "+" -> a + b;
            case "-" -> a - b;
            case "*" -> a * b;
            default -> a / b;
        };
    }

    private static Object concatenated(Object left, Object right) {
        if (left instanceof List<?> || right instanceof List<?>) {
            List<Object> joined = new ArrayList<>();
            add(joined, left);
            add(joined, right);
            return joined;
        }
        return text(left) + text(right);
    }

    private static void add(List<Object> joined, Object part) {
        if (part instanceof List<?> list) {
            joined.addAll(list);
        } else {
            joined.add(part);
        }
    }

    /// PostgreSQL's and Java's patterns are alike in what clients use.
    private static boolean matches(Object text, Object pattern, int flags) {
        return Pattern.compile(text(pattern), flags).matcher(text(text)).find();
    }

    private static boolean like(Object text, Object pattern, int flags) {
        StringBuilder regex = new StringBuilder();
        String like = text(pattern);
        for (int i = 0; i < like.length(); i++) {
            char c = like.charAt(i);
            if (c == '%') {
                regex.append(".*");
            } else if (c == '_') {
                regex.append('.');
            } else {
                boolean escape = c == '\\' && i + 1 < like.length();
                regex.append(Pattern.quote(Character.toString(escape ? like.charAt(++i) : c)));
            }
        }
        return Pattern.compile(regex.toString(), flags | Pattern.DOTALL)
                .matcher(text(text))
                .matches();
    }

    static boolean bool(Object value) {
        return switch (value) {
            case Boolean flag -> flag;
            case Number number -> number.longValue() != 0;
            default ->
                    List.of("t", "true", "on", "yes", "1")
                            .contains(text(value).toLowerCase(Locale.ROOT));
        };
    }

    static Number number(Object value) {
        if (value instanceof Number number) {
            return number;
        }
        if (value instanceof Boolean flag) {
            return flag ? 1L : 0L;
        }
        String text = text(value).strip();
        try {
            return text.matches("[+-]?[0-9]+") ? (Number) Long.valueOf(text) : Double.valueOf(text);
        } catch (NumberFormatException e) {
            throw new SqlException(
                    SqlState.INVALID_TEXT,
                    null,
                    "invalid input syntax for type integer: \"" + text + "\"",
                    null,
                    e);
        }
    }

    static long integer(Object value) {
        return number(value).longValue();
    }

    static String text(Object value) {
        return switch (value) {
            case String text -> text;
            case Boolean flag -> flag ? "true" : "false";
            case Double number ->
                    number == Math.rint(number) && Math.abs(number) < 1e15
                            ? Long.toString(number.longValue())
                            : number.toString();
            case List<?> list ->
                    "{"
                            + String.join(
                                    ",",
                                    list.stream().map(v -> v == null ? "NULL" : text(v)).toList())
                            + "}";
            default -> value.toString();
        };
    }

    /// An array, of its text `{a,b}` where it is given as such.
    static List<?> list(Object value) {
        if (value instanceof List<?> list) {
            return list;
        }
        String text = text(value).strip();
        if (!text.startsWith("{") || !text.endsWith("}")) {
            throw new SqlException(
                    SqlState.INVALID_TEXT, "malformed array literal: \"" + text + "\"");
        }
        List<Object> list = new ArrayList<>();
        StringBuilder element = new StringBuilder();
        boolean quoted = false;
        boolean wasQuoted = false;
        for (int i = 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted && c == '\\') {
                element.append(text.charAt(++i));
            } else if (c == '"') {
                quoted = !quoted;
                wasQuoted = true;
            } else if (!quoted && (c == ',' || i == text.length() - 1)) {
                if (i > 1 || !element.isEmpty()) {
                    String found = element.toString();
                    list.add(!wasQuoted && found.equalsIgnoreCase("NULL") ? null : found);
                }
                element.setLength(0);
                wasQuoted = false;
            } else {
                element.append(c);
            }
        }
        return list;
    }
}
