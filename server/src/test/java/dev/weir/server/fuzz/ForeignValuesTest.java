package dev.weir.server.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;

import dev.weir.server.ServerConfig;
import dev.weir.server.WeirServer;
import dev.weir.sql.exec.QueryInfo;
import dev.weir.sql.exec.SqlSession;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

/// Values that other programs write into topics which queries read: broken, huge, deep, in no
/// encoding. Each becomes a row of each query or one dead letter of it, and what comes after it is
/// read as if it had not been there.
///
/// `-Dweir.fuzz.seconds=N` runs for longer, `-Dweir.seed=S` begins with another seed.
class ForeignValuesTest {
    private static final int VALUES_PER_SEED = 3000;
    private static final Duration POLL = Duration.ofMillis(100);

    /// What the process may allocate for values: by these programs, the broker, and three queries.
    private static final long ALLOCATED = 1 << 30;

    private static final long ALLOCATED_PER_BYTE = 64;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// Everything Jackson takes and more is JSON; how large a number may be is no question of it.
    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNumberLength(Integer.MAX_VALUE)
                                                    .maxNameLength(Integer.MAX_VALUE)
                                                    .build())
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private static final String COLUMNS =
            "k BIGINT KEY, i INT, l BIGINT, d DOUBLE, n DECIMAL(20, 4), t VARCHAR, b BOOLEAN,"
                    + " dt DATE, tm TIME, ts TIMESTAMP, y BYTES";

    /// A format, the values that its stream reads well, and words that mean something in it.
    private record Format(String name, String columns, List<String> good, List<String> words) {
        String stream() {
            return "foreign_" + name.toLowerCase(Locale.ROOT);
        }

        boolean isJson() {
            return name.equals("JSON");
        }

        List<byte[]> goodValues() {
            return good.stream().map(each -> each.getBytes(StandardCharsets.UTF_8)).toList();
        }
    }

    private static final Format JSON =
            new Format(
                    "JSON",
                    COLUMNS + ", a ARRAY<INT>, m MAP<VARCHAR, DOUBLE>, s STRUCT<x INT, z VARCHAR>",
                    List.of(
                            "{\"i\":1,\"l\":-9223372036854775808,\"d\":1.5,\"n\":12.3456,\"t\":\"pen\","
                                + "\"b\":true,\"dt\":20088,\"tm\":1000,\"ts\":1700000000000,"
                                + "\"y\":\"AQID\",\"a\":[1,null,3],\"m\":{\"u\":1e3},"
                                + "\"s\":{\"x\":1,\"z\":\"\u00e9\"}}",
                            "{\"i\":\"12\",\"d\":\"1e-300\",\"n\":\"1.25\",\"dt\":\"2024-02-29\","
                                    + "\"ts\":\"2024-12-31T23:59:59.123Z\",\"tm\":\"01:02:03\","
                                    + "\"t\":{\"deep\":[1,{\"er\":null}]}}",
                            "{}",
                            " { \"T\" : \"\\ud83d\\ude00\\u0000\\n\" , \"unknown\" : [ [ ] , { } ]"
                                    + " } "),
                    List.of(
                            "{",
                            "}",
                            "[",
                            "]",
                            ":",
                            ",",
                            "\"",
                            "\\",
                            "\\u0000",
                            "\\ud800",
                            "\\udc00",
                            "null",
                            "true",
                            "false",
                            "NaN",
                            "-0",
                            "01",
                            "+1",
                            ".5",
                            "1.",
                            "1e",
                            "-",
                            "1e999999999",
                            "-1e999999999",
                            "1e-999999999",
                            "1e2147483648",
                            "12345678901234567890123456789012345678901234567890",
                            "2147483648",
                            "0.00001",
                            "\"1e999999999\"",
                            "\"2024-02-30\"",
                            "\"9999999999-01-01\"",
                            "\"24:00\"",
                            "\"i\"",
                            "\"n\"",
                            "\"ts\"",
                            "\"a\"",
                            "\"m\"",
                            "\"s\"",
                            "[[[[[[[[",
                            "{\"a\":{\"a\":{\"a\":",
                            "/*",
                            "//",
                            "'",
                            "\uFEFF",
                            "\t",
                            "\u2028"));

    private static final Format DELIMITED =
            new Format(
                    "DELIMITED",
                    COLUMNS,
                    List.of(
                            "1,-5,1.5,12.3456,pen,true,20088,1000,1700000000000,AQID",
                            ",,,,,,,,,",
                            "7,8,1e-3,\"1.25\",\"a, \"\"b\"\"\",FALSE,2024-02-29,01:02:03,"
                                    + "2024-12-31T23:59:59Z,AA=="),
                    List.of(
                            ",",
                            "\"",
                            "\"\"",
                            "\n",
                            "\r\n",
                            ",,,,,,,,,,",
                            "true",
                            "1e999999999",
                            "1e-999999999",
                            "2147483648",
                            "0x10",
                            "NaN",
                            "Infinity",
                            "2024-02-30",
                            "9999999999-01-01",
                            "24:00",
                            " ",
                            "\t",
                            "\0",
                            "\uFEFF",
                            "=",
                            "A",
                            "null"));

    @TempDir Path directory;

    private final SqlSession session = new SqlSession("foreign");
    private final Map<Format, Long> sent = new HashMap<>();
    private WeirServer server;

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void each_value_is_a_row_or_a_dead_letter_of_each_query() throws Exception {
        try (var log = new LogWatch();
                var started = WeirServer.start(ServerConfig.onFreePorts(directory))) {
            server = started;
            for (var format : List.of(JSON, DELIMITED)) {
                create(format);
            }
            long first = Long.getLong("weir.seed", 1);
            long seconds = Long.getLong("weir.fuzz.seconds", 0);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
            long seed = first;
            do {
                System.out.println("foreign values seed " + seed);
                for (var format : List.of(JSON, DELIMITED)) {
                    check(format, values(format, new Random(seed)));
                }
                seed++;
            } while (System.nanoTime() < end);
            assertThat(log.surprises()).isEmpty();
        }
    }

    private void create(Format format) {
        var name = format.stream();
        run(
                "CREATE STREAM "
                        + name
                        + " ("
                        + format.columns()
                        + ") WITH (KAFKA_TOPIC='"
                        + name
                        + "', KEY_FORMAT='KAFKA', VALUE_FORMAT='"
                        + format.name()
                        + "', PARTITIONS=1)");
        run(
                "CREATE STREAM copied_"
                        + name
                        + " WITH (VALUE_FORMAT='JSON') AS SELECT * FROM "
                        + name);
        run(
                "CREATE TABLE summed_"
                        + name
                        + " AS SELECT b, COUNT(*) AS c, MAX(l) AS l, MAX(n) AS n, MIN(ts) AS ts,"
                        + " MAX(LEN(t)) AS t FROM "
                        + name
                        + " GROUP BY b");
    }

    private List<byte[]> values(Format format, Random random) {
        var good = format.goodValues();
        var mutator = new Mutator(random, good, format.words());
        var values = new ArrayList<>(extremes(format));
        while (values.size() < VALUES_PER_SEED) {
            var value = good.get(random.nextInt(good.size()));
            values.add(random.nextInt(4) == 0 ? value : mutator.mutate(value));
        }
        return values;
    }

    /// What a mutator does not come upon.
    private static List<byte[]> extremes(Format format) {
        var values = new ArrayList<byte[]>();
        values.add(null);
        values.add(new byte[0]);
        for (var encoding : List.of("c080", "eda080", "f4908080", "e28", "ff", "80", "f09f98")) {
            var hex = encoding.length() % 2 == 0 ? encoding : encoding + "2";
            var wrong = new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
            values.add(
                    (format.isJson() ? "{\"t\":\"" + wrong + "\"}" : ",,,," + wrong + ",,,,,")
                            .getBytes(StandardCharsets.ISO_8859_1));
        }
        var numbers =
                List.of(
                        "1".repeat(800_000),
                        "0." + "1".repeat(800_000),
                        "1e" + "9".repeat(10_000),
                        "1e-" + "9".repeat(10_000),
                        "0".repeat(100_000),
                        "-" + "9".repeat(100_000) + "e-" + 99_999,
                        "1e999999999",
                        "1e-999999999");
        for (var number : numbers) {
            for (var column : List.of("i", "l", "d", "n", "t", "dt", "tm", "ts", "unknown")) {
                values.add(of(format, column, number));
                values.add(of(format, column, "\"" + number + "\""));
            }
        }
        if (format.isJson()) {
            for (var deep : List.of("[", "{\"a\":", "[{\"a\":[")) {
                for (int depth : new int[] {100, 499, 500, 501, 10_000, 250_000}) {
                    for (var column : List.of("t", "a", "unknown")) {
                        values.add(
                                of(
                                        format,
                                        column,
                                        deep.repeat(Math.min(depth, 800_000 / deep.length()))));
                    }
                }
            }
            for (int depth : new int[] {1, 400, 600, 100_000}) {
                values.add(of(format, "t", "[".repeat(depth) + "]".repeat(depth)));
                values.add(of(format, "unknown", "[".repeat(depth) + "]".repeat(depth)));
            }
            values.add(of(format, "a", "[" + "1,".repeat(300_000) + "1]"));
            values.add(of(format, "m", "{" + "\"x\":1,".repeat(100_000) + "\"x\":1}"));
            values.add(of(format, "t", "\"" + "\\u00e9".repeat(100_000) + "\""));
            values.add(
                    ("{" + "\"t\":\"v\",".repeat(90_000) + "\"t\":\"v\"}")
                            .getBytes(StandardCharsets.UTF_8));
            values.add(("{\"" + "n".repeat(800_000) + "\":1}").getBytes(StandardCharsets.UTF_8));
        } else {
            values.add(",".repeat(800_000).getBytes(StandardCharsets.UTF_8));
            values.add("\"".repeat(800_000).getBytes(StandardCharsets.UTF_8));
            values.add(("\"" + "\n".repeat(800_000)).getBytes(StandardCharsets.UTF_8));
        }
        return values;
    }

    /// A value with one field that counts.
    private static byte[] of(Format format, String column, String text) {
        return (format.isJson() ? "{\"" + column + "\":" + text + "}" : delimited(column, text))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static String delimited(String column, String text) {
        var names = List.of("i", "l", "d", "n", "t", "b", "dt", "tm", "ts", "y");
        int at = names.indexOf(column);
        return at < 0 ? text : ",".repeat(at) + text + ",".repeat(names.size() - 1 - at);
    }

    /// What became of the records of a format: the keys of those that came through, and for each
    /// relation that wrote letters about them the offsets, which are the same numbers.
    private record Outcome(Set<Long> rows, Map<String, List<Long>> letters) {}

    private void check(Format format, List<byte[]> values) throws Exception {
        var all = new ArrayList<>(values);
        all.add(format.goodValues().getFirst());
        long first = sent.merge(format, (long) all.size(), Long::sum) - all.size();
        long bytes = all.stream().mapToLong(each -> each == null ? 0 : each.length).sum();
        long before = THREADS.getTotalThreadAllocatedBytes();
        send(format, first, all);
        var outcome = outcome(format, first + all.size() - 1);
        assertThat(THREADS.getTotalThreadAllocatedBytes() - before)
                .as("bytes allocated for %d bytes of %s", bytes, format.name())
                .isLessThan(ALLOCATED + ALLOCATED_PER_BYTE * bytes);

        var dead = outcome.letters().getOrDefault(format.stream(), List.of());
        assertThat(dead).doesNotHaveDuplicates();
        assertThat(outcome.letters()).doesNotContainKey("copied_" + format.stream());
        var unread = new HashSet<>(dead);
        var good = format.goodValues();
        int came = 0;
        for (int i = 0; i < all.size(); i++) {
            var value = all.get(i);
            long key = first + i;
            boolean row = outcome.rows().contains(key);
            came += row ? 1 : 0;
            if (isNothing(format, value)) {
                assertThat(row || unread.contains(key)).as(show(key, value)).isFalse();
                continue;
            }
            assertThat(row).as(show(key, value)).isNotEqualTo(unread.contains(key));
            if (row) {
                assertThat(isReadable(format, value)).as(show(key, value)).isTrue();
            } else {
                assertThat(good).as(show(key, value)).doesNotContain(value);
            }
        }
        System.out.println(format.name() + ": " + came + " of " + all.size() + " can be read");
        assertThat(came).isBetween(all.size() / 10, all.size() * 9 / 10);
        assertThat(server.engine().queries())
                .extracting(QueryInfo::state)
                .containsOnly(QueryInfo.State.RUNNING);
        while (counted(format) < outcome.rows().size()) {
            Thread.onSpinWait();
        }
        assertThat(counted(format)).isEqualTo(outcome.rows().size());
    }

    private static boolean isNothing(Format format, byte[] value) {
        return value == null
                || (format.isJson()
                        && new String(value, StandardCharsets.UTF_8)
                                .replaceAll("[ \t\r\n]", "")
                                .equals("null"));
    }

    /// Whether others would read it: JSON is asked of Jackson.
    private static boolean isReadable(Format format, byte[] value) {
        try {
            var text =
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value)).toString();
            return !format.isJson() || MAPPER.readTree(text).isObject();
        } catch (CharacterCodingException | JacksonException _) {
            return false;
        }
    }

    private static String show(long key, byte[] value) {
        if (value == null) {
            return key + ": nothing";
        }
        var shown = Arrays.copyOf(value, Math.min(value.length, 1000));
        return "%d: %d bytes: %s %s"
                .formatted(
                        key,
                        value.length,
                        new String(shown, StandardCharsets.UTF_8),
                        HexFormat.of().formatHex(shown));
    }

    /// Rows that the table over the stream has counted.
    private long counted(Format format) {
        return server
                .engine()
                .execute("SELECT c FROM summed_" + format.stream(), session)
                .asRows()
                .rows()
                .stream()
                .mapToLong(row -> (Long) row[0])
                .sum();
    }

    private void send(Format format, long firstKey, List<byte[]> values) throws Exception {
        var refused = new ConcurrentLinkedQueue<Exception>();
        try (var producer =
                new KafkaProducer<>(
                        Map.of("bootstrap.servers", bootstrap(), "max.request.size", 2_000_000),
                        new LongSerializer(),
                        new ByteArraySerializer())) {
            long key = firstKey;
            for (var value : values) {
                var _ =
                        producer.send(
                                new ProducerRecord<>(format.stream(), key++, value),
                                (_, problem) -> {
                                    if (problem != null) {
                                        refused.add(problem);
                                    }
                                });
            }
        }
        assertThat(refused).isEmpty();
    }

    /// Waits for the row of the last key. Its letters are in one commit with it, and those of
    /// records before it in that or earlier ones.
    private Outcome outcome(Format format, long last) {
        var rows = new HashSet<Long>();
        var letters = new TreeMap<String, List<Long>>();
        try (var consumer =
                new KafkaConsumer<>(
                        Map.of(
                                "bootstrap.servers",
                                bootstrap(),
                                "isolation.level",
                                "read_committed"),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            var copies = new TopicPartition("copied_" + format.stream(), 0);
            consumer.assign(List.of(copies));
            consumer.seekToBeginning(List.of(copies));
            while (!rows.contains(last)) {
                consumer.poll(POLL).forEach(record -> rows.add(key(record.key())));
            }
            var dead = new TopicPartition("_weir_dead_letters", 0);
            consumer.assign(List.of(dead));
            consumer.seekToBeginning(List.of(dead));
            long end = consumer.endOffsets(List.of(dead)).get(dead);
            while (consumer.position(dead) < end) {
                consumer.poll(POLL)
                        .forEach(record -> {
                            var letter = MAPPER.readTree(record.value());
                            if (letter.path("topic").asString("").equals(format.stream())) {
                                letters.computeIfAbsent(
                                                letter.get("query").stringValue(),
                                                _ -> new ArrayList<>())
                                        .add(letter.get("offset").longValue());
                            }
                        });
            }
        }
        return new Outcome(rows, letters);
    }

    private static long key(byte[] bytes) {
        return ByteBuffer.wrap(bytes).getLong();
    }

    private String bootstrap() {
        return "127.0.0.1:" + server.kafkaAddress().getPort();
    }

    private void run(String sql) {
        var _ = server.engine().execute(sql, session);
    }
}
