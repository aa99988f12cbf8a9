package dev.weir.sql.exec;

import dev.weir.sql.analyze.Analyzed;
import dev.weir.sql.analyze.Analyzer;
import dev.weir.sql.analyze.AnalyzerContext;
import dev.weir.sql.catalog.Catalog;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.parse.Statements;
import dev.weir.sql.plan.Planner;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/// Statements that change the catalog, from text to what is to be done: when they are given, and
/// again when the journal is replayed.
final class Ddl {
    private Ddl() {}

    /// What a statement does to the program.
    sealed interface Change {
        /// Makes a relation.
        record Define(Definition definition, boolean orReplace) implements Change {}

        /// Ends a relation.
        ///
        /// @param cascade what reads it was dropped before, each by a statement of its own
        record Drop(String relation, String topic, boolean deleteTopic, boolean cascade)
                implements Change {}

        /// Ends one query, or all when empty.
        record Terminate(Optional<String> queryId) implements Change {}
    }

    /// The change of a statement that was analyzed, if it is one that changes the catalog.
    static Optional<Change> change(Analyzed analyzed) {
        return switch (analyzed) {
            case Analyzed.CreateSource(var relation, var createTopic, var config, var replace) ->
                    Optional.of(
                            new Change.Define(
                                    new Definition.Source(relation, createTopic ? config : null),
                                    replace));
            case Analyzed.CreateAs(
                            var relation,
                            var query,
                            var createTopic,
                            var config,
                            var replace) ->
                    Optional.of(
                            new Change.Define(
                                    new Definition.Derived(
                                            relation,
                                            Planner.plan(query),
                                            query.sources(),
                                            createTopic ? config : null,
                                            Optional.empty()),
                                    replace));
            case Analyzed.InsertSelect(var target, var query, var queryId) ->
                    Optional.of(
                            new Change.Define(
                                    Definition.insertion(
                                            target, queryId, Planner.plan(query), query.sources()),
                                    false));
            case Analyzed.Drop(var relation, var deleteTopic, var cascade) ->
                    Optional.of(
                            new Change.Drop(
                                    relation.name(), relation.topic(), deleteTopic, cascade));
            case Analyzed.Terminate(var queryId) -> Optional.of(new Change.Terminate(queryId));
            case Analyzed.Query _,
                    Analyzed.InsertValues _,
                    Analyzed.Update _,
                    Analyzed.Delete _,
                    Analyzed.Alter _,
                    Analyzed.Define _,
                    Analyzed.Undefine _,
                    Analyzed.Show _,
                    Analyzed.Describe _,
                    Analyzed.DescribeFunction _,
                    Analyzed.DescribeConsumerGroup _,
                    Analyzed.Explain _,
                    Analyzed.ExplainQuery _,
                    Analyzed.Print _,
                    Analyzed.SetProperty _,
                    Analyzed.UnsetProperty _,
                    Analyzed.CancelQuery _,
                    Analyzed.CopyOut _,
                    Analyzed.Nothing _ ->
                    Optional.empty();
        };
    }

    /// The change of a journalled statement, under the circumstances it was given in.
    static Optional<Change> replayed(Statement statement, Catalog catalog) {
        AnalyzerContext context = new Circumstances(statement);
        return change(
                new Analyzer(catalog, context)
                        .analyze(
                                Statements.parse(statement.text(), statement.foldUp()),
                                statement.text()));
    }

    /// True when TERMINATE of that id, or of all, means this query.
    static boolean names(Optional<String> queryId, QueryNode query) {
        return queryId.isEmpty()
                || query.relation().queryId().filter(queryId.get()::equalsIgnoreCase).isPresent();
    }

    private record Circumstances(Statement statement) implements AnalyzerContext {
        @Override
        public OptionalInt topicPartitions(String topic) {
            Integer partitions = statement.topics().get(topic);
            return partitions == null ? OptionalInt.empty() : OptionalInt.of(partitions);
        }

        @Override
        public Collection<String> topicNames() {
            return statement.topics().keySet();
        }

        @Override
        public long nextQueryNumber() {
            return statement.queryNumber();
        }

        @Override
        public Map<String, String> properties() {
            return statement.properties();
        }
    }
}
