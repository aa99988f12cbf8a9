package dev.weir.server.http;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.exec.PushQuery;

import java.util.List;
import java.util.Optional;

/// How a result is laid out in the body of an answer. An object serves one result, on one thread;
/// each call appends to the output.
interface ResultFormat {
    String contentType();

    /// What is known of a result before its rows.
    ///
    /// @param queryId the push query's id, or one made up for a finished result
    /// @param live true when the result never ends by itself
    /// @param table true when rows of a live result may change or go
    /// @param key indexes of the columns that identify a row of a table, where they are known
    record Head(
            Schema schema,
            String queryId,
            boolean live,
            boolean table,
            Optional<List<Integer>> key) {
        static Head finished(Schema schema, String queryId) {
            return new Head(schema, queryId, false, false, Optional.empty());
        }

        static Head of(PushQuery query) {
            return new Head(query.schema(), query.id(), true, query.isTable(), query.key());
        }
    }

    void begin(JsonOutput out, Head head);

    /// Rows follow that go out together.
    default void beginRows(JsonOutput out) {}

    /// One row.
    ///
    /// @param rowTime milliseconds since the epoch; 0 in a finished result
    /// @param deleted true for the key of a row that went
    void row(JsonOutput out, Object[] values, long rowTime, boolean deleted);

    /// The rows begun with [#beginRows] are complete.
    default void endRows(JsonOutput out) {}

    /// The result ended well.
    ///
    /// @param rows rows sent
    /// @param live true when a push query reached its LIMIT or was ended
    void end(JsonOutput out, long rows, boolean live);

    /// The result broke off.
    void fail(JsonOutput out, SqlException problem);
}
