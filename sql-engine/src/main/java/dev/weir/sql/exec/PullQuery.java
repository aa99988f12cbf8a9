package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.serde.RowValues;
import dev.weir.sql.state.StateStore;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A query that ends: one big step of its own circuit over one view of everything. Runs on its
/// caller's thread.
final class PullQuery {
    private final TopicLog log;
    private final Program program;
    private final long producerId;
    private final long mostBytes;

    /// @param producerId the engine's: what it has not committed yet is not there
    /// @param mostBytes about how much memory one query may take
    PullQuery(TopicLog log, Program program, long producerId, long mostBytes) {
        this.log = log;
        this.program = program;
        this.producerId = producerId;
        this.mostBytes = mostBytes;
    }

    List<Object[]> run(PlanNode plan, Committer.View view, long nowMs) {
        Result result = new Result(mostBytes);
        StepTime time = new StepTime();
        time.set(nowMs);
        try (StateStore memory = StateStore.inMemory()) {
            memory.beginStep(1);
            Circuit circuit =
                    new Circuit(plan, memory.lane(0), 1, time, PullQuery::fail, result::take);
            List<Circuit.Scan> scans = new ArrayList<>();
            for (Circuit.Scan scan : circuit.scans()) {
                scans.add(
                        scan.through(inner ->
                                delta -> {
                                    inner.emit(delta);
                                    result.check(memory.heldBytes());
                                }));
            }
            Backfill input = new Backfill(scans, log, List.of(new Origin()));
            circuit.start();
            input.tables(0, view.snapshot(), program::rows);
            targets(input, view.published())
                    .forEach((relation, to) -> input.take(relation, to, (p, b, r, e) -> {}));
            circuit.endStep();
        }
        return result.rows;
    }

    /// The rows so far, and about how much memory they take.
    private static final class Result {
        final List<Object[]> rows = new ArrayList<>();
        private final long mostBytes;
        private long bytes;

        Result(long mostBytes) {
            this.mostBytes = mostBytes;
        }

        void take(Batch batch) {
            for (int i = 0; i < batch.size(); i++) {
                int row = batch.row(i);
                if (batch.weight(row) < 0) {
                    throw new IllegalStateException(
                            "a result row was taken back: " + Rows.text(batch, row));
                }
                for (long n = batch.weight(row); n > 0; n--) {
                    Object[] values = RowValues.read(batch, row);
                    rows.add(values);
                    bytes += size(values);
                }
            }
            check(0);
        }

        /// Refuses what would take the memory of everybody else.
        void check(long stateBytes) {
            if (bytes + stateBytes > mostBytes) {
                throw new SqlException(
                        SqlState.LIMIT_EXCEEDED,
                        null,
                        "the query takes more than " + (mostBytes >> 20) + " MiB of memory",
                        "Narrow it with WHERE or LIMIT, read it with EMIT CHANGES, or keep the"
                                + " result with CREATE TABLE AS SELECT.");
            }
        }

        private static long size(Object[] values) {
            long size = 32;
            for (Object value : values) {
                size +=
                        switch (value) {
                            case null -> 4;
                            case String text -> 48 + text.length();
                            case byte[] raw -> 24 + raw.length;
                            case Collection<?> all -> 48 + 48L * all.size();
                            case Map<?, ?> all -> 64 + 96L * all.size();
                            default -> 28;
                        };
            }
            return size;
        }
    }

    private static void fail(String relation, Batch in, int row, RuntimeException cause) {
        if (cause instanceof SqlException known) {
            throw known;
        }
        throw new SqlException(
                cause instanceof ArithmeticException
                        ? SqlState.DIVISION_BY_ZERO
                        : SqlState.INVALID_TEXT,
                null,
                (cause.getMessage() == null ? cause.toString() : cause.getMessage())
                        + " in row ("
                        + Rows.text(in, row)
                        + ")",
                null,
                cause);
    }

    /// How far the streams may be read; the readers are set to their beginnings.
    private Map<String, long[]> targets(Backfill input, Published published) {
        Map<String, long[]> targets = new HashMap<>();
        for (SourceReader reader : input.readers()) {
            reader.seekToStart();
            targets.put(reader.relation().name(), visible(reader, published));
        }
        return targets;
    }

    /// How far a stream may be seen: as far as the published steps have read it, or, when nobody
    /// reads it, to its end; a derived one as far as they have written it. Any thread.
    long[] visible(SourceReader reader, Published published) {
        long[] start = reader.positions();
        boolean derived = program.node(reader.relation().name()).orElse(null) instanceof QueryNode;
        boolean shared = !derived && program.writes(reader.relation().topic());
        long[] to = reader.ends(shared ? producerId : -1);
        long[] read = published.positions().get(reader.relation().name());
        for (int p = 0; p < to.length; p++) {
            // A topic that was deleted and made anew may end before what was read of it.
            if (derived) {
                long written = published.outputEnds().getOrDefault(reader.partitions()[p], 0L);
                to[p] = Math.clamp(written, start[p], to[p]);
            } else if (read != null) {
                to[p] = Math.clamp(read[p], start[p], to[p]);
            }
        }
        return to;
    }
}
