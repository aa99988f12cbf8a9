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
import java.util.List;
import java.util.Map;

/// A query that ends: one big step of its own circuit over one view of everything. Runs on its
/// caller's thread.
final class PullQuery {
    private final TopicLog log;
    private final Program program;
    private final Producers producers;
    private final long mostBytes;

    /// @param producers the engine's: what they have not committed yet is not there
    /// @param mostBytes about how much memory one query may take
    PullQuery(TopicLog log, Program program, Producers producers, long mostBytes) {
        this.log = log;
        this.program = program;
        this.producers = producers;
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
            for (SourceReader reader : input.readers()) {
                String relation = reader.relation().name();
                reader.seekToStart();
                input.take(relation, visible(reader, view.published()), (p, b, r, e) -> {});
                if (isDerived(reader)) {
                    reader.skip(producers.main());
                    input.take(relation, beyond(reader, view.published()), (p, b, r, e) -> {});
                }
            }
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

    /// How far a stream may be seen: as far as the published steps have read it, or, when nobody
    /// reads it, to its end; a derived one as far as its query has written it, and others before
    /// that. Any thread.
    private long[] visible(SourceReader reader, Published published) {
        if (!isDerived(reader)) {
            return followed(reader, published);
        }
        long[] start = reader.positions();
        long[] to = reader.ends(producers.both());
        for (int p = 0; p < to.length; p++) {
            long written = published.outputEnds().getOrDefault(reader.partitions()[p], 0L);
            // A topic that was deleted and made anew may end before what was read of it.
            to[p] = Math.clamp(written, start[p], to[p]);
        }
        return to;
    }

    /// How far what others have written into a derived stream may be seen, from where the reader
    /// stands.
    private long[] beyond(SourceReader reader, Published published) {
        long[] start = reader.positions();
        long[] to = reader.ends(producers.both());
        long[] read = published.positions().get(reader.relation().name());
        for (int p = 0; p < to.length && read != null; p++) {
            to[p] = Math.clamp(read[p], start[p], Math.max(start[p], to[p]));
        }
        return to;
    }

    private boolean isDerived(SourceReader reader) {
        return program.node(reader.relation().name()).orElse(null) instanceof QueryNode;
    }

    /// How far a stream may be read by who goes on with the main sequence: as far as the published
    /// steps have read it, or, when nobody reads it, to its end. Any thread.
    long[] followed(SourceReader reader, Published published) {
        long[] start = reader.positions();
        boolean shared = program.writes(reader.relation().topic());
        long[] to = shared ? reader.ends(producers.both()) : reader.ends();
        long[] read = published.positions().get(reader.relation().name());
        for (int p = 0; p < to.length && read != null; p++) {
            // A topic that was deleted and made anew may end before what was read of it.
            to[p] = Math.clamp(read[p], start[p], to[p]);
        }
        return to;
    }
}
