package dev.weir.sql.function;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.linq4j.function.Strict;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;

/// Functions over points in time: milliseconds since the epoch, UTC; dates in days. Patterns are
/// those of java.time's DateTimeFormatter. Zones are names such as Europe/Berlin or offsets; UTC if
/// not given.
public final class TimeFunctions {
    private static final int MOST_CACHED = 256;
    private static final ConcurrentHashMap<String, DateTimeFormatter> FORMATTERS =
            new ConcurrentHashMap<>();

    private TimeFunctions() {}

    /// A time is its milliseconds: converts between TIMESTAMP and BIGINT.
    @Strict
    public static long same(long millis) {
        return millis;
    }

    @Strict
    public static String format(long millis, String pattern) {
        return format(millis, pattern, "UTC");
    }

    @Strict
    public static String format(long millis, String pattern, String zone) {
        try {
            return formatter(pattern).format(Instant.ofEpochMilli(millis).atZone(zone(zone)));
        } catch (DateTimeException unformattable) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "cannot format a time with the pattern \"" + pattern + "\"",
                    null,
                    unformattable);
        }
    }

    @Strict
    public static long parse(String text, String pattern) {
        return parse(text, pattern, "UTC");
    }

    /// A time from text; what the pattern does not give is 1970-01-01 and midnight. A zone in the
    /// text wins.
    @Strict
    public static long parse(String text, String pattern, String zone) {
        try {
            TemporalAccessor parsed = formatter(pattern).parse(text);
            LocalDate date = parsed.query(TemporalQueries.localDate());
            LocalTime time = parsed.query(TemporalQueries.localTime());
            ZoneId inText = parsed.query(TemporalQueries.zone());
            return ZonedDateTime.of(
                            date == null ? LocalDate.EPOCH : date,
                            time == null ? LocalTime.MIDNIGHT : time,
                            inText == null ? zone(zone) : inText)
                    .toInstant()
                    .toEpochMilli();
        } catch (DateTimeException unparsable) {
            throw unreadable(text, pattern, unparsable);
        }
    }

    @Strict
    public static String formatDate(int days, String pattern) {
        return format(days * 86_400_000L, pattern, "UTC");
    }

    @Strict
    public static int parseDate(String text, String pattern) {
        try {
            return Math.toIntExact(LocalDate.parse(text, formatter(pattern)).toEpochDay());
        } catch (DateTimeException unparsable) {
            throw unreadable(text, pattern, unparsable);
        }
    }

    private static SqlException unreadable(String text, String pattern, Throwable cause) {
        return new SqlException(
                SqlState.INVALID_TEXT,
                null,
                "\"" + text + "\" does not fit the pattern \"" + pattern + "\"",
                null,
                cause);
    }

    private static ZoneId zone(String name) {
        return name.equals("UTC") ? ZoneOffset.UTC : ZoneId.of(name);
    }

    private static DateTimeFormatter formatter(String pattern) {
        DateTimeFormatter known = FORMATTERS.get(pattern);
        if (known != null) {
            return known;
        }
        try {
            DateTimeFormatter made = DateTimeFormatter.ofPattern(pattern, Locale.ROOT);
            // Patterns may come from data: then they are not worth keeping.
            if (FORMATTERS.size() < MOST_CACHED) {
                FORMATTERS.put(pattern, made);
            }
            return made;
        } catch (IllegalArgumentException bad) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "\"" + pattern + "\" is not a pattern of times",
                    "Patterns are those of java.time, such as yyyy-MM-dd HH:mm:ss.",
                    bad);
        }
    }
}
