package dev.weir.repl.client;

/// Why a statement failed.
///
/// @param sqlState five characters, empty when the server sent none
/// @param hint what to do, empty when there is none
/// @param line line of the place in the statement as sent, from 1; 0 when there is no place
/// @param column column of the place, from 1; 0 when there is no place
public record StatementError(String sqlState, String message, String hint, int line, int column) {
    public static StatementError of(String message) {
        return new StatementError("", message, "", 0, 0);
    }
}
