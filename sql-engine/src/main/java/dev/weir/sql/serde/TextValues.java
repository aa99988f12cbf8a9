package dev.weir.sql.serde;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;

/// Values written as text. All throw [DecodeFailure] on anything else.
final class TextValues {
    private static final long DAY_MS = 86_400_000L;
    private static final int MOST_DIGITS = 1_000;
    private static final int[] DAYS_BEFORE_MONTH = {
        0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334
    };

    private TextValues() {}

    /// A whole number, which may be written as 12.0 or 1.2e1.
    static long whole(String text) {
        BigDecimal number = decimal(text);
        if (number.signum() == 0) {
            return 0;
        }
        if ((long) number.precision() - number.scale() > 19) {
            throw new DecodeFailure(text + " is out of range for BIGINT");
        }
        try {
            return number.longValueExact();
        } catch (ArithmeticException notExact) {
            throw new DecodeFailure(
                    number.stripTrailingZeros().scale() > 0
                            ? text + " is not a whole number"
                            : text + " is out of range for BIGINT");
        }
    }

    /// A number, or NaN, Infinity, -Infinity.
    static double real(String text) {
        switch (text) {
            case "NaN" -> {
                return Double.NaN;
            }
            case "Infinity" -> {
                return Double.POSITIVE_INFINITY;
            }
            case "-Infinity" -> {
                return Double.NEGATIVE_INFINITY;
            }
            default -> {
                checkNumber(text);
                double value = Double.parseDouble(text);
                if (Double.isInfinite(value)) {
                    throw new DecodeFailure(text + " is out of range for DOUBLE");
                }
                return value;
            }
        }
    }

    static BigDecimal decimal(String text) {
        checkNumber(text);
        try {
            return new BigDecimal(text);
        } catch (NumberFormatException hugeExponent) {
            throw new DecodeFailure(text + " is out of range");
        }
    }

    /// The decimal with exactly the scale of its type; digits may not be lost.
    static BigDecimal fit(BigDecimal value, int precision, int scale) {
        // Looked at before it is written out: 1e999999999 has one digit.
        boolean fits =
                value.signum() == 0
                        || ((long) value.precision() - value.scale() <= (long) precision - scale
                                && value.stripTrailingZeros().scale() <= scale);
        if (!fits) {
            throw new DecodeFailure(
                    value + " does not fit DECIMAL(" + precision + ", " + scale + ")");
        }
        return value.signum() == 0 ? BigDecimal.ZERO.setScale(scale) : value.setScale(scale);
    }

    static boolean truth(String text) {
        if (text.equalsIgnoreCase("true")) {
            return true;
        }
        if (text.equalsIgnoreCase("false")) {
            return false;
        }
        throw new DecodeFailure("\"" + text + "\" is not a BOOLEAN");
    }

    /// The grammar of JSON's numbers, which keeps out what Java alone would take: 0x1p3, 1d, 1_0.
    private static void checkNumber(String text) {
        int length = text.length();
        int at = 0;
        if (at < length && (text.charAt(at) == '-' || text.charAt(at) == '+')) {
            at++;
        }
        int first = at;
        at = skipDigits(text, at);
        boolean good = at > first && length <= MOST_DIGITS;
        if (at < length && text.charAt(at) == '.') {
            int fraction = at + 1;
            at = skipDigits(text, fraction);
            good &= at > fraction;
        }
        if (at < length && (text.charAt(at) == 'e' || text.charAt(at) == 'E')) {
            at++;
            if (at < length && (text.charAt(at) == '-' || text.charAt(at) == '+')) {
                at++;
            }
            int exponent = at;
            at = skipDigits(text, at);
            good &= at > exponent;
        }
        if (!good || at != length) {
            throw new DecodeFailure("\"" + abridged(text) + "\" is not a number");
        }
    }

    private static int skipDigits(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at;
    }

    /// Days since the epoch: `yyyy-MM-dd`, or their number.
    static long date(byte[] data, int from, int to) {
        if (!looksLikeDate(data, from, to)) {
            return days(text(data, from, to));
        }
        if (to - from != 10) {
            throw bad(data, from, to, "DATE");
        }
        return epochDay(data, from, to);
    }

    private static long days(String text) {
        long days = whole(text);
        if ((int) days != days) {
            throw new DecodeFailure(text + " is out of range for DATE");
        }
        return days;
    }

    /// Milliseconds of the day: `HH:mm[:ss[.fraction]]`, or their number.
    static long time(byte[] data, int from, int to) {
        if (to - from < 3 || data[from + 2] != ':') {
            long millis = whole(text(data, from, to));
            checkTime(millis);
            return millis;
        }
        long packed = timeOfDay(data, from, to);
        if ((int) (packed >>> 32) != to) {
            throw bad(data, from, to, "TIME");
        }
        return (int) packed;
    }

    static void checkTime(long millis) {
        if (millis < 0 || millis >= DAY_MS) {
            throw new DecodeFailure(millis + " is out of range for TIME");
        }
    }

    /// Milliseconds since the epoch: `yyyy-MM-dd[(T| )HH:mm[:ss[.fraction]]][Z|±HH[:]mm]`, UTC when
    /// no zone is given and cut to milliseconds; or their number.
    static long timestamp(byte[] data, int from, int to) {
        if (!looksLikeDate(data, from, to)) {
            return whole(text(data, from, to));
        }
        long millis = epochDay(data, from, to) * DAY_MS;
        int at = from + 10;
        if (at < to && (data[at] == 'T' || data[at] == ' ' || data[at] == 't')) {
            long packed = timeOfDay(data, at + 1, to);
            millis += (int) packed;
            at = (int) (packed >>> 32);
        }
        if (at < to) {
            millis -= zoneMs(data, at, from, to);
        }
        return millis;
    }

    private static boolean looksLikeDate(byte[] data, int from, int to) {
        return to - from >= 10 && data[from + 4] == '-' && data[from + 7] == '-';
    }

    private static long epochDay(byte[] data, int from, int to) {
        int year = digits(data, from, 2) * 100 + digits(data, from + 2, 2);
        int month = digits(data, from + 5, 2);
        int day = digits(data, from + 8, 2);
        boolean leap = (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);
        if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysOf(month, leap)) {
            throw bad(data, from, to, "date");
        }
        int before = year - 1;
        long days = 365L * year + (year == 0 ? 0 : before / 4 - before / 100 + before / 400 + 1);
        return days
                + DAYS_BEFORE_MONTH[month - 1]
                + (leap && month > 2 ? 1 : 0)
                + (day - 1)
                - 719_528;
    }

    private static int daysOf(int month, boolean leap) {
        return switch (month) {
            case 2 -> leap ? 29 : 28;
            case 4, 6, 9, 11 -> 30;
            default -> 31;
        };
    }

    /// Milliseconds in the low 32 bits, where the time ends in the high ones.
    private static long timeOfDay(byte[] data, int from, int to) {
        if (to - from < 5 || data[from + 2] != ':') {
            throw bad(data, from, to, "time");
        }
        int hour = digits(data, from, 2);
        int minute = digits(data, from + 3, 2);
        int at = from + 5;
        int second = 0;
        int millis = 0;
        if (to - at >= 3 && data[at] == ':') {
            second = digits(data, at + 1, 2);
            at += 3;
            if (at + 1 < to && (data[at] == '.' || data[at] == ',')) {
                int unit = 100;
                int first = ++at;
                while (at < to && data[at] >= '0' && data[at] <= '9') {
                    millis += (data[at] - '0') * unit;
                    unit /= 10;
                    at++;
                }
                if (at == first) {
                    throw bad(data, from, to, "time");
                }
            }
        }
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
            throw bad(data, from, to, "time");
        }
        int ofDay = ((hour * 60 + minute) * 60 + second) * 1_000 + millis;
        return (long) at << 32 | ofDay;
    }

    private static long zoneMs(byte[] data, int at, int from, int to) {
        if ((data[at] == 'Z' || data[at] == 'z') && at + 1 == to) {
            return 0;
        }
        int length = to - at - 1;
        boolean colon = length == 5 && data[at + 3] == ':';
        if ((data[at] == '+' || data[at] == '-') && (length == 2 || length == 4 || colon)) {
            int hours = digits(data, at + 1, 2);
            int minutes = length == 2 ? 0 : digits(data, to - 2, 2);
            if (hours >= 0 && hours <= 18 && minutes >= 0 && minutes <= 59) {
                long offset = (hours * 60L + minutes) * 60_000;
                return data[at] == '+' ? offset : -offset;
            }
        }
        throw bad(data, from, to, "time");
    }

    /// Two digits as a number; far below 0 when they are none.
    private static int digits(byte[] data, int at, int count) {
        int value = 0;
        for (int i = at; i < at + count; i++) {
            int digit = data[i] - '0';
            if (digit < 0 || digit > 9) {
                return -1_000_000;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    static String text(byte[] data, int from, int to) {
        return new String(data, from, to - from, StandardCharsets.UTF_8);
    }

    private static DecodeFailure bad(byte[] data, int from, int to, String what) {
        return new DecodeFailure(
                "\"" + abridged(text(data, from, to)) + "\" is not a valid " + what);
    }

    static String abridged(String text) {
        return text.length() <= 60 ? text : text.substring(0, 60) + "…";
    }
}
