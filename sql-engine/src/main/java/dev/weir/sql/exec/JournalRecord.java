package dev.weir.sql.exec;

import dev.weir.sql.io.TopicPartition;

import java.util.List;
import java.util.Map;

/// What happened, in the order in which it happened. The journal is the list of these; state is
/// what carrying them out again gives.
sealed interface JournalRecord {
    /// The scope of steps of the main sequence; other scopes are names of relations that are being
    /// filled.
    String MAIN = "";

    /// The engine writes its outputs under these producer ids from here on.
    record Opened(Producers producers) implements JournalRecord {}

    /// A statement that changed the catalog.
    ///
    /// @param sequence its number among all such statements, from 0: REST's commandSequenceNumber
    /// @param foldUp whether unquoted names fold to upper case in it
    /// @param queryNumber the number for the id of a query it makes
    /// @param firstOperator the first id for the state of operators it makes
    /// @param properties session properties that had a say
    /// @param topics partitions of the topics it names, as they were
    /// @param topicId id of the topic of the relation it makes, else empty
    record Statement(
            long sequence,
            String text,
            boolean foldUp,
            long queryNumber,
            int firstOperator,
            Map<String, String> properties,
            Map<String, Integer> topics,
            String topicId)
            implements JournalRecord {
        public Statement {
            properties = Map.copyOf(properties);
            topics = Map.copyOf(topics);
        }
    }

    /// A step: exactly these records were taken in, and they made outputs up to those offsets.
    ///
    /// @param number steps are numbered without gaps
    /// @param scope [#MAIN], or the derived relation that was filled by it
    /// @param joins true when the relation of that scope is level and part of the main sequence
    ///   from the next step on
    /// @param clockMs the time of NOW()
    record Step(
            long number,
            String scope,
            boolean joins,
            long clockMs,
            List<Cut> cuts,
            List<OutputEnd> outputs)
            implements JournalRecord {
        public Step {
            cuts = List.copyOf(cuts);
            outputs = List.copyOf(outputs);
        }
    }

    /// A relation that could not go on, from the next step of the journal on.
    record Failed(String relation, String error) implements JournalRecord {}

    /// Records taken in by a step.
    ///
    /// @param source the relation they were read for
    /// @param from first offset
    /// @param to one past the last offset
    record Cut(String source, int partition, long from, long to) {}

    /// One past the last record a step wrote to a partition; its commit marker follows.
    record OutputEnd(TopicPartition partition, long end) {}
}
