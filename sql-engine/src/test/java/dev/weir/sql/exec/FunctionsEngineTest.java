package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import static java.util.stream.Collectors.joining;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.function.Functions;
import dev.weir.sql.io.MemoryTopicLog;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/// Every scalar function over a row of columns, as a query calls it. The expected values are those
/// of PostgreSQL for its functions, and what ksqlDB documents for its own.
@Timeout(120)
class FunctionsEngineTest {
    @TempDir static Path dir;
    private static final SqlSession SESSION = new SqlSession("test");
    private static SqlEngine engine;

    @BeforeAll
    static void start() {
        engine =
                SqlEngine.start(
                        new EngineConfig(dir, Duration.ofSeconds(1), 50, 2, 10, 64 << 20, false),
                        new MemoryTopicLog(),
                        InstantSource.fixed(Instant.parse("2026-01-01T00:00:00Z")));
        run(
                """
                CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR, e VARCHAR, n INT, big BIGINT,
                  d DOUBLE, p DECIMAL(10, 3), ok BOOLEAN, b BYTES, day DATE, tm TIME, ts TIMESTAMP,
                  xs ARRAY<INT>, ws ARRAY<VARCHAR>, m MAP<VARCHAR, INT>, js VARCHAR, url VARCHAR,
                  nul VARCHAR, nuln INT, nula ARRAY<INT>)\
                """);
        run(
                """
                INSERT INTO t VALUES (1, 'Grüße 😀!', '', 7, 5000000000, -2.75, 12.345, TRUE,
                  X'00000102', '2024-02-29', '13:14:15.5', '2024-02-29T13:14:15.500',
                  ARRAY[3, 1, 2, 3, NULL], ARRAY['b', 'a', 'b'], MAP['k', 1, 'l', 2],
                  '{"a": {"b": [10, "x", 1.50]}, "n": null, "t": true}',
                  'https://me@example.org:8443/a%20b/c?x=1&y=a+b&z#top', NULL, NULL, NULL)\
                """);
    }

    @AfterAll
    static void stop() {
        engine.close();
    }

    private static StatementResult run(String sql) {
        return engine.execute(sql, SESSION);
    }

    private static String value(String expression) {
        Object value = run("SELECT " + expression + " FROM t").asRows().rows().getFirst()[0];
        return switch (value) {
            case null -> "NULL";
            case byte[] bytes -> HexFormat.of().formatHex(bytes);
            default -> value.toString();
        };
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiterString = " => ",
            ignoreLeadingAndTrailingWhitespace = false,
            quoteCharacter = '\0',
            textBlock =
                    """
                    n IN (1, 2, 3, 4, 5, 6, 7, 8, 9) => true
                    n NOT IN (1, 2, 3, 4, 5, 6, 7, 8, 9) => false
                    big NOT IN (1, 2, 3, 4, 5, 6, 7, 8, 9) => true
                    nuln IN (1, 2, 3, 4, 5, 6, 7, 8, 9) => NULL
                    nuln NOT IN (1, 2, 3, 4, 5, 6, 7, 8, 9) => NULL
                    nuln IN (1, 2, 3, 4, 5, 6, 7, 8, 9) OR ok => true
                    nuln IN (1, 2, 3, 4, 5, 6, 7, 8, 9) AND ok => NULL
                    n IN (1, 2, 3, 4, 5, 6, 0, 8, 9) OR big IN (1, 2, 3, 4, 5, 6, 7, 5000000000) => true
                    s IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'Grüße 😀!') => true
                    s NOT IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'Grüße 😀!') => false
                    LCASE(s) IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'grüße 😀!') => true
                    nul IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i') => NULL
                    day IN (DATE '2024-02-28', DATE '2024-02-29', DATE '2024-03-01') => true
                    d IN (1, 2, 3, 4, 5, 6, 7, 8, -2.75) => true
                    p IN (1, 2, 3, 4, 5, 6, 7, 8, 12.345) => true
                    CAST('\\x00ff' AS BYTES) => 00ff
                    '\\x 0A b0'::bytea => 0ab0
                    CAST('a\\\\b\\001' AS BYTES) => 615c6201
                    CAST(nul AS BYTES) => NULL
                    LEN(s) => 8
                    LENGTH(nul) => NULL
                    LCASE(s) => grüße 😀!
                    UCASE(s) => GRÜSSE 😀!
                    LTRIM('  x ') || '.' => x .
                    RTRIM(' x  ') || '.' =>  x.
                    TRIM('  x ') || '.' => x.
                    REVERSE(s) => !😀 eßürG
                    INSTR(s, '!') => 8
                    SPLIT('a,b,,c', ',') => [a, b, , c]
                    SPLIT(nul, ',') => NULL
                    SPLIT_PART('a|b|c', '|', 2) => b
                    SPLIT_PART('a|b|c', '|', -1) => c
                    SPLIT_PART('a|b|c', '|', 4) || '.' => .
                    SPLIT_PART(s, ' ', n - 5) => 😀!
                    LPAD('foo', 7, 'Bar') => BarBfoo
                    LPAD('foo', 2, 'Bar') => fo
                    LPAD('foo', 5) => '  foo'
                    LPAD('foo', -1, 'x') => NULL
                    LPAD('foo', 5, e) => NULL
                    RPAD(s, 10, '😀x') => Grüße 😀!😀x
                    RPAD('foo', 0, 'x') || '.' => .
                    LEFT(s, 3) => Grü
                    LEFT('abcde', -2) => abc
                    RIGHT(s, 2) => 😀!
                    RIGHT('abcde', -2) => cde
                    REPEAT('ab', 3) => ababab
                    REPEAT('ab', -1) || '.' => .
                    CONCAT_WS('-', 'a', nul, 'b') => a-b
                    CONCAT_WS(nul, 'a', 'b') => NULL
                    CONCAT('a', nul, 'b') => ab
                    CHR(22909) => 好
                    CHR(-1) => NULL
                    CHR('\\u004b') => K
                    CHR('bogus') => NULL
                    ASCII('é') => 233
                    ASCII(e) => 0
                    FIELD('b', 'a', 'b') => 2
                    FIELD(nul, 'a', 'b') => 0
                    ELT(2, 'a', 'b') => b
                    ELT(3, 'a', 'b') => NULL
                    STARTS_WITH(s, 'Grü') => true
                    INITCAP('hello big world') => Hello Big World
                    INITCAP('élan o''neil wOrld-wide 2nd') => Élan O'Neil World-Wide 2nd
                    REPLACE(s, 'ß', 'ss') => Grüsse 😀!
                    SUBSTRING(s, 3, 2) => üß
                    SUBSTRING(s FROM 7) => 😀!
                    REGEXP_EXTRACT('(.*) (.*)', 'ann lee', 2) => lee
                    REGEXP_EXTRACT('x.', 'no') => NULL
                    REGEXP_EXTRACT_ALL('[a-z]', 'a1b2') => [a, b]
                    REGEXP_REPLACE('a1b22', '[0-9]+', '#') => a#b#
                    REGEXP_REPLACE('john smith', '(\\w+) (\\w+)', '$2 $1') => smith john
                    REGEXP_SPLIT_TO_ARRAY('a1b22c', '[0-9]+') => [a, b, c]
                    REGEXP_LIKE(s, '^G.*!$') => true
                    s LIKE 'Gr%' => true
                    'a_b' LIKE 'a!_b' ESCAPE '!' => true
                    'axb' LIKE 'a!_b' ESCAPE '!' => false
                    MASK('My Test $123') => Xx-Xxxx--nnn
                    MASK('My Test $123', '*', NULL, '1', NULL) => *y *est $111
                    MASK_LEFT('My Test', 4) => Xx-Xest
                    MASK_RIGHT('My Test', 4) => My Xxxx
                    MASK_KEEP_LEFT('My Test', 4) => My Txxx
                    MASK_KEEP_RIGHT('My Test', 4) => Xx-Test
                    ENCODE('Example!', 'ascii', 'hex') => 4578616d706c6521
                    ENCODE('zpXOu867', 'base64', 'utf8') => Ελλ
                    MD5('abc') => 900150983cd24fb0d6963f7d28e17f72
                    SHA256('abc') => ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
                    TO_BYTES('0102ff', 'hex') => 0102ff
                    FROM_BYTES(b, 'hex') => 00000102
                    INT_FROM_BYTES(b) => 258
                    BIGINT_FROM_BYTES(TO_BYTES('00000000000000ff', 'hex')) => 255
                    DOUBLE_FROM_BYTES(TO_BYTES('3ff8000000000000', 'hex')) => 1.5
                    ABS(d) => 2.75
                    CEIL(d) => -2.0
                    FLOOR(d) => -3.0
                    FLOOR(p) => 12
                    ROUND(d, 1) => -2.8
                    ROUND(p, 1) => 12.300
                    ROUND(-2.5) => -3.0
                    TRUNC(d) => -2.0
                    TRUNC(d, 1) => -2.7
                    TRUNC(p, 2) => 12.340
                    TRUNC(n) => 7
                    TRUNC(big, -9) => 5000000000
                    SIGN(n) => 1
                    SQRT(n + 2) => 3.0
                    POWER(n, 2) => 49.0
                    POW(2, 10) => 1024.0
                    EXP(0) => 1.0
                    LN(1) => 0.0
                    LOG(10, 100) => 2.0
                    LOG(1) => 0.0
                    LOG10(1000) => 3.0
                    MOD(n, 4) => 3
                    MOD(-7, 4) => -3
                    n % 4 => 3
                    CBRT(27) => 3.0
                    DEGREES(PI()) => 180.0
                    RADIANS(180) => 3.141592653589793
                    SIN(0) => 0.0
                    COS(0) => 1.0
                    TAN(0) => 0.0
                    ATAN2(0, 1) => 0.0
                    SINH(0) => 0.0
                    COSH(0) => 1.0
                    TANH(0) => 0.0
                    GREATEST(n, 9, nuln) => 9
                    GREATEST(n, d) => 7.0
                    GREATEST(nuln, nuln) => NULL
                    GREATEST('b', s, 'a') => b
                    LEAST(n, p, 3) => 3.000
                    LEAST(s, 'Z') => Grüße 😀!
                    LEAST(ts, TIMESTAMP '2020-01-01 00:00:00') => 2020-01-01T00:00:00Z
                    ROUND(GEO_DISTANCE(37.4439, -122.1663, 51, 0), 1) => 8682.5
                    UNIX_TIMESTAMP(ts) => 1709212455500
                    FROM_UNIXTIME(0) => 1970-01-01T00:00:00Z
                    FORMAT_TIMESTAMP(ts, 'yyyy-MM-dd HH:mm', 'Europe/Berlin') => 2024-02-29 14:14
                    TIMESTAMPTOSTRING(0, 'HH:mm', '+02:00') => 02:00
                    STRINGTOTIMESTAMP('1970-01-02', 'yyyy-MM-dd') => 86400000
                    PARSE_TIMESTAMP('29.02.2024', 'dd.MM.yyyy') => 2024-02-29T00:00:00Z
                    FORMAT_DATE(day, 'dd.MM.yy') => 29.02.24
                    PARSE_DATE('2024-02-29', 'yyyy-MM-dd') => 2024-02-29
                    FORMAT_TIME(tm, 'HH-mm-ss.SSS') => 13-14-15.500
                    PARSE_TIME('07:08', 'HH:mm') => 07:08
                    DATETOSTRING(18000, 'yyyy-MM-dd') => 2019-04-14
                    STRINGTODATE('2019-04-14', 'yyyy-MM-dd') => 18000
                    UNIX_DATE(day) => 19782
                    FROM_DAYS(19782) => 2024-02-29
                    CONVERT_TZ(ts, 'America/Los_Angeles', 'America/New_York') => 2024-02-29T16:14:15.500Z
                    TIMESTAMPADD(MILLISECONDS, 10, ts) => 2024-02-29T13:14:15.510Z
                    TIMESTAMPADD(DAY, 1, ts) => 2024-03-01T13:14:15.500Z
                    TIMESTAMPADD(YEARS, n - 6, ts) => 2025-02-28T13:14:15.500Z
                    TIMESTAMPSUB(HOURS, 1, ts) => 2024-02-29T12:14:15.500Z
                    TIMESTAMPDIFF(DAY, TIMESTAMP '2024-02-01 00:00:00', ts) => 28
                    DATEADD(DAYS, -5, day) => 2024-02-24
                    DATEADD(MONTH, 1, day) => 2024-03-29
                    DATESUB(YEARS, 1, day) => 2023-02-28
                    TIMEADD(HOURS, 12, tm) => 01:14:15.500
                    TIMESUB(MINUTES, 15, tm) => 12:59:15.500
                    DATE_TRUNC('month', ts) => 2024-02-01T00:00:00Z
                    DATE_TRUNC('week', ts) => 2024-02-26T00:00:00Z
                    DATE_TRUNC('hour', ts) => 2024-02-29T13:00:00Z
                    DATE_TRUNC('quarter', ts) => 2024-01-01T00:00:00Z
                    EXTRACT(DOW FROM ts) => 4
                    EXTRACT(DOW FROM DATE '2021-01-03') => 0
                    EXTRACT(DOY FROM ts) => 60
                    EXTRACT(WEEK FROM DATE '2021-01-03') => 53
                    EXTRACT(ISODOW FROM ts) => 4
                    EXTRACT(ISOYEAR FROM ts) => 2024
                    EXTRACT(QUARTER FROM ts) => 1
                    EXTRACT(CENTURY FROM ts) => 21
                    EXTRACT(DECADE FROM ts) => 202
                    EXTRACT(MILLENNIUM FROM ts) => 3
                    EXTRACT(YEAR FROM day) => 2024
                    NOW() => 2026-01-01T00:00:00Z
                    CURRENT_DATE => 2026-01-01
                    COALESCE(nul, s) => Grüße 😀!
                    IFNULL(nuln, 3) => 3
                    NVL(nuln, n) => 7
                    NULLIF(n, 7) => NULL
                    CASE WHEN nuln > 1 THEN 'a' WHEN n > 1 THEN 'b' END => b
                    CASE nul WHEN NULL THEN 'a' ELSE 'c' END => c
                    CASE WHEN nul IS NULL THEN 1 ELSE 2.5 END => 1.0
                    CASE WHEN FALSE THEN 1 END => NULL
                    CASE n WHEN 1 THEN 'a' ELSE 'c' END => c
                    CAST('12' AS INT) + 1 => 13
                    CAST(' 12 ' AS INT) => 12
                    CAST('-2147483648' AS INT) => -2147483648
                    CAST('1e3' AS DOUBLE) => 1000.0
                    CAST('NaN' AS DOUBLE) => NaN
                    CAST('1.25' AS DECIMAL(5, 1)) => 1.3
                    CAST(12.345 AS DECIMAL(4, 2)) => 12.35
                    CAST(d AS DECIMAL(5, 1)) => -2.8
                    CAST(TRUE AS VARCHAR) => true
                    CAST(ok AS VARCHAR) => true
                    CAST('yes' AS BOOLEAN) => true
                    CAST('off' AS BOOLEAN) => false
                    CAST(ts AS DATE) => 2024-02-29
                    CAST(ts AS TIME) => 13:14:15.500
                    CAST(day AS TIMESTAMP) => 2024-02-29T00:00:00Z
                    CAST('abcdef' AS VARCHAR(3)) => abc
                    7 / 2 => 3
                    -7 / 2 => -3
                    1.10 * 2.20 => 2.4200
                    1.1 + 2.22 => 3.32
                    n / 2 * 2 => 6
                    - 2 - - 3 => 1
                    'abc' LIKE '_b_' => true
                    '😀' LIKE '_' => true
                    '' LIKE '_' => false
                    nul LIKE '%' => NULL
                    'a.c' LIKE 'abc' => false
                    nuln > 1 OR TRUE => true
                    nuln > 1 AND FALSE => false
                    nuln > 1 AND TRUE => NULL
                    NOT (nuln > 1) => NULL
                    n IN (1, nuln) => NULL
                    n IN (7, nuln) => true
                    n NOT IN (1, nuln) => NULL
                    n BETWEEN nuln AND 10 => NULL
                    n BETWEEN 10 AND nuln => false
                    nuln IS NOT DISTINCT FROM NULL => true
                    (nuln > 1) IS NOT TRUE => true
                    'Z' < 'a' => true
                    'a' = 'a ' => false
                    s || nul => NULL
                    DATE '2024-01-31' + INTERVAL '1' MONTH => 2024-02-29
                    DATE '2024-02-29' + INTERVAL '1' YEAR => 2025-02-28
                    ts + INTERVAL '90' MINUTE => 2024-02-29T14:44:15.500Z
                    ts - INTERVAL '1' MONTH => 2024-01-29T13:14:15.500Z
                    ts + INTERVAL '1' DAY * n => 2024-03-07T13:14:15.500Z
                    tm + INTERVAL '12' HOUR => 01:14:15.500
                    ts > day => true
                    CAST('-12.51' AS DECIMAL(4, 1)) => -12.5
                    '-12.51'::numeric => -12.51
                    12.510::numeric + 1 => 13.510
                    '0.001'::decimal => 0.001
                    '7'::numeric(9, 2) => 7.00
                    '2024-02-29'::DATE => 2024-02-29
                    d::VARCHAR => -2.75
                    xs[1] => 3
                    xs[9] => NULL
                    m['l'] => 2
                    ARRAY_LENGTH(xs) => 5
                    CARDINALITY(m) => 2
                    ARRAY_CONTAINS(xs, 2) => true
                    ARRAY_CONTAINS(xs, 9) => false
                    ARRAY_CONTAINS(xs, nuln) => true
                    ARRAY_CONTAINS(nula, 1) => NULL
                    ARRAY_CONTAINS(ws, 'a') => true
                    ARRAY_DISTINCT(xs) => [3, 1, 2, null]
                    ARRAY_UNION(xs, ARRAY[9, 1]) => [3, 1, 2, null, 9]
                    ARRAY_INTERSECT(xs, ARRAY[3, 7]) => [3]
                    ARRAY_EXCEPT(xs, ARRAY[3, 7]) => [1, 2, null]
                    ARRAY_CONCAT(ws, ws) => [b, a, b, b, a, b]
                    ARRAY_CONCAT(nula, xs) => [3, 1, 2, 3, null]
                    ARRAY_REMOVE(xs, 3) => [1, 2, null]
                    ARRAY_MAX(xs) => 3
                    ARRAY_MIN(ws) => a
                    ARRAY_MAX(nula) => NULL
                    ARRAY_SORT(xs) => [1, 2, 3, 3, null]
                    ARRAY_SORT(ws, 'desc') => [b, b, a]
                    ARRAY_REVERSE(ws) => [b, a, b]
                    ARRAY_JOIN(xs, ';') => 3;1;2;3;null
                    ARRAY_JOIN(ws) => b,a,b
                    SLICE(xs, 2, 3) => [1, 2]
                    SLICE(xs, NULL, 2) => [3, 1]
                    GENERATE_SERIES(1, 3) => [1, 2, 3]
                    GENERATE_SERIES(5, 1, -2) => [5, 3, 1]
                    MAP_KEYS(m) => [k, l]
                    MAP_VALUES(m) => [1, 2]
                    MAP_UNION(m, MAP['l', 9]) => {k=1, l=9}
                    SPLIT_TO_MAP('a:=1/b:=2', '/', ':=') => {a=1, b=2}
                    EXTRACTJSONFIELD(js, '$.a.b[0]') => 10
                    EXTRACTJSONFIELD(js, '$.a.b[2]') => 1.50
                    EXTRACTJSONFIELD(js, '$.a') => {"b":[10,"x",1.50]}
                    EXTRACTJSONFIELD(js, '$.a.b[-1]') => NULL
                    EXTRACTJSONFIELD(js, '$.n') => NULL
                    EXTRACTJSONFIELD(s, '$.n') => NULL
                    IS_JSON_STRING(js) => true
                    IS_JSON_STRING(s) => false
                    JSON_ARRAY_LENGTH('[1, 2]') => 2
                    JSON_ARRAY_CONTAINS('[1, "a", true]', 'a') => true
                    JSON_ARRAY_CONTAINS('[1, "a", true]', 1) => true
                    JSON_ARRAY_CONTAINS('[1, "a", true]', ok) => true
                    JSON_KEYS(js) => [a, n, t]
                    JSON_ITEMS('[{"a":1}, 2]') => [{"a":1}, 2]
                    JSON_RECORDS('{"a": [1], "b": "x"}') => {a=[1], b="x"}
                    JSON_CONCAT('{"a":1}', '{"b":2}') => {"a":1,"b":2}
                    URL_ENCODE_PARAM('a b&c') => a+b%26c
                    URL_DECODE_PARAM('a+b%26c') => a b&c
                    URL_EXTRACT_PROTOCOL(url) => https
                    URL_EXTRACT_HOST(url) => example.org
                    URL_EXTRACT_PORT(url) => 8443
                    URL_EXTRACT_PORT('http://a/') => NULL
                    URL_EXTRACT_PATH(url) => /a b/c
                    URL_EXTRACT_QUERY(url) => x=1&y=a+b&z
                    URL_EXTRACT_FRAGMENT(url) => top
                    URL_EXTRACT_PARAMETER(url, 'y') => a b
                    URL_EXTRACT_PARAMETER(url, 'q') => NULL
                    URL_EXTRACT_HOST('no url at all') => NULL
                    """)
    void a_function_gives_what_its_users_expect(String expression, String expected) {
        assertThat(value(expression))
                .isEqualTo(
                        expected.startsWith("'") && expected.endsWith("'")
                                ? expected.substring(1, expected.length() - 1)
                                : expected);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiterString = " => ",
            textBlock =
                    """
                    CHR(s, s) => UNDEFINED_FUNCTION
                    2147483647 + 1 => NUMERIC_OUT_OF_RANGE
                    -2147483648 - 1 => NUMERIC_OUT_OF_RANGE
                    n + (2147483647 + 1) => NUMERIC_OUT_OF_RANGE
                    9223372036854775807 + 1 => NUMERIC_OUT_OF_RANGE
                    2147483647 * 2 > 0 => NUMERIC_OUT_OF_RANGE
                    ABS(CAST(-2147483648 AS INT)) => NUMERIC_OUT_OF_RANGE
                    CAST('1e400' AS DOUBLE) => NUMERIC_OUT_OF_RANGE
                    CAST('2147483648' AS INT) => NUMERIC_OUT_OF_RANGE
                    CAST('123456' AS DECIMAL(5, 1)) => NUMERIC_OUT_OF_RANGE
                    CAST(3000000000 AS INT) => NUMERIC_OUT_OF_RANGE
                    1 / 0 => DIVISION_BY_ZERO
                    CAST('1.5' AS INT) => INVALID_TEXT
                    LPAD(s) => UNDEFINED_FUNCTION
                    ARRAY_LENGTH(n) => UNDEFINED_FUNCTION
                    REPEAT(s, 100000000) => LIMIT_EXCEEDED
                    REGEXP_LIKE(s, '(') => INVALID_PARAMETER
                    REGEXP_LIKE(REPEAT('ab', 20000), '(a|b)*c') => LIMIT_EXCEEDED
                    ENCODE(s, 'klingon', 'hex') => INVALID_PARAMETER
                    TO_BYTES(s, 'hex') => INVALID_TEXT
                    TIMESTAMPADD(FORTNIGHTS, 1, ts) => INVALID_PARAMETER
                    DATEADD(HOURS, 1, day) => INVALID_PARAMETER
                    FORMAT_TIMESTAMP(ts, 'HH', 'Mars') => INVALID_PARAMETER
                    PARSE_DATE(s, 'yyyy') => INVALID_TEXT
                    GENERATE_SERIES(1, 9, -1) => INVALID_PARAMETER
                    SPLIT_PART(s, ' ', 0) => INVALID_PARAMETER
                    """)
    void bad_arguments_are_told(String expression, SqlState state) {
        SqlException refused = catchThrowableOfType(SqlException.class, () -> value(expression));
        assertThat(refused).as(expression).isNotNull();
        assertThat(refused.state()).as(refused.getMessage()).isEqualTo(state);
    }

    @Test
    void functions_work_in_values_and_in_continuous_queries() {
        run("CREATE TABLE v (id INT PRIMARY KEY, s VARCHAR, n INT)");
        run("INSERT INTO v VALUES (1, LPAD(UCASE('x'), 3, '-'), ARRAY_LENGTH(ARRAY[1, 2]))");
        assertThat(run("SELECT s, n FROM v").asRows().rows())
                .map(Arrays::toString)
                .containsExactly("[--X, 2]");
    }

    @Test
    void a_constant_that_overflows_fails_wherever_it_stands() {
        run("CREATE TABLE w (id INT PRIMARY KEY, n INT)");
        for (String sql :
                List.of(
                        "SELECT 2147483647 + 1",
                        "SELECT id FROM t WHERE 2147483647 + 1 < 0",
                        "SELECT id FROM t WHERE n < 2147483647 + 1",
                        "INSERT INTO w VALUES (1, 2147483647 + 1)",
                        "INSERT INTO w VALUES (1, ABS(1 - (2147483647 + 1)))")) {
            SqlException refused = catchThrowableOfType(SqlException.class, () -> run(sql));
            assertThat(refused).as(sql).isNotNull();
            assertThat(refused.state()).as(sql).isEqualTo(SqlState.NUMERIC_OUT_OF_RANGE);
        }
        assertThat(run("SELECT * FROM w").asRows().rows()).isEmpty();
    }

    @Test
    void values_may_call_functions_of_any_number_of_arguments() {
        run("CREATE TABLE x (id INT PRIMARY KEY, s VARCHAR, n INT)");
        run("INSERT INTO x VALUES (1, CONCAT_WS('-', 'a', NULL, 'b'), GREATEST(3, 9, 4))");
        assertThat(run("SELECT s, n FROM x").asRows().rows())
                .map(Arrays::toString)
                .containsExactly("[a-b, 9]");
    }

    @Test
    void describe_function_tells_every_form() {
        assertThat(run("DESCRIBE FUNCTION lpad").asRows().rows())
                .map(row -> (String) row[0])
                .containsExactly(
                        "LPAD(text VARCHAR, length INT) VARCHAR",
                        "LPAD(text VARCHAR, length INT, padding VARCHAR) VARCHAR");
        SqlException unknown =
                catchThrowableOfType(SqlException.class, () -> run("DESCRIBE FUNCTION lpat"));
        assertThat(unknown).hasMessage("function \"lpat\" does not exist");
        assertThat(unknown.hint().orElseThrow()).startsWith("Did you mean \"LPAD\"?");
    }

    @Test
    void every_function_that_is_shown_is_described() {
        List<String> undescribed =
                Functions.descriptions().entrySet().stream()
                        .filter(e -> e.getValue().equals("SCALAR"))
                        .filter(e -> Functions.forms(e.getKey()).isEmpty())
                        .map(java.util.Map.Entry::getKey)
                        .toList();
        assertThat(undescribed).isEmpty();
    }

    @Test
    void a_list_may_be_long() {
        String numbers =
                IntStream.range(8, 3_000).mapToObj(Integer::toString).collect(joining(","));
        String texts =
                IntStream.range(0, 3_000).mapToObj(i -> "'v" + i + "'").collect(joining(","));
        assertThat(ids("n NOT IN (" + numbers + ")")).containsExactly(1);
        assertThat(ids("n IN (" + numbers + ")")).isEmpty();
        assertThat(ids("n IN (" + numbers + ", 7)")).containsExactly(1);
        assertThat(ids("s NOT IN (" + texts + ") AND n IN (" + numbers + ", 7)"))
                .containsExactly(1);
        assertThat(ids("s IN (" + texts + ", 'Grüße 😀!')")).containsExactly(1);
    }

    private static List<Object> ids(String condition) {
        return run("SELECT id FROM t WHERE " + condition).asRows().rows().stream()
                .map(row -> row[0])
                .map(id -> (Object) ((Number) id).intValue())
                .toList();
    }
}
