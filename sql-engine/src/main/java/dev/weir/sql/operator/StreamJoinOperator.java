package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.codec.RowCodec;
import dev.weir.sql.expr.Kernel;
import dev.weir.sql.expr.RowErrors;
import dev.weir.sql.state.LaneStore;
import dev.weir.sql.state.OrderedState;

import java.util.Arrays;
import java.util.stream.IntStream;

/// Joins two streams whose rows are near each other in time; input 0 is the left side. A right row
/// meets a left one when its time lies between `before` earlier and `after` later, both included.
/// What has come out is never taken back.
///
/// A row is closed when the stream time has passed the last time at which it could meet another, by
/// more than the grace. Rows that come closed are late and dropped. At the end of the step closed
/// rows are forgotten; those of a kept side that have met nobody come out with NULLs then, once. As
/// all pairs of a step are found before anything is closed, the order within it does not matter.
///
/// Each side is kept in an ordered state: {join key, row time, row} to {how often it came, whether
/// it has met another}. What closes when is in a third: {shard of the join key, closing time, side,
/// join key}. Its prefix stands for the shard, so that a key's rows and their end are in one lane.
public final class StreamJoinOperator implements Operator {
    private static final int BATCH_ROWS = 4096;
    private static final int SLICE_ROWS = 256;
    private static final int SHARDS = 256;
    private static final int SHARD_BYTES = 2;

    // A value of a side's state.
    private static final int COUNT = 0;
    private static final int MET = 8;
    private static final int VALUE = 9;
    private static final byte[] NOTHING = {};

    private final StreamTime time;
    private final Kernel residual;
    private final RowErrors errors;
    private final Output output;
    private final Side left;
    private final Side right;
    private final OrderedState closing;
    private final OrderedState.Cursor closingCursor;
    private final Batch joined;
    private final Batch passed;
    private final Batch passedRows;
    private final Batch alone;
    private final byte[] value = new byte[VALUE];
    private final ByteSink probe = new ByteSink();
    private final ByteSink due = new ByteSink();
    private final ByteSink expired = new ByteSink();

    // The prefix that lies in each shard, and when something of it closes next.
    private final byte[][] shardPrefix = new byte[SHARDS][];
    private final long[] nextClose = new long[SHARDS];

    // The slice of a delta that is being taken in: row i's join key is at start[i] to keyEnd[i] of
    // bytes, then its time and itself up to start[i + 1]; keyEnd is -1 when it is not to be joined.
    private final ByteSink bytes = new ByteSink();
    private final int[] start = new int[SLICE_ROWS + 1];
    private final int[] keyEnd = new int[SLICE_ROWS];
    private final boolean[] met = new boolean[SLICE_ROWS];

    // The pairs in `joined`: the row of the slice, and where the other row's key ends in pairKeys;
    // nothing is written there for a row that has met somebody before.
    private final int[] pairRow = new int[BATCH_ROWS];
    private final int[] pairPrefix = new int[BATCH_ROWS];
    private final int[] pairEnd = new int[BATCH_ROWS];
    private final ByteSink pairKeys = new ByteSink();

    private static final class Side {
        final int number;
        final boolean kept;
        final int[] keyColumns;
        final KeyCodec keys;
        final RowCodec rows;
        final OrderedState index;
        final OrderedState.Cursor cursor;
        final Column[] columns;
        final Column[] aloneColumns;

        // The times of the other side that a row of this one meets, and when it is closed.
        final long earlierMs;
        final long laterMs;
        final long closesMs;

        Side(
                int number,
                Schema schema,
                int[] keyColumns,
                boolean kept,
                OrderedState index,
                Batch joined,
                Batch alone,
                int firstColumn,
                long earlierMs,
                long laterMs,
                long graceMs) {
            this.number = number;
            this.kept = kept;
            this.keyColumns = keyColumns.clone();
            this.keys = new KeyCodec(schema, keyColumns);
            this.rows = new RowCodec(schema);
            this.index = index;
            this.cursor = index.cursor();
            this.columns = new Column[schema.size()];
            this.aloneColumns = new Column[schema.size()];
            for (int i = 0; i < columns.length; i++) {
                columns[i] = joined.column(firstColumn + i);
                aloneColumns[i] = alone.column(firstColumn + i);
            }
            this.earlierMs = earlierMs;
            this.laterMs = laterMs;
            this.closesMs = plus(laterMs, graceMs);
        }
    }

    private final Schema leftKeySchema;
    private final Schema rightKeySchema;

    /// @param keepLeft whether left rows that meet nobody come out with NULLs
    /// @param keepRight the same for right rows
    /// @param beforeMs how much earlier than a left row a right one may be
    /// @param afterMs how much later
    /// @param graceMs how long after that a row is still waited for
    /// @param residual a filter over [JoinOperator#residualSchema], or null
    /// @param closing what closes when
    /// @param lane the lane that this is in, of so many
    /// @param time has observed the rows of the step on both sides before it ends
    public StreamJoinOperator(
            Schema left,
            int[] leftKeys,
            Schema right,
            int[] rightKeys,
            boolean keepLeft,
            boolean keepRight,
            long beforeMs,
            long afterMs,
            long graceMs,
            Kernel residual,
            Schema outSchema,
            OrderedState leftIndex,
            OrderedState rightIndex,
            OrderedState closing,
            int lane,
            int lanes,
            StreamTime time,
            RowErrors errors,
            Output output) {
        this.time = time;
        this.residual = residual;
        this.errors = errors;
        this.output = output;
        this.closing = closing;
        this.closingCursor = closing.cursor();
        Schema numbered = JoinOperator.residualSchema(outSchema);
        joined = Batch.of(residual == null ? outSchema : numbered);
        passed = Batch.of(numbered);
        passedRows = passed.view(outSchema, IntStream.range(0, outSchema.size()).toArray());
        alone = Batch.of(outSchema);
        leftKeySchema = JoinOperator.comparable(left, leftKeys, right, rightKeys);
        rightKeySchema = JoinOperator.comparable(right, rightKeys, left, leftKeys);
        this.left =
                new Side(
                        0,
                        leftKeySchema,
                        leftKeys,
                        keepLeft,
                        leftIndex,
                        joined,
                        alone,
                        0,
                        beforeMs,
                        afterMs,
                        graceMs);
        this.right =
                new Side(
                        1,
                        rightKeySchema,
                        rightKeys,
                        keepRight,
                        rightIndex,
                        joined,
                        alone,
                        left.size(),
                        afterMs,
                        beforeMs,
                        graceMs);
        findShardPrefixes();
        for (int shard = 0; shard < SHARDS; shard++) {
            boolean mine = LaneStore.laneOf(shardPrefix[shard], 0, SHARD_BYTES, lanes) == lane;
            // What this lane has is not known yet: to be looked up.
            nextClose[shard] = mine ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
    }

    /// The left columns, with the types under which keys of both sides are the same bytes.
    public Schema leftKeySchema() {
        return leftKeySchema;
    }

    /// The right columns, with the types under which keys of both sides are the same bytes.
    public Schema rightKeySchema() {
        return rightKeySchema;
    }

    private void findShardPrefixes() {
        int found = 0;
        for (int i = 0; found < SHARDS; i++) {
            byte[] prefix = {(byte) (i >>> 8), (byte) i};
            int shard = LaneStore.laneOf(prefix, 0, SHARD_BYTES, SHARDS);
            if (shardPrefix[shard] == null) {
                shardPrefix[shard] = prefix;
                found++;
            }
        }
    }

    private static long plus(long a, long b) {
        long sum = a + b;
        // Only the sum of two numbers of one sign can overflow.
        if (((a ^ sum) & (b ^ sum)) < 0) {
            return a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE;
        }
        return sum;
    }

    private static long ordered(long rowTime) {
        return rowTime ^ Long.MIN_VALUE;
    }

    @Override
    public void accept(int input, Batch delta) {
        Side own = input == 0 ? left : right;
        Side other = input == 0 ? right : left;
        int size = delta.size();
        for (int from = 0; from < size; from += SLICE_ROWS) {
            int to = Math.min(size, from + SLICE_ROWS);
            encode(own, delta, from, to);
            for (int i = from; i < to; i++) {
                if (keyEnd[i - from] >= 0) {
                    probe(own, other, delta, delta.row(i), i - from);
                }
            }
            settlePairs(other);
            own.index.lock();
            try {
                for (int i = from; i < to; i++) {
                    if (keyEnd[i - from] >= 0) {
                        index(own, delta, delta.row(i), i - from);
                    }
                }
            } finally {
                own.index.unlock();
            }
            closeLater(own, delta, from, to);
        }
        emitAlone();
    }

    private void encode(Side own, Batch delta, int from, int to) {
        bytes.clear();
        for (int i = from; i < to; i++) {
            int row = delta.row(i);
            int n = i - from;
            start[n] = bytes.size();
            keyEnd[n] = -1;
            met[n] = false;
            if (plus(delta.rowTime(row), own.closesMs) < time.now()) {
                time.dropped();
            } else if (hasNull(own, delta, row)) {
                if (own.kept) {
                    // It never meets anybody.
                    for (int c = 0; c < own.aloneColumns.length; c++) {
                        own.aloneColumns[c].appendFrom(delta.column(c), row);
                    }
                    endAlone(own, delta.weight(row), delta.rowTime(row));
                }
            } else {
                own.keys.write(delta, row, bytes);
                keyEnd[n] = bytes.size();
                bytes.putLong(ordered(delta.rowTime(row)));
                own.rows.write(delta, row, bytes);
            }
        }
        start[to - from] = bytes.size();
    }

    private static boolean hasNull(Side side, Batch delta, int row) {
        for (int column : side.keyColumns) {
            if (delta.column(column).isNull(row)) {
                return true;
            }
        }
        return false;
    }

    private void probe(Side own, Side other, Batch delta, int row, int n) {
        long rowTime = delta.rowTime(row);
        long last = plus(rowTime, own.laterMs);
        int prefix = keyEnd[n] - start[n];
        OrderedState.Cursor cursor = other.cursor;
        probe.clear();
        probe.put(bytes.array(), start[n], prefix);
        probe.putLong(ordered(plus(rowTime, -own.earlierMs)));
        cursor.seekFrom(probe.array(), 0, prefix, probe.size());
        while (cursor.next()) {
            byte[] keys = cursor.keys();
            long otherTime = ordered(Slots.getLong(keys, cursor.keyOffset() + prefix));
            if (otherTime > last) {
                return;
            }
            byte[] values = cursor.values();
            int pair = joined.size();
            pairRow[pair] = n;
            pairPrefix[pair] = prefix;
            if (other.kept && values[cursor.valueOffset() + MET] == 0) {
                pairKeys.put(keys, cursor.keyOffset(), cursor.keyLength());
            }
            pairEnd[pair] = pairKeys.size();
            for (int c = 0; c < own.columns.length; c++) {
                own.columns[c].appendFrom(delta.column(c), row);
            }
            other.rows.read(keys, cursor.keyOffset() + prefix + Long.BYTES, other.columns);
            if (residual != null) {
                joined.longs(joined.schema().size() - 1).append(pair);
            }
            joined.endRow(
                    Math.multiplyExact(
                            delta.weight(row), Slots.getLong(values, cursor.valueOffset() + COUNT)),
                    Math.max(rowTime, otherTime));
            if (joined.size() == BATCH_ROWS) {
                // Marking the other row changes its side, which would disturb the cursor.
                byte[] next =
                        Arrays.copyOfRange(
                                keys,
                                cursor.keyOffset(),
                                cursor.keyOffset() + cursor.keyLength() + 1);
                next[next.length - 1] = 0;
                settlePairs(other);
                cursor.seekFrom(next, 0, prefix, next.length);
            }
        }
    }

    /// Hands on the pairs that meet the condition, and remembers who has met somebody.
    private void settlePairs(Side other) {
        if (joined.isEmpty()) {
            return;
        }
        if (residual == null) {
            mark(other, null);
            output.emit(joined);
        } else {
            passed.clear();
            residual.run(joined, passed, errors);
            if (!passed.isEmpty()) {
                mark(other, passed);
                output.emit(passedRows);
            }
        }
        joined.clear();
        pairKeys.clear();
    }

    /// @param kept the pairs by their numbers; null for all
    private void mark(Side other, Batch kept) {
        int count = kept == null ? joined.size() : kept.size();
        other.index.lock();
        try {
            for (int i = 0; i < count; i++) {
                int pair =
                        kept == null
                                ? i
                                : (int) kept.longs(kept.schema().size() - 1).get(kept.row(i));
                met[pairRow[pair]] = true;
                int from = pair == 0 ? 0 : pairEnd[pair - 1];
                int length = pairEnd[pair] - from;
                if (length > 0) {
                    int entry = other.index.find(pairKeys.array(), from, pairPrefix[pair], length);
                    other.index.edit(entry)[other.index.valueOffset(entry) + MET] = 1;
                }
            }
        } finally {
            other.index.unlock();
        }
    }

    private void index(Side side, Batch delta, int row, int n) {
        OrderedState index = side.index;
        int prefix = keyEnd[n] - start[n];
        int length = start[n + 1] - start[n];
        int entry = index.find(bytes.array(), start[n], prefix, length);
        if (entry == OrderedState.NONE) {
            Slots.setLong(value, COUNT, delta.weight(row));
            value[MET] = (byte) (met[n] ? 1 : 0);
            index.put(bytes.array(), start[n], prefix, length, value, 0, VALUE);
            return;
        }
        byte[] data = index.edit(entry);
        int at = index.valueOffset(entry);
        Slots.setLong(
                data,
                at + COUNT,
                Math.addExact(Slots.getLong(data, at + COUNT), delta.weight(row)));
        if (met[n]) {
            data[at + MET] = 1;
        }
    }

    /// Remembers when the rows of a slice close.
    private void closeLater(Side side, Batch delta, int from, int to) {
        closing.lock();
        try {
            for (int i = from; i < to; i++) {
                int n = i - from;
                if (keyEnd[n] < 0) {
                    continue;
                }
                int prefix = keyEnd[n] - start[n];
                long close = plus(delta.rowTime(delta.row(i)), side.closesMs);
                int shard = LaneStore.laneOf(bytes.array(), start[n], prefix, SHARDS);
                probe.clear();
                probe.put(shardPrefix[shard]);
                probe.putLong(ordered(close));
                probe.put(side.number);
                probe.put(bytes.array(), start[n], prefix);
                if (closing.find(probe.array(), 0, SHARD_BYTES, probe.size())
                        == OrderedState.NONE) {
                    closing.put(probe.array(), 0, SHARD_BYTES, probe.size(), NOTHING, 0, 0);
                }
                nextClose[shard] = Math.min(nextClose[shard], close);
            }
        } finally {
            closing.unlock();
        }
    }

    @Override
    public void endStep() {
        long now = time.latest();
        for (int shard = 0; shard < SHARDS; shard++) {
            if (nextClose[shard] < now) {
                close(shard, now);
            }
        }
        emitAlone();
    }

    private void close(int shard, long now) {
        due.clear();
        nextClose[shard] = Long.MAX_VALUE;
        closingCursor.seek(shardPrefix[shard], 0, SHARD_BYTES);
        while (closingCursor.next()) {
            long close =
                    ordered(
                            Slots.getLong(
                                    closingCursor.keys(), closingCursor.keyOffset() + SHARD_BYTES));
            if (close >= now) {
                nextClose[shard] = close;
                break;
            }
            due.putInt(closingCursor.keyLength());
            due.put(closingCursor.keys(), closingCursor.keyOffset(), closingCursor.keyLength());
        }
        byte[] data = due.array();
        for (int at = 0; at < due.size(); ) {
            int length = Slots.getInt(data, at);
            at += Integer.BYTES;
            long close = ordered(Slots.getLong(data, at + SHARD_BYTES));
            int sideAt = at + SHARD_BYTES + Long.BYTES;
            forget(data[sideAt] == 0 ? left : right, data, sideAt + 1, at + length, close);
            closing.lock();
            try {
                closing.erase(closing.find(data, at, SHARD_BYTES, length));
            } finally {
                closing.unlock();
            }
            at += length;
        }
    }

    /// Forgets the rows of a join key that close at that time.
    private void forget(Side side, byte[] data, int keyAt, int keyEnd, long close) {
        int prefix = keyEnd - keyAt;
        probe.clear();
        probe.put(data, keyAt, prefix);
        probe.putLong(ordered(close - side.closesMs));
        expired.clear();
        side.cursor.seek(probe.array(), 0, prefix, probe.size());
        while (side.cursor.next()) {
            byte[] values = side.cursor.values();
            int at = side.cursor.valueOffset();
            if (side.kept && values[at + MET] == 0) {
                side.rows.read(
                        side.cursor.keys(),
                        side.cursor.keyOffset() + probe.size(),
                        side.aloneColumns);
                endAlone(side, Slots.getLong(values, at + COUNT), close - side.closesMs);
            }
            expired.putInt(side.cursor.keyLength());
            expired.put(side.cursor.keys(), side.cursor.keyOffset(), side.cursor.keyLength());
        }
        byte[] keys = expired.array();
        side.index.lock();
        try {
            for (int at = 0; at < expired.size(); ) {
                int length = Slots.getInt(keys, at);
                at += Integer.BYTES;
                side.index.erase(side.index.find(keys, at, prefix, length));
                at += length;
            }
        } finally {
            side.index.unlock();
        }
    }

    private void endAlone(Side own, long weight, long rowTime) {
        for (Column column : (own == left ? right : left).aloneColumns) {
            column.appendNull();
        }
        alone.endRow(weight, rowTime);
        if (alone.size() == BATCH_ROWS) {
            emitAlone();
        }
    }

    private void emitAlone() {
        if (!alone.isEmpty()) {
            output.emit(alone);
            alone.clear();
        }
    }
}
