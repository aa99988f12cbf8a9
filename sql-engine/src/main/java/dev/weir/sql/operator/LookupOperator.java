package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.codec.RowCodec;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.state.OrderedState;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/// Joins each row of a stream (input 0) with the row that a table (input 1) has for its key as of
/// the stream row's time. The result is never revisited, so only the table is kept: {key, row} to
/// its weight.
///
/// Within a step rows of both sides are taken in the order of their times, at the same time the
/// table's first; so the operator puts them aside and does all at the end of the step. A version of
/// a table's row counts from its row time on, but not before versions of its key that came earlier.
/// Where the table's versions are not known, only what the step made of them, its changes count
/// from the beginning of the step.
///
/// The row time of the result is the stream row's.
public final class LookupOperator implements Operator {
    private static final int BATCH_ROWS = 4096;
    private static final int WEIGHT = Long.BYTES;
    private static final int NONE = -1;

    private final int[] streamKeys;
    private final int[] tableKeys;
    private final boolean keepsUnmatched;
    private final boolean versions;
    private final Kernel residual;
    private final OrderedState rows;
    private final OrderedState.Cursor cursor;
    private final RowErrors errors;
    private final Output output;
    private final Schema streamKeySchema;
    private final Schema tableKeySchema;
    private final KeyCodec streamCodec;
    private final KeyCodec tableCodec;
    private final RowCodec rowCodec;
    private final ByteSink key = new ByteSink();
    private final byte[] weight = new byte[WEIGHT];

    // What the step has brought.
    private final Batch pending;
    private final Batch changes;

    private final Batch out;
    private final Column[] outStream;
    private final Column[] outTable;

    // With a further condition: rows that found a match, under the number of the stream row in
    // `tried`, which also has those that found none.
    private final Batch candidates;
    private final Column[] candidateStream;
    private final Column[] candidateTable;
    private final Batch passed;
    private final Batch passedRows;
    private final int[] tried = new int[BATCH_ROWS];
    private int triedCount;

    /// @param streamFirst whether the stream's columns are the left ones
    /// @param keepsUnmatched whether a stream row without a match comes out with NULLs
    /// @param versions whether the table side tells each version of a row, with its time
    /// @param residual a filter over [JoinOperator#residualSchema], or null
    public LookupOperator(
            Schema stream,
            int[] streamKeys,
            Schema table,
            int[] tableKeys,
            boolean streamFirst,
            boolean keepsUnmatched,
            boolean versions,
            Kernel residual,
            Schema outSchema,
            OrderedState rows,
            RowErrors errors,
            Output output) {
        this.streamKeys = streamKeys.clone();
        this.tableKeys = tableKeys.clone();
        this.keepsUnmatched = keepsUnmatched;
        this.versions = versions;
        this.residual = residual;
        this.rows = rows;
        this.cursor = rows.cursor();
        this.errors = errors;
        this.output = output;
        streamKeySchema = JoinOperator.comparable(stream, streamKeys, table, tableKeys);
        tableKeySchema = JoinOperator.comparable(table, tableKeys, stream, streamKeys);
        streamCodec = new KeyCodec(streamKeySchema, streamKeys);
        tableCodec = new KeyCodec(tableKeySchema, tableKeys);
        rowCodec = new RowCodec(table);
        pending = Batch.of(stream);
        changes = Batch.of(table);
        int firstStream = streamFirst ? 0 : table.size();
        int firstTable = streamFirst ? stream.size() : 0;
        out = Batch.of(outSchema);
        outStream = columns(out, firstStream, stream.size());
        outTable = columns(out, firstTable, table.size());
        Schema numbered = JoinOperator.residualSchema(outSchema);
        candidates = Batch.of(numbered);
        candidateStream = columns(candidates, firstStream, stream.size());
        candidateTable = columns(candidates, firstTable, table.size());
        passed = Batch.of(numbered);
        passedRows = passed.view(outSchema, IntStream.range(0, outSchema.size()).toArray());
    }

    private static Column[] columns(Batch batch, int first, int count) {
        return IntStream.range(first, first + count).mapToObj(batch::column).toArray(Column[]::new);
    }

    /// The stream's columns, with the types under which keys of both sides are the same bytes.
    public Schema streamKeySchema() {
        return streamKeySchema;
    }

    /// The table's columns, with the types under which keys of both sides are the same bytes.
    public Schema tableKeySchema() {
        return tableKeySchema;
    }

    @Override
    public void accept(int input, Batch delta) {
        if (input == 0) {
            append(delta, pending);
        } else if (versions) {
            append(delta, changes);
        } else {
            rows.lock();
            try {
                for (int i = 0; i < delta.size(); i++) {
                    apply(delta, delta.row(i));
                    rows.breathe();
                }
            } finally {
                rows.unlock();
            }
        }
    }

    private static void append(Batch delta, Batch to) {
        for (int i = 0; i < delta.size(); i++) {
            int row = delta.row(i);
            to.appendRow(delta, row, delta.weight(row));
        }
    }

    private static boolean hasNull(Batch batch, int[] columns, int row) {
        for (int column : columns) {
            if (batch.column(column).isNull(row)) {
                return true;
            }
        }
        return false;
    }

    /// Makes a change of the table. Under the lock.
    private void apply(Batch delta, int row) {
        if (hasNull(delta, tableKeys, row)) {
            return;
        }
        key.clear();
        tableCodec.write(delta, row, key);
        int prefix = key.size();
        rowCodec.write(delta, row, key);
        int entry = rows.find(key.array(), 0, prefix, key.size());
        if (entry == OrderedState.NONE) {
            Slots.setLong(weight, 0, delta.weight(row));
            rows.put(key.array(), 0, prefix, key.size(), weight, 0, WEIGHT);
            return;
        }
        long sum =
                Math.addExact(
                        Slots.getLong(rows.bytes(entry), rows.valueOffset(entry)),
                        delta.weight(row));
        if (sum == 0) {
            rows.erase(entry);
        } else {
            Slots.setLong(rows.edit(entry), rows.valueOffset(entry), sum);
        }
    }

    @Override
    public void endStep() {
        if (!pending.isEmpty() || !changes.isEmpty()) {
            long[] streamTimes = Arrays.copyOf(pending.rowTimes().values(), pending.size());
            long[] changeTimes = effectiveTimes();
            int[] streamOrder = TimeOrder.of(streamTimes);
            int[] changeOrder = TimeOrder.of(changeTimes);
            int applied = 0;
            for (int row : streamOrder) {
                int until = applied;
                while (until < changeOrder.length
                        && changeTimes[changeOrder[until]] <= streamTimes[row]) {
                    until++;
                }
                applied = apply(changeOrder, applied, until);
                lookUp(row);
            }
            apply(changeOrder, applied, changeOrder.length);
            settle();
            emit();
            pending.clear();
            changes.clear();
        }
    }

    private int apply(int[] order, int from, int to) {
        if (from < to) {
            rows.lock();
            try {
                for (int i = from; i < to; i++) {
                    apply(changes, order[i]);
                    rows.breathe();
                }
            } finally {
                rows.unlock();
            }
        }
        return to;
    }

    /// From when on each change counts.
    private long[] effectiveTimes() {
        long[] times = Arrays.copyOf(changes.rowTimes().values(), changes.size());
        if (TimeOrder.isOrdered(times)) {
            return times;
        }
        Map<ByteBuffer, Long> latest = new HashMap<>();
        for (int row = 0; row < times.length; row++) {
            key.clear();
            tableCodec.write(changes, row, key);
            times[row] = latest.merge(ByteBuffer.wrap(key.toByteArray()), times[row], Math::max);
        }
        return times;
    }

    private void lookUp(int row) {
        boolean found = false;
        if (!hasNull(pending, streamKeys, row)) {
            key.clear();
            streamCodec.write(pending, row, key);
            cursor.seek(key.array(), 0, key.size());
            while (!found && cursor.next()) {
                found = Slots.getLong(cursor.values(), cursor.valueOffset()) > 0;
            }
        }
        if (residual == null) {
            if (found) {
                copy(row, outStream);
                rowCodec.read(cursor.keys(), cursor.keyOffset() + key.size(), outTable);
                endRow(row);
            } else if (keepsUnmatched) {
                unmatched(row);
            }
            return;
        }
        if (found) {
            copy(row, candidateStream);
            rowCodec.read(cursor.keys(), cursor.keyOffset() + key.size(), candidateTable);
            candidates.longs(candidates.schema().size() - 1).append(triedCount);
            candidates.endRow(pending.weight(row), pending.rowTime(row));
        }
        tried[triedCount++] = row;
        if (triedCount == BATCH_ROWS) {
            settle();
        }
    }

    private void copy(int row, Column[] to) {
        for (int c = 0; c < to.length; c++) {
            to[c].appendFrom(pending.column(c), row);
        }
    }

    private void unmatched(int row) {
        copy(row, outStream);
        for (Column column : outTable) {
            column.appendNull();
        }
        endRow(row);
    }

    private void endRow(int row) {
        out.endRow(pending.weight(row), pending.rowTime(row));
        if (out.size() == BATCH_ROWS) {
            emit();
        }
    }

    /// Applies the further condition to what has been found.
    private void settle() {
        if (triedCount == 0) {
            return;
        }
        passed.clear();
        if (!candidates.isEmpty()) {
            residual.run(candidates, passed, errors);
        }
        if (keepsUnmatched) {
            int numbers = passed.schema().size() - 1;
            int next = 0;
            for (int number = 0; number < triedCount; number++) {
                int at = next < passed.size() ? passed.row(next) : NONE;
                if (at != NONE && passed.longs(numbers).get(at) == number) {
                    out.appendRow(passedRows, at, passed.weight(at));
                    if (out.size() == BATCH_ROWS) {
                        emit();
                    }
                    next++;
                } else {
                    unmatched(tried[number]);
                }
            }
        } else if (!passed.isEmpty()) {
            output.emit(passedRows);
        }
        candidates.clear();
        triedCount = 0;
    }

    private void emit() {
        if (!out.isEmpty()) {
            output.emit(out);
            out.clear();
        }
    }
}
