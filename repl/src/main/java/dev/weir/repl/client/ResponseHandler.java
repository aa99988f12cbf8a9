package dev.weir.repl.client;

import java.util.List;

/// Receives an answer in order, on the thread that runs the statement: `columns? rows* (done |
/// error)`, cut short when the connection ends.
public interface ResponseHandler {
    void columns(ResultHead head);

    /// Rows that arrived together; show them before returning.
    void rows(List<Row> rows);

    /// @param tag what was done, such as `CREATE STREAM`
    /// @param message a sentence for people, may be empty
    void done(String tag, String message);

    void error(StatementError error);
}
