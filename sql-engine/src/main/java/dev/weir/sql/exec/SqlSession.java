package dev.weir.sql.exec;

import dev.weir.sql.io.TopicPartition;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// What the engine remembers of one client: its properties, and how far it must have read to see
/// the session's own writes. Thread-safe.
public final class SqlSession {
    private final String id;
    private final Map<String, String> properties = new ConcurrentHashMap<>();
    private final Map<String, String> variables = new ConcurrentHashMap<>();
    private final Map<TopicPartition, Long> writes = new ConcurrentHashMap<>();

    private volatile Planning.Task<?> planning;

    public SqlSession(String id) {
        this.id = id;
    }

    public String id() {
        return id;
    }

    public Optional<String> property(String name) {
        return Optional.ofNullable(properties.get(name));
    }

    public void set(String name, String value) {
        properties.put(name, value);
    }

    public void unset(String name) {
        properties.remove(name);
    }

    public Map<String, String> properties() {
        return Map.copyOf(properties);
    }

    /// `${name}` in later statements stands for the value; names ignore case.
    public void define(String name, String value) {
        variables.put(name.toLowerCase(Locale.ROOT), value);
    }

    /// @return false when there was no such variable
    public boolean undefine(String name) {
        return variables.remove(name.toLowerCase(Locale.ROOT)) != null;
    }

    /// The variables by their names in lower case.
    public Map<String, String> variables() {
        return Map.copyOf(variables);
    }

    /// Ends the planning of the session's statement, if one is being planned; its client sees
    /// QUERY_CANCELED. With several at a time, of the one that began last.
    public void endPlanning() {
        Planning.Task<?> task = planning;
        if (task != null) {
            task.end();
        }
    }

    /// @param task null when it is done
    void planning(Planning.Task<?> task) {
        planning = task;
    }

    /// The session wrote to a partition.
    ///
    /// @param end one past its last record
    void wrote(TopicPartition partition, long end) {
        writes.merge(partition, end, Math::max);
    }

    /// How far it wrote, as far as it is not known to be taken in.
    Map<TopicPartition, Long> writes() {
        return Map.copyOf(writes);
    }

    /// Those writes have been taken in.
    void seen(Map<TopicPartition, Long> taken) {
        taken.forEach(writes::remove);
    }
}
