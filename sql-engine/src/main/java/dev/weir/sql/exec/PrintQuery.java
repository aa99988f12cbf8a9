package dev.weir.sql.exec;

import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicInfo;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Consumer;

/// PRINT: the records of a topic as they are. Reads on its reader's own thread.
final class PrintQuery implements PushQuery {
    private static final Schema SCHEMA =
            new Schema(
                    List.of(
                            new Field("rowtime", Primitive.TIMESTAMP),
                            new Field("partition", Primitive.INT),
                            new Field("offset", Primitive.BIGINT),
                            new Field("key", Primitive.VARCHAR),
                            new Field("value", Primitive.VARCHAR)));
    private static final int MOST_RECORDS = 1000;
    private static final int MOST_BYTES = 1 << 20;

    private final String id;
    private final TopicLog log;
    private final TopicPartition[] partitions;
    private final long[] positions;
    private final long interval;
    private final RecordBlock block = new RecordBlock();
    private final Signal signal = new Signal();
    private final TopicLog.Registration registration;
    private final Consumer<PrintQuery> onClose;
    private long seen;
    private long left;
    private long token;
    private volatile boolean closed;
    private volatile SqlException failure;

    PrintQuery(
            String id,
            TopicInfo topic,
            boolean fromBeginning,
            long interval,
            OptionalLong limit,
            TopicLog log,
            Consumer<PrintQuery> onClose) {
        this.id = id;
        this.log = log;
        this.interval = Math.max(1, interval);
        this.onClose = onClose;
        left = limit.orElse(Long.MAX_VALUE);
        partitions = new TopicPartition[topic.partitions()];
        positions = new long[partitions.length];
        for (int p = 0; p < partitions.length; p++) {
            partitions[p] = new TopicPartition(topic.name(), p);
            positions[p] =
                    fromBeginning ? log.startOffset(partitions[p]) : log.endOffset(partitions[p]);
        }
        registration = log.onMore(topic.name(), signal::raise);
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    @Override
    public boolean isTable() {
        return false;
    }

    @Override
    public Step poll(Duration wait) throws InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        while (true) {
            if (failure != null) {
                throw failure;
            }
            if (closed || left == 0) {
                return new Step(token, List.of(), true);
            }
            signal.clear();
            List<Change> rows = read();
            if (!rows.isEmpty()) {
                return new Step(++token, rows, left == 0);
            }
            long rest = deadline - System.nanoTime();
            if (rest <= 0) {
                return null;
            }
            signal.await(rest);
        }
    }

    private List<Change> read() {
        List<Change> rows = new ArrayList<>();
        for (int p = 0; p < partitions.length && left > 0; p++) {
            long end = log.endOffset(partitions[p]);
            if (end <= positions[p]) {
                continue;
            }
            block.clear();
            positions[p] =
                    log.read(partitions[p], positions[p], end, -1, block, MOST_RECORDS, MOST_BYTES);
            for (int i = 0; i < block.count() && left > 0; i++) {
                if (seen++ % interval == 0) {
                    left--;
                    Object[] values = {
                        Instant.ofEpochMilli(block.timestamp(i)),
                        p,
                        block.offset(i),
                        text(block.key(i)),
                        text(block.value(i))
                    };
                    rows.add(new Change(false, values, block.timestamp(i)));
                }
            }
            // More may be waiting than one read takes.
            if (positions[p] < end) {
                signal.raise();
            }
        }
        return rows;
    }

    private static String text(byte[] bytes) {
        return bytes == null
                ? null
                : DeadLetters.text(bytes).orElseGet(() -> "0x" + HexFormat.of().formatHex(bytes));
    }

    /// Ends it with an error. Any thread.
    void cancel() {
        failure = new SqlException(SqlState.QUERY_CANCELED, "the query " + id + " was cancelled");
        signal.raise();
    }

    @Override
    public void close() {
        closed = true;
        registration.close();
        signal.raise();
        onClose.accept(this);
    }
}
