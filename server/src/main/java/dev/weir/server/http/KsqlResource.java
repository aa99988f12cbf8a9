package dev.weir.server.http;

import dev.weir.server.session.Keywords;
import dev.weir.server.session.Sessions;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.SqlSession;
import dev.weir.sql.exec.StatementResult;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;

import tools.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.Set;

/// The resources of ksqlDB that take statements: `/ksql`, `/query-stream`, `/query`,
/// `/close-query`.
final class KsqlResource {
    static final String SESSION_HEADER = "weir-session";

    private static final Set<String> QUERY_VERBS = Set.of("SELECT", "WITH", "VALUES", "PRINT", "(");

    private static final String STREAMS_PREFIX = "ksql.streams.";

    private final Sessions sessions;

    KsqlResource(Sessions sessions) {
        this.sessions = sessions;
    }

    /// Runs a script; the answer is an array with what its statements answered, in order. A
    /// statement that fails ends it: those before it stay done.
    void ksql(Exchange exchange) {
        JsonNode body = Json.object(exchange.request().body());
        String script = Json.text(body, "ksql");
        SqlSession session = session(exchange, body, "streamsProperties");
        var entities = new ArrayList<Object>();
        String current = script;
        try {
            for (String statement : sessions.split(script)) {
                current = statement;
                if (QUERY_VERBS.contains(Keywords.first(statement))) {
                    throw BadRequestException.wrongResource(
                            "queries are answered at /query-stream and /query, not at /ksql: "
                                    + statement);
                }
                StatementResult result = sessions.execute(statement, session);
                if (result instanceof StatementResult.Live(var query)) {
                    query.close();
                    throw BadRequestException.wrongResource(
                            "the statement never ends; send it to /query-stream: " + statement);
                }
                Entities.of(statement, result).ifPresent(entities::add);
            }
        } catch (SqlException e) {
            exchange.send(
                    ErrorBodies.status(e.state()),
                    Json.TYPE,
                    Json.bytes(ErrorBodies.statementError(e, current, entities)));
            return;
        }
        exchange.send(HttpResponseStatus.OK, Json.TYPE, Json.bytes(entities));
    }

    /// Runs one query; `{"sql": …, "properties": …}`.
    void queryStream(Exchange exchange) throws InterruptedException {
        JsonNode body = Json.object(exchange.request().body());
        String sql = Json.text(body, "sql");
        SqlSession session = session(exchange, body, "properties");
        String accept = exchange.header(HttpHeaderNames.ACCEPT);
        boolean asArray = accept.contains(Json.TYPE) && !accept.contains("delimited");
        query(
                exchange,
                sql,
                session,
                asArray ? new QueryFormats.OneArray() : new QueryFormats.Delimited());
    }

    /// Runs one query; the body is that of `/ksql`.
    void query(Exchange exchange) throws InterruptedException {
        JsonNode body = Json.object(exchange.request().body());
        String sql = Json.text(body, "ksql");
        SqlSession session = session(exchange, body, "streamsProperties");
        query(exchange, sql, session, new QueryFormats.StreamedRows());
    }

    private void query(Exchange exchange, String sql, SqlSession session, ResultFormat format)
            throws InterruptedException {
        var statements = sessions.split(sql);
        if (statements.size() != 1) {
            throw BadRequestException.malformed(
                    "exactly one query is needed, got " + statements.size() + " statements");
        }
        String statement = statements.getFirst();
        if (!QUERY_VERBS.contains(Keywords.first(statement))) {
            throw BadRequestException.wrongResource(
                    "only queries are answered here; send the statement to /ksql: " + statement);
        }
        ResultStream.send(exchange, sessions.execute(statement, session), format);
    }

    /// Ends a push query.
    void closeQuery(Exchange exchange) {
        String id = Json.text(Json.object(exchange.request().body()), "queryId");
        if (!sessions.cancel(id)) {
            throw BadRequestException.malformed("no query with id " + id);
        }
        exchange.send(HttpResponseStatus.OK, Json.TYPE, "{}\n");
    }

    /// The session that the request names, or one of its own. Properties and variables sent along
    /// are set in it.
    private SqlSession session(Exchange exchange, JsonNode body, String properties) {
        String name = exchange.header(SESSION_HEADER);
        SqlSession session = name.isEmpty() ? sessions.newSession() : sessions.session(name);
        Json.texts(body, "sessionVariables").forEach(session::define);
        Json.texts(body, properties).forEach((key, value) -> session.set(plain(key), value));
        return session;
    }

    /// ksqlDB takes the settings of Kafka Streams with and without its prefix.
    private static String plain(String property) {
        return property.startsWith(STREAMS_PREFIX)
                ? property.substring(STREAMS_PREFIX.length())
                : property;
    }
}
