package dev.weir.sql.exec;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.plan.PlanNode;

import java.util.List;
import java.util.Map;
import java.util.Optional;

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
    /// @param target the stream that the query inserts into; then the relation is one by the
    ///   query's id, with the target's columns and topic, that nobody can name
    record Derived(
            Relation relation,
            PlanNode plan,
            List<String> sources,
            Map<String, String> newTopic,
            Optional<String> target)
            implements Definition {
        public Derived {
            sources = List.copyOf(sources);
        }
    }

    /// A query that inserts into a stream.
    static Derived insertion(Relation target, String queryId, PlanNode plan, List<String> sources) {
        Relation output =
                new Relation(
                        queryId,
                        Relation.Kind.STREAM,
                        target.columns(),
                        target.topic(),
                        target.partitions(),
                        target.keyFormat(),
                        target.valueFormat(),
                        target.keyDelimiter(),
                        target.valueDelimiter(),
                        target.timestampColumn(),
                        target.timestampFormat(),
                        target.wrapSingleValue(),
                        target.window(),
                        Optional.of(queryId),
                        target.sql());
        return new Derived(output, plan, sources, null, Optional.of(target.name()));
    }
}
