package dev.weir.sql.exec;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;

import java.util.List;
import java.util.Map;

/// The engine's journal: the one partition of the topic `_weir_journal`. What is in it happened,
/// and nothing else did.
///
/// Appended by the committer thread alone; read before that thread starts.
final class Journal {
    static final String TOPIC = "_weir_journal";

    private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);
    private static final List<TopicPartition> PARTITIONS = List.of(PARTITION);
    private static final int READ_RECORDS = 4096;
    private static final int READ_BYTES = 4 << 20;

    private final TopicLog log;
    private final RecordBlock block = new RecordBlock();

    Journal(TopicLog log) {
        this.log = log;
        if (log.topic(TOPIC).isEmpty()) {
            log.createTopic(
                    TOPIC,
                    1,
                    Map.of(
                            "cleanup.policy",
                            "delete",
                            "retention.ms",
                            "-1",
                            "retention.bytes",
                            "-1"));
        }
    }

    /// Takes each record from an offset on, in order.
    ///
    /// @return the offset behind the last
    long read(long from, Entry entry) {
        long end = log.endOffset(PARTITION);
        long start = log.startOffset(PARTITION);
        if (from < start || from > end) {
            throw new SqlException(
                    SqlState.IO_ERROR,
                    null,
                    "the state on disk needs the journal from record "
                            + from
                            + " on, but the journal goes from "
                            + start
                            + " to "
                            + end,
                    "State and log belong to different data directories. Restore both from one"
                            + " backup.");
        }
        long at = from;
        RecordBlock records = new RecordBlock();
        while (at < end) {
            records.clear();
            at = log.read(PARTITION, at, end, -1, records, READ_RECORDS, READ_BYTES);
            for (int i = 0; i < records.count(); i++) {
                entry.accept(records.offset(i), JournalFormat.read(records.value(i)));
            }
        }
        return end;
    }

    /// Appends a record; it has happened once [#sync] returns.
    ///
    /// @return one past its offset
    long append(JournalRecord record, long timestampMs) {
        block.clear();
        block.append(-1, timestampMs, null, JournalFormat.write(record));
        return log.append(PARTITION, block);
    }

    void sync() {
        log.sync(PARTITIONS);
    }

    /// Forgets the records before an offset.
    void trim(long offset) {
        log.trim(PARTITION, offset);
    }

    /// Takes a record that was read.
    @FunctionalInterface
    interface Entry {
        void accept(long offset, JournalRecord record);
    }
}
