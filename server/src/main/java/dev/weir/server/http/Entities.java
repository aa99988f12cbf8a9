package dev.weir.server.http;

import dev.weir.server.session.Keywords;
import dev.weir.sql.batch.Field;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.exec.QueryInfo;
import dev.weir.sql.exec.StatementResult;
import dev.weir.sql.io.TopicInfo;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What statements answered, as the entities of ksqlDB's `/ksql`.
final class Entities {
    private static final Pattern NAMED =
            Pattern.compile(
                    "(?is)^.*?\\b(?:STREAM|TABLE|VIEW)\\s+(?:IF\\s+(?:NOT\\s+)?EXISTS\\s+)?"
                            + "(`[^`]+`|\"[^\"]+\"|\\w+).*");

    private Entities() {}

    /// The entity of a result; empty for what ksqlDB has none for: SET, UNSET, INSERT.
    static Optional<Map<String, Object>> of(String statement, StatementResult result) {
        return switch (result) {
            case StatementResult.Done done -> status(statement, done);
            case StatementResult.Relations(var kind, var relations) ->
                    Optional.of(relations(statement, kind, relations));
            case StatementResult.Queries(var queries) -> {
                var entity = entity("queries", statement);
                entity.put("queries", queries.stream().map(Entities::query).toList());
                yield Optional.of(entity);
            }
            case StatementResult.Topics(var topics) -> {
                var entity = entity("kafka_topics", statement);
                entity.put("topics", topics.stream().map(Entities::topic).toList());
                yield Optional.of(entity);
            }
            case StatementResult.Properties(var properties) ->
                    Optional.of(properties(statement, properties));
            case StatementResult.Functions(var functions) -> {
                var entity = entity("function_names", statement);
                entity.put(
                        "functions",
                        functions.entrySet().stream()
                                .map(f -> ordered("name", f.getKey(), "type", f.getValue()))
                                .toList());
                yield Optional.of(entity);
            }
            case StatementResult.Description description ->
                    Optional.of(description(statement, description));
            case StatementResult.Explanation(var plan, var query) ->
                    Optional.of(explanation(statement, plan, query));
            case StatementResult.Rows rows -> Optional.of(rows(statement, rows));
            case StatementResult.Live _ ->
                    throw new IllegalStateException("a push query is no entity");
        };
    }

    /// Statements that ksqlDB answers with no entity.
    private static final Set<String> SILENT =
            Set.of("INSERT", "SET", "RESET", "DEFINE", "UNDEFINE");

    private static Optional<Map<String, Object>> status(
            String statement, StatementResult.Done done) {
        List<String> words = Keywords.first(done.tag(), 2);
        String verb = words.isEmpty() ? "" : words.getFirst();
        if (SILENT.contains(verb)) {
            return Optional.empty();
        }
        var status = new LinkedHashMap<String, Object>();
        status.put("status", "SUCCESS");
        status.put("message", done.message());
        status.put("queryId", done.queryId().orElse(null));
        var entity = entity("currentStatus", statement);
        entity.put("commandId", commandId(words, statement, done));
        entity.put("commandStatus", status);
        entity.put("commandSequenceNumber", done.commandSequence());
        return Optional.of(entity);
    }

    private static String commandId(
            List<String> words, String statement, StatementResult.Done done) {
        String verb = words.isEmpty() ? "statement" : words.getFirst().toLowerCase(Locale.ROOT);
        if (verb.equals("terminate")) {
            return "terminate/" + done.queryId().orElse("ALL") + "/execute";
        }
        String kind = words.size() < 2 ? verb : words.get(1).toLowerCase(Locale.ROOT);
        Matcher named = NAMED.matcher(statement);
        String name = named.matches() ? unquoted(named.group(1)) : "";
        return kind + "/`" + name + "`/" + verb;
    }

    private static String unquoted(String name) {
        return name.startsWith("`") || name.startsWith("\"")
                ? name.substring(1, name.length() - 1)
                : name;
    }

    private static Map<String, Object> relations(
            String statement, Relation.Kind kind, List<Relation> relations) {
        String plural = kind == Relation.Kind.STREAM ? "streams" : "tables";
        var entity = entity(plural, statement);
        entity.put(plural, relations.stream().map(Entities::relation).toList());
        return entity;
    }

    private static Map<String, Object> relation(Relation relation) {
        return ordered(
                "type", relation.kind().name(),
                "name", relation.name(),
                "topic", relation.topic(),
                "keyFormat", relation.keyFormat().name(),
                "valueFormat", relation.valueFormat().name(),
                "isWindowed", relation.window().isPresent());
    }

    private static Map<String, Object> query(QueryInfo query) {
        return ordered(
                "queryString", query.sql(),
                "sinks", query.sinks(),
                "sinkKafkaTopics", query.sinks(),
                "id", query.id(),
                "statusCount", Map.of(status(query), 1),
                "queryType", query.kind().name(),
                "state", status(query));
    }

    /// ksqlDB knows no state for a query that is catching up: it is running.
    private static String status(QueryInfo query) {
        return switch (query.state()) {
            case RUNNING, BACKFILLING -> "RUNNING";
            case FAILED -> "ERROR";
        };
    }

    private static Map<String, Object> topic(TopicInfo topic) {
        return ordered(
                "name",
                topic.name(),
                "replicaInfo",
                Collections.nCopies(topic.partitions(), topic.replicas()));
    }

    private static Map<String, Object> properties(
            String statement, Map<String, String> properties) {
        var entity = entity("properties", statement);
        entity.put(
                "properties",
                properties.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(p ->
                                ordered(
                                        "name", p.getKey(),
                                        "scope", "KSQL",
                                        "value", p.getValue()))
                        .toList());
        entity.put("overwrittenProperties", List.of());
        entity.put("defaultProperties", List.of());
        return entity;
    }

    private static Map<String, Object> description(
            String statement, StatementResult.Description description) {
        Relation relation = description.relation();
        var source =
                ordered(
                        "name", relation.name(),
                        "windowType", relation.window().map(WindowSpec::kind).orElse(null),
                        "readQueries", description.readers().stream().map(Entities::query).toList(),
                        "writeQueries",
                                description.writers().stream().map(Entities::query).toList(),
                        "fields", relation.columns().stream().map(Entities::field).toList(),
                        "type", relation.kind().name(),
                        "timestamp", relation.timestampColumn().orElse(""),
                        "statistics", "",
                        "errorStats", "",
                        "extended", false,
                        "keyFormat", relation.keyFormat().name(),
                        "valueFormat", relation.valueFormat().name(),
                        "topic", relation.topic(),
                        "partitions", relation.partitions(),
                        "replication", 1,
                        "statement", relation.sql(),
                        "queryOffsetSummaries", List.of(),
                        "sourceConstraints", List.of());
        var entity = entity("sourceDescription", statement);
        entity.put("sourceDescription", source);
        return entity;
    }

    private static Map<String, Object> field(RelationColumn column) {
        return ordered(
                "name", column.name(),
                "schema", KsqlTypes.tree(column.type()),
                "type", column.key() ? "KEY" : null);
    }

    private static Map<String, Object> explanation(
            String statement, String plan, Optional<QueryInfo> query) {
        var description =
                ordered(
                        "id", query.map(QueryInfo::id).orElse(""),
                        "statementText", query.map(QueryInfo::sql).orElse(statement),
                        "windowType", null,
                        "fields", List.of(),
                        "sources", query.map(QueryInfo::sources).orElse(List.of()),
                        "sinks", query.map(QueryInfo::sinks).orElse(List.of()),
                        "topology", "",
                        "executionPlan", plan,
                        "overriddenProperties", Map.of(),
                        "ksqlHostQueryStatus", Map.of(),
                        "queryType", query.map(q -> q.kind().name()).orElse(null),
                        "queryErrors",
                                query.flatMap(QueryInfo::error)
                                        .map(e -> List.of(Map.of("errorMessage", e)))
                                        .orElse(List.of()),
                        "tasksMetadata", List.of(),
                        "state", query.map(Entities::status).orElse(null));
        var entity = entity("queryDescription", statement);
        entity.put("queryDescription", description);
        return entity;
    }

    /// For answers that ksqlDB does not have.
    private static Map<String, Object> rows(String statement, StatementResult.Rows rows) {
        var entity = entity("rows", statement);
        entity.put("columns", rows.schema().fields().stream().map(Field::name).toList());
        entity.put(
                "rows",
                rows.rows().stream()
                        .map(r ->
                                Arrays.stream(r).map(v -> v == null ? null : v.toString()).toList())
                        .toList());
        return entity;
    }

    private static Map<String, Object> entity(String type, String statement) {
        return ordered("@type", type, "statementText", statement + ";", "warnings", List.of());
    }

    private static Map<String, Object> ordered(Object... namesAndValues) {
        var map = new LinkedHashMap<String, Object>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }
}
