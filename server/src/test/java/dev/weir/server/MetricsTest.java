package dev.weir.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `/metrics` of a server that was used.
class MetricsTest {
    private static final Path DOCUMENTATION = Path.of("../docs/reference/metrics.md");

    // The grammar of the text format: prometheus.io/docs/instrumenting/exposition_formats.
    private static final Pattern HELP =
            Pattern.compile("# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\\S.*)");
    private static final Pattern TYPE =
            Pattern.compile("# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)");
    private static final Pattern SAMPLE =
            Pattern.compile(
                    "([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{((?:[a-zA-Z_]\\w*=\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\",?)*)})?"
                        + " (-?(?:\\d+(?:\\.\\d+)?(?:E-?\\d+)?)|\\+Inf|-Inf|NaN)");

    @TempDir static Path directory;
    private static WeirServer server;
    private static HttpClient client;
    private static Page page;

    /// @param types by name
    /// @param samples by name and labels as they stand on the page
    private record Page(
            Map<String, String> types, Map<String, Double> samples, List<String> lines) {
        double of(String sample) {
            assertThat(samples).containsKey(sample);
            return samples.get(sample);
        }
    }

    @BeforeAll
    static void use() throws Exception {
        server = WeirServer.start(ServerConfig.onFreePorts(directory));
        client = HttpClient.newHttpClient();
        try (var producer =
                        new KafkaProducer<>(
                                Map.of("bootstrap.servers", bootstrap()),
                                new StringSerializer(),
                                new StringSerializer());
                var consumer =
                        new KafkaConsumer<>(
                                Map.of(
                                        "bootstrap.servers", bootstrap(),
                                        "group.id", "readers \"of\" orders",
                                        "enable.auto.commit", "false",
                                        "auto.offset.reset", "earliest",
                                        "max.poll.records", "4"),
                                new StringDeserializer(),
                                new StringDeserializer())) {
            for (int i = 0; i < 10; i++) {
                var _ = producer.send(new ProducerRecord<>("orders", "k" + i, "{\"n\":" + i + "}"));
            }
            producer.flush();
            consumer.subscribe(List.of("orders"));
            while (consumer.poll(Duration.ofSeconds(1)).isEmpty()) {
                // The group is being formed.
            }
            consumer.commitSync();
            statement(
                    "CREATE STREAM orders (n INT) WITH (KAFKA_TOPIC='orders',"
                            + " VALUE_FORMAT='JSON')");
            statement("CREATE STREAM few AS SELECT n FROM orders WHERE n < 3");
            // A read that must wait until the query has taken in everything.
            statement("CREATE TABLE counted AS SELECT n, COUNT(*) AS c FROM orders GROUP BY n");
            assertThat(statement("SELECT n, c FROM counted")).contains("9");
            page = read();
        }
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    @Test
    void the_page_keeps_to_the_rules_of_the_format() {
        var begun = new HashSet<String>();
        var seen = new HashSet<String>();
        String name = "";
        boolean typed = true;
        for (String line : page.lines) {
            Matcher help = HELP.matcher(line);
            Matcher type = TYPE.matcher(line);
            Matcher sample = SAMPLE.matcher(line);
            if (help.matches()) {
                assertThat(typed).as("a TYPE follows the HELP of " + name).isTrue();
                name = help.group(1);
                typed = false;
                assertThat(begun.add(name)).as("all of " + name + " stands together").isTrue();
            } else if (type.matches()) {
                assertThat(type.group(1)).isEqualTo(name);
                typed = true;
            } else {
                assertThat(sample.matches()).as(line).isTrue();
                assertThat(typed).as("a TYPE before " + line).isTrue();
                assertThat(seen.add(line.substring(0, line.lastIndexOf(' ')))).as(line).isTrue();
                String kind = page.types.get(name);
                String suffix = sample.group(1).substring(name.length());
                if (kind.equals("histogram")) {
                    assertThat(suffix).isIn("_bucket", "_sum", "_count");
                } else {
                    assertThat(sample.group(1)).isEqualTo(name);
                }
                assertThat(Double.parseDouble(sample.group(3).replace("+Inf", "Infinity")))
                        .isGreaterThanOrEqualTo(0);
            }
        }
    }

    @Test
    void names_follow_the_conventions() {
        page.types.forEach((name, type) -> {
            assertThat(name).matches("(weir|process|jvm)_[a-z_]+");
            assertThat(name.endsWith("_total")).as(name).isEqualTo(type.equals("counter"));
            assertThat(name).doesNotContainPattern("_(ms|millis|kb|mb|nanos)(_|$)");
        });
    }

    @Test
    void buckets_grow_to_the_count_of_their_histogram() {
        Map<String, Double> last = new HashMap<>();
        var bucket = Pattern.compile("(\\w+)_bucket\\{(.*?),?le=\"([^\"]+)\"}");
        for (String line : page.lines) {
            String key = line.substring(0, line.lastIndexOf(' '));
            Matcher found = bucket.matcher(key);
            if (found.matches()) {
                String series = found.group(1) + "{" + found.group(2) + "}";
                double value = page.of(key);
                assertThat(value).as(line).isGreaterThanOrEqualTo(last.getOrDefault(series, 0.0));
                last.put(series, value);
                if (found.group(3).equals("+Inf")) {
                    String count =
                            found.group(1)
                                    + "_count"
                                    + (found.group(2).isEmpty() ? "" : "{" + found.group(2) + "}");
                    assertThat(page.of(count)).as(line).isEqualTo(value);
                }
            }
        }
        assertThat(last).containsKey("weir_broker_request_seconds{api=\"Produce\"}");
        assertThat(last).containsKey("weir_log_sync_seconds{}");
    }

    @Test
    void every_metric_is_documented_and_every_documented_one_is_there() throws IOException {
        Set<String> documented = new TreeSet<>();
        var row =
                Pattern.compile(
                        "\\| `([a-z_]+)` \\| (counter|gauge|histogram) \\| (.*) \\| .+ \\|");
        for (String line : Files.readAllLines(DOCUMENTATION)) {
            Matcher found = row.matcher(line);
            if (found.matches()) {
                documented.add(found.group(1));
                assertThat(page.types.get(found.group(1))).as(line).isEqualTo(found.group(2));
                Set<String> labels = new TreeSet<>();
                Pattern.compile("`(\\w+)`")
                        .matcher(found.group(3))
                        .results()
                        .forEach(label -> labels.add(label.group(1)));
                labelsOf(found.group(1))
                        .forEach(used -> assertThat(used).as(line).isEqualTo(labels));
            }
        }
        assertThat(documented).isEqualTo(new TreeSet<>(page.types.keySet()));
    }

    @Test
    void what_clients_did_is_in_the_figures() {
        assertThat(page.of("weir_topic_produced_records_total{topic=\"orders\"}")).isEqualTo(10);
        double bytes = page.of("weir_topic_produced_bytes_total{topic=\"orders\"}");
        assertThat(bytes).isGreaterThan(10 * "{\"n\":0}".length());
        assertThat(page.of("weir_broker_produced_bytes_total")).isEqualTo(bytes);
        assertThat(page.of("weir_partition_size_bytes{topic=\"orders\",partition=\"0\"}"))
                .isEqualTo(bytes);
        assertThat(page.of("weir_topic_fetched_bytes_total{topic=\"orders\"}"))
                .isGreaterThanOrEqualTo(bytes);
        assertThat(page.of("weir_partition_log_end_offset{topic=\"orders\",partition=\"0\"}"))
                .isEqualTo(10);
        assertThat(page.of("weir_partition_high_watermark{topic=\"orders\",partition=\"0\"}"))
                .isEqualTo(10);
        assertThat(page.of("weir_broker_requests_total{api=\"Produce\"}")).isPositive();
        assertThat(
                        page.of(
                                "weir_broker_request_errors_total{api=\"JoinGroup\",error=\"MEMBER_ID_REQUIRED\"}"))
                .isEqualTo(1);
        assertThat(page.of("weir_log_synced_bytes_total")).isGreaterThanOrEqualTo(bytes);
        assertThat(page.of("weir_broker_connections")).isPositive();
    }

    @Test
    void groups_are_there_with_their_members_and_their_lag() {
        assertThat(page.of("weir_groups{type=\"classic\",state=\"Stable\"}")).isEqualTo(1);
        String group = "group=\"readers \\\"of\\\" orders\"";
        assertThat(page.of("weir_group_members{" + group + "}")).isEqualTo(1);
        assertThat(page.of("weir_group_lag_records{" + group + ",topic=\"orders\"}")).isEqualTo(6);
    }

    @Test
    void queries_are_there_with_their_rows() {
        assertThat(page.of("weir_engine_persistent_queries")).isEqualTo(2);
        assertThat(page.of("weir_engine_lag_records")).isZero();
        List<String> written = new ArrayList<>();
        page.samples.forEach((sample, value) -> {
            if (sample.startsWith("weir_query_rows_out_total") && value == 3) {
                written.add(sample);
            }
        });
        assertThat(written).as("the query that lets three rows through").hasSize(1);
        List<Double> lags = new ArrayList<>();
        page.samples.forEach((sample, value) -> {
            if (sample.matches("weir_query_lag_records\\{query=\"\\w+\",topic=\"orders\"}")) {
                lags.add(value);
            }
        });
        assertThat(lags).as("both have read everything").containsExactly(0.0, 0.0);
    }

    private static List<Set<String>> labelsOf(String name) {
        List<Set<String>> found = new ArrayList<>();
        for (String sample : page.samples.keySet()) {
            Matcher parts =
                    Pattern.compile("\\Q" + name + "\\E(?:_bucket|_sum|_count)?(?:\\{(.*)})?")
                            .matcher(sample);
            if (parts.matches()) {
                Set<String> labels = new TreeSet<>();
                Pattern.compile("(\\w+)=\"(?:[^\"\\\\]|\\\\.)*\"")
                        .matcher(parts.group(1) == null ? "" : parts.group(1))
                        .results()
                        .forEach(label -> labels.add(label.group(1)));
                labels.remove("le");
                found.add(labels);
            }
        }
        return found;
    }

    private static Page read() throws IOException, InterruptedException {
        var response =
                client.send(
                        HttpRequest.newBuilder(URI.create(http() + "/metrics")).build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type"))
                .contains("text/plain; version=0.0.4; charset=utf-8");
        assertThat(response.body()).endsWith("\n");
        List<String> lines = response.body().lines().toList();
        Map<String, String> types = new HashMap<>();
        Map<String, Double> samples = new HashMap<>();
        for (String line : lines) {
            Matcher type = TYPE.matcher(line);
            if (type.matches()) {
                types.put(type.group(1), type.group(2));
            } else if (!line.startsWith("#")) {
                int space = line.lastIndexOf(' ');
                samples.put(line.substring(0, space), Double.parseDouble(line.substring(space)));
            }
        }
        return new Page(types, samples, lines);
    }

    private static String statement(String sql) throws IOException, InterruptedException {
        var response =
                client.send(
                        HttpRequest.newBuilder(URI.create(http() + "/statement"))
                                .header("Weir-Session", "metrics")
                                .POST(
                                        HttpRequest.BodyPublishers.ofString(
                                                "{\"sql\":\"" + sql + "\"}"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(response.body()).doesNotContain("\"error\"");
        return response.body();
    }

    private static String http() {
        return "http://127.0.0.1:" + server.httpAddress().orElseThrow().getPort();
    }

    private static String bootstrap() {
        return "127.0.0.1:" + server.kafkaAddress().getPort();
    }
}
