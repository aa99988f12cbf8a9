package dev.weir.server.http;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import io.netty.handler.codec.http.HttpResponseStatus;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Errors as JSON: ksqlDB's members, and beside them SQLSTATE, place and hint.
final class ErrorBodies {
    private ErrorBodies() {}

    /// The HTTP status that tells whose fault it was.
    static HttpResponseStatus status(SqlState state) {
        return switch (state) {
            case CANNOT_CONNECT_NOW, ADMIN_SHUTDOWN, INSUFFICIENT_RESOURCES ->
                    HttpResponseStatus.SERVICE_UNAVAILABLE;
            case DISK_FULL, IO_ERROR, INTERNAL_ERROR, DATA_CORRUPTED ->
                    HttpResponseStatus.INTERNAL_SERVER_ERROR;
            case PROTOCOL_VIOLATION,
                    CARDINALITY_VIOLATION,
                    SYNTAX_ERROR,
                    UNDEFINED_PARAMETER,
                    UNDEFINED_CURSOR,
                    DUPLICATE_CURSOR,
                    UNDEFINED_STATEMENT,
                    DUPLICATE_STATEMENT,
                    FAILED_TRANSACTION,
                    NO_TRANSACTION,
                    OBJECT_NOT_IN_STATE,
                    INVALID_BINARY,
                    INVALID_ENCODING,
                    BAD_COPY_FORMAT,
                    UNDEFINED_TABLE,
                    UNDEFINED_COLUMN,
                    UNDEFINED_FUNCTION,
                    UNDEFINED_OBJECT,
                    AMBIGUOUS_COLUMN,
                    DUPLICATE_TABLE,
                    DUPLICATE_COLUMN,
                    DUPLICATE_OBJECT,
                    DATATYPE_MISMATCH,
                    CANNOT_COERCE,
                    GROUPING_ERROR,
                    INVALID_TABLE_DEFINITION,
                    WRONG_OBJECT_TYPE,
                    DEPENDENT_OBJECTS,
                    FEATURE_NOT_SUPPORTED,
                    INVALID_PARAMETER,
                    INVALID_TEXT,
                    NUMERIC_OUT_OF_RANGE,
                    DIVISION_BY_ZERO,
                    NOT_NULL_VIOLATION,
                    QUERY_CANCELED,
                    LIMIT_EXCEEDED ->
                    HttpResponseStatus.BAD_REQUEST;
        };
    }

    private static int errorCode(SqlState state) {
        HttpResponseStatus status = status(state);
        return switch (state) {
            case CANNOT_CONNECT_NOW -> 50301;
            case ADMIN_SHUTDOWN -> 50302;
            default ->
                    status.code() * 100 + (status.equals(HttpResponseStatus.BAD_REQUEST) ? 1 : 0);
        };
    }

    /// A statement that failed.
    ///
    /// @param entities what the statements before it answered
    static Map<String, Object> statementError(
            SqlException problem, String statement, List<?> entities) {
        var body = error("statement_error", errorCode(problem.state()), problem.getMessage());
        body.put("statementText", statement);
        body.put("entities", entities);
        addDetails(body, problem);
        return body;
    }

    /// A query that failed, before its result or in the middle of it.
    static Map<String, Object> queryError(SqlException problem) {
        var body = error("generic_error", errorCode(problem.state()), problem.getMessage());
        addDetails(body, problem);
        return body;
    }

    /// A request that could not be served.
    static Map<String, Object> error(String type, int errorCode, String message) {
        var body = new LinkedHashMap<String, Object>();
        body.put("@type", type);
        body.put("error_code", errorCode);
        body.put("message", message);
        return body;
    }

    private static void addDetails(Map<String, Object> body, SqlException problem) {
        body.put("sqlState", problem.state().code());
        problem.hint().ifPresent(hint -> body.put("hint", hint));
        problem.position()
                .ifPresent(at ->
                        body.put("position", Map.of("line", at.line(), "column", at.column())));
    }

    /// The error of the statement stream.
    static Map<String, Object> lineError(SqlException problem) {
        var error = new LinkedHashMap<String, Object>();
        error.put("sqlState", problem.state().code());
        error.put("message", problem.getMessage());
        problem.hint().ifPresent(hint -> error.put("hint", hint));
        problem.position()
                .ifPresent(at -> {
                    error.put("line", at.line());
                    error.put("column", at.column());
                });
        return Map.of("error", error);
    }
}
