package dev.weir.sql.analyze;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.parse.Name;
import dev.weir.sql.parse.Nearest;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/// The column list of INSERT.
final class TargetColumns {
    private TargetColumns() {}

    /// For each name the target's column, -1 for ROWTIME; all columns in order without names.
    static int[] of(List<Name> names, Relation target) {
        if (names.isEmpty()) {
            int[] all = new int[target.columns().size()];
            Arrays.setAll(all, i -> i);
            return all;
        }
        int[] columns = new int[names.size()];
        for (int i = 0; i < columns.length; i++) {
            Name name = names.get(i);
            boolean rowTime = name.text().equalsIgnoreCase(RelationTable.ROWTIME);
            int column = rowTime ? -1 : target.schema().indexOf(name.text());
            if (column < 0 && !rowTime) {
                throw unknown(name, target);
            }
            for (int j = 0; j < i; j++) {
                if (columns[j] == column) {
                    throw new SqlException(
                            SqlState.DUPLICATE_COLUMN,
                            name.position(),
                            "column \"" + name + "\" is given twice",
                            "Name each column once.");
                }
            }
            columns[i] = column;
        }
        return columns;
    }

    static SqlException unknown(Name name, Relation target) {
        return new SqlException(
                SqlState.UNDEFINED_COLUMN,
                name.position(),
                "column \""
                        + name
                        + "\" does not exist in "
                        + target.kind().name().toLowerCase(Locale.ROOT)
                        + " \""
                        + target.name()
                        + "\"",
                Nearest.to(name.text(), target.schema().names())
                                .map(n -> "Did you mean \"" + n + "\"? ")
                                .orElse("")
                        + "DESCRIBE "
                        + target.name()
                        + " lists the columns.");
    }
}
