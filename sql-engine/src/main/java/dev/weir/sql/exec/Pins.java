package dev.weir.sql.exec;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;

import java.util.HashMap;
import java.util.Map;

/// Keeps the log from removing what a replay would read again. Thread-safe.
final class Pins implements AutoCloseable {
    private final TopicLog log;
    private final Map<TopicPartition, Held> held = new HashMap<>();

    private static final class Held {
        final TopicLog.Pin pin;
        long offset;

        Held(TopicLog.Pin pin, long offset) {
            this.pin = pin;
            this.offset = offset;
        }
    }

    Pins(TopicLog log) {
        this.log = log;
    }

    /// Holds a partition from an offset on, or from where it is held already if that is lower.
    synchronized void hold(TopicPartition partition, long offset) {
        Held existing = held.get(partition);
        if (existing == null) {
            try {
                held.put(partition, new Held(log.pin(partition, offset), offset));
            } catch (SqlException e) {
                // A topic that is gone has nothing left to be held.
                if (e.state() != SqlState.UNDEFINED_OBJECT) {
                    throw e;
                }
            }
        } else if (offset < existing.offset) {
            existing.offset = offset;
            existing.pin.move(offset);
        }
    }

    /// Holds exactly these from now on.
    synchronized void set(Map<TopicPartition, Long> wanted) {
        held.entrySet()
                .removeIf(
                        entry -> {
                            Long offset = wanted.get(entry.getKey());
                            if (offset == null) {
                                entry.getValue().pin.close();
                                return true;
                            }
                            if (offset != entry.getValue().offset) {
                                entry.getValue().offset = offset;
                                entry.getValue().pin.move(offset);
                            }
                            return false;
                        });
        wanted.forEach(this::hold);
    }

    @Override
    public synchronized void close() {
        held.values().forEach(h -> h.pin.close());
        held.clear();
    }
}
