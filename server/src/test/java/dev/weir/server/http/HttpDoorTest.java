package dev.weir.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.server.ServerConfig;
import dev.weir.server.WeirServer;
import dev.weir.sql.exec.QueryInfo;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

@Timeout(120)
class HttpDoorTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir static Path dir;
    private static WeirServer server;
    private static HttpClient client;

    @BeforeAll
    static void start() throws Exception {
        server =
                WeirServer.start(
                        ServerConfig.onFreePorts(dir).with("http.body.max.bytes", "4000000"));
        client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        ksql(
                "CREATE STREAM orders (id BIGINT, item VARCHAR, price DOUBLE) WITH"
                        + " (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON', PARTITIONS=1);"
                        + "INSERT INTO orders VALUES (1, 'pen', 1.5);"
                        + "INSERT INTO orders VALUES (2, 'ink', 20);"
                        + "INSERT INTO orders (id) VALUES (3);");
        // What another session wrote is visible soon, not at once.
        while (lines("/query-stream", "{\"sql\":\"SELECT id FROM orders;\"}").size() < 4) {
            Thread.onSpinWait();
        }
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    @Test
    void a_ready_server_is_healthy_and_says_who_it_is() throws Exception {
        HttpResponse<String> health = get("/healthcheck");
        assertThat(health.statusCode()).isEqualTo(200);
        assertThat(JSON.readTree(health.body()).get("isHealthy").booleanValue()).isTrue();

        JsonNode info = JSON.readTree(get("/info").body()).get("KsqlServerInfo");
        assertThat(info.get("serverStatus").stringValue()).isEqualTo("RUNNING");
        assertThat(info.get("kafkaClusterId").stringValue()).hasSize(22);
    }

    @Test
    void a_script_is_answered_statement_by_statement() throws Exception {
        JsonNode answer =
                ksql(
                        "CREATE STREAM clicks (page VARCHAR) WITH (KAFKA_TOPIC='clicks',"
                                + " VALUE_FORMAT='JSON', PARTITIONS=3);"
                                + "SHOW STREAMS; SHOW TOPICS; DESCRIBE clicks; SHOW QUERIES;");
        assertThat(answer.size()).isEqualTo(5);
        assertThat(answer.get(0).get("@type").stringValue()).isEqualTo("currentStatus");
        assertThat(answer.get(0).get("commandId").stringValue())
                .isEqualTo("stream/`clicks`/create");
        assertThat(answer.get(0).get("commandStatus").get("status").stringValue())
                .isEqualTo("SUCCESS");
        assertThat(answer.get(1).get("streams").toString())
                .contains("{\"type\":\"STREAM\",\"name\":\"clicks\",\"topic\":\"clicks\"");
        assertThat(answer.get(2).get("topics").toString())
                .contains("{\"name\":\"clicks\",\"replicaInfo\":[1,1,1]}");
        JsonNode field = answer.get(3).get("sourceDescription").get("fields").get(0);
        assertThat(field.get("schema").get("type").stringValue()).isEqualTo("STRING");
        assertThat(answer.get(4).get("@type").stringValue()).isEqualTo("queries");
    }

    @Test
    void a_statement_that_fails_says_why_and_what_was_done_before_it() throws Exception {
        HttpResponse<String> answer =
                post(
                        "/ksql",
                        body(
                                "ksql",
                                "CREATE STREAM kept (a INT) WITH (KAFKA_TOPIC='kept',"
                                    + " VALUE_FORMAT='JSON', PARTITIONS=1); DROP STREAM missing;"));
        assertThat(answer.statusCode()).isEqualTo(400);
        JsonNode error = JSON.readTree(answer.body());
        assertThat(error.get("@type").stringValue()).isEqualTo("statement_error");
        assertThat(error.get("error_code").intValue()).isEqualTo(40001);
        assertThat(error.get("sqlState").stringValue()).isEqualTo("42P01");
        assertThat(error.get("statementText").stringValue()).contains("DROP STREAM missing");
        assertThat(error.get("message").stringValue()).contains("missing");
        assertThat(error.get("entities").size()).isEqualTo(1);
        assertThat(server.engine().catalog().relation("kept")).isPresent();
    }

    @Test
    void queries_do_not_belong_to_ksql_nor_other_statements_to_query_stream() throws Exception {
        HttpResponse<String> select = post("/ksql", body("ksql", "SELECT * FROM orders;"));
        assertThat(select.statusCode()).isEqualTo(400);
        assertThat(JSON.readTree(select.body()).get("error_code").intValue()).isEqualTo(40002);

        HttpResponse<String> drop = post("/query-stream", body("sql", "DROP STREAM orders;"));
        assertThat(drop.statusCode()).isEqualTo(400);
        assertThat(JSON.readTree(drop.body()).get("error_code").intValue()).isEqualTo(40002);
        assertThat(server.engine().catalog().relation("orders")).isPresent();
    }

    @Test
    void a_pull_query_is_a_header_line_and_a_line_for_each_row() throws Exception {
        List<String> lines = lines("/query-stream", body("sql", "SELECT * FROM orders;"));
        JsonNode header = JSON.readTree(lines.getFirst());
        assertThat(header.get("columnNames").toString()).isEqualTo("[\"id\",\"item\",\"price\"]");
        assertThat(header.get("columnTypes").toString())
                .isEqualTo("[\"BIGINT\",\"STRING\",\"DOUBLE\"]");
        assertThat(lines.subList(1, 4))
                .containsExactly("[1,\"pen\",1.5]", "[2,\"ink\",20.0]", "[3,null,null]");
    }

    @Test
    void those_who_accept_only_json_get_one_array() throws Exception {
        HttpResponse<String> answer =
                client.send(
                        request("/query-stream")
                                .header("Accept", "application/json")
                                .POST(
                                        BodyPublishers.ofString(
                                                body("sql", "SELECT id FROM orders;")))
                                .build(),
                        BodyHandlers.ofString());
        JsonNode array = JSON.readTree(answer.body());
        assertThat(array.size()).isEqualTo(4);
        assertThat(array.get(3).toString()).isEqualTo("[3]");
    }

    @Test
    void the_older_query_resource_wraps_header_rows_and_end() throws Exception {
        HttpResponse<String> answer =
                post("/query", body("ksql", "SELECT id, item FROM orders EMIT CHANGES LIMIT 2;"));
        JsonNode array = JSON.readTree(answer.body());
        assertThat(array.get(0).get("header").get("schema").stringValue())
                .isEqualTo("`id` BIGINT, `item` STRING");
        assertThat(array.get(1).get("row").get("columns").toString()).isEqualTo("[1,\"pen\"]");
        assertThat(array.get(3).get("finalMessage").stringValue()).isEqualTo("Limit Reached");
    }

    @Test
    void a_push_query_sends_each_row_as_it_comes_and_ends_with_its_client() throws Exception {
        ksql(
                "CREATE STREAM live (n INT) WITH (KAFKA_TOPIC='live', VALUE_FORMAT='JSON',"
                        + " PARTITIONS=1);");
        HttpResponse<InputStream> answer =
                stream("/query-stream", body("sql", "SELECT n FROM live EMIT CHANGES;"));
        try (var reader = reader(answer)) {
            String id = JSON.readTree(reader.readLine()).get("queryId").stringValue();
            for (int n = 1; n <= 3; n++) {
                ksql("INSERT INTO live VALUES (" + n + ");");
                assertThat(reader.readLine()).isEqualTo("[" + n + "]");
            }
            assertThat(isRunning(id)).isTrue();
        }
        awaitNoPushQuery();
    }

    @Test
    void closing_a_query_ends_its_answer() throws Exception {
        HttpResponse<InputStream> answer =
                stream("/query-stream", body("sql", "SELECT id FROM orders EMIT CHANGES;"));
        try (var reader = reader(answer)) {
            String id = JSON.readTree(reader.readLine()).get("queryId").stringValue();
            assertThat(reader.readLine()).isEqualTo("[1]");
            assertThat(post("/close-query", body("queryId", id)).statusCode()).isEqualTo(200);
            String last = null;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                last = line;
            }
            assertThat(last).contains("\"sqlState\":\"57014\"");
        }
        assertThat(post("/close-query", body("queryId", "none")).statusCode()).isEqualTo(400);
    }

    @Test
    void a_reader_who_does_not_read_holds_up_nobody_and_loses_nothing() throws Exception {
        ksql(
                "CREATE STREAM wide (n INT, fill VARCHAR) WITH (KAFKA_TOPIC='wide',"
                        + " VALUE_FORMAT='JSON', PARTITIONS=1);");
        int rows = 400;
        String fill = "x".repeat(20_000);
        var insert = new StringBuilder();
        for (int i = 0; i < rows; i++) {
            if (i % 100 == 0) {
                insert.append(i == 0 ? "" : ";").append("INSERT INTO wide VALUES ");
            } else {
                insert.append(',');
            }
            insert.append('(').append(i).append(",'").append(fill).append("')");
            if (i % 100 == 99) {
                post("/ksql", body("ksql", insert + ";"));
                insert.setLength(0);
                insert.append("-- next\n");
            }
        }
        String sql = body("sql", "SELECT n, fill FROM wide EMIT CHANGES LIMIT " + rows + ";");
        try (var socket = new Socket(server.httpAddress().orElseThrow().getAddress(), port())) {
            socket.getOutputStream()
                    .write(
                            ("POST /query-stream HTTP/1.0\r\nContent-Length: "
                                            + sql.length()
                                            + "\r\n\r\n"
                                            + sql)
                                    .getBytes(StandardCharsets.US_ASCII));
            assertThat(get("/healthcheck").statusCode()).isEqualTo(200);
            assertThat(lines("/query-stream", body("sql", "SELECT id FROM orders;"))).hasSize(4);

            var reader =
                    new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            int seen = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith("[")) {
                    assertThat(line).startsWith("[" + seen + ",").endsWith("x\"]");
                    seen++;
                }
            }
            assertThat(seen).isEqualTo(rows);
        }
    }

    @Test
    void the_statement_stream_gives_columns_rows_and_an_end() throws Exception {
        List<String> pull = lines("/statement", body("sql", "SELECT id, item FROM orders"));
        assertThat(pull)
                .containsExactly(
                        "{\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\"},"
                                + "{\"name\":\"item\",\"type\":\"VARCHAR\"}],\"live\":false}",
                        "{\"rows\":[[1,\"pen\"],[2,\"ink\"],[3,null]]}",
                        "{\"done\":{\"tag\":\"SELECT 3\",\"message\":\"3 rows\"}}");

        List<String> push =
                lines("/statement", body("sql", "SELECT id FROM orders EMIT CHANGES LIMIT 1"));
        assertThat(push.getFirst()).contains("\"live\":true,\"queryId\":\"");
        assertThat(push.getFirst()).endsWith("\"table\":false}");
        assertThat(push.get(1))
                .matches("\\{\"rows\":\\[\\[1]],\"times\":\\[\\d+],\"deleted\":\\[false]}");
        assertThat(push.getLast()).startsWith("{\"done\":");

        List<String> grouped =
                lines(
                        "/statement",
                        body(
                                "sql",
                                "SELECT COUNT(*) AS n, item FROM orders WHERE item = 'pen' GROUP BY"
                                        + " item EMIT CHANGES LIMIT 1"));
        assertThat(grouped.getFirst()).endsWith("\"table\":true,\"key\":[1]}");

        HttpResponse<String> wrong = post("/statement", body("sql", "SELECT\n idd FROM orders"));
        assertThat(wrong.statusCode()).isEqualTo(400);
        JsonNode error = JSON.readTree(wrong.body()).get("error");
        assertThat(error.get("sqlState").stringValue()).isEqualTo("42703");
        assertThat(error.get("line").intValue()).isEqualTo(2);
        assertThat(error.get("column").intValue()).isEqualTo(2);
        assertThat(error.get("hint").stringValue()).contains("id");
    }

    @Test
    void a_session_reads_its_own_writes() throws Exception {
        ksql(
                "CREATE TABLE stock (item VARCHAR PRIMARY KEY, n INT) WITH (KAFKA_TOPIC='stock',"
                        + " VALUE_FORMAT='JSON', PARTITIONS=1);"
                        + "CREATE TABLE doubled AS SELECT item, n * 2 AS n FROM stock;");
        for (int n = 1; n <= 20; n++) {
            statement("INSERT INTO stock VALUES ('pen', " + n + ")", "me");
            assertThat(statement("SELECT n FROM doubled WHERE item = 'pen'", "me"))
                    .contains("{\"rows\":[[" + 2 * n + "]]}");
        }
    }

    @Test
    void requests_that_make_no_sense_are_refused_and_say_why() throws Exception {
        assertRefused(post("/ksql", "{\"ksql\":"), 400, "not valid JSON");
        assertRefused(post("/ksql", "[1]"), 400, "must be a JSON object");
        assertRefused(post("/ksql", "{\"sql\":\"SHOW STREAMS;\"}"), 400, "\"ksql\"");
        assertRefused(post("/statement", body("sql", "SELECT 1; SELECT 2")), 400, "one statement");
        assertRefused(get("/nowhere"), 404, "/nowhere");
        assertRefused(get("/ksql"), 405, "takes POST");
        assertRefused(post("/ksql", "x".repeat(4_000_001)), 413, "http.body.max.bytes");
        HttpResponse<String> foreign =
                client.send(
                        request("/ksql")
                                .header("Origin", "http://elsewhere.example")
                                .POST(BodyPublishers.ofString(body("ksql", "SHOW STREAMS;")))
                                .build(),
                        BodyHandlers.ofString());
        assertRefused(foreign, 403, "elsewhere.example");
    }

    @Test
    void the_head_of_what_can_be_got_can_be_asked_for_and_a_wrong_method_hears_the_right_one()
            throws Exception {
        HttpResponse<String> head =
                client.send(request("/healthcheck").HEAD().build(), BodyHandlers.ofString());
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValueAsLong("content-length"))
                .hasValue(get("/healthcheck").body().length());
        assertThat(get("/ksql").headers().firstValue("allow")).hasValue("POST");
    }

    @Test
    void a_broken_body_is_described_without_the_parser_speaking_of_itself() throws Exception {
        String message = JSON.readTree(post("/ksql", "{").body()).get("message").stringValue();
        assertThat(message)
                .startsWith("the request body is not valid JSON: ")
                .endsWith("at line 1, column 2")
                .doesNotContain("Source");
    }

    @Test
    void a_page_whose_name_was_pointed_at_this_machine_is_refused() throws Exception {
        assertThat(statusOfPage("evil.example:" + port())).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(statusOfPage("localhost.evil.example")).isEqualTo("HTTP/1.1 403 Forbidden");
        assertThat(statusOfPage("127.0.0.1:" + port())).isEqualTo("HTTP/1.1 200 OK");
        assertThat(statusOfPage("localhost:" + port())).isEqualTo("HTTP/1.1 200 OK");
        assertThat(statusOfPage("[::1]:" + port())).isEqualTo("HTTP/1.1 200 OK");
    }

    /// The answer to a page that was loaded from `host` and asks its own server.
    private static String statusOfPage(String host) throws IOException {
        try (var socket = new Socket(server.httpAddress().orElseThrow().getAddress(), port())) {
            String script = body("ksql", "SHOW STREAMS;");
            socket.getOutputStream()
                    .write(
                            ("POST /ksql HTTP/1.1\r\nConnection: close\r\nHost: "
                                            + host
                                            + "\r\nOrigin: http://"
                                            + host
                                            + "\r\nContent-Length: "
                                            + script.length()
                                            + "\r\n\r\n"
                                            + script)
                                    .getBytes(StandardCharsets.US_ASCII));
            var reader =
                    new BufferedReader(
                            new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            return reader.readLine();
        }
    }

    @Test
    void bytes_that_are_no_http_end_their_connection_only() throws Exception {
        try (var socket = new Socket(server.httpAddress().orElseThrow().getAddress(), port())) {
            socket.getOutputStream()
                    .write("\0\1\2 nonsense\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400").contains("malformed HTTP request");
        }
        assertThat(get("/healthcheck").statusCode()).isEqualTo(200);
    }

    @Test
    void pipelined_requests_are_answered_in_order() throws Exception {
        try (var socket = new Socket(server.httpAddress().orElseThrow().getAddress(), port())) {
            String slow = body("sql", "SELECT * FROM orders EMIT CHANGES LIMIT 3;");
            String requests =
                    "POST /query-stream HTTP/1.1\r\nHost: x\r\nContent-Length: "
                            + slow.length()
                            + "\r\n\r\n"
                            + slow
                            + "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write(requests.getBytes(StandardCharsets.US_ASCII));
            String answers =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answers).startsWith("HTTP/1.1 200");
            assertThat(answers.indexOf("[3,null,null]"))
                    .isPositive()
                    .isLessThan(answers.indexOf("HTTP/1.1 404"));
        }
    }

    @Test
    void http_2_with_prior_knowledge_is_served_on_the_same_port() throws Exception {
        String out =
                curlHttp2(
                        "/query-stream",
                        body("sql", "SELECT id FROM orders EMIT CHANGES LIMIT 3;"));
        assertThat(out.lines().skip(1).toList()).containsExactly("[1]", "[2]", "[3]", "", "2 200");
    }

    @Test
    void a_body_that_is_too_large_is_refused_over_http_2_too() throws Exception {
        assertThat(curlHttp2("/ksql", "x".repeat(5_000_000)))
                .contains("http.body.max.bytes")
                .endsWith("2 413\n");
    }

    @Test
    void frames_that_are_no_http_2_end_their_connection_with_a_reason() throws Exception {
        try (var socket = new Socket(server.httpAddress().orElseThrow().getAddress(), port())) {
            socket.getOutputStream()
                    .write(
                            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnone of these are frames"
                                    .getBytes(StandardCharsets.US_ASCII));
            String answer =
                    new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
            assertThat(answer).contains("First received frame was not SETTINGS");
        }
        assertThat(get("/healthcheck").statusCode()).isEqualTo(200);
    }

    private static String curlHttp2(String path, String body) throws Exception {
        var curl =
                new ProcessBuilder(
                                "curl",
                                "-sS",
                                "--http2-prior-knowledge",
                                "-w",
                                "\n%{http_version} %{http_code}\n",
                                "--data-binary",
                                "@-",
                                uri(path).toString())
                        .redirectErrorStream(true);
        Process process = null;
        try {
            process = curl.start();
        } catch (IOException e) {
            Assumptions.abort("curl is not installed: " + e.getMessage());
        }
        try (var in = process.getOutputStream()) {
            in.write(body.getBytes(StandardCharsets.UTF_8));
        }
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static void assertRefused(HttpResponse<String> answer, int status, String words) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(JSON.readTree(answer.body()).get("message").stringValue()).contains(words);
        assertThat(JSON.readTree(answer.body()).get("error_code").intValue() / 100)
                .isEqualTo(status);
    }

    private static boolean isRunning(String queryId) {
        return server.engine().queries().stream().anyMatch(q -> q.id().equals(queryId));
    }

    private static void awaitNoPushQuery() {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (server.engine().queries().stream()
                .anyMatch(q -> q.kind() == QueryInfo.Kind.PUSH && q.sql().contains("live"))) {
            assertThat(System.nanoTime()).as("the query goes on").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static JsonNode ksql(String script) throws Exception {
        HttpResponse<String> answer = post("/ksql", body("ksql", script));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    private static List<String> statement(String sql, String session) throws Exception {
        return lines("/statement", JSON.writeValueAsString(Map.of("sql", sql, "session", session)));
    }

    private static List<String> lines(String path, String body) throws Exception {
        HttpResponse<String> answer = post(path, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return answer.body().lines().toList();
    }

    private static String body(String member, String text) {
        return JSON.writeValueAsString(Map.of(member, text));
    }

    private static HttpResponse<String> get(String path) throws Exception {
        return client.send(request(path).GET().build(), BodyHandlers.ofString());
    }

    private static HttpResponse<String> post(String path, String body) throws Exception {
        return client.send(
                request(path).POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
    }

    private static HttpResponse<InputStream> stream(String path, String body) throws Exception {
        return client.send(
                request(path).POST(BodyPublishers.ofString(body)).build(),
                BodyHandlers.ofInputStream());
    }

    private static BufferedReader reader(HttpResponse<InputStream> answer) {
        return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(60));
    }

    private static URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port() + path);
    }

    private static int port() {
        return server.httpAddress().orElseThrow().getPort();
    }
}
