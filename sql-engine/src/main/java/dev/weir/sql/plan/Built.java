package dev.weir.sql.plan;

import dev.weir.sql.analyze.RowTraits;

/// A plan node with all that is known of its rows; [Traits] keeps the best key of them.
record Built(PlanNode node, RowTraits rows) {
    static Traits traits(RowTraits rows) {
        return new Traits(
                rows.appendOnly(),
                rows.keys().isEmpty()
                        ? null
                        : rows.keys().getFirst().stream().mapToInt(Integer::intValue).toArray());
    }
}
