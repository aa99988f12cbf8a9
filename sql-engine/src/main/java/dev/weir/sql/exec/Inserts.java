package dev.weir.sql.exec;

import dev.weir.sql.analyze.Analyzed;
import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.serde.Encoders;
import dev.weir.sql.serde.Murmur2;
import dev.weir.sql.serde.RecordEncoder;
import dev.weir.sql.serde.Values;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/// INSERT INTO … VALUES, UPDATE and DELETE: rows to records, written as any producer would.
/// Thread-safe.
final class Inserts {
    private final TopicLog log;
    private final AtomicInteger spread = new AtomicInteger();

    Inserts(TopicLog log) {
        this.log = log;
    }

    /// Writes the rows; they are on disk when this returns.
    void run(Analyzed.InsertValues insert, SqlSession session, long nowMs) {
        Relation target = insert.target();
        Batch batch = Batch.of(target.schema());
        for (int r = 0; r < insert.rows().size(); r++) {
            List<Object> row = insert.rows().get(r);
            for (int c = 0; c < row.size(); c++) {
                Values.append(batch.column(c), row.get(c));
            }
            batch.endRow(1, insert.rowTimes().get(r).orElse(nowMs));
        }
        write(encode(target, batch, false), List.of(session));
    }

    /// Writes whole rows, in storage form, to a table; they are on disk when this returns.
    ///
    /// @param sessions whose writes they are
    void update(Relation target, List<List<Object>> rows, List<SqlSession> sessions, long nowMs) {
        Batch batch = Batch.of(target.schema());
        for (List<Object> row : rows) {
            for (int c = 0; c < row.size(); c++) {
                Values.append(batch.column(c), row.get(c));
            }
            batch.endRow(1, nowMs);
        }
        write(encode(target, batch, false), sessions);
    }

    /// Writes a record without value for each key, its columns in storage form in the order of
    /// [Relation#keyColumns()]; they are on disk when this returns.
    void delete(Relation target, List<List<Object>> keys, List<SqlSession> sessions, long nowMs) {
        Batch batch = Batch.of(target.schema());
        int[] keyColumns = target.keyColumns();
        for (List<Object> key : keys) {
            Object[] row = new Object[target.schema().size()];
            for (int k = 0; k < keyColumns.length; k++) {
                row[keyColumns[k]] = key.get(k);
            }
            for (int c = 0; c < row.length; c++) {
                Values.append(batch.column(c), row[c]);
            }
            batch.endRow(1, nowMs);
        }
        write(encode(target, batch, true), sessions);
    }

    /// A row whose time stands in a column could not be read again without it.
    private static void refuseWithoutTime(Relation target, Batch batch, int row) {
        target.timestampColumn()
                .filter(time -> batch.column(target.schema().indexOf(time)).isNull(row))
                .ifPresent(time -> {
                    throw new SqlException(
                            SqlState.NOT_NULL_VIOLATION,
                            null,
                            "column \"" + time + "\" gives the row's time and cannot be NULL",
                            "Give it a value.");
                });
    }

    private void write(Map<TopicPartition, RecordBlock> blocks, List<SqlSession> sessions) {
        blocks.forEach((partition, block) -> {
            long end = log.append(partition, block);
            sessions.forEach(session -> session.wrote(partition, end));
        });
        log.sync(blocks.keySet());
    }

    private Map<TopicPartition, RecordBlock> encode(
            Relation target, Batch batch, boolean deletions) {
        RecordEncoder encoder = Encoders.of(target);
        Map<TopicPartition, RecordBlock> blocks = new TreeMap<>();
        ByteSink key = new ByteSink();
        ByteSink value = new ByteSink();
        for (int row = 0; row < batch.size(); row++) {
            key.clear();
            value.clear();
            boolean keyed = encoder.encodeKey(batch, row, key);
            if (!keyed && target.isTable()) {
                throw new SqlException(
                        SqlState.NOT_NULL_VIOLATION,
                        null,
                        "the primary key of table \"" + target.name() + "\" must not be NULL",
                        "Give a value for every PRIMARY KEY column.");
            }
            if (!deletions) {
                refuseWithoutTime(target, batch, row);
                encoder.encodeValue(batch, row, value);
            }
            int partition =
                    keyed
                            ? Murmur2.partition(key.array(), 0, key.size(), target.partitions())
                            : Integer.remainderUnsigned(
                                    spread.getAndIncrement(), target.partitions());
            blocks.computeIfAbsent(
                            new TopicPartition(target.topic(), partition), p -> new RecordBlock())
                    .append(
                            -1,
                            batch.rowTime(row),
                            key.array(),
                            0,
                            keyed ? key.size() : -1,
                            value.array(),
                            0,
                            deletions ? -1 : value.size());
        }
        return blocks;
    }
}
