package dev.weir.sql.exec;

import dev.weir.sql.io.TopicPartition;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/// The offsets that derived streams' own queries have taken in the topics that are read for what
/// others write there: readers pass over them without a step. Known since the start of the engine
/// only; before that, readers read and find nothing.
///
/// Written by the committer, read by the worker; guarded by this.
final class OwnOffsets {
    private final Map<TopicPartition, ArrayDeque<Range>> watched = new HashMap<>();

    /// @param from first offset
    /// @param to one past the last
    private record Range(long from, long to) {}

    /// Somebody reads these partitions from here on.
    synchronized void watch(TopicPartition[] partitions) {
        for (TopicPartition partition : partitions) {
            watched.put(partition, new ArrayDeque<>());
        }
    }

    synchronized void unwatch(TopicPartition[] partitions) {
        for (TopicPartition partition : partitions) {
            watched.remove(partition);
        }
    }

    /// Records were written, and cannot be seen yet. In the order of their offsets.
    synchronized void wrote(TopicPartition partition, long from, long to) {
        ArrayDeque<Range> ranges = watched.get(partition);
        if (ranges == null) {
            return;
        }
        Range last = ranges.peekLast();
        if (last != null && last.to == from) {
            ranges.pollLast();
            ranges.add(new Range(last.from, to));
        } else {
            ranges.add(new Range(from, to));
        }
    }

    /// Ends a transaction. Nobody who asks for ends by [#read] sees its marker and does not know
    /// yet whose it is.
    ///
    /// @param mark gives one past the marker's offset
    synchronized void mark(TopicPartition partition, LongSupplier mark) {
        long end = mark.getAsLong();
        wrote(partition, end - 1, end);
    }

    /// Finds how far topics can be read while no marker is written.
    synchronized long[] read(Ends ends) {
        return ends.find();
    }

    /// Where to go on reading a partition from an offset: behind the own records that lie there,
    /// but not behind what can be read.
    ///
    /// @param end how far the partition can be read
    synchronized long pass(TopicPartition partition, long offset, long end) {
        ArrayDeque<Range> ranges = watched.get(partition);
        long at = offset;
        while (ranges != null && !ranges.isEmpty() && ranges.peek().from <= at) {
            long to = ranges.peek().to;
            if (to > end) {
                return Math.max(at, end);
            }
            at = Math.max(at, to);
            ranges.poll();
        }
        return at;
    }

    /// How far partitions can be read.
    @FunctionalInterface
    interface Ends {
        long[] find();
    }
}
