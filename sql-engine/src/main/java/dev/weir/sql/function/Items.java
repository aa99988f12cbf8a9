package dev.weir.sql.function;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.List;

/// Values in storage form, of whatever type, compared.
final class Items {
    private Items() {}

    /// Equal, where NULL equals NULL and numbers compare by their value.
    static boolean same(Object a, Object b) {
        if (a == null || b == null) {
            return a == b;
        }
        if (a instanceof Boolean || b instanceof Boolean) {
            return number(a).equals(number(b));
        }
        if (a instanceof Number && b instanceof Number) {
            return compare(a, b) == 0;
        }
        return (a instanceof byte[] x && b instanceof byte[] y) ? Arrays.equals(x, y) : a.equals(b);
    }

    /// Booleans are 0 and 1 within arrays and maps.
    private static Object number(Object value) {
        return value instanceof Boolean flag ? (Object) (flag ? 1L : 0L) : value;
    }

    static boolean contains(List<?> list, Object wanted) {
        for (Object item : list) {
            if (same(item, wanted)) {
                return true;
            }
        }
        return false;
    }

    /// The order of two values of one type, neither of them null. Text is ordered by code points.
    static int compare(Object a, Object b) {
        return switch (a) {
            case Double x -> Double.compare(x, ((Number) b).doubleValue());
            case BigDecimal x -> x.compareTo(decimal((Number) b));
            case Number x ->
                    b instanceof Double || b instanceof BigDecimal
                            ? -compare(b, a)
                            : Long.compare(x.longValue(), ((Number) b).longValue());
            case String x -> compareText(x, (String) b);
            case byte[] x -> Arrays.compareUnsigned(x, (byte[]) b);
            case Boolean x -> Boolean.compare(x, (Boolean) b);
            case List<?> x -> compareLists(x, (List<?>) b);
            default -> throw new IllegalStateException("no order of " + a.getClass());
        };
    }

    private static BigDecimal decimal(Number number) {
        return switch (number) {
            case BigDecimal exact -> exact;
            case Double inexact -> BigDecimal.valueOf(inexact);
            default -> BigDecimal.valueOf(number.longValue());
        };
    }

    private static int compareText(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                // A surrogate stands for a code point behind all others.
                boolean high = Character.isSurrogate(x);
                return high == Character.isSurrogate(y) ? x - y : high ? 1 : -1;
            }
        }
        return a.length() - b.length();
    }

    private static int compareLists(List<?> a, List<?> b) {
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            Object x = a.get(i);
            Object y = b.get(i);
            int order = x == null || y == null ? (x == y ? 0 : x == null ? 1 : -1) : compare(x, y);
            if (order != 0) {
                return order;
            }
        }
        return a.size() - b.size();
    }
}
