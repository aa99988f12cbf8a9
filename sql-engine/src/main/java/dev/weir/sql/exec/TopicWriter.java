package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.serde.Encoders;
import dev.weir.sql.serde.Murmur2;
import dev.weir.sql.serde.RecordEncoder;

import java.util.Arrays;

/// Encodes a derived relation's rows into its topic's partitions. Belongs to one lane.
final class TopicWriter {
    private final Relation relation;
    private final int mostBytes;
    private final int lane;
    private final boolean inserts;
    private final RecordEncoder encoder;
    private final TopicPartition[] partitions;
    private final RecordBlock[] blocks;
    private final ByteSink key = new ByteSink();
    private final ByteSink value = new ByteSink();
    private StepOutputs outputs;
    private long spread;
    private long rows;

    /// @param mostBytes largest key and value of one record that the topic takes
    /// @param inserts whether the topic is another relation's
    TopicWriter(Relation relation, int mostBytes, int lane, boolean inserts) {
        this.inserts = inserts;
        this.relation = relation;
        this.mostBytes = mostBytes;
        this.lane = lane;
        encoder = Encoders.of(relation);
        partitions = new TopicPartition[relation.partitions()];
        for (int p = 0; p < partitions.length; p++) {
            partitions[p] = new TopicPartition(relation.topic(), p);
        }
        blocks = new RecordBlock[partitions.length];
    }

    /// Writes go to these outputs from here on; null to write nothing, as in a replay.
    ///
    /// @param step where to begin spreading records without a key
    void begin(StepOutputs stepOutputs, long step) {
        outputs = stepOutputs;
        spread = step + lane;
        Arrays.fill(blocks, null);
    }

    /// Rows written so far.
    long rows() {
        return rows;
    }

    /// A row of weight n is n records.
    void stream(Batch delta) {
        for (int i = 0; i < delta.size(); i++) {
            int row = delta.row(i);
            for (long n = delta.weight(row); n > 0; n--) {
                write(delta, row, false);
            }
        }
    }

    /// A row with weight +1 is the new row of its key, one with weight -1 says that its key is
    /// gone.
    void table(Batch changes) {
        for (int i = 0; i < changes.size(); i++) {
            int row = changes.row(i);
            write(changes, row, changes.weight(row) < 0);
        }
    }

    private void write(Batch in, int row, boolean deletion) {
        rows++;
        if (outputs == null) {
            return;
        }
        key.clear();
        value.clear();
        boolean keyed = encoder.encodeKey(in, row, key);
        if (!keyed && relation.isTable()) {
            // A compacted topic takes no record without a key.
            if (!deletion) {
                DeadLetters.row(
                        outputs,
                        relation.name(),
                        Rows.text(in, row),
                        in.rowTime(row),
                        "the key is NULL, and a table's topic cannot hold that");
            }
            return;
        }
        int partition =
                keyed
                        ? Murmur2.partition(key.array(), 0, key.size(), partitions.length)
                        : (int) Long.remainderUnsigned(spread++, partitions.length);
        if (!deletion) {
            encoder.encodeValue(in, row, value);
            if (key.size() + value.size() > mostBytes) {
                DeadLetters.row(
                        outputs,
                        relation.name(),
                        Rows.text(in, row),
                        in.rowTime(row),
                        "the row takes "
                                + (key.size() + value.size())
                                + " bytes, the topic at most "
                                + mostBytes);
                return;
            }
        }
        RecordBlock block = blocks[partition];
        if (block == null) {
            TopicPartition to = partitions[partition];
            block =
                    inserts
                            ? outputs.inserts(relation.name(), to)
                            : outputs.block(relation.name(), to);
            blocks[partition] = block;
        }
        block.append(
                -1,
                in.rowTime(row),
                key.array(),
                0,
                keyed ? key.size() : -1,
                value.array(),
                0,
                deletion ? -1 : value.size());
    }
}
