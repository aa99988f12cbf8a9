package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.operator.SourceTableOperator;
import dev.weir.sql.state.PointState;
import dev.weir.sql.state.StateStore;

import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/// A stream or table over a topic that others write.
///
/// A stream is read while somebody wants it. A table is read from the day it is made, because its
/// changes can only be told by who knows the rows before.
final class SourceNode implements Node {
    private final Relation relation;
    private final Statement statement;
    private final TopicLog log;
    private final Runnable signal;
    private final Origin origin;
    private final LongAdder deadLetters;
    private final Feed feed;
    private final SourceTableOperator table;
    private final PointState rows;
    private final Schema keySchema;
    private final int[] allColumns;
    private int[] runs = new int[0];
    private SourceReader reader;
    private TopicLog.Registration registration;
    private StepOutputs outputs;
    private int durableReaders;
    private RuntimeException failure;
    private volatile String error;

    /// @param signal called when the topic has more to read
    SourceNode(
            Relation relation,
            Statement statement,
            TopicLog log,
            StateStore store,
            Runnable signal,
            Origin origin,
            LongAdder deadLetters) {
        this.relation = relation;
        this.statement = statement;
        this.log = log;
        this.signal = signal;
        this.origin = origin;
        this.deadLetters = deadLetters;
        keySchema =
                new Schema(
                        Arrays.stream(relation.keyColumns())
                                .mapToObj(relation.schema()::field)
                                .toList());
        allColumns = IntStream.range(0, relation.columns().size()).toArray();
        feed = new Feed(relation, relation.isTable() ? ScanView.columnsOf(relation) : null);
        if (relation.isTable()) {
            rows = store.point(statement.firstOperator(), true);
            table =
                    new SourceTableOperator(
                            relation.schema(),
                            relation.keyColumns(),
                            rows,
                            this::rowFailed,
                            feed::emit);
            open();
            reader.columns(ScanView.columnsOf(relation));
        } else {
            rows = null;
            table = null;
        }
    }

    private void open() {
        reader = new SourceReader(relation, log, origin);
        try {
            registration = log.onMore(relation.topic(), signal);
        } catch (SqlException e) {
            // A topic that is gone brings nothing more.
            if (e.state() != SqlState.UNDEFINED_OBJECT) {
                throw e;
            }
        }
    }

    @Override
    public Relation relation() {
        return relation;
    }

    @Override
    public Statement statement() {
        return statement;
    }

    @Override
    public Optional<PointState> rows() {
        return Optional.ofNullable(rows);
    }

    /// The reader, while there is one.
    Optional<SourceReader> reader() {
        return Optional.ofNullable(reader);
    }

    /// True when what is read must be journalled: it goes into state that lasts.
    boolean isDurable() {
        return table != null || durableReaders > 0;
    }

    @Override
    public void subscribe(Circuit.Scan scan, boolean durable) {
        feed.subscribe(scan.columns(), scan.schema(), scan.output());
        durableReaders += durable ? 1 : 0;
        if (table == null) {
            if (reader == null) {
                open();
            }
            refresh();
        }
    }

    @Override
    public void unsubscribe(Circuit.Scan scan, boolean durable) {
        feed.unsubscribe(scan.output());
        durableReaders -= durable ? 1 : 0;
        if (table == null && reader != null) {
            if (feed.isUnread()) {
                close();
            } else {
                refresh();
            }
        }
    }

    private void refresh() {
        var wanted = feed.wanted();
        reader.columns(wanted);
        feed.available(wanted);
    }

    /// Dead letters go to these outputs; null in a replay.
    void begin(StepOutputs stepOutputs) {
        outputs = stepOutputs;
    }

    /// Reads up to `to` and hands it on.
    ///
    /// @return the records read
    long take(long[] to) {
        try {
            return reader.take(to, this::emit, this::undecoded);
        } catch (RuntimeException e) {
            if (reader.isLogFailure(e)) {
                throw e;
            }
            failure = e;
            reader.seek(to);
            return 0;
        }
    }

    private void emit(Batch batch) {
        if (table == null) {
            feed.emit(batch);
            return;
        }
        // Upserts and deletions of a key must keep their order: runs of one kind are handed on.
        int rowCount = batch.size();
        if (runs.length < rowCount) {
            runs = new int[Math.max(rowCount, runs.length * 2)];
            for (int i = 0; i < runs.length; i++) {
                runs[i] = i;
            }
        }
        int at = 0;
        while (at < rowCount) {
            boolean deletions = batch.weight(at) < 0;
            int end = at + 1;
            while (end < rowCount && batch.weight(end) < 0 == deletions) {
                end++;
            }
            Batch run =
                    deletions
                            ? batch.view(keySchema, relation.keyColumns())
                            : batch.view(batch.schema(), allColumns);
            int[] selected = at == 0 ? runs : Arrays.copyOfRange(runs, at, end);
            run.select(selected, end - at);
            if (deletions) {
                table.delete(run);
            } else {
                table.accept(0, run);
            }
            at = end;
        }
    }

    private void undecoded(TopicPartition partition, RecordBlock block, int record, String why) {
        if (isDurable() && outputs != null) {
            deadLetters.increment();
            DeadLetters.record(outputs, relation.name(), partition, block, record, why);
        }
    }

    private void rowFailed(Batch in, int row, RuntimeException cause) {
        if (outputs == null) {
            return;
        }
        deadLetters.increment();
        if (origin.knows(relation.name(), row)) {
            int record = origin.record(row);
            DeadLetters.record(
                    outputs,
                    relation.name(),
                    origin.partition(record),
                    origin.block(),
                    record,
                    cause.getMessage());
        } else {
            DeadLetters.row(
                    outputs,
                    relation.name(),
                    Rows.text(in, row),
                    in.rowTime(row),
                    cause.getMessage());
        }
    }

    @Override
    public void endStep() {
        if (table == null || failure != null || error != null) {
            return;
        }
        try {
            table.endStep();
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    @Override
    public void fail(String why) {
        error = why;
        close();
    }

    @Override
    public Optional<String> error() {
        return Optional.ofNullable(error);
    }

    @Override
    public Optional<RuntimeException> takeFailure() {
        RuntimeException taken = failure;
        failure = null;
        return Optional.ofNullable(taken);
    }

    @Override
    public void dropOutputs() {
        if (outputs != null) {
            outputs.drop(relation.name());
        }
    }

    @Override
    public void close() {
        reader = null;
        if (registration != null) {
            registration.close();
            registration = null;
        }
    }
}
