package dev.weir.sql.parse;

import dev.weir.sql.error.Position;

import org.apache.calcite.sql.SqlNode;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// One parsed statement. Nothing in it has been looked up.
public sealed interface Statement {
    /// Stream or table.
    enum SourceKind {
        STREAM,
        TABLE
    }

    /// CREATE STREAM | TABLE name (columns) WITH (properties).
    record CreateSource(
            SourceKind kind,
            Name name,
            List<ColumnDefinition> columns,
            List<Property> properties,
            boolean orReplace,
            boolean ifNotExists)
            implements Statement {
        public CreateSource {
            columns = List.copyOf(columns);
            properties = List.copyOf(properties);
        }
    }

    /// CREATE STREAM | TABLE name WITH (properties) AS SELECT; CREATE MATERIALIZED VIEW is a table.
    record CreateAs(
            SourceKind kind,
            Name name,
            List<Property> properties,
            Select select,
            boolean orReplace,
            boolean ifNotExists)
            implements Statement {
        public CreateAs {
            properties = List.copyOf(properties);
        }
    }

    /// INSERT INTO target (columns) VALUES rows.
    ///
    /// @param columns empty when none are named: all in declared order
    record InsertValues(Name target, List<Name> columns, List<List<SqlNode>> rows)
            implements Statement {
        public InsertValues {
            columns = List.copyOf(columns);
            rows = List.copyOf(rows);
        }
    }

    /// INSERT INTO target (columns) SELECT: a continuous query that writes into a stream.
    ///
    /// @param columns empty when none are named: all in declared order
    /// @param queryId the id the query is to have, if it is to have a certain one
    record InsertSelect(Name target, List<Name> columns, Optional<Name> queryId, Select select)
            implements Statement {
        public InsertSelect {
            columns = List.copyOf(columns);
        }
    }

    /// UPDATE target SET assignments WHERE.
    record Update(Name target, List<Assignment> assignments, Optional<SqlNode> where)
            implements Statement {
        public Update {
            assignments = List.copyOf(assignments);
        }
    }

    /// `column = value` of UPDATE.
    record Assignment(Name column, SqlNode value) {}

    /// DELETE FROM target WHERE.
    record Delete(Name target, Optional<SqlNode> where) implements Statement {}

    /// ALTER STREAM | TABLE name ADD COLUMN column, ….
    record Alter(SourceKind kind, Name name, List<ColumnDefinition> columns) implements Statement {
        public Alter {
            columns = List.copyOf(columns);
        }
    }

    /// DEFINE variable = 'value': `${variable}` stands for the value in later statements.
    record Define(Name variable, String value) implements Statement {}

    /// UNDEFINE variable.
    record Undefine(Name variable) implements Statement {}

    /// A query: a push query with EMIT CHANGES, else a pull query.
    ///
    /// @param limit of a push query; that of a pull query is part of `query`
    /// @param partitionBy what the rows are keyed by; empty when nothing is said, a NULL literal
    ///   alone for no key
    record Select(SqlNode query, boolean emitChanges, OptionalLong limit, List<SqlNode> partitionBy)
            implements Statement {
        public Select {
            partitionBy = List.copyOf(partitionBy);
        }
    }

    /// SHOW or LIST.
    record Show(Kind kind, boolean extended) implements Statement {
        /// What to show.
        public enum Kind {
            STREAMS,
            TABLES,
            QUERIES,
            TOPICS,
            CONSUMER_GROUPS,
            PROPERTIES,
            FUNCTIONS,
            VARIABLES
        }
    }

    /// DESCRIBE name [EXTENDED].
    record Describe(Name name, boolean extended) implements Statement {}

    /// DESCRIBE FUNCTION name.
    record DescribeFunction(Name name) implements Statement {}

    /// DESCRIBE CONSUMER GROUP name.
    record DescribeConsumerGroup(Name group) implements Statement {}

    /// EXPLAIN of a statement, or of a running query: exactly one of them is present.
    record Explain(Optional<Statement> statement, Optional<Name> queryId) implements Statement {}

    /// DROP STREAM | TABLE name.
    ///
    /// @param cascade what reads it is dropped too
    record Drop(SourceKind kind, Name name, boolean ifExists, boolean deleteTopic, boolean cascade)
            implements Statement {}

    /// TERMINATE of one query, or of all when `queryId` is empty.
    record Terminate(Optional<Name> queryId) implements Statement {}

    /// PRINT topic.
    ///
    /// @param interval print every n-th record
    record Print(Name topic, boolean fromBeginning, OptionalLong interval, OptionalLong limit)
            implements Statement {}

    /// SET key = value.
    record SetProperty(Name key, String value, Position valuePosition) implements Statement {}

    /// UNSET key.
    record UnsetProperty(Name key) implements Statement {}

    /// CANCEL QUERY id.
    record CancelQuery(Name queryId) implements Statement {}

    /// COPY (SELECT …) TO STDOUT.
    record CopyOut(Select select) implements Statement {}
}
