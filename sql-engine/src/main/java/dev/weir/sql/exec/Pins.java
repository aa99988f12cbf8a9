package dev.weir.sql.exec;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;

/// Keeps the log from removing what a replay would read again. Thread-safe.
///
/// A pin of the log only moves on. A new query that reads from further back than what is held takes
/// a second pin before the first is let go.
final class Pins implements AutoCloseable {
    private final TopicLog log;
    private final Map<TopicPartition, Held> held = new HashMap<>();
    private long changes;

    /// @param since the change that put it there
    private record Held(TopicLog.Pin pin, long offset, long since) {}

    Pins(TopicLog log) {
        this.log = log;
    }

    /// Holds a partition from an offset on, or from where it is held already if that is lower.
    synchronized void hold(TopicPartition partition, long offset) {
        Held existing = held.get(partition);
        if (existing != null && existing.offset() <= offset) {
            return;
        }
        pin(partition, offset)
                .ifPresentOrElse(
                        pin -> held.put(partition, new Held(pin, offset, ++changes)),
                        () -> held.remove(partition));
        if (existing != null) {
            existing.pin().close();
        }
    }

    private Optional<TopicLog.Pin> pin(TopicPartition partition, long offset) {
        try {
            return Optional.of(log.pin(partition, Math.max(offset, log.startOffset(partition))));
        } catch (SqlException e) {
            // A topic that is gone has nothing left to be held.
            if (e.state() == SqlState.UNDEFINED_OBJECT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /// Identifies what is held now, for [#release].
    synchronized long now() {
        return changes;
    }

    /// Lets go of what a checkpoint made unnecessary.
    ///
    /// @param wanted where each partition stood when the checkpoint was taken; others need no hold
    /// @param asOf [#now] at that time: what is held since then stays
    synchronized void release(Map<TopicPartition, Long> wanted, long asOf) {
        for (Iterator<Map.Entry<TopicPartition, Held>> each = held.entrySet().iterator();
                each.hasNext(); ) {
            Map.Entry<TopicPartition, Held> entry = each.next();
            Held existing = entry.getValue();
            if (existing.since() > asOf) {
                continue;
            }
            Long offset = wanted.get(entry.getKey());
            if (offset == null) {
                existing.pin().close();
                each.remove();
            } else if (offset > existing.offset()) {
                existing.pin().move(offset);
                entry.setValue(new Held(existing.pin(), offset, existing.since()));
            }
        }
        wanted.forEach(this::hold);
    }

    @Override
    public synchronized void close() {
        held.values().forEach(h -> h.pin().close());
        held.clear();
    }
}
