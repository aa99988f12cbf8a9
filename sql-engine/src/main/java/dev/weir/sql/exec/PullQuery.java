package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.serde.RowValues;
import dev.weir.sql.state.StateStore;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A query that ends: one big step of its own circuit over one view of everything. Runs on its
/// caller's thread.
final class PullQuery {
    private final TopicLog log;
    private final Program program;

    PullQuery(TopicLog log, Program program) {
        this.log = log;
        this.program = program;
    }

    List<Object[]> run(PlanNode plan, Committer.View view, long nowMs) {
        List<Object[]> rows = new ArrayList<>();
        StepTime time = new StepTime();
        time.set(nowMs);
        try (StateStore memory = StateStore.inMemory()) {
            memory.beginStep(1);
            Circuit circuit =
                    new Circuit(plan, memory, 1, time, PullQuery::fail, b -> take(b, rows));
            Backfill input = new Backfill(circuit.scans(), log, new Origin());
            circuit.start();
            input.tables(view.snapshot(), program::rows);
            targets(input, view.published())
                    .forEach((relation, to) -> input.take(relation, to, (p, b, r, e) -> {}));
            circuit.endStep();
        }
        return rows;
    }

    private static void take(Batch batch, List<Object[]> rows) {
        for (int i = 0; i < batch.size(); i++) {
            int row = batch.row(i);
            if (batch.weight(row) < 0) {
                throw new IllegalStateException(
                        "a result row was taken back: " + Rows.text(batch, row));
            }
            for (long n = batch.weight(row); n > 0; n--) {
                rows.add(RowValues.read(batch, row));
            }
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
            targets.put(reader.relation().name(), visible(program, reader, published));
        }
        return targets;
    }

    /// How far a stream may be seen: as far as the published steps have read it, or, when nobody
    /// reads it, to its end; a derived one as far as they have written it. Any thread.
    static long[] visible(Program program, SourceReader reader, Published published) {
        long[] to = reader.positions();
        if (program.node(reader.relation().name()).orElse(null) instanceof QueryNode) {
            for (int p = 0; p < to.length; p++) {
                to[p] =
                        Math.max(
                                to[p],
                                published.outputEnds().getOrDefault(reader.partitions()[p], 0L));
            }
            return to;
        }
        long[] read = published.positions().get(reader.relation().name());
        if (read == null) {
            return reader.ends(-1);
        }
        for (int p = 0; p < to.length; p++) {
            to[p] = Math.max(to[p], read[p]);
        }
        return to;
    }
}
