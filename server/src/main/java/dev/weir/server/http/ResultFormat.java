package dev.weir.server.http;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;

/// How a result is laid out in the body of an answer. An object serves one result, on one thread;
/// each call appends to the output.
interface ResultFormat {
    String contentType();

    /// The head of the result.
    ///
    /// @param queryId the push query's id, or one made up for a finished result
    void begin(JsonOutput out, Schema schema, String queryId, boolean live);

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
