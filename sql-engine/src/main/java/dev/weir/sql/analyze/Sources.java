package dev.weir.sql.analyze;

import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.catalog.Format;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.RelationColumn;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.error.Position;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.ColumnDefinition;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Nearest;
import dev.weir.sql.parse.Statement;

import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// Streams and tables as CREATE describes them: columns, formats and topic checked and defaulted.
final class Sources {
    /// Where the engine keeps what has happened; nobody else may write there.
    private static final String JOURNAL = "_weir_journal";

    private final AnalyzerContext context;
    private final String text;

    Sources(AnalyzerContext context, String text) {
        this.context = context;
        this.text = text;
    }

    /// A relation's topic.
    ///
    /// @param create it does not exist yet
    private record Topic(String name, int partitions, boolean create) {}

    Analyzed.CreateSource source(Statement.CreateSource create) {
        SourceProperties properties = new SourceProperties(create.properties());
        boolean table = create.kind() == Statement.SourceKind.TABLE;
        Optional<WindowSpec> window = window(properties, table);
        List<RelationColumn> columns = columns(create, window);
        Topic topic = topic(properties, create.name(), OptionalInt.empty());
        Relation relation =
                relation(
                        create.name(), table, columns, topic, properties, window, Optional.empty());
        return new Analyzed.CreateSource(
                relation, topic.create(), topicConfig(relation, properties), create.orReplace());
    }

    /// @param columns the query's, keys marked
    /// @param sourcePartitions what the first relation it reads has
    Analyzed.CreateAs derived(
            Statement.CreateAs create,
            Analyzed.Query query,
            List<RelationColumn> columns,
            OptionalInt sourcePartitions) {
        SourceProperties properties = new SourceProperties(create.properties());
        properties
                .firstGiven("WINDOW_TYPE", "WINDOW_SIZE")
                .ifPresent(key -> {
                    throw new SqlException(
                            SqlState.INVALID_PARAMETER,
                            properties.position(key),
                            "property " + key + " does not go with AS SELECT",
                            "The window comes from the query.");
                });
        boolean table = create.kind() == Statement.SourceKind.TABLE;
        Set<String> seen = new HashSet<>();
        for (RelationColumn column : columns) {
            boolean bound = query.window().isPresent() && column.key();
            checkName(
                    column.name(),
                    create.name().position(),
                    seen,
                    table && bound,
                    "Name it with AS.");
        }
        Topic topic = topic(properties, create.name(), sourcePartitions);
        String queryId =
                (table ? "CTAS_" : "CSAS_") + create.name() + "_" + context.nextQueryNumber();
        Relation relation =
                relation(
                        create.name(),
                        table,
                        columns,
                        topic,
                        properties,
                        table ? query.window() : Optional.empty(),
                        Optional.of(queryId));
        return new Analyzed.CreateAs(
                relation,
                query,
                topic.create(),
                topicConfig(relation, properties),
                create.orReplace());
    }

    private Relation relation(
            Name name,
            boolean table,
            List<RelationColumn> columns,
            Topic topic,
            SourceProperties properties,
            Optional<WindowSpec> window,
            Optional<String> queryId) {
        List<RelationColumn> keys =
                columns.stream()
                        .filter(RelationColumn::key)
                        .filter(c -> window.isEmpty() || !Rewriter.isWindowBound(c.name()))
                        .toList();
        List<RelationColumn> values = columns.stream().filter(c -> !c.key()).toList();
        boolean wrap = properties.flag("WRAP_SINGLE_VALUE", true);
        if (!wrap && values.size() != 1) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    properties.position("WRAP_SINGLE_VALUE"),
                    "WRAP_SINGLE_VALUE is for relations with one value column, \""
                            + name
                            + "\" has "
                            + values.size(),
                    "Leave it out.");
        }
        Optional<String> timestamp = timestamp(properties, columns);
        return new Relation(
                name.text(),
                table ? Relation.Kind.TABLE : Relation.Kind.STREAM,
                columns,
                topic.name(),
                topic.partitions(),
                keyFormat(properties, keys),
                valueFormat(properties, values),
                properties.delimiter("KEY_DELIMITER"),
                properties.delimiter("VALUE_DELIMITER"),
                timestamp,
                properties.text("TIMESTAMP_FORMAT"),
                wrap,
                window,
                queryId,
                text);
    }

    // ---- columns ----

    private List<RelationColumn> columns(
            Statement.CreateSource create, Optional<WindowSpec> window) {
        boolean table = create.kind() == Statement.SourceKind.TABLE;
        Set<String> seen = new HashSet<>();
        List<RelationColumn> columns = new ArrayList<>();
        int afterKeys = 0;
        for (ColumnDefinition definition : create.columns()) {
            Name name = definition.name();
            checkName(name.text(), name.position(), seen, false, "Choose another name.");
            checkKey(create, definition, table);
            boolean key = definition.key() != ColumnDefinition.Key.NONE;
            columns.add(new RelationColumn(name.text(), definition.type(), key));
            afterKeys = key ? columns.size() : afterKeys;
        }
        if (table && afterKeys == 0) {
            throw new SqlException(
                    SqlState.INVALID_TABLE_DEFINITION,
                    create.name().position(),
                    "table \"" + create.name() + "\" has no primary key",
                    "Mark the columns of the record key with PRIMARY KEY, or CREATE STREAM.");
        }
        if (window.isPresent()) {
            columns.add(afterKeys, new RelationColumn(WindowSpec.START, Primitive.BIGINT, true));
            columns.add(afterKeys + 1, new RelationColumn(WindowSpec.END, Primitive.BIGINT, true));
        }
        return columns;
    }

    private static void checkName(
            String name, Position position, Set<String> seen, boolean windowKey, String way) {
        boolean reserved =
                RelationTable.isPseudoColumn(name) || (Rewriter.isWindowBound(name) && !windowKey);
        if (reserved) {
            throw new SqlException(
                    SqlState.INVALID_TABLE_DEFINITION,
                    position,
                    "\"" + name + "\" is a reserved column name",
                    way);
        }
        if (!seen.add(name.toLowerCase(Locale.ROOT))) {
            throw new SqlException(
                    SqlState.DUPLICATE_COLUMN,
                    position,
                    "column \"" + name + "\" is given twice",
                    "Names are unique ignoring case. " + way);
        }
    }

    private static void checkKey(
            Statement.CreateSource create, ColumnDefinition definition, boolean table) {
        Position position = definition.name().position();
        if (table && definition.key() == ColumnDefinition.Key.KEY) {
            throw new SqlException(
                    SqlState.INVALID_TABLE_DEFINITION,
                    position,
                    "column \"" + definition.name() + "\" of a table cannot be marked KEY",
                    "Tables have a PRIMARY KEY, streams a KEY.");
        }
        if (!table && definition.key() == ColumnDefinition.Key.PRIMARY_KEY) {
            throw new SqlException(
                    SqlState.INVALID_TABLE_DEFINITION,
                    position,
                    "column \"" + definition.name() + "\" of a stream cannot be a PRIMARY KEY",
                    "Streams have a KEY, which may repeat; tables a PRIMARY KEY.");
        }
        if (definition.key() != ColumnDefinition.Key.NONE
                && definition.type() instanceof SqlType.MapOf) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    position,
                    "column \"" + definition.name() + "\" of type MAP cannot be a key",
                    "Maps have no order of entries, so equal ones may differ in bytes.");
        }
    }

    private static Optional<WindowSpec> window(SourceProperties properties, boolean table) {
        Optional<String> type = properties.text("WINDOW_TYPE");
        if (type.isEmpty()) {
            properties
                    .firstGiven("WINDOW_SIZE")
                    .ifPresent(key -> {
                        throw properties.bad(key, "WINDOW_TYPE = 'TUMBLING' beside it");
                    });
            return Optional.empty();
        }
        Optional<WindowSpec.Kind> kind =
                Arrays.stream(WindowSpec.Kind.values())
                        .filter(k -> k.name().equalsIgnoreCase(type.get()))
                        .findFirst();
        if (!table || kind.isEmpty()) {
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    properties.position("WINDOW_TYPE"),
                    table
                            ? type.get().toUpperCase(Locale.ROOT) + " windows are not supported"
                            : "streams with windowed keys are not supported",
                    "Tables with WINDOW_TYPE = 'TUMBLING' or 'HOPPING' and a WINDOW_SIZE, or with"
                            + " WINDOW_TYPE = 'SESSION' are.");
        }
        if (kind.get() == WindowSpec.Kind.SESSION) {
            properties
                    .firstGiven("WINDOW_SIZE")
                    .ifPresent(key -> {
                        throw properties.bad(key, "no size: each session has its own");
                    });
            return Optional.of(new WindowSpec(WindowSpec.Kind.SESSION, 0));
        }
        return Optional.of(new WindowSpec(kind.get(), windowSize(properties)));
    }

    private static long windowSize(SourceProperties properties) {
        String[] words = properties.text("WINDOW_SIZE").orElse("").strip().split("\\s+", -1);
        long unit =
                words.length != 2
                        ? 0
                        : switch (words[1].toUpperCase(Locale.ROOT)) {
                            case "MILLISECOND", "MILLISECONDS" -> 1L;
                            case "SECOND", "SECONDS" -> 1_000L;
                            case "MINUTE", "MINUTES" -> 60_000L;
                            case "HOUR", "HOURS" -> 3_600_000L;
                            case "DAY", "DAYS" -> 86_400_000L;
                            default -> 0L;
                        };
        if (unit == 0 || !words[0].matches("[1-9][0-9]{0,8}")) {
            throw properties.bad("WINDOW_SIZE", "a number and a unit, such as '1 MINUTE'");
        }
        return Long.parseLong(words[0]) * unit;
    }

    // ---- formats ----

    private static Format keyFormat(SourceProperties properties, List<RelationColumn> keys) {
        Optional<Format> given = properties.format("KEY_FORMAT");
        boolean kafka = keys.size() <= 1 && keys.stream().allMatch(k -> isKafka(k.type()));
        if (given.isEmpty()) {
            return kafka ? Format.KAFKA : Format.JSON;
        }
        Position position =
                properties.position(
                        properties.firstGiven("KEY_FORMAT", "FORMAT").orElse("KEY_FORMAT"));
        Format format = given.get();
        if (format == Format.KAFKA && !kafka) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    position,
                    "the key format KAFKA cannot hold this key",
                    "It holds one column of type INT, BIGINT, DOUBLE, VARCHAR or BYTES. Use JSON.");
        }
        if (format == Format.NONE && !keys.isEmpty()) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    position,
                    "the key format NONE goes with no key columns",
                    "Remove the KEY mark of \"" + keys.getFirst().name() + "\", or use KAFKA.");
        }
        if (format == Format.DELIMITED) {
            checkFlat(keys, position, "key");
        }
        return format;
    }

    private static Format valueFormat(SourceProperties properties, List<RelationColumn> values) {
        Format format = properties.format("VALUE_FORMAT").orElse(Format.JSON);
        Position position =
                properties.position(
                        properties.firstGiven("VALUE_FORMAT", "FORMAT").orElse("VALUE_FORMAT"));
        switch (format) {
            case NONE ->
                    throw new SqlException(
                            SqlState.INVALID_PARAMETER,
                            position,
                            "the format NONE is for keys only",
                            "Use JSON, KAFKA or DELIMITED for values.");
            case KAFKA -> {
                if (values.size() != 1 || !isKafka(values.getFirst().type())) {
                    throw new SqlException(
                            SqlState.INVALID_PARAMETER,
                            position,
                            "the value format KAFKA cannot hold these columns",
                            "It holds one column of type INT, BIGINT, DOUBLE, VARCHAR or BYTES. Use"
                                    + " JSON.");
                }
            }
            case DELIMITED -> checkFlat(values, position, "value");
            case JSON -> {}
        }
        return format;
    }

    private static void checkFlat(List<RelationColumn> columns, Position position, String part) {
        for (RelationColumn column : columns) {
            boolean nested =
                    switch (column.type()) {
                        case SqlType.Array _, SqlType.MapOf _, SqlType.Struct _ -> true;
                        case Primitive _, SqlType.Decimal _ -> false;
                    };
            if (nested) {
                throw new SqlException(
                        SqlState.INVALID_PARAMETER,
                        position,
                        "the "
                                + part
                                + " format DELIMITED cannot hold column \""
                                + column.name()
                                + "\" of type "
                                + column.type().sql(),
                        "Use JSON for arrays, maps and structs.");
            }
        }
    }

    /// True for the types that Kafka's own serializers write.
    private static boolean isKafka(SqlType type) {
        return type instanceof Primitive primitive
                && switch (primitive) {
                    case INT, BIGINT, DOUBLE, VARCHAR, BYTES -> true;
                    case BOOLEAN, DATE, TIME, TIMESTAMP -> false;
                };
    }

    private static Optional<String> timestamp(
            SourceProperties properties, List<RelationColumn> columns) {
        Optional<String> given = properties.text("TIMESTAMP");
        Optional<String> format = properties.text("TIMESTAMP_FORMAT");
        if (given.isEmpty()) {
            format.ifPresent(f -> {
                throw properties.bad("TIMESTAMP_FORMAT", "TIMESTAMP = 'column' beside it");
            });
            return Optional.empty();
        }
        RelationColumn column =
                columns.stream()
                        .filter(c -> c.name().equalsIgnoreCase(given.get()))
                        .findFirst()
                        .orElseThrow(() -> noColumn(properties, given.get(), columns));
        boolean textual = column.type() == Primitive.VARCHAR;
        if (!textual && column.type() != Primitive.BIGINT && column.type() != Primitive.TIMESTAMP) {
            throw new SqlException(
                    SqlState.DATATYPE_MISMATCH,
                    properties.position("TIMESTAMP"),
                    "column \""
                            + column.name()
                            + "\" of type "
                            + column.type().sql()
                            + " cannot give the row time",
                    "It must be BIGINT (milliseconds), TIMESTAMP, or VARCHAR with a"
                            + " TIMESTAMP_FORMAT.");
        }
        if (textual != format.isPresent()) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    properties.position(textual ? "TIMESTAMP" : "TIMESTAMP_FORMAT"),
                    textual
                            ? "TIMESTAMP_FORMAT is missing for the text column \""
                                    + column.name()
                                    + "\""
                            : "TIMESTAMP_FORMAT does not go with the type " + column.type().sql(),
                    textual ? "Give the pattern, such as 'yyyy-MM-dd HH:mm:ss'." : "Leave it out.");
        }
        format.ifPresent(f -> checkPattern(properties, f));
        return Optional.of(column.name());
    }

    private static void checkPattern(SourceProperties properties, String pattern) {
        try {
            Objects.requireNonNull(DateTimeFormatter.ofPattern(pattern, Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw properties.bad(
                    "TIMESTAMP_FORMAT", "a java.time pattern, such as 'yyyy-MM-dd HH:mm:ss'");
        }
    }

    private static SqlException noColumn(
            SourceProperties properties, String name, List<RelationColumn> columns) {
        List<String> names = columns.stream().map(RelationColumn::name).toList();
        return new SqlException(
                SqlState.UNDEFINED_COLUMN,
                properties.position("TIMESTAMP"),
                "column \"" + name + "\" of TIMESTAMP does not exist",
                Nearest.to(name, names).map(n -> "Did you mean \"" + n + "\"? ").orElse("")
                        + "Columns are "
                        + String.join(", ", names)
                        + ".");
    }

    // ---- topic ----

    private Topic topic(SourceProperties properties, Name name, OptionalInt sourcePartitions) {
        Optional<String> given = properties.text("KAFKA_TOPIC");
        String topic = given.orElse(name.text());
        if (topic.equals(JOURNAL) || (topic.startsWith("_weir_") && sourcePartitions.isPresent())) {
            throw new SqlException(
                    SqlState.INVALID_PARAMETER,
                    given.isPresent() ? properties.position("KAFKA_TOPIC") : name.position(),
                    "topic \"" + topic + "\" is the engine's own",
                    "Choose another topic.");
        }
        OptionalInt partitions = properties.count("PARTITIONS");
        properties.count("REPLICAS");
        OptionalInt existing = context.topicPartitions(topic);
        if (existing.isPresent()) {
            if (partitions.isPresent() && partitions.getAsInt() != existing.getAsInt()) {
                throw new SqlException(
                        SqlState.INVALID_PARAMETER,
                        properties.position("PARTITIONS"),
                        "topic \""
                                + topic
                                + "\" has "
                                + existing.getAsInt()
                                + " partitions, not "
                                + partitions.getAsInt(),
                        "Leave PARTITIONS out to take the topic as it is.");
            }
            return new Topic(topic, existing.getAsInt(), false);
        }
        boolean derived = sourcePartitions.isPresent();
        if (given.isPresent() && partitions.isEmpty() && !derived) {
            throw new SqlException(
                    SqlState.UNDEFINED_OBJECT,
                    properties.position("KAFKA_TOPIC"),
                    "topic \"" + topic + "\" does not exist",
                    Nearest.to(topic, context.topicNames())
                                    .map(n -> "Did you mean \"" + n + "\"? ")
                                    .orElse("")
                            + "To make it, add PARTITIONS = n; SHOW TOPICS lists what there is.");
        }
        return new Topic(
                topic,
                partitions.orElse(sourcePartitions.orElse(context.defaultPartitions())),
                true);
    }

    private static Map<String, String> topicConfig(Relation relation, SourceProperties properties) {
        Map<String, String> config = new HashMap<>();
        OptionalLong retention = properties.number("RETENTION_MS");
        if (retention.isPresent()) {
            config.put("retention.ms", Long.toString(retention.getAsLong()));
        }
        Optional<String> policy = properties.text("CLEANUP_POLICY");
        if (policy.isPresent()) {
            String text = policy.get().toLowerCase(Locale.ROOT);
            if (!text.matches("compact|delete|compact, ?delete|delete, ?compact")) {
                throw properties.bad("CLEANUP_POLICY", "'compact', 'delete' or 'compact,delete'");
            }
            config.put("cleanup.policy", text.replace(" ", ""));
        } else if (relation.isTable()) {
            config.put("cleanup.policy", "compact");
        }
        return config;
    }
}
