package dev.weir.sql.parse;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.util.Locale;

/// Statements and clauses that are understood but not carried out.
final class Unsupported {
    private Unsupported() {}

    static SqlException statement(Token verb) {
        String word = verb.image.toUpperCase(Locale.ROOT);
        return at(
                verb,
                word + " is not supported",
                word.equals("UPSERT") || word.equals("MERGE")
                        ? "Inserting a row with the same key replaces a row of a table."
                        : "SHOW, DESCRIBE, CREATE, DROP, INSERT INTO and SELECT are.");
    }

    static SqlException create(Token what) {
        return at(
                what,
                "CREATE " + what.image.toUpperCase(Locale.ROOT) + " is not supported",
                "CREATE STREAM, CREATE TABLE and CREATE MATERIALIZED VIEW are.");
    }

    static SqlException notNull(Token at) {
        return at(
                at,
                "NOT NULL columns are not supported",
                "Every column may hold NULL; leave NOT NULL out.");
    }

    private static SqlException at(Token token, String message, String hint) {
        return new SqlException(
                SqlState.FEATURE_NOT_SUPPORTED, Syntax.position(token), message, hint);
    }
}
