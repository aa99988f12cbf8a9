package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.RowCodec;
import dev.weir.sql.plan.AggregateCall;
import dev.weir.sql.state.PointState;

import java.util.Arrays;
import java.util.List;

/// In front of an exchange: makes equal rows of a step one, with the sum of their weights and the
/// latest of their row times, so that a key that comes often crosses to its lane once a step, and
/// is aggregated there once. For rows that are never taken back, on their way to functions that see
/// no difference ([#suits]).
///
/// Where rows are mostly different this is work for nothing. So it looks, now and then, how many
/// are alike, and otherwise lets rows pass.
public final class Consolidator implements Operator {
    /// Rows after which it is known whether it pays.
    private static final int TRIAL_ROWS = 1_024;

    /// Most rows held.
    private static final int MOST_ROWS = 1 << 15;

    /// Steps that pass before the next trial.
    private static final int STEPS_UNTRIED = 50;

    private final Output output;
    private final RowCodec codec;
    private final Batch held;
    private final ByteSink bytes = new ByteSink(16 << 10);
    private int[] starts = new int[256];
    private int[] hashes = new int[256];

    // Open addressing: number of a held row, plus one.
    private int[] table = new int[512];
    private int taken;
    private boolean passing;
    private int stepsUntilTrial;

    public Consolidator(Schema schema, Output output) {
        this.output = output;
        this.codec = new RowCodec(schema);
        this.held = Batch.of(schema);
    }

    /// Whether an aggregate's answer is the same: it adds up weights, whatever the order of its
    /// rows. Doubles are left out, as their sum depends on the order in its last digits.
    public static boolean suits(Schema in, List<AggregateCall> calls) {
        for (AggregateCall call : calls) {
            boolean adds =
                    switch (call.kind()) {
                        case COUNT, MIN, MAX -> true;
                        case SUM, AVG -> in.type(call.argument()).layout() != SqlType.Layout.DOUBLE;
                        case VAR_POP,
                                VAR_SAMP,
                                STDDEV_POP,
                                STDDEV_SAMP,
                                CORRELATION,
                                EARLIEST,
                                LATEST,
                                COLLECT,
                                TOP,
                                HISTOGRAM,
                                JOIN ->
                                false;
                    };
            if (!adds) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void accept(int input, Batch delta) {
        int size = delta.size();
        int at = 0;
        while (at < size && !passing) {
            add(delta, delta.row(at++));
            taken++;
            if (taken == TRIAL_ROWS && held.size() > TRIAL_ROWS / 2) {
                passing = true;
                stepsUntilTrial = STEPS_UNTRIED;
            }
            if (passing || held.size() == MOST_ROWS) {
                flush();
            }
        }
        if (at == 0) {
            output.emit(delta);
        } else if (at < size) {
            int[] rest = new int[size - at];
            for (int i = at; i < size; i++) {
                rest[i - at] = delta.row(i);
            }
            Batch view = delta.view(delta.schema(), columns(delta));
            view.select(rest, rest.length);
            output.emit(view);
        }
    }

    private static int[] columns(Batch batch) {
        int[] all = new int[batch.schema().size()];
        Arrays.setAll(all, i -> i);
        return all;
    }

    private void add(Batch delta, int row) {
        int start = bytes.size();
        codec.write(delta, row, bytes);
        byte[] data = bytes.array();
        int end = bytes.size();
        int hash = PointState.hash(data, start, end - start);
        int mask = table.length - 1;
        int slot = hash & mask;
        while (table[slot] != 0) {
            int other = table[slot] - 1;
            if (hashes[other] == hash
                    && Arrays.equals(data, starts[other], starts[other + 1], data, start, end)) {
                bytes.truncate(start);
                long[] weights = held.weights().values();
                weights[other] = Math.addExact(weights[other], delta.weight(row));
                long[] times = held.rowTimes().values();
                times[other] = Math.max(times[other], delta.rowTime(row));
                return;
            }
            slot = (slot + 1) & mask;
        }
        int number = held.size();
        if (number + 1 == starts.length) {
            starts = Arrays.copyOf(starts, starts.length * 2);
            hashes = Arrays.copyOf(hashes, hashes.length * 2);
        }
        starts[number] = start;
        starts[number + 1] = end;
        hashes[number] = hash;
        held.appendRow(delta, row, delta.weight(row));
        table[slot] = number + 1;
        if (2 * held.size() > table.length) {
            grow();
        }
    }

    private void grow() {
        table = new int[table.length * 2];
        int mask = table.length - 1;
        for (int number = 0; number < held.size(); number++) {
            int slot = hashes[number] & mask;
            while (table[slot] != 0) {
                slot = (slot + 1) & mask;
            }
            table[slot] = number + 1;
        }
    }

    private void flush() {
        if (held.isEmpty()) {
            return;
        }
        output.emit(held);
        held.clear();
        bytes.clear();
        Arrays.fill(table, 0);
    }

    /// Sends on what it holds.
    @Override
    public void endStep() {
        flush();
        taken = 0;
        if (passing && --stepsUntilTrial == 0) {
            passing = false;
        }
    }
}
