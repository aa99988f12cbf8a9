package dev.weir.sql.exec;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.io.TopicInfo;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a statement answered. Front doors switch over it; [#asRows] gives any of them but [Live] as
/// a plain table.
public sealed interface StatementResult {
    /// A statement that changed something, or nothing to show.
    ///
    /// @param tag what was done, as PostgreSQL's command tag: `CREATE STREAM`, `INSERT 0 2`, …
    /// @param message a sentence for people
    /// @param queryId the query that was started or ended
    /// @param commandSequence position of the statement in the journal, -1 when it changed nothing
    record Done(String tag, String message, Optional<String> queryId, long commandSequence)
            implements StatementResult {}

    /// A finished result.
    record Rows(Schema schema, List<Object[]> rows) implements StatementResult {}

    /// A never-ending result.
    record Live(PushQuery query) implements StatementResult {}

    /// SHOW STREAMS, SHOW TABLES.
    record Relations(Relation.Kind kind, List<Relation> relations) implements StatementResult {}

    /// SHOW QUERIES.
    record Queries(List<QueryInfo> queries) implements StatementResult {}

    /// SHOW TOPICS.
    record Topics(List<TopicInfo> topics) implements StatementResult {}

    /// SHOW PROPERTIES, SHOW VARIABLES.
    record Properties(Map<String, String> properties) implements StatementResult {}

    /// SHOW FUNCTIONS: name and kind (SCALAR, AGGREGATE).
    record Functions(Map<String, String> functions) implements StatementResult {}

    /// DESCRIBE.
    record Description(Relation relation, List<QueryInfo> readers, List<QueryInfo> writers)
            implements StatementResult {}

    /// EXPLAIN: the plan as text, and the query when one was named.
    record Explanation(String plan, Optional<QueryInfo> query) implements StatementResult {}

    /// The result as a table.
    ///
    /// @throws IllegalStateException for [Live]
    default Rows asRows() {
        return ResultTables.of(this);
    }
}
