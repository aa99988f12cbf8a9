package dev.weir.server.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// What an HTTP client says to the server, broken in every way: request lines, headers, lengths,
/// chunks, frames of HTTP/2, and the JSON in the bodies.
///
/// [Campaign] says how to run it for longer.
class HttpFuzzTest {
    private static final int CASES_PER_SEED = 300;
    private static final int PATIENCE_MS = 20_000;
    private static final int SHORT_PATIENCE_MS = 100;
    private static final JsonMapper JSON = new JsonMapper();
    private static final int DATA = 0;
    private static final int HEADERS = 1;
    private static final int SETTINGS = 4;
    private static final int END_STREAM = 1;
    private static final int END_HEADERS = 4;
    private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    /// Said before a connection is closed whose client may send more for a while.
    private static final String TOO_LARGE = "\"error_code\":41300";

    private static final Pattern OWN_FAULT =
            Pattern.compile("\"error_code\":500..|HTTP/1.1 50[0-2]|internal error|XX000");

    private static final Pattern STATUS = Pattern.compile("HTTP/1.1 (\\d{3})");

    /// Ends every case: longer than any body may be, so that a length that lies is made up.
    private static final byte[] END =
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"
                    .repeat(500)
                    .getBytes(StandardCharsets.US_ASCII);

    /// The same for HTTP/2: frames that are wrong wherever they are understood.
    private static final byte[] END_2 =
            HexFormat.of().parseHex("000003060000000000010203".repeat(3000));

    private static final List<String> WORDS =
            List.of(
                    "GET",
                    "POST",
                    "HEAD",
                    "OPTIONS",
                    "CONNECT",
                    "TRACE",
                    "/ksql",
                    "/query",
                    "/query-stream",
                    "/close-query",
                    "/statement",
                    "/info",
                    "/metrics",
                    "/%00",
                    "?",
                    "//",
                    "HTTP/1.0",
                    "HTTP/0.9",
                    "HTTP/2.0",
                    "\r\n",
                    "\n",
                    "\r\n\r\n",
                    ":",
                    "Content-Length: 5\r\n",
                    "Content-Length: -1\r\n",
                    "Expect: 100-continue\r\n",
                    "Transfer-Encoding: chunked\r\n",
                    "Connection: upgrade\r\n",
                    "Upgrade: h2c\r\n",
                    "Origin: http://a\r\n",
                    "Origin: x\r\n",
                    "Accept: */*\r\n",
                    "weir-session: s\r\n",
                    "ffffffff\r\n",
                    "0\r\n\r\n",
                    "{",
                    "}",
                    "[",
                    "]",
                    "\"",
                    "\\",
                    "\\u0000",
                    "\\ud800",
                    "null",
                    "true",
                    "1e999999999",
                    "-0",
                    "\"sql\"",
                    "\"ksql\"",
                    "\"session\"",
                    "\"properties\"",
                    "\"streamsProperties\"",
                    "\"sessionVariables\"",
                    "{}",
                    "SELECT",
                    "FROM",
                    "orders",
                    "EMIT CHANGES",
                    "LIMIT",
                    "CREATE STREAM",
                    "DEFINE",
                    "${v}",
                    "${",
                    ";",
                    "'",
                    "`",
                    "(",
                    ")",
                    "/*",
                    "--",
                    "auto.offset.reset",
                    "\u00e9",
                    "\uD83D\uDE00",
                    "\0");

    private static final List<String[]> REQUESTS =
            List.of(
                    new String[] {"/ksql", "{\"ksql\":\"SHOW STREAMS; DESCRIBE orders;\"}"},
                    new String[] {
                        "/ksql",
                        "{\"ksql\":\"INSERT INTO orders VALUES (${n}, 'pen');\","
                                + "\"sessionVariables\":{\"n\":\"7\"},"
                                + "\"streamsProperties\":{\"auto.offset.reset\":\"earliest\"}}"
                    },
                    new String[] {
                        "/ksql", "{\"ksql\":\"EXPLAIN SELECT COUNT(*) FROM orders GROUP BY id;\"}"
                    },
                    new String[] {
                        "/query-stream",
                        "{\"sql\":\"SELECT id, item FROM orders WHERE id < 5;\","
                                + "\"properties\":{\"auto.offset.reset\":\"earliest\"}}"
                    },
                    new String[] {
                        "/query-stream", "{\"sql\":\"SELECT id FROM orders EMIT CHANGES LIMIT 1;\"}"
                    },
                    new String[] {
                        "/query", "{\"ksql\":\"SELECT item FROM orders;\",\"streamsProperties\":{}}"
                    },
                    new String[] {"/close-query", "{\"queryId\":\"none\"}"},
                    new String[] {"/statement", "{\"sql\":\"SELECT 1 + 1;\",\"session\":\"mine\"}"},
                    new String[] {"/statement", "{\"sql\":\"SHOW QUERIES\"}"});

    @TempDir Path directory;

    private final List<String> faults = new ArrayList<>();
    private final Map<String, Integer> statuses = new TreeMap<>();
    private List<byte[]> recordings;

    @Test
    void whatever_is_sent_costs_its_connection_at_most() throws Exception {
        new Campaign("HTTP", directory, CASES_PER_SEED)
                .run(
                        new Campaign.Attack() {
                            @Override
                            public void prepare(Doors doors) throws Exception {
                                recordings = new ArrayList<>(record(doors));
                                recordings.add(http2());
                            }

                            @Override
                            public void attack(Doors doors, Random random, String name)
                                    throws Exception {
                                oneCase(doors, random, name);
                            }
                        },
                        faults);
        System.out.println("answered: " + statuses);
        assertThat(statuses).as("well-formed and broken").containsKeys("200", "400");
    }

    private void oneCase(Doors doors, Random random, String name) throws Exception {
        var sent = broken(random);
        var text = new String(sent, StandardCharsets.ISO_8859_1);
        boolean endless = text.contains("EMIT CHANGES");
        boolean newer = text.startsWith(PREFACE);
        var all = new ByteArrayOutputStream();
        all.writeBytes(sent);
        all.writeBytes(newer ? END_2 : END);
        var before = doors.allocated();
        var reply =
                Doors.say(
                        doors.http(),
                        all.toByteArray(),
                        endless ? SHORT_PATIENCE_MS : PATIENCE_MS,
                        TOO_LARGE);
        var found = doors.faults(before, all.size());
        var answer = new String(reply.bytes(), StandardCharsets.ISO_8859_1);
        STATUS.matcher(answer)
                .results()
                .forEach(status -> statuses.merge(status.group(1), 1, Integer::sum));
        if (OWN_FAULT.matcher(answer).find()) {
            found.add("a fault of the server's own: " + answer);
        }
        if (!newer && !answer.isEmpty() && !answer.startsWith("HTTP/1.")) {
            found.add("an answer that is none: " + answer);
        }
        if (!reply.ended() && !endless) {
            found.add("neither an answer nor an end within " + PATIENCE_MS + " ms: " + answer);
        }
        for (var fault : found) {
            var shown =
                    name
                            + ": "
                            + fault
                            + "\n  "
                            + text.replaceAll("[^ -~]", ".")
                            + "\n  "
                            + HexFormat.of().formatHex(sent);
            System.out.println(shown);
            faults.add(shown);
        }
    }

    private byte[] broken(Random random) {
        var mutator = new Mutator(random, recordings, WORDS);
        if (random.nextInt(3) == 0) {
            return mutator.mutate(recordings.get(random.nextInt(recordings.size())));
        }
        // A whole request around a body that is not.
        var request = REQUESTS.get(random.nextInt(REQUESTS.size()));
        var body =
                random.nextBoolean()
                        ? mutator.mutate(request[1].getBytes(StandardCharsets.UTF_8))
                        : withBrokenText(request[1], mutator);
        var head =
                "POST "
                        + request[0]
                        + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                        + body.length
                        + "\r\n\r\n";
        var all = new ByteArrayOutputStream();
        all.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
        all.writeBytes(body);
        return all.toByteArray();
    }

    /// JSON as it should be, around a first text that is not.
    private static byte[] withBrokenText(String json, Mutator mutator) {
        var tree = (ObjectNode) JSON.readTree(json);
        var member = tree.propertyNames().iterator().next();
        var text = tree.get(member).stringValue().getBytes(StandardCharsets.UTF_8);
        tree.put(member, new String(mutator.mutate(text), StandardCharsets.UTF_8));
        return JSON.writeValueAsBytes(tree);
    }

    /// Conversations of a real client, on a connection each.
    private static List<byte[]> record(Doors doors) throws Exception {
        try (var recorder = new Recorder(doors.http())) {
            var root = "http://127.0.0.1:" + recorder.port();
            try (var client = client()) {
                var create =
                        "{\"ksql\":\"CREATE STREAM orders (id BIGINT, item VARCHAR) WITH"
                                + " (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=1);"
                                + " INSERT INTO orders VALUES (1, 'ink');\"}";
                send(client, request(root, "/ksql").POST(BodyPublishers.ofString(create)));
            }
            try (var client = client()) {
                for (var path : List.of("/", "/info", "/healthcheck", "/metrics")) {
                    send(client, request(root, path).GET());
                }
            }
            for (var each : REQUESTS) {
                try (var client = client()) {
                    send(
                            client,
                            request(root, each[0])
                                    .header("Accept", "application/json")
                                    .POST(BodyPublishers.ofString(each[1])));
                    var chunked =
                            new ByteArrayInputStream(each[1].getBytes(StandardCharsets.UTF_8));
                    send(
                            client,
                            request(root, each[0])
                                    .header("weir-session", "fuzz")
                                    .POST(BodyPublishers.ofInputStream(() -> chunked)));
                }
            }
            return recorder.recordings();
        }
    }

    private static HttpClient client() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    private static HttpRequest.Builder request(String root, String path) {
        return HttpRequest.newBuilder(URI.create(root + path));
    }

    private static void send(HttpClient client, HttpRequest.Builder request) throws Exception {
        var _ = client.send(request.build(), BodyHandlers.ofString());
    }

    /// The same requests as frames of HTTP/2 on one connection: length int24, type, flags, stream
    /// int32. Header fields are literals that are not to be remembered (RFC 7541, 6.2.2).
    private static byte[] http2() {
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(PREFACE.getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(frame(SETTINGS, 0, 0, new byte[0]));
        int stream = 1;
        for (var request : REQUESTS) {
            var fields = new ByteArrayOutputStream();
            field(fields, ":method", "POST");
            field(fields, ":scheme", "http");
            field(fields, ":authority", "localhost");
            field(fields, ":path", request[0]);
            bytes.writeBytes(frame(HEADERS, END_HEADERS, stream, fields.toByteArray()));
            var body = request[1].getBytes(StandardCharsets.UTF_8);
            bytes.writeBytes(frame(DATA, END_STREAM, stream, body));
            stream += 2;
        }
        return bytes.toByteArray();
    }

    private static byte[] frame(int type, int flags, int stream, byte[] payload) {
        return ByteBuffer.allocate(9 + payload.length)
                .putInt((payload.length << 8) | type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array();
    }

    private static void field(ByteArrayOutputStream fields, String name, String value) {
        fields.write(0);
        for (var text : List.of(name, value)) {
            fields.write(text.length());
            fields.writeBytes(text.getBytes(StandardCharsets.US_ASCII));
        }
    }
}
