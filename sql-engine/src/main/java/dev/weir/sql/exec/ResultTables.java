package dev.weir.sql.exec;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.function.Functions;
import dev.weir.sql.io.ConsumerGroup;
import dev.weir.sql.io.TopicInfo;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;

/// Statement results as plain tables, for doors that know only rows.
final class ResultTables {
    private ResultTables() {}

    static StatementResult.Rows of(StatementResult result) {
        return switch (result) {
            case StatementResult.Done done -> texts(List.of("message"), List.of(done.message()));
            case StatementResult.Rows rows -> rows;
            case StatementResult.Live _ ->
                    throw new IllegalStateException("a never-ending result is not a table");
            case StatementResult.Relations relations -> relations(relations.relations());
            case StatementResult.Queries queries -> queries(queries.queries());
            case StatementResult.Topics topics -> topics(topics.topics());
            case StatementResult.Properties properties ->
                    pairs("property", "value", properties.properties());
            case StatementResult.Functions functions ->
                    pairs("function", "kind", functions.functions());
            case StatementResult.Description description -> columns(description.relation());
            case StatementResult.Explanation explanation ->
                    texts(List.of("plan"), explanation.plan().lines().toList());
        };
    }

    private static StatementResult.Rows relations(List<Relation> relations) {
        List<Object[]> rows = new ArrayList<>();
        for (Relation relation : relations) {
            rows.add(
                    new Object[] {
                        relation.name(),
                        relation.topic(),
                        relation.keyFormat().name(),
                        relation.valueFormat().name(),
                        relation.window().isPresent()
                    });
        }
        return new StatementResult.Rows(
                schema(
                        Map.entry("name", Primitive.VARCHAR),
                        Map.entry("topic", Primitive.VARCHAR),
                        Map.entry("key_format", Primitive.VARCHAR),
                        Map.entry("value_format", Primitive.VARCHAR),
                        Map.entry("windowed", Primitive.BOOLEAN)),
                rows);
    }

    private static StatementResult.Rows queries(List<QueryInfo> queries) {
        List<Object[]> rows = new ArrayList<>();
        for (QueryInfo query : queries) {
            rows.add(
                    new Object[] {
                        query.id(),
                        query.kind().name(),
                        query.state().name(),
                        String.join(", ", query.sinks()),
                        String.join(", ", query.sources()),
                        query.rowsIn(),
                        query.rowsOut(),
                        query.error().orElse(null),
                        query.sql()
                    });
        }
        return new StatementResult.Rows(
                schema(
                        Map.entry("id", Primitive.VARCHAR),
                        Map.entry("kind", Primitive.VARCHAR),
                        Map.entry("state", Primitive.VARCHAR),
                        Map.entry("writes", Primitive.VARCHAR),
                        Map.entry("reads", Primitive.VARCHAR),
                        Map.entry("rows_in", Primitive.BIGINT),
                        Map.entry("rows_out", Primitive.BIGINT),
                        Map.entry("error", Primitive.VARCHAR),
                        Map.entry("sql", Primitive.VARCHAR)),
                rows);
    }

    private static StatementResult.Rows topics(List<TopicInfo> topics) {
        List<Object[]> rows = new ArrayList<>();
        for (TopicInfo topic : topics) {
            rows.add(new Object[] {topic.name(), topic.partitions(), topic.replicas()});
        }
        return new StatementResult.Rows(
                schema(
                        Map.entry("topic", Primitive.VARCHAR),
                        Map.entry("partitions", Primitive.INT),
                        Map.entry("replicas", Primitive.INT)),
                rows);
    }

    /// SHOW CONSUMER GROUPS.
    static StatementResult.Rows groups(List<ConsumerGroup> groups) {
        List<Object[]> rows = new ArrayList<>();
        for (ConsumerGroup group : groups) {
            List<String> topics =
                    group.positions().stream()
                            .map(position -> position.partition().topic())
                            .distinct()
                            .toList();
            rows.add(
                    new Object[] {
                        group.name(),
                        group.type(),
                        group.state(),
                        group.protocol(),
                        group.members().size(),
                        String.join(", ", topics),
                        group.positions().stream()
                                .mapToLong(position -> position.lag().orElse(0))
                                .sum()
                    });
        }
        return new StatementResult.Rows(
                schema(
                        Map.entry("group", Primitive.VARCHAR),
                        Map.entry("type", Primitive.VARCHAR),
                        Map.entry("state", Primitive.VARCHAR),
                        Map.entry("protocol", Primitive.VARCHAR),
                        Map.entry("members", Primitive.INT),
                        Map.entry("topics", Primitive.VARCHAR),
                        Map.entry("lag", Primitive.BIGINT)),
                rows);
    }

    /// DESCRIBE CONSUMER GROUP: a row for each partition, then one for each member that reads none.
    static StatementResult.Rows positions(ConsumerGroup group) {
        List<Object[]> rows = new ArrayList<>();
        Set<ConsumerGroup.Member> idle = new LinkedHashSet<>(group.members());
        for (ConsumerGroup.Position position : group.positions()) {
            ConsumerGroup.Member reader = position.reader();
            idle.remove(reader);
            rows.add(
                    new Object[] {
                        position.partition().topic(),
                        position.partition().partition(),
                        orNull(position.committed()),
                        orNull(position.end()),
                        orNull(position.lag()),
                        reader == null ? null : reader.id(),
                        reader == null ? null : reader.clientId(),
                        reader == null ? null : reader.host()
                    });
        }
        for (ConsumerGroup.Member member : idle) {
            rows.add(
                    new Object[] {
                        null, null, null, null, null, member.id(), member.clientId(), member.host()
                    });
        }
        return new StatementResult.Rows(
                schema(
                        Map.entry("topic", Primitive.VARCHAR),
                        Map.entry("partition", Primitive.INT),
                        Map.entry("committed", Primitive.BIGINT),
                        Map.entry("end", Primitive.BIGINT),
                        Map.entry("lag", Primitive.BIGINT),
                        Map.entry("member", Primitive.VARCHAR),
                        Map.entry("client", Primitive.VARCHAR),
                        Map.entry("host", Primitive.VARCHAR)),
                rows);
    }

    private static Long orNull(OptionalLong value) {
        return value.isPresent() ? value.getAsLong() : null;
    }

    private static StatementResult.Rows columns(Relation relation) {
        List<Object[]> rows = new ArrayList<>();
        for (RelationColumn column : relation.columns()) {
            rows.add(
                    new Object[] {
                        column.name(),
                        column.type().sql(),
                        column.key() ? (relation.isTable() ? "PRIMARY KEY" : "KEY") : null
                    });
        }
        return new StatementResult.Rows(
                schema(
                        Map.entry("column", Primitive.VARCHAR),
                        Map.entry("type", Primitive.VARCHAR),
                        Map.entry("key", Primitive.VARCHAR)),
                rows);
    }

    /// DESCRIBE FUNCTION.
    static StatementResult.Rows functionForms(List<Functions.Form> forms) {
        List<Object[]> rows = new ArrayList<>();
        forms.forEach(form -> rows.add(new Object[] {form.signature(), form.doc()}));
        return new StatementResult.Rows(
                schema(
                        Map.entry("function", Primitive.VARCHAR),
                        Map.entry("gives", Primitive.VARCHAR)),
                rows);
    }

    private static StatementResult.Rows pairs(
            String name, String value, Map<String, String> pairs) {
        List<Object[]> rows = new ArrayList<>();
        new TreeMap<>(pairs).forEach((k, v) -> rows.add(new Object[] {k, v}));
        return new StatementResult.Rows(
                schema(Map.entry(name, Primitive.VARCHAR), Map.entry(value, Primitive.VARCHAR)),
                rows);
    }

    private static StatementResult.Rows texts(List<String> names, List<String> values) {
        List<Object[]> rows = new ArrayList<>();
        values.forEach(value -> rows.add(new Object[] {value}));
        return new StatementResult.Rows(
                schema(Map.entry(names.getFirst(), Primitive.VARCHAR)), rows);
    }

    @SafeVarargs
    private static Schema schema(Map.Entry<String, ? extends SqlType>... columns) {
        List<Field> fields = new ArrayList<>();
        for (Map.Entry<String, ? extends SqlType> column : columns) {
            fields.add(new Field(column.getKey(), column.getValue()));
        }
        return new Schema(fields);
    }
}
