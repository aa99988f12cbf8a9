package dev.weir.sql.analyze;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.WindowSpec;
import dev.weir.sql.function.Functions;
import dev.weir.sql.parse.Statement;

import org.apache.calcite.rel.RelNode;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/// A statement whose names and types are resolved: ready to be planned or carried out.
public sealed interface Analyzed {
    /// A stream or table over a topic.
    ///
    /// @param createTopic the topic does not exist yet: make it with `relation.partitions()` and
    ///   `topicConfig`
    /// @param topicConfig settings by Kafka's names
    /// @param orReplace a relation of that name may exist and is then replaced
    record CreateSource(
            Relation relation,
            boolean createTopic,
            Map<String, String> topicConfig,
            boolean orReplace)
            implements Analyzed {
        public CreateSource {
            topicConfig = Map.copyOf(topicConfig);
        }
    }

    /// A stream or table kept up to date by a continuous query, `relation.queryId()`. The query's
    /// columns are the relation's, in order.
    record CreateAs(
            Relation relation,
            Query query,
            boolean createTopic,
            Map<String, String> topicConfig,
            boolean orReplace)
            implements Analyzed {
        public CreateAs {
            topicConfig = Map.copyOf(topicConfig);
        }
    }

    /// A query.
    ///
    /// @param rel its algebra, before any rule
    /// @param emitChanges push query, or part of CREATE … AS
    /// @param limit of a push query
    /// @param sources the names of the relations it reads, in order of mention
    /// @param schema its columns
    /// @param window set when it groups by ksqlDB's WINDOW clause, or as the query of a CREATE
    ///   TABLE passes on the bounds of a windowed table
    record Query(
            RelNode rel,
            boolean emitChanges,
            OptionalLong limit,
            List<String> sources,
            Schema schema,
            Optional<WindowSpec> window)
            implements Analyzed {
        public Query {
            sources = List.copyOf(sources);
        }
    }

    /// Rows to insert.
    ///
    /// @param rows one value per column of the target, in the storage form of
    ///   [dev.weir.sql.batch.SqlType]: Long for the LONG layout, Double, String or byte[],
    ///   BigDecimal, List, Map, List in field order for structs; null for NULL
    /// @param rowTimes for each row its ROWTIME, when given
    record InsertValues(Relation target, List<List<Object>> rows, List<OptionalLong> rowTimes)
            implements Analyzed {
        public InsertValues {
            rows = List.copyOf(rows);
            rowTimes = List.copyOf(rowTimes);
        }
    }

    /// A continuous query that writes into a stream beside whatever else does.
    ///
    /// @param query its columns are the target's, in order and of the same types
    record InsertSelect(Relation target, Query query, String queryId) implements Analyzed {}

    /// Rows of a table over a topic, changed.
    ///
    /// @param rows the rows as they will be: a pull query with the target's columns, in order and
    ///   of the same types
    record Update(Relation target, Query rows) implements Analyzed {}

    /// Rows of a table over a topic that go.
    ///
    /// @param keys a pull query for the key columns of those rows
    record Delete(Relation target, Query keys) implements Analyzed {}

    /// ALTER … ADD COLUMN.
    ///
    /// @param sql the CREATE OR REPLACE statement that does it
    record Alter(Relation relation, String sql) implements Analyzed {}

    /// DEFINE.
    record Define(String variable, String value) implements Analyzed {}

    /// UNDEFINE.
    record Undefine(String variable) implements Analyzed {}

    /// SHOW or LIST.
    record Show(Statement.Show.Kind kind, boolean extended) implements Analyzed {}

    /// DESCRIBE.
    record Describe(Relation relation, boolean extended) implements Analyzed {}

    /// DESCRIBE FUNCTION.
    ///
    /// @param forms the ways to call it
    record DescribeFunction(List<Functions.Form> forms) implements Analyzed {
        public DescribeFunction {
            forms = List.copyOf(forms);
        }
    }

    /// DESCRIBE CONSUMER GROUP. That there is such a group is for the log to say.
    record DescribeConsumerGroup(String group) implements Analyzed {}

    /// EXPLAIN of a query not run: a [Query] or [CreateAs].
    record Explain(Analyzed statement) implements Analyzed {}

    /// EXPLAIN of a running query.
    record ExplainQuery(String queryId) implements Analyzed {}

    /// DROP STREAM, DROP TABLE.
    ///
    /// @param cascade drop what reads it too
    record Drop(Relation relation, boolean deleteTopic, boolean cascade) implements Analyzed {}

    /// TERMINATE of one query, or of all when `queryId` is empty.
    record Terminate(Optional<String> queryId) implements Analyzed {}

    /// PRINT.
    ///
    /// @param interval print every n-th record
    record Print(String topic, boolean fromBeginning, long interval, OptionalLong limit)
            implements Analyzed {}

    /// SET.
    record SetProperty(String key, String value) implements Analyzed {}

    /// UNSET.
    record UnsetProperty(String key) implements Analyzed {}

    /// CANCEL QUERY.
    record CancelQuery(String queryId) implements Analyzed {}

    /// COPY (SELECT …) TO STDOUT.
    record CopyOut(Query query) implements Analyzed {}

    /// Nothing to do: IF NOT EXISTS met something, or IF EXISTS nothing.
    ///
    /// @param tag the command tag, `CREATE STREAM`, …
    /// @param message a sentence for people
    record Nothing(String tag, String message) implements Analyzed {}
}
