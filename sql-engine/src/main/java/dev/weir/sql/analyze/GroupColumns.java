package dev.weir.sql.analyze;

import dev.weir.sql.catalog.WindowSpec;

import org.apache.calcite.rel.RelNode;
import org.apache.calcite.rel.core.Project;
import org.apache.calcite.rex.RexInputRef;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which key columns a query's SELECT list leaves out.
final class GroupColumns {
    private GroupColumns() {}

    /// The names of the key columns below the topmost projection that it does not pass on.
    static List<String> missing(RelNode rel) {
        if (!(rel instanceof Project project)) {
            return List.of();
        }
        RowTraits below = RowTraits.of(project.getInput());
        if (below.keys().isEmpty()) {
            return missing(project.getInput());
        }
        Set<Integer> passed = new HashSet<>();
        project.getProjects()
                .forEach(e -> {
                    if (e instanceof RexInputRef ref) {
                        passed.add(ref.getIndex());
                    }
                });
        List<String> names = new ArrayList<>();
        for (int column : below.keys().getFirst()) {
            String name = project.getInput().getRowType().getFieldNames().get(column);
            if (!passed.contains(column)
                    && !name.equals(WindowSpec.START)
                    && !name.equals(WindowSpec.END)) {
                names.add(name);
            }
        }
        return names;
    }
}
