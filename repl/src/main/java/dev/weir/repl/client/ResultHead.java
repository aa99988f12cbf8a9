package dev.weir.repl.client;

import java.util.List;
import java.util.Optional;

/// What is known of a result before its rows.
///
/// @param live true when the result never ends by itself
/// @param queryId names the query at the server, empty when it has no name
/// @param table true when rows of a live result may change or go
/// @param key indexes of the columns that identify a row of a table; none of them when it has at
///   most one row. Empty when they are not known: then rows may be equal, and a deletion carries a
///   whole row.
public record ResultHead(
        List<ResultColumn> columns,
        boolean live,
        String queryId,
        boolean table,
        Optional<List<Integer>> key) {
    public ResultHead {
        columns = List.copyOf(columns);
        for (int column : key.orElse(List.of())) {
            if (column < 0 || column >= columns.size()) {
                throw new IllegalArgumentException("key column " + column + " does not exist");
            }
        }
    }
}
