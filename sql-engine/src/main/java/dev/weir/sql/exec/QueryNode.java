package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.expr.StepClock;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.operator.Exchange;
import dev.weir.sql.operator.Output;
import dev.weir.sql.operator.StreamTime;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.state.PointStates;
import dev.weir.sql.state.StateStore;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/// A derived relation and the query that keeps it up to date, lane by lane.
///
/// Its readers get the query's delta in the step that computes it. What others write into the topic
/// of a stream they get as of any topic, while there are readers; the query's own records are
/// passed over there.
final class QueryNode implements Node {
    private final Relation relation;
    private final Statement statement;
    private final PlanNode plan;
    private final List<String> sources;
    private final Optional<String> target;
    private final Feed feed;
    private final List<QueryLane> lanes = new ArrayList<>();
    private final PointStates rows;
    private final List<Circuit.Scan> scans = new ArrayList<>();
    private final TopicLog log;
    private final Runnable signal;
    private final List<Origin> origins;
    private final LongAdder deadLetters;
    private final long producerId;
    private final OwnOffsets own;
    private final StepOutputs[] outputsOfLanes;
    private SourceReader reader;
    private TopicLog.Registration registration;
    private int durableReaders;
    private StepOutputs outputs;
    private volatile QueryInfo.State state = QueryInfo.State.BACKFILLING;
    private volatile long level;
    private volatile Map<String, long[]> filledTo;
    private volatile boolean terminated;
    private boolean tablesLevel;
    private volatile String error;
    private final List<StreamTime> times = new ArrayList<>();
    private final LongAdder rowsIn = new LongAdder();
    private volatile long rowsOut;

    /// @param sources names of the relations it reads
    /// @param target the stream it inserts into, for a query that does nothing else
    /// @param mostBytes largest key and value of one record that its topic takes
    /// @param signal called when the topic has more to read
    /// @param producerId of what the query writes
    QueryNode(
            Relation relation,
            Statement statement,
            PlanNode plan,
            List<String> sources,
            Optional<String> target,
            int mostBytes,
            TopicLog log,
            Runnable signal,
            long producerId,
            OwnOffsets own,
            StateStore store,
            StepClock clock,
            List<Origin> origins,
            LongAdder deadLetters) {
        this.relation = relation;
        this.statement = statement;
        this.plan = plan;
        this.sources = List.copyOf(sources);
        this.target = target;
        this.log = log;
        this.signal = signal;
        this.producerId = producerId;
        this.own = own;
        this.origins = List.copyOf(origins);
        this.deadLetters = deadLetters;
        outputsOfLanes = new StepOutputs[store.lanes()];
        feed = new Feed(relation, ScanView.columnsOf(relation), store.lanes());
        List<Exchange> exchanges = new ArrayList<>();
        for (int lane = 0; lane < store.lanes(); lane++) {
            lanes.add(
                    new QueryLane(
                            relation,
                            plan,
                            statement.firstOperator(),
                            target.isPresent(),
                            mostBytes,
                            store.lane(lane),
                            exchanges,
                            times,
                            feed,
                            clock,
                            origins.get(lane),
                            deadLetters));
        }
        rows =
                relation.isTable()
                        ? PointStates.of(lanes.stream().map(QueryLane::rows).toList())
                        : null;
        List<Circuit.Scan> first = circuit().scans();
        for (int i = 0; i < first.size(); i++) {
            scans.add(first.get(i).with(inputs(i)));
        }
    }

    /// Where the n-th scan's delta goes in, for each lane.
    private List<Output> inputs(int n) {
        List<Output> inputs = new ArrayList<>();
        for (QueryLane lane : lanes) {
            Output input = lane.circuit().scans().get(n).outputs().getFirst();
            inputs.add(delta -> accept(lane, input, delta));
        }
        return inputs;
    }

    @Override
    public Relation relation() {
        return relation;
    }

    @Override
    public Statement statement() {
        return statement;
    }

    /// Any thread.
    PlanNode plan() {
        return plan;
    }

    /// Names of the relations it reads. Any thread.
    List<String> sources() {
        return sources;
    }

    /// The stream it inserts into; empty for a query that keeps a relation. Any thread.
    Optional<String> target() {
        return target;
    }

    /// The relation that its rows go to. Any thread.
    String sink() {
        return target.orElse(relation.name());
    }

    @Override
    public Optional<PointStates> rows() {
        return Optional.ofNullable(rows);
    }

    /// Where its inputs go in.
    List<Circuit.Scan> scans() {
        return scans;
    }

    /// The first lane's circuit; all have the same scans, states and stages.
    Circuit circuit() {
        return lanes.getFirst().circuit();
    }

    /// Any thread.
    QueryInfo.State state() {
        return state;
    }

    /// True when its query was ended by TERMINATE; the relation stays as it was. Any thread.
    boolean isTerminated() {
        return terminated;
    }

    /// True when steps go through it.
    boolean isLive() {
        return state == QueryInfo.State.RUNNING && !terminated;
    }

    /// True when steps of the main sequence bring it something: from its tables, if not yet from
    /// its streams.
    boolean takesPart() {
        return !terminated
                && (state == QueryInfo.State.RUNNING
                        || (state == QueryInfo.State.BACKFILLING && tablesLevel));
    }

    /// True when a scan gets its delta from the main sequence.
    boolean takes(Circuit.Scan scan) {
        return isLive() || (takesPart() && scan.relation().isTable());
    }

    /// Its tables are level: from the next step on it gets their changes.
    void tablesLevel() {
        tablesLevel = true;
    }

    /// It has been given its streams up to here, by relation; the arrays are not changed any more.
    void filledTo(Map<String, long[]> positions) {
        filledTo = positions;
    }

    /// How far it has been given its streams, while it is filled; null before it has begun. Any
    /// thread.
    Map<String, long[]> filledTo() {
        return filledTo;
    }

    /// @param step the one that brought it level
    void joined(long step) {
        level = step;
        state = QueryInfo.State.RUNNING;
        filledTo = null;
    }

    /// True when somebody who sees the steps up to this one sees all of it. Any thread.
    boolean isLevel(long step) {
        return state != QueryInfo.State.BACKFILLING && step >= level;
    }

    void terminate() {
        terminated = true;
        state = QueryInfo.State.RUNNING;
    }

    /// Rows that came too late for their window, since the start. Any thread.
    long rowsLate() {
        return times.stream().mapToLong(StreamTime::late).sum();
    }

    /// As SHOW QUERIES tells it. Any thread.
    QueryInfo info() {
        return new QueryInfo(
                relation.queryId().orElse(relation.name()),
                QueryInfo.Kind.PERSISTENT,
                statement.text(),
                List.of(sink()),
                sources,
                state,
                Optional.ofNullable(error),
                rowsIn.sum(),
                rowsOut);
    }

    @Override
    public void subscribe(Circuit.Scan scan, boolean durable) {
        feed.subscribe(scan);
        durableReaders += durable ? 1 : 0;
        if (!relation.isTable() && reader == null) {
            open();
        }
    }

    @Override
    public void unsubscribe(Circuit.Scan scan, boolean durable) {
        feed.unsubscribe(scan);
        durableReaders -= durable ? 1 : 0;
        if (feed.isUnread()) {
            close();
        }
    }

    private void open() {
        reader = new SourceReader(relation, log, origins);
        reader.columns(ScanView.columnsOf(relation));
        reader.skip(producerId);
        own.watch(reader.partitions());
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
    public Optional<SourceReader> reader() {
        return Optional.ofNullable(reader);
    }

    @Override
    public boolean isDurable() {
        return durableReaders > 0;
    }

    /// Passes over what the query itself has written.
    ///
    /// @param ends how far the topic can be read
    /// @return whether there was something
    boolean passOwn(long[] ends) {
        boolean moved = false;
        for (int p = 0; p < reader.partitions().length; p++) {
            long at = reader.position(p);
            long next = own.pass(reader.partitions()[p], at, ends[p]);
            reader.seek(p, next);
            moved |= next > at;
        }
        return moved;
    }

    @Override
    public void divide(long[] to, boolean shared) {
        reader.divide(to, shared ? lanes.size() : 1);
    }

    @Override
    public long take(int lane) {
        try {
            return reader.take(
                    lane,
                    batch -> feed.emit(lane, batch),
                    (partition, block, record, why) -> {
                        if (isDurable() && outputsOfLanes[lane] != null) {
                            deadLetters.increment();
                            DeadLetters.record(
                                    outputsOfLanes[lane],
                                    relation.name(),
                                    partition,
                                    block,
                                    record,
                                    why);
                        }
                    });
        } catch (RuntimeException e) {
            if (reader.isLogFailure(lane, e)) {
                throw e;
            }
            lanes.get(lane).broke(e);
            return 0;
        }
    }

    @Override
    public void arrive(long[] to) {
        reader.arrive(to);
    }

    /// Records go to these outputs; null in a replay.
    ///
    /// @param shared whether lanes run at the same time
    void begin(StepOutputs stepOutputs, long step, boolean shared) {
        outputs = stepOutputs;
        for (int lane = 0; lane < lanes.size(); lane++) {
            outputsOfLanes[lane] = StepOutputs.of(stepOutputs, lane, shared);
            lanes.get(lane).begin(outputsOfLanes[lane], step);
        }
    }

    /// The first step: rows that the query brings along.
    void start() {
        lanes.getFirst().start();
    }

    /// Its input cannot be had in a lane.
    void broke(int lane, RuntimeException cause) {
        lanes.get(lane).broke(cause);
    }

    private void accept(QueryLane lane, Output input, Batch delta) {
        if (terminated || state == QueryInfo.State.FAILED) {
            return;
        }
        rowsIn.add(delta.size());
        lane.accept(input, delta);
    }

    @Override
    public int stages() {
        return circuit().stages();
    }

    @Override
    public long work(int stage) {
        long work = circuit().waiting(stage);
        for (QueryLane lane : lanes) {
            work += lane.received();
        }
        return work;
    }

    @Override
    public void endStage(int stage, int lane) {
        if (!terminated && state != QueryInfo.State.FAILED) {
            lanes.get(lane).endStage(stage);
        }
    }

    @Override
    public boolean isBroken() {
        return lanes.stream().anyMatch(lane -> lane.failure() != null);
    }

    @Override
    public void endStep() {
        feed.gather();
        times.forEach(StreamTime::endStep);
        rowsOut = lanes.stream().mapToLong(QueryLane::rowsOut).sum();
    }

    @Override
    public void fail(String why) {
        error = why;
        state = QueryInfo.State.FAILED;
        close();
    }

    @Override
    public Optional<String> error() {
        return Optional.ofNullable(error);
    }

    @Override
    public Optional<RuntimeException> takeFailure() {
        RuntimeException taken = null;
        for (QueryLane lane : lanes) {
            taken = taken == null ? lane.failure() : taken;
            lane.clearFailure();
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
        if (reader != null) {
            own.unwatch(reader.partitions());
            reader = null;
        }
        if (registration != null) {
            registration.close();
            registration = null;
        }
    }
}
