package dev.weir.sql.serde;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import org.junit.jupiter.api.Test;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;

/// The scanner reads what Jackson reads, refuses what Jackson refuses, and says where.
final class JsonDecoderTest {
    private static final JsonMapper JACKSON =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .build();
    private static final Pattern SURROGATE = Pattern.compile("\\\\u[dD][89a-fA-F]");
    private static final Pattern REPEATED =
            Pattern.compile(
                    "\"(id|n|price|name|ok|bid|auction|channel)\".*\"\\1\"",
                    Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
    private static final Object ANY = new Object();
    private static final SqlType BID =
            new SqlType.Struct(
                    List.of(
                            new Field("auction", Primitive.BIGINT),
                            new Field("channel", Primitive.VARCHAR)));

    private static final List<Wanted> WANTED =
            List.of(
                    wanted("id", Primitive.BIGINT),
                    wanted("n", Primitive.INT),
                    wanted("price", Primitive.DOUBLE),
                    wanted("name", Primitive.VARCHAR),
                    wanted("ok", Primitive.BOOLEAN),
                    wanted("bid", BID, "auction"),
                    wanted("bid", BID, "CHANNEL"));

    @Test
    void what_is_json_is_decided_as_jackson_does() {
        Random random = new Random(7);
        JsonDecoder decoder = new JsonDecoder(List.of(), false);
        int accepted = 0;
        for (int i = 0; i < 25_000; i++) {
            byte[] text = randomObject(random, 0).getBytes(StandardCharsets.UTF_8);
            for (int m = random.nextInt(3); m > 0; m--) {
                text = mutated(text, random);
            }
            Boolean expected = jacksonAccepts(text);
            if (expected == null) {
                continue;
            }
            boolean actual = parse(decoder, text);
            assertThat(actual)
                    .as("%s (%s)", new String(text, StandardCharsets.UTF_8), decoder.error())
                    .isEqualTo(expected);
            accepted += actual ? 1 : 0;
        }
        assertThat(accepted).isBetween(5_000, 20_000);
    }

    @Test
    void wanted_fields_have_the_values_jackson_finds() {
        Random random = new Random(11);
        JsonDecoder decoder = new JsonDecoder(WANTED, false);
        Column[] columns = WANTED.stream().map(w -> Column.of(w.leaf())).toArray(Column[]::new);
        int rows = 0;
        for (int i = 0; i < 25_000; i++) {
            byte[] text = randomObject(random, 0).getBytes(StandardCharsets.UTF_8);
            if (random.nextInt(8) == 0) {
                text = mutated(text, random);
            }
            Object[] expected = expected(text);
            byte[] padded = new byte[text.length + 9];
            System.arraycopy(text, 0, padded, 3, text.length);
            boolean decoded = decoder.decode(padded, 3, text.length, columns);
            String latin = new String(text, StandardCharsets.ISO_8859_1);
            // A member that loses to another must still fit its type: Jackson's tree has lost it.
            boolean superseded = !decoded && expected != null && REPEATED.matcher(latin).find();
            if (superseded || jacksonAccepts(text) == null) {
                rows += decoded ? 1 : 0;
                continue;
            }
            assertThat(decoded)
                    .as("%s (%s)", new String(text, StandardCharsets.UTF_8), decoder.error())
                    .isEqualTo(expected != null);
            if (decoded) {
                for (int c = 0; c < columns.length; c++) {
                    if (expected[c] == ANY) {
                        continue;
                    }
                    assertThat(Values.storage(WANTED.get(c).leaf(), columns[c], rows))
                            .as("column %d of %s", c, new String(text, StandardCharsets.UTF_8))
                            .isEqualTo(expected[c]);
                }
                rows++;
            }
            for (Column column : columns) {
                assertThat(column.size()).isEqualTo(rows);
            }
        }
        assertThat(rows).isGreaterThan(3_000);
    }

    @Test
    void errors_say_what_and_at_which_byte() {
        assertThat(error("{\"id\": tru}")).isEqualTo(at(7, "field \"id\": expected a number"));
        assertThat(error("{\"id\": \"x1\"}")).contains("\"x1\" is not a number");
        assertThat(error("{\"id\": {}}")).isEqualTo(at(7, "field \"id\": expected a number"));
        assertThat(error("{\"n\": 3000000000}"))
                .isEqualTo(at(16, "field \"n\": 3000000000 is out of range for INT"));
        assertThat(error("{\"id\": 1.5}")).contains("1.5 is not a whole number");
        assertThat(error("{\"id\": 1e40}")).contains("out of range for BIGINT");
        assertThat(error("{\"id\": 1} x"))
                .isEqualTo(at(10, "field \"id\": unexpected text after the value"));
        assertThat(error("{\"id\": 1")).endsWith("the text ends too early");
        assertThat(error("{\"name\": \"ab")).endsWith("text without closing quote");
        assertThat(error("{\"name\": \"a\\qb\"}"))
                .isEqualTo(at(11, "field \"name\": invalid escape"));
        assertThat(error("{\"other\": \"\\ud800\"}")).endsWith("half a surrogate pair");
        assertThat(error("{\"ok\": \"true\"}")).endsWith("expected true or false");
        assertThat(error("{\"bid\": 3}")).endsWith("field \"bid\": expected an object");
        assertThat(error("[1]")).isEqualTo(at(0, "expected an object"));
        assertThat(error("")).endsWith("the text ends too early");
        assertThat(error("{\"other\": " + "[".repeat(100_000))).contains("nested deeper than 500");
        byte[] overlong = "{\"name\": \"??\"}".getBytes(StandardCharsets.UTF_8);
        overlong[10] = (byte) 0xC0;
        overlong[11] = (byte) 0x80;
        JsonDecoder decoder = new JsonDecoder(WANTED, false);
        assertThat(parse(decoder, overlong)).isFalse();
        assertThat(decoder.error()).isEqualTo(at(10, "field \"name\": invalid UTF-8"));
    }

    @Test
    void numbers_and_text_become_one_another_where_nothing_is_lost() {
        assertThat(read("{\"v\": \"12\"}", Primitive.BIGINT)).isEqualTo(12L);
        assertThat(read("{\"v\": 1.20e1}", Primitive.BIGINT)).isEqualTo(12L);
        assertThat(read("{\"v\": -9223372036854775808}", Primitive.BIGINT))
                .isEqualTo(Long.MIN_VALUE);
        assertThat(read("{\"v\": 0.1}", Primitive.DOUBLE)).isEqualTo(0.1);
        assertThat(read("{\"v\": 123456789012345678901234567890}", Primitive.DOUBLE))
                .isEqualTo(1.2345678901234568E+29);
        assertThat(read("{\"v\": \"-Infinity\"}", Primitive.DOUBLE))
                .isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(read("{\"v\": 1.50}", Primitive.VARCHAR)).isEqualTo("1.50");
        assertThat(read("{\"v\": true}", Primitive.VARCHAR)).isEqualTo("true");
        assertThat(read("{\"v\": {\"a\": [1 ]}}", Primitive.VARCHAR)).isEqualTo("{\"a\": [1 ]}");
        assertThat(read("{\"v\": \"AP8=\"}", Primitive.BYTES)).isEqualTo(new byte[] {0, -1});
        assertThat(read("{\"v\": 1.5}", new SqlType.Decimal(10, 3)))
                .isEqualTo(new BigDecimal("1.500"));
        assertThat(read("{\"v\": \"1e2\"}", new SqlType.Decimal(10, 0)))
                .isEqualTo(new BigDecimal("100"));
        assertThat(error("{\"v\": 1.25}", new SqlType.Decimal(10, 1))).contains("does not fit");
        assertThat(error("{\"v\": 1e999999999}", new SqlType.Decimal(10, 1)))
                .contains("does not fit");
    }

    @Test
    void times_are_iso_text_or_numbers() {
        assertThat(read("{\"v\": \"2023-11-14T22:13:20Z\"}", Primitive.TIMESTAMP))
                .isEqualTo(1_700_000_000_000L);
        assertThat(read("{\"v\": \"2023-11-14 22:13:20.1239\"}", Primitive.TIMESTAMP))
                .isEqualTo(1_700_000_000_123L);
        assertThat(read("{\"v\": \"2023-11-14T23:13:20+01:00\"}", Primitive.TIMESTAMP))
                .isEqualTo(1_700_000_000_000L);
        assertThat(read("{\"v\": \"2023-11-14\"}", Primitive.TIMESTAMP))
                .isEqualTo(1_699_920_000_000L);
        assertThat(read("{\"v\": 1700000000000}", Primitive.TIMESTAMP))
                .isEqualTo(1_700_000_000_000L);
        assertThat(read("{\"v\": \"1700000000000\"}", Primitive.TIMESTAMP))
                .isEqualTo(1_700_000_000_000L);
        assertThat(read("{\"v\": \"2024-02-29\"}", Primitive.DATE)).isEqualTo(19_782L);
        assertThat(read("{\"v\": \"0000-01-01\"}", Primitive.DATE)).isEqualTo(-719_528L);
        assertThat(read("{\"v\": \"23:59:59.5\"}", Primitive.TIME)).isEqualTo(86_399_500L);
        assertThat(error("{\"v\": \"2023-02-29\"}", Primitive.DATE)).contains("not a valid date");
        assertThat(error("{\"v\": \"2023-11-14T25:00\"}", Primitive.TIMESTAMP))
                .contains("not a valid time");
        assertThat(error("{\"v\": \"2023-11-14T22:13:20Zx\"}", Primitive.TIMESTAMP))
                .contains("not a valid time");
        assertThat(error("{\"v\": 86400000}", Primitive.TIME)).contains("out of range for TIME");
        Random random = new Random(3);
        for (int i = 0; i < 20_000; i++) {
            long day = random.nextInt(3_652_059) - 719_162L;
            String text = java.time.LocalDate.ofEpochDay(day).toString();
            assertThat(read("{\"v\": \"" + text + "\"}", Primitive.DATE)).isEqualTo(day);
        }
    }

    @Test
    void nested_types_are_read_whole() {
        SqlType order =
                new SqlType.Struct(
                        List.of(
                                new Field("Item", Primitive.VARCHAR),
                                new Field("qty", new SqlType.Array(Primitive.INT)),
                                new Field("at", Primitive.TIMESTAMP)));
        Object read =
                read(
                        "{\"v\": {\"k\\u0031\": {\"item\": \"t\\u00e9a\", \"x\": [{}],"
                                + " \"qty\": [1, null, \"2\"]}, \"k2\": null}}",
                        new SqlType.MapOf(Primitive.VARCHAR, order));
        Map<?, ?> map = (Map<?, ?>) read;
        assertThat(map.get("k1"))
                .isEqualTo(Arrays.asList("téa", Arrays.asList(1L, null, 2L), null));
        assertThat(map.containsKey("k2")).isTrue();
        assertThat(
                        error(
                                "{\"v\": {\"k\": {\"qty\": 1}}}",
                                new SqlType.MapOf(Primitive.VARCHAR, order)))
                .endsWith("expected an array");
    }

    @Test
    void a_struct_may_be_wanted_whole_and_by_its_fields() {
        List<Wanted> both = List.of(wanted("bid", BID), wanted("bid", BID, "channel"));
        JsonDecoder decoder = new JsonDecoder(both, false);
        Column[] columns = {Column.of(BID), Column.of(Primitive.VARCHAR)};
        assertThat(decode(decoder, "{\"BID\": {\"channel\": \"x\", \"auction\": 5}}", columns))
                .isTrue();
        assertThat(Values.storage(BID, columns[0], 0)).isEqualTo(List.of(5L, "x"));
        assertThat(Values.storage(Primitive.VARCHAR, columns[1], 0)).isEqualTo("x");
        assertThat(decode(decoder, "{\"bid\": null}", columns)).isTrue();
        assertThat(columns[0].isNull(1)).isTrue();
        assertThat(columns[1].isNull(1)).isTrue();
    }

    @Test
    void the_exact_name_wins_then_the_last() {
        assertThat(read("{\"v\": 1, \"V\": 2}", Primitive.BIGINT)).isEqualTo(1L);
        assertThat(read("{\"V\": 2, \"v\": 1}", Primitive.BIGINT)).isEqualTo(1L);
        assertThat(read("{\"v\": 1, \"v\": 3}", Primitive.BIGINT)).isEqualTo(3L);
        assertThat(read("{\"v\": 1, \"v\": null}", Primitive.BIGINT)).isNull();
        assertThat(read("{\"V\": 4, \"\\u0056\": 5}", Primitive.BIGINT)).isEqualTo(5L);
        List<Wanted> paths = List.of(wanted("bid", BID, "auction"), wanted("bid", BID, "channel"));
        Column[] columns = {Column.of(Primitive.BIGINT), Column.of(Primitive.VARCHAR)};
        assertThat(
                        decode(
                                new JsonDecoder(paths, false),
                                "{\"bid\": {\"auction\": 1}, \"bid\": {\"channel\": \"c\"}}",
                                columns))
                .isTrue();
        assertThat(columns[0].isNull(0)).isTrue();
        assertThat(Values.storage(Primitive.VARCHAR, columns[1], 0)).isEqualTo("c");
    }

    @Test
    void a_bare_value_needs_no_object() {
        JsonDecoder decoder = new JsonDecoder(List.of(wanted("k", Primitive.VARCHAR)), true);
        Column[] columns = {Column.of(Primitive.VARCHAR)};
        assertThat(decode(decoder, " \"x\\n\" ", columns)).isTrue();
        assertThat(decode(decoder, "null", columns)).isTrue();
        assertThat(Values.storage(Primitive.VARCHAR, columns[0], 0)).isEqualTo("x\n");
        assertThat(columns[0].isNull(1)).isTrue();
    }

    // The judge

    /// Whether the text is an object; null when Jackson cannot judge.
    private static Boolean jacksonAccepts(byte[] bytes) {
        String text;
        try {
            text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException notUtf8) {
            return false;
        }
        if (SURROGATE.matcher(text).find()) {
            return null;
        }
        try {
            return JACKSON.readTree(text).isObject();
        } catch (JacksonException malformed) {
            return false;
        } catch (NumberFormatException beyondItsLimits) {
            return null;
        }
    }

    /// The values of WANTED by Jackson's tree; null when the text must be refused.
    private static Object[] expected(byte[] bytes) {
        if (!Boolean.TRUE.equals(jacksonAccepts(bytes))) {
            return null;
        }
        JsonNode tree = JACKSON.readTree(new String(bytes, StandardCharsets.UTF_8));
        Object[] values = new Object[WANTED.size()];
        try {
            for (int i = 0; i < values.length; i++) {
                Wanted column = WANTED.get(i);
                JsonNode node = member(tree, column.name());
                for (String name : column.path()) {
                    if (node != null && !node.isNull() && !node.isObject()) {
                        return null;
                    }
                    node = node == null ? null : member(node, name);
                }
                values[i] = node == null || node.isNull() ? null : value(column.leaf(), node);
            }
        } catch (ArithmeticException | NumberFormatException | DecodeFailure lossy) {
            return null;
        }
        return values;
    }

    private static JsonNode member(JsonNode tree, String name) {
        if (tree.has(name)) {
            return tree.get(name);
        }
        JsonNode found = null;
        for (String other : tree.propertyNames()) {
            if (other.equalsIgnoreCase(name)) {
                found = tree.get(other);
            }
        }
        return found;
    }

    private static Object value(SqlType type, JsonNode node) {
        return switch ((Primitive) type) {
            case BIGINT -> decimal(node).longValueExact();
            case INT -> (long) decimal(node).intValueExact();
            case DOUBLE -> {
                double real = decimal(node).doubleValue();
                if (Double.isInfinite(real)) {
                    throw new NumberFormatException();
                }
                // BigDecimal has no -0.
                yield real == 0 ? ANY : (Object) real;
            }
            case VARCHAR -> {
                if (node.isContainer() || node.isFloatingPointNumber()) {
                    // The text is the source's, which the tree no longer has.
                    yield ANY;
                }
                yield node.asString();
            }
            case BOOLEAN -> {
                if (!node.isBoolean()) {
                    throw new NumberFormatException();
                }
                yield node.asBoolean() ? 1L : 0L;
            }
            default -> throw new IllegalStateException();
        };
    }

    private static BigDecimal decimal(JsonNode node) {
        if (node.isNumber()) {
            return node.decimalValue();
        }
        if (node.isString()) {
            return TextValues.decimal(node.asString());
        }
        throw new NumberFormatException();
    }

    // The generator

    private static String randomObject(Random random, int depth) {
        StringBuilder text = new StringBuilder(blank(random)).append('{');
        int members = random.nextInt(5);
        List<String> names =
                new ArrayList<>(
                        List.of("id", "n", "price", "name", "ok", "bid", "x", "Name", "ID"));
        if (depth > 0) {
            names = List.of("auction", "channel", "Channel", "AUCTION", "y", "x\\u0041");
        }
        for (int i = 0; i < members; i++) {
            String name = names.get(random.nextInt(names.size()));
            text.append(i > 0 ? "," : "").append(blank(random)).append('"').append(name);
            text.append('"').append(blank(random)).append(':').append(blank(random));
            text.append(randomValue(name.toLowerCase(java.util.Locale.ROOT), random, depth));
            text.append(blank(random));
        }
        return text.append('}').append(blank(random)).toString();
    }

    private static String randomValue(String name, Random random, int depth) {
        if (random.nextInt(12) == 0) {
            return "null";
        }
        return switch (name) {
            case "id", "auction" ->
                    switch (random.nextInt(8)) {
                        case 0 -> '"' + Long.toString(random.nextLong()) + '"';
                        case 1 -> random.nextInt(100) + ".0";
                        case 2 -> "1.5e" + random.nextInt(3);
                        case 3 -> Long.toString(random.nextLong()) + random.nextInt(10);
                        default -> Long.toString(random.nextLong() >> random.nextInt(64));
                    };
            case "n" -> Long.toString(random.nextLong() >> (24 + random.nextInt(40)));
            case "price" ->
                    random.nextBoolean()
                            ? Double.toString(random.nextGaussian() * 1_000)
                            : Double.toString(
                                            Double.longBitsToDouble(
                                                    random.nextLong() & ~(0x7FL << 56)))
                                    .replace("NaN", "0");
            case "name", "channel" ->
                    random.nextInt(6) == 0
                            ? Integer.toString(random.nextInt())
                            : randomText(random);
            case "ok" -> random.nextBoolean() ? "true" : "false";
            case "bid" -> depth > 0 ? "{}" : randomObject(random, depth + 1);
            default ->
                    switch (random.nextInt(5)) {
                        case 0 -> "[" + blank(random) + "1, [\"a\"], {\"b\": -0.5E+3}]";
                        case 1 -> "[]";
                        case 2 -> "false";
                        case 3 -> "-0";
                        default -> randomText(random);
                    };
        };
    }

    private static String randomText(Random random) {
        String[] pieces = {
            "a",
            "b",
            "longer text without any escape",
            "\\n",
            "\\\"",
            "\\\\",
            "\\/",
            "\\u00e9",
            "é",
            "漢",
            "\uD83D\uDE00",
            "\\uD83D\\uDE00",
            "\\u0000",
            " ",
            "}",
            "\u007f",
            "'"
        };
        StringBuilder text = new StringBuilder("\"");
        for (int i = random.nextInt(6); i > 0; i--) {
            text.append(pieces[random.nextInt(pieces.length)]);
        }
        return text.append('"').toString();
    }

    private static String blank(Random random) {
        return random.nextInt(4) == 0
                ? List.of(" ", "\n", "\t ", "\r\n").get(random.nextInt(4))
                : "";
    }

    private static byte[] mutated(byte[] text, Random random) {
        if (text.length == 0) {
            return text;
        }
        int at = random.nextInt(text.length);
        switch (random.nextInt(4)) {
            case 0 -> {
                return Arrays.copyOf(text, at);
            }
            case 1 -> {
                byte[] shorter = new byte[text.length - 1];
                System.arraycopy(text, 0, shorter, 0, at);
                System.arraycopy(text, at + 1, shorter, at, shorter.length - at);
                return shorter;
            }
            default -> {
                byte[] changed = text.clone();
                String likely = "{}[]\":,\\0129.eE+-tfnu \n\u0001";
                changed[at] =
                        random.nextInt(4) == 0
                                ? (byte) random.nextInt(256)
                                : (byte) likely.charAt(random.nextInt(likely.length()));
                return changed;
            }
        }
    }

    // Helpers

    private static Wanted wanted(String name, SqlType type, String... path) {
        return Wanted.of(0, new Field(name, type), List.of(path));
    }

    private static String at(int position, String what) {
        return "invalid JSON at byte " + position + ": " + what;
    }

    private static boolean parse(JsonDecoder decoder, byte[] text) {
        return decoder.parse(text, 0, text.length);
    }

    private static boolean decode(JsonDecoder decoder, String text, Column[] into) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return decoder.decode(bytes, 0, bytes.length, into);
    }

    private static String error(String text) {
        JsonDecoder decoder = new JsonDecoder(WANTED, false);
        assertThat(parse(decoder, text.getBytes(StandardCharsets.UTF_8))).as(text).isFalse();
        return decoder.error();
    }

    private static String error(String text, SqlType type) {
        JsonDecoder decoder = new JsonDecoder(List.of(wanted("v", type)), false);
        assertThat(parse(decoder, text.getBytes(StandardCharsets.UTF_8))).as(text).isFalse();
        return decoder.error();
    }

    private static Object read(String text, SqlType type) {
        JsonDecoder decoder = new JsonDecoder(List.of(wanted("v", type)), false);
        Column[] columns = {Column.of(type)};
        assertThat(decode(decoder, text, columns)).as("%s: %s", text, decoder.error()).isTrue();
        return Values.storage(type, columns[0], 0);
    }
}
