package dev.weir.sql.function;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.linq4j.function.Strict;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAdjusters;
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
    @Sql(
            value = {
                "FROM_UNIXTIME(milliseconds BIGINT) TIMESTAMP",
                "UNIX_TIMESTAMP(time TIMESTAMP) BIGINT"
            },
            doc = "a time from its milliseconds since 1970, and back")
    public static long same(long millis) {
        return millis;
    }

    @Strict
    @Sql(
            value = {
                "FORMAT_TIMESTAMP(time TIMESTAMP, pattern VARCHAR) VARCHAR",
                "TIMESTAMPTOSTRING(milliseconds BIGINT, pattern VARCHAR) VARCHAR"
            },
            doc = "a time as text, in UTC")
    public static String format(long millis, String pattern) {
        return format(millis, pattern, "UTC");
    }

    @Strict
    @Sql(
            value = {
                "FORMAT_TIMESTAMP(time TIMESTAMP, pattern VARCHAR, zone VARCHAR) VARCHAR",
                "TIMESTAMPTOSTRING(milliseconds BIGINT, pattern VARCHAR, zone VARCHAR) VARCHAR"
            },
            doc = "a time as text, in a time zone")
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
    @Sql(
            value = {
                "PARSE_TIMESTAMP(text VARCHAR, pattern VARCHAR) TIMESTAMP",
                "STRINGTOTIMESTAMP(text VARCHAR, pattern VARCHAR) BIGINT"
            },
            doc =
                    "a time from text, in UTC; what the pattern does not give is 1970-01-01 and"
                            + " midnight")
    public static long parse(String text, String pattern) {
        return parse(text, pattern, "UTC");
    }

    /// A time from text; what the pattern does not give is 1970-01-01 and midnight. A zone in the
    /// text wins.
    @Strict
    @Sql(
            value = {
                "PARSE_TIMESTAMP(text VARCHAR, pattern VARCHAR, zone VARCHAR) TIMESTAMP",
                "STRINGTOTIMESTAMP(text VARCHAR, pattern VARCHAR, zone VARCHAR) BIGINT"
            },
            doc = "a time from text, in a time zone; a zone in the text wins")
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
    @Sql(
            value = {
                "FORMAT_DATE(date DATE, pattern VARCHAR) VARCHAR",
                "DATETOSTRING(days INT, pattern VARCHAR) VARCHAR"
            },
            doc = "a date, or days since 1970, as text")
    public static String formatDate(int days, String pattern) {
        return format(days * 86_400_000L, pattern, "UTC");
    }

    @Strict
    @Sql(
            value = {
                "PARSE_DATE(text VARCHAR, pattern VARCHAR) DATE",
                "STRINGTODATE(text VARCHAR, pattern VARCHAR) INT"
            },
            doc = "a date, or days since 1970, from text")
    public static int parseDate(String text, String pattern) {
        try {
            return Math.toIntExact(LocalDate.parse(text, formatter(pattern)).toEpochDay());
        } catch (DateTimeException unparsable) {
            throw unreadable(text, pattern, unparsable);
        }
    }

    @Strict
    @Sql(
            value = {"UNIX_DATE(date DATE) INT", "FROM_DAYS(days INT) DATE"},
            doc = "the days of a date since 1970, and back")
    public static int sameDay(int days) {
        return days;
    }

    @Strict
    @Sql(value = "FORMAT_TIME(time TIME, pattern VARCHAR) VARCHAR", doc = "a time of day as text")
    public static String formatTime(int millis, String pattern) {
        try {
            return formatter(pattern).format(LocalTime.ofNanoOfDay(millis * 1_000_000L));
        } catch (DateTimeException unformattable) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "cannot format a time of day with the pattern \"" + pattern + "\"",
                    null,
                    unformattable);
        }
    }

    @Strict
    @Sql(value = "PARSE_TIME(text VARCHAR, pattern VARCHAR) TIME", doc = "a time of day from text")
    public static int parseTime(String text, String pattern) {
        try {
            return (int) (LocalTime.parse(text, formatter(pattern)).toNanoOfDay() / 1_000_000);
        } catch (DateTimeException unparsable) {
            throw unreadable(text, pattern, unparsable);
        }
    }

    @Strict
    @Sql(
            value = "CONVERT_TZ(time TIMESTAMP, from VARCHAR, to VARCHAR) TIMESTAMP",
            doc = "what clocks in one zone show when those of another show this time")
    public static long convert(long millis, String from, String to) {
        return Instant.ofEpochMilli(millis)
                .atOffset(ZoneOffset.UTC)
                .toLocalDateTime()
                .atZone(zone(from))
                .withZoneSameInstant(zone(to))
                .toLocalDateTime()
                .toInstant(ZoneOffset.UTC)
                .toEpochMilli();
    }

    @Strict
    @Sql(
            value = "TIMESTAMPADD(unit VARCHAR, n BIGINT, time TIMESTAMP) TIMESTAMP",
            doc = "n units later; the unit is a word such as DAYS")
    public static long add(String unit, long n, long millis) {
        return Instant.ofEpochMilli(millis)
                .atOffset(ZoneOffset.UTC)
                .plus(n, unit(unit))
                .toInstant()
                .toEpochMilli();
    }

    @Strict
    @Sql(
            value = "TIMESTAMPSUB(unit VARCHAR, n BIGINT, time TIMESTAMP) TIMESTAMP",
            doc = "n units earlier; the unit is a word such as DAYS")
    public static long subtract(String unit, long n, long millis) {
        return add(unit, Math.negateExact(n), millis);
    }

    @Strict
    @Sql(
            value = "DATEADD(unit VARCHAR, n BIGINT, date DATE) DATE",
            doc = "n units later; the unit is a word such as DAYS")
    public static int addToDate(String unit, long n, int days) {
        ChronoUnit step = unit(unit);
        if (!step.isDateBased()) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    unit + " cannot be added to a date",
                    "Use DAYS, WEEKS, MONTHS or YEARS, or add to a TIMESTAMP.");
        }
        return Math.toIntExact(LocalDate.ofEpochDay(days).plus(n, step).toEpochDay());
    }

    @Strict
    @Sql(
            value = "DATESUB(unit VARCHAR, n BIGINT, date DATE) DATE",
            doc = "n units earlier; the unit is a word such as DAYS")
    public static int subtractFromDate(String unit, long n, int days) {
        return addToDate(unit, Math.negateExact(n), days);
    }

    @Strict
    @Sql(
            value = "TIMEADD(unit VARCHAR, n BIGINT, time TIME) TIME",
            doc =
                    "n units later, past midnight from the beginning; the unit is a word such as"
                            + " HOURS")
    public static int addToTime(String unit, long n, int millis) {
        ChronoUnit step = unit(unit);
        if (!step.isTimeBased()) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    unit + " cannot be added to a time of day",
                    "Use MILLISECONDS, SECONDS, MINUTES or HOURS, or add to a TIMESTAMP.");
        }
        return (int)
                (LocalTime.ofNanoOfDay(millis * 1_000_000L).plus(n, step).toNanoOfDay()
                        / 1_000_000);
    }

    @Strict
    @Sql(
            value = "TIMESUB(unit VARCHAR, n BIGINT, time TIME) TIME",
            doc = "n units earlier, past midnight from the end; the unit is a word such as HOURS")
    public static int subtractFromTime(String unit, long n, int millis) {
        return addToTime(unit, Math.negateExact(n), millis);
    }

    @Strict
    @Sql(
            value = "DATE_TRUNC(unit VARCHAR, time TIMESTAMP) TIMESTAMP",
            doc =
                    "the beginning of the unit that a time is in, such as 'month'; weeks begin on"
                            + " Monday")
    public static long truncate(String unit, long millis) {
        LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochMilli(millis), ZoneOffset.UTC);
        LocalDate day = time.toLocalDate();
        String name = unit.toLowerCase(Locale.ROOT);
        LocalDateTime cut =
                switch (name) {
                    case "week" ->
                            day.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY))
                                    .atStartOfDay();
                    case "month" -> day.withDayOfMonth(1).atStartOfDay();
                    case "quarter" ->
                            day.withMonth((day.getMonthValue() - 1) / 3 * 3 + 1)
                                    .withDayOfMonth(1)
                                    .atStartOfDay();
                    case "year" -> day.withDayOfYear(1).atStartOfDay();
                    case "decade" ->
                            LocalDate.of(Math.floorDiv(day.getYear(), 10) * 10, 1, 1)
                                    .atStartOfDay();
                    default -> time.truncatedTo(unit(unit));
                };
        return cut.toInstant(ZoneOffset.UTC).toEpochMilli();
    }

    private static ChronoUnit unit(String name) {
        String plural = name.toUpperCase(Locale.ROOT);
        return switch (plural.endsWith("S") ? plural : plural + "S") {
            case "MILLISECONDS" -> ChronoUnit.MILLIS;
            case "SECONDS" -> ChronoUnit.SECONDS;
            case "MINUTES" -> ChronoUnit.MINUTES;
            case "HOURS" -> ChronoUnit.HOURS;
            case "DAYS" -> ChronoUnit.DAYS;
            case "WEEKS" -> ChronoUnit.WEEKS;
            case "MONTHS" -> ChronoUnit.MONTHS;
            case "YEARS" -> ChronoUnit.YEARS;
            default ->
                    throw new SqlException(
                            SqlState.INVALID_PARAMETER,
                            null,
                            "\"" + name + "\" is no unit of time",
                            "Units are MILLISECONDS, SECONDS, MINUTES, HOURS, DAYS, WEEKS, MONTHS"
                                    + " and YEARS.");
        };
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
        try {
            return name.equals("UTC") ? ZoneOffset.UTC : ZoneId.of(name);
        } catch (DateTimeException unknown) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    null,
                    "\"" + name + "\" is no time zone",
                    "Zones are names such as Europe/Berlin, or offsets such as +02:00.",
                    unknown);
        }
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
