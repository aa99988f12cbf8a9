package dev.weir.benchmarks.nexmark;

import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/// Loads Nexmark events into a running Weir and times queries over them: from the statement until
/// every event has been taken in and its results are committed to the query's topic.
public final class NexmarkRun {
    private static final String SOURCE =
            """
            CREATE STREAM events (event_type INT,
              bid STRUCT<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING,
                         `dateTime` STRING, extra STRING>)
            WITH (KAFKA_TOPIC='events', VALUE_FORMAT='JSON');
            """;
    private static final String Q0 =
            """
            CREATE STREAM %s AS
            SELECT bid->auction AS auction, bid->bidder AS bidder, bid->price AS price,
                   bid->`dateTime` AS date_time, bid->extra AS extra
            FROM events WHERE event_type = 2;
            """;
    private static final String COUNT =
            """
            CREATE TABLE %s AS
            SELECT bid->auction AS auction, COUNT(*) AS n
            FROM events WINDOW TUMBLING (SIZE 10 SECONDS)
            WHERE event_type = 2 GROUP BY bid->auction;
            """;
    private static final long BASE_MS = 1_767_225_600_000L; // 2026-01-01T00:00:00Z
    private static final int EVENTS_PER_SECOND = 10_000;

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI server;

    private NexmarkRun(String address) {
        this.server = URI.create("http://" + address);
    }

    /// @param args events directory, runs, HTTP address, Kafka address
    public static void main(String[] args) throws IOException, InterruptedException {
        NexmarkRun run = new NexmarkRun(args[2]);
        long events = load(Path.of(args[0]), args[3]);
        run.statement(SOURCE);
        run.time("q0", Q0, events, Integer.parseInt(args[1]));
        run.time("count", COUNT, events, Integer.parseInt(args[1]));
    }

    private void time(String name, String query, long events, int runs)
            throws IOException, InterruptedException {
        List<Double> seconds = new ArrayList<>();
        for (int i = 0; i <= runs; i++) {
            String relation = name + "_" + i;
            double before = rowsIn();
            long start = System.nanoTime();
            statement(query.formatted(relation));
            while (rowsIn() - before < events || metric("weir_engine_lag_records") > 0) {
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
            if (i > 0) { // the first run warms up
                seconds.add((System.nanoTime() - start) / 1e9);
            }
            statement(
                    "DROP "
                            + (name.equals("q0") ? "STREAM " : "TABLE ")
                            + relation
                            + " DELETE TOPIC;");
        }
        seconds.sort(null);
        System.out.printf(Locale.ROOT, "weir %s %.3f%n", name, seconds.get(seconds.size() / 2));
    }

    private double rowsIn() throws IOException, InterruptedException {
        return metric("weir_engine_rows_in_total");
    }

    private double metric(String name) throws IOException, InterruptedException {
        String text =
                http.send(
                                HttpRequest.newBuilder(server.resolve("/metrics")).build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body();
        return text.lines()
                .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private void statement(String sql) throws IOException, InterruptedException {
        String body = "{\"ksql\":" + quoted(sql) + "}";
        HttpResponse<String> answer =
                http.send(
                        HttpRequest.newBuilder(server.resolve("/ksql"))
                                .header("Content-Type", "application/vnd.ksql.v1+json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IOException(answer.statusCode() + ": " + answer.body());
        }
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }

    private static long load(Path directory, String bootstrap) throws IOException {
        List<Path> parts;
        try (Stream<Path> files = Files.list(directory.resolve("events"))) {
            parts = files.sorted().toList();
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            // The events are as old as their data; retention goes by that.
            admin.createTopics(
                    List.of(
                            new NewTopic("events", parts.size(), (short) 1)
                                    .configs(Map.of("retention.ms", "-1"))));
        }
        long events = 0;
        Map<String, Object> config =
                Map.of(
                        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
                        bootstrap,
                        ProducerConfig.BATCH_SIZE_CONFIG,
                        1 << 18,
                        ProducerConfig.LINGER_MS_CONFIG,
                        20);
        try (var producer =
                new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int p = 0; p < parts.size(); p++) {
                try (BufferedReader lines = Files.newBufferedReader(parts.get(p))) {
                    long n = p;
                    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                        long time = BASE_MS + n * 1000 / EVENTS_PER_SECOND;
                        var _ =
                                producer.send(
                                        new ProducerRecord<>(
                                                "events",
                                                p,
                                                time,
                                                null,
                                                line.getBytes(StandardCharsets.UTF_8)));
                        events++;
                        n += parts.size();
                    }
                }
            }
        }
        return events;
    }
}
