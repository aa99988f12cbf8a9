package dev.weir.sql.function;

import org.apache.calcite.linq4j.function.Strict;

import java.math.BigDecimal;
import java.math.RoundingMode;

/// Functions over numbers, beside those that are Calcite's.
public final class MathFunctions {
    private static final double EARTH_RADIUS_KM = 6371.0;
    private static final double KM_PER_MILE = 1.609344;

    private MathFunctions() {}

    @Strict
    @Sql(value = "TRUNC(x NUMBER) SAME", doc = "x without its decimals")
    public static Object truncate(Object x) {
        return truncate(x, 0);
    }

    @Strict
    @Sql(
            value = "TRUNC(x NUMBER, digits INT) SAME",
            doc = "x cut to so many decimals; with negative digits to tens, hundreds, …")
    public static Object truncate(Object x, int digits) {
        return switch (x) {
            case Double number when !Double.isFinite(number) -> number;
            case Double number ->
                    BigDecimal.valueOf(number).setScale(digits, RoundingMode.DOWN).doubleValue();
            case BigDecimal number ->
                    number.setScale(digits, RoundingMode.DOWN).setScale(number.scale());
            case Number number ->
                    digits >= 0
                            ? number
                            : (Object)
                                    BigDecimal.valueOf(number.longValue())
                                            .setScale(digits, RoundingMode.DOWN)
                                            .longValue();
            default -> throw new IllegalStateException("no number: " + x);
        };
    }

    @Strict
    @Sql(value = "LOG(x DOUBLE) DOUBLE", doc = "the natural logarithm, as LN")
    public static double logarithm(double x) {
        return Math.log(x);
    }

    @Strict
    @Sql(value = "LOG(base DOUBLE, x DOUBLE) DOUBLE", doc = "the logarithm to a base")
    public static double logarithm(double base, double x) {
        return base <= 0 || base == 1 ? Double.NaN : Math.log(x) / Math.log(base);
    }

    @Strict
    @Sql(value = "LOG10(x DOUBLE) DOUBLE", doc = "the logarithm to base 10")
    public static double decimalLogarithm(double x) {
        return Math.log10(x);
    }

    @Strict
    @Sql(value = "COSH(x DOUBLE) DOUBLE", doc = "the hyperbolic cosine")
    public static double hyperbolicCosine(double x) {
        return Math.cosh(x);
    }

    @Strict
    @Sql(value = "SINH(x DOUBLE) DOUBLE", doc = "the hyperbolic sine")
    public static double hyperbolicSine(double x) {
        return Math.sinh(x);
    }

    @Strict
    @Sql(value = "TANH(x DOUBLE) DOUBLE", doc = "the hyperbolic tangent")
    public static double hyperbolicTangent(double x) {
        return Math.tanh(x);
    }

    @Strict
    @Sql(value = "POW(x DOUBLE, y DOUBLE) DOUBLE", doc = "x to the power of y, as POWER")
    public static double power(double x, double y) {
        return Math.pow(x, y);
    }

    @Sql(
            value = "GREATEST(value ANY...) WIDEST",
            doc = "the largest of the values; NULLs do not count")
    public static Object greatest(Object[] values) {
        Object best = null;
        for (Object value : values) {
            if (value != null && (best == null || Items.compare(value, best) > 0)) {
                best = value;
            }
        }
        return best;
    }

    @Sql(
            value = "LEAST(value ANY...) WIDEST",
            doc = "the smallest of the values; NULLs do not count")
    public static Object least(Object[] values) {
        Object best = null;
        for (Object value : values) {
            if (value != null && (best == null || Items.compare(value, best) < 0)) {
                best = value;
            }
        }
        return best;
    }

    @Strict
    @Sql(
            value =
                    "GEO_DISTANCE(latitude1 DOUBLE, longitude1 DOUBLE, latitude2 DOUBLE, longitude2"
                            + " DOUBLE) DOUBLE",
            doc = "the distance of two points on the earth in kilometres")
    public static double distance(
            double latitude1, double longitude1, double latitude2, double longitude2) {
        double latitude = Math.toRadians(latitude2 - latitude1);
        double longitude = Math.toRadians(longitude2 - longitude1);
        double chord =
                Math.pow(Math.sin(latitude / 2), 2)
                        + Math.pow(Math.sin(longitude / 2), 2)
                                * Math.cos(Math.toRadians(latitude1))
                                * Math.cos(Math.toRadians(latitude2));
        return EARTH_RADIUS_KM * 2 * Math.asin(Math.sqrt(chord));
    }

    @Strict
    @Sql(
            value =
                    "GEO_DISTANCE(latitude1 DOUBLE, longitude1 DOUBLE, latitude2 DOUBLE, longitude2"
                            + " DOUBLE, unit VARCHAR) DOUBLE",
            doc = "the distance of two points on the earth in 'KM' or 'MILES'")
    public static double distance(
            double latitude1, double longitude1, double latitude2, double longitude2, String unit) {
        double km = distance(latitude1, longitude1, latitude2, longitude2);
        return unit.toUpperCase(java.util.Locale.ROOT).startsWith("MI") ? km / KM_PER_MILE : km;
    }
}
