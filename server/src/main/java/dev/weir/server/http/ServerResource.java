package dev.weir.server.http;

import dev.weir.server.metric.MetricPage;
import dev.weir.server.metric.MetricSource;
import dev.weir.server.session.Sessions;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.EngineMetrics;
import dev.weir.sql.exec.QueryInfo;
import dev.weir.sql.exec.QueryLag;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the server says about itself: `/healthcheck`, `/info`, `/metrics`.
final class ServerResource {
    private final Sessions sessions;
    private final ServerFacts facts;
    private final List<MetricSource> sources;

    ServerResource(Sessions sessions, ServerFacts facts, List<MetricSource> sources) {
        this.sessions = sessions;
        this.facts = facts;
        this.sources = List.copyOf(sources);
    }

    /// 200 once statements are carried out, 503 before and after.
    void health(Exchange exchange) {
        boolean ready = sessions.isReady();
        var healthy = Map.of("isHealthy", ready);
        var body = new LinkedHashMap<String, Object>();
        body.put("isHealthy", ready);
        body.put("details", Map.of("metastore", healthy, "kafka", healthy));
        body.put("serverState", ready ? "READY" : "NOT_READY");
        exchange.send(
                ready ? HttpResponseStatus.OK : HttpResponseStatus.SERVICE_UNAVAILABLE,
                Json.TYPE,
                Json.bytes(body));
    }

    /// Name, version and identity, as ksqlDB's clients read them.
    void info(Exchange exchange) {
        var ksql = new LinkedHashMap<String, Object>();
        ksql.put("version", facts.version());
        ksql.put("kafkaClusterId", facts.clusterId().get());
        ksql.put("ksqlServiceId", "weir");
        ksql.put("serverStatus", sessions.isReady() ? "RUNNING" : "STARTING");
        exchange.send(HttpResponseStatus.OK, Json.TYPE, Json.bytes(Map.of("KsqlServerInfo", ksql)));
    }

    void root(Exchange exchange) {
        exchange.send(
                HttpResponseStatus.TEMPORARY_REDIRECT,
                "text/plain; charset=utf-8",
                new byte[0],
                Map.of(HttpHeaderNames.LOCATION, "/info"));
    }

    /// Everything counted, in Prometheus' text format.
    void metrics(Exchange exchange) {
        var page = new MetricPage();
        collectStatements(page);
        collectEngine(page);
        sources.forEach(source -> source.collect(page));
        exchange.send(HttpResponseStatus.OK, MetricPage.TYPE, page.toString());
    }

    private void collectStatements(MetricPage to) {
        to.gauge("weir_up", "1 while statements are carried out.", sessions.isReady() ? 1 : 0);
        to.counter(
                "weir_statements_total",
                "SQL statements carried out or refused.",
                sessions.statementCount());
        to.counter(
                "weir_statement_failures_total",
                "SQL statements that failed.",
                sessions.failureCount());
    }

    private void collectEngine(MetricPage to) {
        EngineMetrics engine;
        try {
            engine = sessions.metrics();
        } catch (SqlException _) {
            // It does not run yet, or no longer.
            engine = EngineMetrics.NONE;
        }
        to.counter("weir_engine_steps_total", "Steps journalled.", engine.steps());
        to.counter("weir_engine_rows_in_total", "Rows read from topics.", engine.rowsIn());
        to.counter("weir_engine_rows_out_total", "Rows written to topics.", engine.rowsOut());
        to.counter(
                "weir_engine_rows_late_total",
                "Rows dropped because they came after the grace period.",
                engine.rowsLate());
        to.counter(
                "weir_engine_dead_letters_total",
                "Records and rows that could not be decoded or computed.",
                engine.deadLetters());
        to.counter(
                "weir_engine_checkpoints_total",
                "Checkpoints of query state.",
                engine.checkpoints());
        to.gauge("weir_engine_state_bytes", "Query state in memory.", engine.stateBytes());
        to.gauge(
                "weir_engine_persistent_queries",
                "Queries kept by the server.",
                engine.persistentQueries());
        to.gauge("weir_engine_push_queries", "Queries kept by sessions.", engine.pushQueries());
        to.gauge(
                "weir_engine_lag_records",
                "Records in topics that queries have not taken in.",
                engine.lagRecords());
        to.gauge(
                "weir_query_running",
                "1 where a query kept by the server runs or is filled, 0 where it failed.");
        for (QueryInfo query : engine.queries()) {
            to.sample(label(query), query.state() == QueryInfo.State.FAILED ? 0 : 1);
        }
        to.counter("weir_query_rows_in_total", "Rows that a query kept by the server took in.");
        for (QueryInfo query : engine.queries()) {
            to.sample(label(query), query.rowsIn());
        }
        to.counter("weir_query_rows_out_total", "Rows that a query kept by the server wrote.");
        for (QueryInfo query : engine.queries()) {
            to.sample(label(query), query.rowsOut());
        }
        to.gauge(
                "weir_query_lag_records",
                "Offsets between what a query kept by the server has taken in of a topic and its"
                        + " end.");
        for (QueryLag lag : engine.lags()) {
            to.sample(
                    MetricPage.label("query", lag.query())
                            + ","
                            + MetricPage.label("topic", lag.topic()),
                    lag.records());
        }
    }

    private static String label(QueryInfo query) {
        return MetricPage.label("query", query.id());
    }
}
