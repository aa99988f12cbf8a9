package dev.weir.sql.exec;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.plan.PlanNode;

import java.util.List;
import java.util.Map;

/// What a CREATE statement defines.
sealed interface Definition {
    Relation relation();

    /// Settings for its topic if that is to be made; null when the topic exists.
    Map<String, String> newTopic();

    /// A stream or table over a topic that others write.
    record Source(Relation relation, Map<String, String> newTopic) implements Definition {}

    /// A relation kept up to date by a query.
    ///
    /// @param sources names of the relations it reads
    record Derived(
            Relation relation, PlanNode plan, List<String> sources, Map<String, String> newTopic)
            implements Definition {
        public Derived {
            sources = List.copyOf(sources);
        }
    }
}
