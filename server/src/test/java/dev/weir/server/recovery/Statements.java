package dev.weir.server.recovery;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Runs statements over the server's HTTP door, as the shell does.
final class Statements {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI server;

    Statements(String httpAddress) {
        this.server = URI.create("http://" + httpAddress);
    }

    /// Runs a statement and returns its rows; fails on an error answer.
    List<List<Object>> run(String sql) throws IOException, InterruptedException {
        HttpResponse<String> answer =
                http.send(
                        HttpRequest.newBuilder(server.resolve("/statement"))
                                .timeout(Duration.ofSeconds(60))
                                .header("Content-Type", "application/json")
                                .POST(
                                        HttpRequest.BodyPublishers.ofString(
                                                JSON.writeValueAsString(
                                                        JSON.createObjectNode().put("sql", sql))))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        List<List<Object>> rows = new ArrayList<>();
        for (String line : answer.body().lines().toList()) {
            if (line.isBlank()) {
                continue;
            }
            JsonNode node = JSON.readTree(line);
            if (node.has("error")) {
                throw new IOException(sql + " -> " + node.get("error"));
            }
            if (node.has("rows")) {
                for (JsonNode row : node.get("rows")) {
                    List<Object> values = new ArrayList<>();
                    row.forEach(value -> values.add(plain(value)));
                    rows.add(values);
                }
            }
        }
        return rows;
    }

    private static Object plain(JsonNode value) {
        if (value.isNull()) {
            return null;
        }
        if (value.isIntegralNumber()) {
            return value.longValue();
        }
        if (value.isNumber()) {
            return value.doubleValue();
        }
        return value.isBoolean() ? value.booleanValue() : value.asString();
    }
}
