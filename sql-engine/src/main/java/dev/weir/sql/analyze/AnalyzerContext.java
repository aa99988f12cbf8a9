package dev.weir.sql.analyze;

import java.time.InstantSource;
import java.util.Collection;
import java.util.Map;
import java.util.OptionalInt;

/// What the analyzer must know beside the catalog.
public interface AnalyzerContext {
    /// The number of partitions of a topic, if it exists.
    OptionalInt topicPartitions(String topic);

    /// The names of all topics, to suggest the nearest.
    Collection<String> topicNames();

    /// Takes the number for the next continuous query's id.
    long nextQueryNumber();

    /// The session's properties, as set.
    Map<String, String> properties();

    /// Partitions of a topic that is made without PARTITIONS.
    default int defaultPartitions() {
        return 1;
    }

    /// The time, in milliseconds since the epoch, that constant expressions of INSERT see.
    default long nowMs() {
        return InstantSource.system().millis();
    }
}
