package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.Optional;
import java.util.OptionalInt;

/// An error or notice in the fields of the protocol.
///
/// @param severity ERROR, FATAL, WARNING, NOTICE
/// @param code SQLSTATE
/// @param position 1-based character index in the query text
record Problem(
        String severity, String code, String message, Optional<String> hint, OptionalInt position) {
    static Problem error(String code, String message, String hint) {
        return of("ERROR", code, message, hint);
    }

    static Problem fatal(String code, String message, String hint) {
        return of("FATAL", code, message, hint);
    }

    static Problem warning(String code, String message) {
        return of("WARNING", code, message, null);
    }

    private static Problem of(String severity, String code, String message, String hint) {
        return new Problem(severity, code, message, Optional.ofNullable(hint), OptionalInt.empty());
    }

    /// What became of a statement.
    ///
    /// @param statement the text that the exception's position refers to
    /// @param query the query text it was part of
    /// @param start where it begins in the query text
    static Problem of(SqlException problem, String statement, String query, int start) {
        OptionalInt position =
                problem.position()
                        .map(at ->
                                OptionalInt.of(characters(query, start + at.offsetIn(statement))))
                        .orElse(OptionalInt.empty());
        boolean fatal = problem.state() == SqlState.ADMIN_SHUTDOWN;
        return new Problem(
                fatal ? "FATAL" : "ERROR",
                problem.state().code(),
                problem.getMessage(),
                problem.hint(),
                position);
    }

    /// PostgreSQL counts characters, Java halves of some.
    private static int characters(String query, int index) {
        return query.codePointCount(0, Math.clamp(index - 1, 0, query.length())) + 1;
    }
}
