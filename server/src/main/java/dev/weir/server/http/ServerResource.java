package dev.weir.server.http;

import dev.weir.server.session.Sessions;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.EngineMetrics;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the server says about itself: `/healthcheck`, `/info`, `/metrics`.
final class ServerResource {
    private static final String METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

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
        // The format wants the samples of one name together.
        var byName = new LinkedHashMap<String, List<String>>();
        MetricSource.Samples samples =
                (name, labels, value) ->
                        byName.computeIfAbsent(name, _ -> new ArrayList<>())
                                .add(
                                        labels.isEmpty()
                                                ? " " + text(value)
                                                : "{" + labels + "} " + text(value));
        collectProcess(samples);
        collectStatements(samples);
        if (sessions.isReady()) {
            collectEngine(samples);
        }
        sources.forEach(source -> source.collect(samples));
        var page = new StringBuilder(4 << 10);
        byName.forEach((name, lines) -> {
            page.append("# TYPE ")
                    .append(name)
                    .append(name.endsWith("_total") ? " counter\n" : " gauge\n");
            lines.forEach(line -> page.append(name).append(line).append('\n'));
        });
        exchange.send(HttpResponseStatus.OK, METRICS_TYPE, page.toString());
    }

    private static String text(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    private static void collectProcess(MetricSource.Samples to) {
        var runtime = ManagementFactory.getRuntimeMXBean();
        var memory = ManagementFactory.getMemoryMXBean();
        to.sample("process_start_time_seconds", "", runtime.getStartTime() / 1e3);
        ProcessHandle.current()
                .info()
                .totalCpuDuration()
                .ifPresent(cpu -> to.sample("process_cpu_seconds_total", "", cpu.toMillis() / 1e3));
        to.count("jvm_memory_used_bytes", "area=\"heap\"", memory.getHeapMemoryUsage().getUsed());
        to.count(
                "jvm_memory_used_bytes",
                "area=\"nonheap\"",
                memory.getNonHeapMemoryUsage().getUsed());
        to.count("jvm_memory_max_bytes", "area=\"heap\"", memory.getHeapMemoryUsage().getMax());
        to.count("jvm_threads", "", ManagementFactory.getThreadMXBean().getThreadCount());
        for (var collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            String labels = "gc=\"" + collector.getName() + "\"";
            to.count("jvm_gc_collections_total", labels, collector.getCollectionCount());
            to.sample("jvm_gc_seconds_total", labels, collector.getCollectionTime() / 1e3);
        }
    }

    private void collectStatements(MetricSource.Samples to) {
        to.count("weir_up", "", sessions.isReady() ? 1 : 0);
        to.count("weir_statements_total", "", sessions.statementCount());
        to.count("weir_statement_failures_total", "", sessions.failureCount());
    }

    private void collectEngine(MetricSource.Samples to) {
        EngineMetrics engine;
        try {
            engine = sessions.metrics();
        } catch (SqlException _) {
            // It began to shut down between the question and the answer.
            return;
        }
        to.count("weir_engine_steps_total", "", engine.steps());
        to.count("weir_engine_rows_in_total", "", engine.rowsIn());
        to.count("weir_engine_rows_out_total", "", engine.rowsOut());
        to.count("weir_engine_rows_late_total", "", engine.rowsLate());
        to.count("weir_engine_dead_letters_total", "", engine.deadLetters());
        to.count("weir_engine_checkpoints_total", "", engine.checkpoints());
        to.count("weir_engine_state_bytes", "", engine.stateBytes());
        to.count("weir_engine_persistent_queries", "", engine.persistentQueries());
        to.count("weir_engine_push_queries", "", engine.pushQueries());
        to.count("weir_engine_lag_records", "", engine.lagRecords());
    }
}
