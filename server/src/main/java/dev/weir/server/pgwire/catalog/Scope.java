package dev.weir.server.pgwire.catalog;

import dev.weir.server.pgwire.catalog.CatalogSyntax.Expression;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// The columns an expression may name: those of its query's rows, then those of the query around.
///
/// @param columns of a row, in order
/// @param open names of tables of which any column is NULL
/// @param outer null for the outermost query
/// @param slots where values go that are computed over several rows; null where there can be none
record Scope(List<Field> columns, Set<String> open, Scope outer, Slots slots) {
    /// A column under the name of its table.
    record Field(String table, String name, CatalogType type) {}

    /// A row, the values of its slots, and the row of the query around.
    record Frame(Object[] row, Object[] slots, Frame outer) {}

    /// Aggregates, window functions and functions that give rows, each in a place of its own.
    static final class Slots {
        /// A call and its arguments, which are evaluated on the rows beneath.
        ///
        /// @param place where its value goes
        record Slot(int place, Expression call, List<Compiled> arguments) {}

        final List<Slot> aggregates = new ArrayList<>();
        final List<Slot> windows = new ArrayList<>();
        final List<Slot> rowFunctions = new ArrayList<>();
        private int count;

        /// @return its place
        int add(List<Slot> list, Expression call, List<Compiled> arguments) {
            list.add(new Slot(count, call, arguments));
            return count++;
        }

        int size() {
            return count;
        }
    }

    /// An expression that was resolved, and the type of its values.
    record Compiled(Evaluation evaluation, CatalogType type) {
        Object of(Frame frame) {
            return evaluation.of(frame);
        }
    }

    /// The value of an expression for a row.
    interface Evaluation {
        Object of(Frame frame);
    }
}
