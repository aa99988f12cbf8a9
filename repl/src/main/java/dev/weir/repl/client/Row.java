package dev.weir.repl.client;

import java.util.List;

/// A row of a result, or one change of a live one.
///
/// @param cells one a column
/// @param deleted true when the row went away (live queries over tables)
public record Row(List<Cell> cells, boolean deleted) {
    public Row {
        cells = List.copyOf(cells);
    }
}
