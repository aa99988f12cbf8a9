package dev.weir.server.http;

import dev.weir.server.session.Sessions;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;

import io.netty.handler.codec.http.HttpResponseStatus;

import tools.jackson.databind.JsonNode;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/// `/statement`: one statement of any kind, answered in the lines of [StatementLines].
final class StatementResource {
    private final Sessions sessions;

    StatementResource(Sessions sessions) {
        this.sessions = sessions;
    }

    /// Runs `{"sql": …, "session": …}`.
    void statement(Exchange exchange) throws InterruptedException {
        JsonNode body = Json.object(exchange.request().body());
        String sql = Json.text(body, "sql");
        String name = Json.textOrEmpty(body, "session");
        if (name.isEmpty()) {
            name = exchange.header(KsqlResource.SESSION_HEADER);
        }
        SqlSession session = name.isEmpty() ? sessions.newSession() : sessions.session(name);
        try {
            var statements = sessions.split(sql);
            if (statements.size() > 1) {
                throw BadRequestException.malformed(
                        "one statement at a time is needed, got " + statements.size());
            }
            if (statements.isEmpty()) {
                sendDone(exchange, new LinkedHashMap<>(Map.of("tag", "", "message", "")));
                return;
            }
            StatementResult result = sessions.execute(statements.getFirst(), session);
            if (result instanceof StatementResult.Done done) {
                sendDone(exchange, tree(done));
            } else {
                ResultStream.send(exchange, result, new StatementLines());
            }
        } catch (SqlException e) {
            if (exchange.isStarted()) {
                throw e;
            }
            exchange.send(
                    ErrorBodies.status(e.state()),
                    StatementLines.TYPE,
                    line(ErrorBodies.lineError(e)));
        }
    }

    private static Map<String, Object> tree(StatementResult.Done done) {
        var tree = new LinkedHashMap<String, Object>();
        tree.put("tag", done.tag());
        tree.put("message", done.message());
        done.queryId().ifPresent(id -> tree.put("queryId", id));
        if (done.commandSequence() >= 0) {
            tree.put("commandSequence", done.commandSequence());
        }
        return tree;
    }

    private static void sendDone(Exchange exchange, Map<String, Object> done) {
        exchange.send(HttpResponseStatus.OK, StatementLines.TYPE, line(Map.of("done", done)));
    }

    private static String line(Object tree) {
        return new String(Json.bytes(tree), StandardCharsets.UTF_8) + "\n";
    }
}
