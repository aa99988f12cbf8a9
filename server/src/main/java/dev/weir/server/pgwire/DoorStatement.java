package dev.weir.server.pgwire;

import dev.weir.server.pgwire.catalog.CatalogQuery;
import dev.weir.server.pgwire.catalog.Token;
import dev.weir.sql.exec.Prepared;

import java.util.List;

/// A statement that was parsed, by whoever carries it out.
///
/// @param text without a semicolon at its end
/// @param parameterTypes oids, `$1` first
/// @param columns of its result, empty when it has none
record DoorStatement(
        String text, List<Integer> parameterTypes, List<ResultColumn> columns, Way way) {
    /// Who carries it out.
    sealed interface Way {
        /// Nobody: comments and space.
        record Nothing() implements Way {}

        /// The door itself: transactions, cursors, parameters of the session, COPY.
        record Command(List<Token> tokens) implements Way {}

        /// The engine.
        record Engine(Prepared prepared) implements Way {}

        /// The tables of PostgreSQL's catalog.
        record Catalog(CatalogQuery query) implements Way {}
    }

    static final DoorStatement NOTHING =
            new DoorStatement("", List.of(), List.of(), new Way.Nothing());

    boolean hasRows() {
        return !columns.isEmpty();
    }
}
