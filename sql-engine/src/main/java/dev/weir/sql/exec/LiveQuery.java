package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.operator.Output;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.state.StateSnapshot;
import dev.weir.sql.state.StateStore;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/// A push query: a circuit with throw-away state and a buffer of the steps its reader has not taken
/// yet.
///
/// The circuit belongs first to the thread that brings it up to date, then to the worker. The
/// buffer is for any thread, guarded by this.
final class LiveQuery implements PushQuery {
    /// Rows a reader may be behind before its query is ended.
    private static final int MAX_BUFFERED = 100_000;

    private final String id;
    private final String sql;
    private final List<String> sources;
    private final Schema schema;
    private final boolean table;
    private final boolean looksUp;
    private final Optional<List<Integer>> key;
    private final Consumer<LiveQuery> onClose;
    private final StepTime time = new StepTime();
    private final StateStore memory = StateStore.inMemory();
    private final Circuit circuit;
    private final List<Circuit.Scan> scans = new ArrayList<>();
    private final Backfill backfill;
    private final Changes changes;
    private long memoryStep = 1;
    private long left;
    private boolean released;
    private RuntimeException broken;
    private volatile boolean running;
    private final LongAdder rowsIn = new LongAdder();
    private final LongAdder rowsOut = new LongAdder();

    // Guarded by this.
    private final ArrayDeque<Step> buffer = new ArrayDeque<>();
    private int buffered;
    private boolean over;
    private long lastToken;
    private SqlException failure;

    /// @param limit rows after which it ends
    /// @param onClose called once, by any thread, when its reader has had enough
    LiveQuery(
            String id,
            String sql,
            List<String> sources,
            PlanNode plan,
            OptionalLong limit,
            TopicLog log,
            Consumer<LiveQuery> onClose) {
        this.id = id;
        this.sql = sql;
        this.sources = List.copyOf(sources);
        this.onClose = onClose;
        schema = plan.schema();
        table = !plan.traits().appendOnly();
        looksUp = looksUp(plan);
        key =
                Optional.ofNullable(plan.traits().uniqueKey())
                        .filter(_ -> table)
                        .map(columns -> Arrays.stream(columns).boxed().toList());
        left = limit.orElse(Long.MAX_VALUE);
        if (left == 0) {
            buffer.add(new Step(0, List.of(), true));
            over = true;
        }
        changes = new Changes(table, plan.traits().uniqueKey());
        memory.beginStep(memoryStep);
        circuit =
                new Circuit(
                        plan,
                        memory.lane(0),
                        1,
                        time,
                        // A row that cannot be computed has no result; persistent queries report
                        // it.
                        (relation, in, row, cause) -> {},
                        changes::add);
        for (Circuit.Scan scan : circuit.scans()) {
            scans.add(scan.through(inner -> delta -> accept(inner, delta)));
        }
        backfill = new Backfill(scans, log, List.of(new Origin()));
    }

    @Override
    public String id() {
        return id;
    }

    @Override
    public Schema schema() {
        return schema;
    }

    @Override
    public boolean isTable() {
        return table;
    }

    @Override
    public Optional<List<Integer>> key() {
        return key;
    }

    /// Whether rows of its streams must find its tables there.
    boolean looksUp() {
        return looksUp;
    }

    private static boolean looksUp(PlanNode plan) {
        return plan instanceof PlanNode.Lookup
                || plan.inputs().stream().anyMatch(LiveQuery::looksUp);
    }

    boolean reads(String relation) {
        return sources.stream().anyMatch(relation::equalsIgnoreCase);
    }

    /// Any thread.
    QueryInfo info() {
        return new QueryInfo(
                id,
                QueryInfo.Kind.PUSH,
                sql,
                List.of(),
                sources,
                running ? QueryInfo.State.RUNNING : QueryInfo.State.BACKFILLING,
                Optional.empty(),
                rowsIn.sum(),
                rowsOut.sum());
    }

    // ---- The circuit

    List<Circuit.Scan> scans() {
        return scans;
    }

    Backfill backfill() {
        return backfill;
    }

    private void accept(Output inner, Batch delta) {
        if (broken != null || isOver()) {
            return;
        }
        rowsIn.add(delta.size());
        try {
            inner.emit(delta);
        } catch (RuntimeException e) {
            broken = e;
        }
    }

    void clock(long ms) {
        time.set(ms);
    }

    /// Reads the next slice of its streams before it takes part in the steps.
    void slice(Map<String, long[]> to) {
        to.forEach((relation, ends) -> backfill.take(relation, ends, (p, b, r, e) -> {}));
        endStep();
    }

    /// The last slice, and the tables.
    ///
    /// @param silent true when only later changes are to be told
    void level(
            Map<String, long[]> to,
            StateSnapshot snapshot,
            Backfill.TableRows rows,
            boolean silent) {
        circuit.start();
        backfill.tables(0, snapshot, rows);
        to.forEach((relation, ends) -> backfill.take(relation, ends, (p, b, r, e) -> {}));
        endStep();
        if (silent) {
            changes.take();
        }
        running = true;
    }

    /// Everything of the step has been delivered to its scans.
    void endStep() {
        if (broken == null && !isOver()) {
            try {
                circuit.endStep();
            } catch (RuntimeException e) {
                broken = e;
            }
        }
        if (broken != null) {
            fail(failure(broken));
            return;
        }
        memory.published(memoryStep);
        memory.beginStep(++memoryStep);
    }

    /// How a reader is told what broke its query.
    static SqlException failure(RuntimeException cause) {
        return cause instanceof SqlException known
                ? known
                : new SqlException(
                        SqlState.INTERNAL_ERROR, null, "the query failed: " + cause, null, cause);
    }

    /// What the step ended last brought, to be offered once it is journalled; empty when nothing.
    Optional<Step> takeStep(long token) {
        List<Change> rows = changes.take();
        if (rows.isEmpty() || left == 0) {
            return Optional.empty();
        }
        int count = 0;
        while (count < rows.size() && left > 0) {
            left -= rows.get(count).deleted() ? 0 : 1;
            count++;
        }
        rowsOut.add(count);
        return Optional.of(new Step(token, rows.subList(0, count), left == 0));
    }

    /// True when LIMIT is reached.
    boolean isFull() {
        return left == 0;
    }

    /// Frees the state. Whoever steps it.
    void release() {
        if (!released) {
            released = true;
            memory.close();
        }
    }

    // ---- The buffer

    synchronized boolean isOver() {
        return over || failure != null;
    }

    /// Hands a step to the reader. When the reader is too far behind, the query ends.
    synchronized void offer(Step step) {
        if (!isOver() && !buffer.isEmpty() && buffered + step.rows().size() > MAX_BUFFERED) {
            fail(
                    new SqlException(
                            SqlState.LIMIT_EXCEEDED,
                            null,
                            "the query's reader is more than " + MAX_BUFFERED + " rows behind",
                            "Read faster, or make the result smaller."));
        }
        offerAnyway(step);
    }

    /// Hands over what is already there when the query begins; the reader is not to blame for its
    /// size.
    synchronized void offerAnyway(Step step) {
        if (isOver()) {
            return;
        }
        buffer.add(step);
        buffered += step.rows().size();
        lastToken = step.token();
        if (step.end()) {
            over = true;
        }
        notifyAll();
    }

    /// Waits until the reader has taken most of what is there.
    synchronized void awaitReader() throws InterruptedException {
        while (!isOver() && buffered > MAX_BUFFERED / 2) {
            wait();
        }
    }

    synchronized void fail(SqlException cause) {
        if (failure == null && !over) {
            failure = cause;
            buffer.clear();
            buffered = 0;
        }
        notifyAll();
    }

    @Override
    public synchronized Step poll(Duration wait) throws InterruptedException {
        long deadline = System.nanoTime() + wait.toNanos();
        while (buffer.isEmpty() && !isOver()) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return null;
            }
            wait(left / 1_000_000, (int) (left % 1_000_000));
        }
        if (failure != null) {
            throw failure;
        }
        Step step = buffer.poll();
        if (step == null) {
            return new Step(lastToken, List.of(), true);
        }
        buffered -= step.rows().size();
        notifyAll();
        return step;
    }

    @Override
    public void close() {
        synchronized (this) {
            over = true;
            buffer.clear();
            buffered = 0;
            notifyAll();
        }
        onClose.accept(this);
    }
}
