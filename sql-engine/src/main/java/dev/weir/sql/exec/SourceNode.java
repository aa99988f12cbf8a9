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
import dev.weir.sql.operator.Exchange;
import dev.weir.sql.operator.SourceTableOperator;
import dev.weir.sql.state.PointState;
import dev.weir.sql.state.PointStates;
import dev.weir.sql.state.StateStore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/// A stream or table over a topic that others write.
///
/// A stream is read while somebody wants it. A table is read from the day it is made, because its
/// changes can only be told by who knows the rows before; its records go to the lanes that keep
/// their keys.
final class SourceNode implements Node {
    private final Relation relation;
    private final Statement statement;
    private final TopicLog log;
    private final Runnable signal;
    private final List<Origin> origins;
    private final LongAdder deadLetters;
    private final Feed feed;

    /// Of a table: each version of its rows, for those who look it up as of a time.
    private final Feed versions;

    private final List<Lane> lanes = new ArrayList<>();
    private final Exchange exchange;
    private final PointStates rows;
    private final Schema keySchema;
    private final int[] allColumns;
    private SourceReader reader;
    private TopicLog.Registration registration;
    private StepOutputs outputs;
    private int durableReaders;
    private volatile String error;

    /// What one lane does: it reads a part of the records, and keeps a part of a table's rows.
    private final class Lane {
        final int number;
        final Origin origin;
        final PointState rows;
        final SourceTableOperator table;
        int[] runs = new int[0];
        StepOutputs outputs;
        RuntimeException failure;

        Lane(int number, Origin origin, PointState rows) {
            this.number = number;
            this.origin = origin;
            this.rows = rows;
            table =
                    rows == null
                            ? null
                            : new SourceTableOperator(
                                    relation.schema(),
                                    relation.keyColumns(),
                                    rows,
                                    this::rowFailed,
                                    delta -> feed.emit(number, delta));
        }

        long take() {
            try {
                return reader.take(number, this::emit, this::undecoded);
            } catch (RuntimeException e) {
                if (reader.isLogFailure(number, e)) {
                    throw e;
                }
                failure = e;
                return 0;
            }
        }

        private void emit(Batch batch) {
            if (table == null) {
                feed.emit(number, batch);
            } else if (exchange == null) {
                apply(batch);
            } else {
                exchange.route(number, withKey(batch));
            }
        }

        /// The rows that have a whole key. Others are reported here, where their records are known.
        private Batch withKey(Batch batch) {
            boolean all = true;
            for (int column : relation.keyColumns()) {
                all &= batch.column(column).hasNoNulls();
            }
            if (all) {
                return batch;
            }
            int[] kept = new int[batch.size()];
            int count = 0;
            for (int row = 0; row < kept.length; row++) {
                if (table.hasKey(batch, row)) {
                    kept[count++] = row;
                }
            }
            Batch view = batch.view(batch.schema(), allColumns);
            view.select(kept, count);
            return view;
        }

        void endStage() {
            if (table == null || failure != null || error != null) {
                return;
            }
            try {
                if (exchange != null) {
                    exchange.deliver(number, this::apply);
                }
                table.endStep();
            } catch (RuntimeException e) {
                failure = e;
            }
        }

        /// Upserts and deletions of a key must keep their order: runs of one kind are handed on.
        private void apply(Batch batch) {
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

        private void undecoded(
                TopicPartition partition, RecordBlock block, int record, String why) {
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
    }

    /// @param signal called when the topic has more to read
    SourceNode(
            Relation relation,
            Statement statement,
            TopicLog log,
            StateStore store,
            Runnable signal,
            List<Origin> origins,
            LongAdder deadLetters) {
        this.relation = relation;
        this.statement = statement;
        this.log = log;
        this.signal = signal;
        this.origins = List.copyOf(origins);
        this.deadLetters = deadLetters;
        keySchema =
                new Schema(
                        Arrays.stream(relation.keyColumns())
                                .mapToObj(relation.schema()::field)
                                .toList());
        allColumns = IntStream.range(0, relation.columns().size()).toArray();
        feed =
                new Feed(
                        relation,
                        relation.isTable() ? ScanView.columnsOf(relation) : null,
                        store.lanes());
        versions = new Feed(relation, ScanView.columnsOf(relation), store.lanes());
        for (int lane = 0; lane < store.lanes(); lane++) {
            lanes.add(
                    new Lane(
                            lane,
                            origins.get(lane),
                            relation.isTable()
                                    ? store.lane(lane).point(statement.firstOperator(), true)
                                    : null));
        }
        exchange =
                relation.isTable() && store.lanes() > 1
                        ? new Exchange(
                                relation.schema(),
                                relation.schema(),
                                relation.keyColumns(),
                                store.lanes())
                        : null;
        if (relation.isTable()) {
            rows = PointStates.of(lanes.stream().map(lane -> lane.rows).toList());
            open();
            reader.columns(ScanView.columnsOf(relation));
        } else {
            rows = null;
        }
    }

    private void open() {
        reader = new SourceReader(relation, log, origins);
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
    public Optional<PointStates> rows() {
        return Optional.ofNullable(rows);
    }

    @Override
    public Optional<SourceReader> reader() {
        return Optional.ofNullable(reader);
    }

    @Override
    public boolean isDurable() {
        return relation.isTable() || durableReaders > 0;
    }

    @Override
    public void subscribe(Circuit.Scan scan, boolean durable) {
        (scan.versions() ? versions : feed).subscribe(scan);
        durableReaders += durable ? 1 : 0;
        tellVersions();
        if (!relation.isTable()) {
            if (reader == null) {
                open();
            }
            refresh();
        }
    }

    @Override
    public void unsubscribe(Circuit.Scan scan, boolean durable) {
        (scan.versions() ? versions : feed).unsubscribe(scan);
        durableReaders -= durable ? 1 : 0;
        tellVersions();
        if (!relation.isTable() && reader != null) {
            if (feed.isUnread()) {
                close();
            } else {
                refresh();
            }
        }
    }

    private void tellVersions() {
        for (Lane lane : lanes) {
            if (lane.table != null) {
                lane.table.versions(
                        versions.isUnread() ? null : delta -> versions.emit(lane.number, delta));
            }
        }
    }

    private void refresh() {
        var wanted = feed.wanted();
        reader.columns(wanted);
        feed.available(wanted);
    }

    /// Dead letters go to these outputs; null in a replay.
    ///
    /// @param shared whether lanes run at the same time
    void begin(StepOutputs stepOutputs, boolean shared) {
        outputs = stepOutputs;
        for (Lane lane : lanes) {
            lane.outputs = StepOutputs.of(stepOutputs, lane.number, shared);
        }
    }

    @Override
    public void divide(long[] to, boolean shared) {
        reader.divide(to, shared ? lanes.size() : 1);
    }

    @Override
    public long take(int lane) {
        return lanes.get(lane).take();
    }

    @Override
    public void arrive(long[] to) {
        reader.arrive(to);
    }

    @Override
    public int stages() {
        return relation.isTable() ? 1 : 0;
    }

    @Override
    public long work(int stage) {
        return exchange == null ? 0 : exchange.size();
    }

    @Override
    public void endStage(int stage, int lane) {
        lanes.get(lane).endStage();
    }

    @Override
    public boolean isBroken() {
        return lanes.stream().anyMatch(lane -> lane.failure != null);
    }

    @Override
    public void endStep() {
        feed.gather();
        versions.gather();
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
        RuntimeException taken = null;
        for (Lane lane : lanes) {
            taken = taken == null ? lane.failure : taken;
            lane.failure = null;
        }
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
