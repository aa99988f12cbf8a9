package dev.weir.sql.exec;

import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicPartition;

import java.util.Arrays;

/// The records behind the rows that a reader is handing out just now, so that a row that cannot be
/// computed can be traced to its record. One for all readers of a thread; each names itself while
/// it emits.
final class Origin {
    private String relation;
    private RecordBlock block;
    private int[] recordOfRow = new int[64];
    private int rows;
    private int[] runStart = new int[8];
    private TopicPartition[] runPartition = new TopicPartition[8];
    private int runs;

    void begin(String sourceRelation, RecordBlock records) {
        relation = sourceRelation;
        block = records;
        rows = 0;
        runs = 0;
    }

    /// Records from `record` on are of that partition.
    void run(int record, TopicPartition partition) {
        if (runs == runStart.length) {
            runStart = Arrays.copyOf(runStart, runs * 2);
            runPartition = Arrays.copyOf(runPartition, runs * 2);
        }
        runStart[runs] = record;
        runPartition[runs++] = partition;
    }

    /// The next row comes from that record.
    void row(int record) {
        if (rows == recordOfRow.length) {
            recordOfRow = Arrays.copyOf(recordOfRow, rows * 2);
        }
        recordOfRow[rows++] = record;
    }

    void end() {
        relation = null;
        block = null;
    }

    /// True when rows of that relation, and no other, are being handed out.
    boolean knows(String sourceRelation, int row) {
        return sourceRelation.equals(relation) && row < rows;
    }

    RecordBlock block() {
        return block;
    }

    int record(int row) {
        return recordOfRow[row];
    }

    TopicPartition partition(int record) {
        return runPartition[run(record, 0)];
    }

    /// The run a record is in, looking from run `from` on.
    int run(int record, int from) {
        int run = from;
        while (run + 1 < runs && runStart[run + 1] <= record) {
            run++;
        }
        return run;
    }

    TopicPartition partitionOfRun(int run) {
        return runPartition[run];
    }
}
