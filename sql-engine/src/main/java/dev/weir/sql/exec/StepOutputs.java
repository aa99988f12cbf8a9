package dev.weir.sql.exec;

import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The records one step writes, by writer and partition. Filled by the worker, then handed to the
/// committer, then used again.
final class StepOutputs {
    private static final int MOST_KEPT_BYTES = 4 << 20;

    private final Map<Key, RecordBlock> blocks = new HashMap<>();
    private final List<Key> order = new ArrayList<>();

    /// @param writer the relation, so that what a failed one wrote can be taken back
    private record Key(String writer, TopicPartition partition) {}

    /// The block of a writer for a partition, to append to until the end of the step.
    RecordBlock block(String writer, TopicPartition partition) {
        Key key = new Key(writer, partition);
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
    }

    boolean isEmpty() {
        for (RecordBlock block : blocks.values()) {
            if (!block.isEmpty()) {
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
                taker.take(key.partition, block);
            }
        }
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
    }

    /// Takes a block.
    @FunctionalInterface
    interface Taker {
        void take(TopicPartition partition, RecordBlock block);
    }
}
