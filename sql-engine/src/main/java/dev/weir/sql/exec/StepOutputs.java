package dev.weir.sql.exec;

import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The records one step writes, by writer and partition. Filled by the worker, then handed to the
/// committer, then used again.
///
/// When lanes run at the same time each fills a part of its own; the records of a partition are
/// written lane after lane.
final class StepOutputs {
    private static final int MOST_KEPT_BYTES = 4 << 20;

    private final Map<Key, RecordBlock> blocks = new HashMap<>();
    private final List<Key> order = new ArrayList<>();

    // Of the lanes behind the first.
    private final List<StepOutputs> others = new ArrayList<>();

    /// @param writer the relation, so that what a failed one wrote can be taken back
    /// @param inserted whether the topic is another relation's
    private record Key(String writer, TopicPartition partition, boolean inserted) {}

    /// The part a lane fills. Worker.
    ///
    /// @param outputs of all lanes, or null for nowhere
    /// @param shared whether lanes run at the same time; if not, all fill one part
    static StepOutputs of(StepOutputs outputs, int lane, boolean shared) {
        if (outputs == null || lane == 0 || !shared) {
            return outputs;
        }
        while (outputs.others.size() < lane) {
            outputs.others.add(new StepOutputs());
        }
        return outputs.others.get(lane - 1);
    }

    /// The block of a writer for a partition, to append to until the end of the step.
    RecordBlock block(String writer, TopicPartition partition) {
        return block(new Key(writer, partition, false));
    }

    /// The block of a writer that inserts into another relation's topic.
    RecordBlock inserts(String writer, TopicPartition partition) {
        return block(new Key(writer, partition, true));
    }

    private RecordBlock block(Key key) {
        RecordBlock block = blocks.get(key);
        if (block == null) {
            block = new RecordBlock();
            blocks.put(key, block);
            order.add(key);
        }
        return block;
    }

    /// Takes back what a writer wrote in this step.
    void drop(String writer) {
        blocks.forEach((key, block) -> {
            if (key.writer.equals(writer)) {
                block.clear();
            }
        });
        others.forEach(other -> other.drop(writer));
    }

    boolean isEmpty() {
        for (RecordBlock block : blocks.values()) {
            if (!block.isEmpty()) {
                return false;
            }
        }
        for (StepOutputs other : others) {
            if (!other.isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /// Gives each block that holds records, in the order in which they were first asked for.
    void forEach(Taker taker) {
        for (Key key : order) {
            RecordBlock block = blocks.get(key);
            if (!block.isEmpty()) {
                taker.take(key.writer, key.partition, key.inserted, block);
            }
        }
        others.forEach(other -> other.forEach(taker));
    }

    /// Forgets the records, keeps the memory unless it is a lot.
    void clear() {
        for (Map.Entry<Key, RecordBlock> entry : blocks.entrySet()) {
            if (entry.getValue().arena().length > MOST_KEPT_BYTES) {
                entry.setValue(new RecordBlock());
            } else {
                entry.getValue().clear();
            }
        }
        others.forEach(StepOutputs::clear);
    }

    /// Takes a block; `inserted` when the topic is another relation's than the writer's.
    @FunctionalInterface
    interface Taker {
        void take(String writer, TopicPartition partition, boolean inserted, RecordBlock block);
    }
}
