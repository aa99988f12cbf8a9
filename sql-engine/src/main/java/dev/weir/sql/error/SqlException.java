package dev.weir.sql.error;

import java.util.Optional;

/// A statement that cannot be carried out: what is wrong, where, and what to do about it.
///
/// The message is lower-case and factual, as PostgreSQL's primary line is; the hint says what to
/// do. After it is thrown the statement has had no effect.
public final class SqlException extends RuntimeException {
    private final SqlState state;
    private final transient Position position;
    private final String hint;

    /// @param position where in the statement, or null when no place is to blame
    /// @param hint what to do, or null
    public SqlException(SqlState state, Position position, String message, String hint) {
        this(state, position, message, hint, null);
    }

    public SqlException(
            SqlState state, Position position, String message, String hint, Throwable cause) {
        super(message, cause);
        this.state = state;
        this.position = position;
        this.hint = hint;
    }

    public SqlException(SqlState state, String message) {
        this(state, null, message, null, null);
    }

    public SqlState state() {
        return state;
    }

    public Optional<Position> position() {
        return Optional.ofNullable(position);
    }

    public Optional<String> hint() {
        return Optional.ofNullable(hint);
    }
}
