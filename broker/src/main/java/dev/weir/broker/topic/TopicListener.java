package dev.weir.broker.topic;

/// Told of every change of a topic, after it happened, in the order of the changes.
@FunctionalInterface
public interface TopicListener {
    /// Called under the lock that changes of topics exclude each other by, so it must be quick and
    /// must not throw.
    ///
    /// @param before the topic as it was, null if it was just created
    /// @param after the topic as it is, null if it was just deleted
    void changed(Topic before, Topic after);
}
