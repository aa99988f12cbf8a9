package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.exec.PushQuery.Change;
import dev.weir.sql.serde.RowValues;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Gathers what one step changes in a result, for people: facts of a stream as they come; of a
/// table for each key its new row, or that it is gone. What came and went within the step is not
/// told.
final class Changes {
    private final boolean table;
    private final int[] key;
    private final List<Change> facts = new ArrayList<>();
    private final Map<List<Object>, Map<List<Object>, Row>> rows = new LinkedHashMap<>();

    private static final class Row {
        final Object[] values;
        long rowTime;
        long weight;

        Row(Object[] values) {
            this.values = values;
        }
    }

    /// @param key columns that identify a row of a table; null when all of them do
    Changes(boolean table, int[] key) {
        this.table = table;
        this.key = key;
    }

    void add(Batch delta) {
        for (int i = 0; i < delta.size(); i++) {
            int at = delta.row(i);
            Object[] values = RowValues.read(delta, at);
            long weight = delta.weight(at);
            if (!table) {
                for (long n = weight; n > 0; n--) {
                    facts.add(new Change(false, values, delta.rowTime(at)));
                }
                continue;
            }
            List<Object> whole = comparable(values, null);
            Row row =
                    rows.computeIfAbsent(
                                    key == null ? whole : comparable(values, key),
                                    k -> new LinkedHashMap<>())
                            .computeIfAbsent(whole, k -> new Row(values));
            row.weight += weight;
            if (weight > 0) {
                row.rowTime = delta.rowTime(at);
            } else if (row.rowTime == 0) {
                row.rowTime = delta.rowTime(at);
            }
        }
    }

    private static List<Object> comparable(Object[] values, int[] columns) {
        int count = columns == null ? values.length : columns.length;
        Object[] picked = new Object[count];
        for (int i = 0; i < count; i++) {
            Object value = values[columns == null ? i : columns[i]];
            picked[i] = value instanceof byte[] bytes ? ByteBuffer.wrap(bytes) : value;
        }
        return Arrays.asList(picked);
    }

    /// The changes since the last call.
    List<Change> take() {
        List<Change> taken = new ArrayList<>(facts);
        facts.clear();
        for (Map<List<Object>, Row> versions : rows.values()) {
            boolean came = false;
            Row gone = null;
            for (Row row : versions.values()) {
                for (long n = row.weight; n > 0; n--) {
                    taken.add(new Change(false, row.values, row.rowTime));
                    came = true;
                }
                if (row.weight < 0) {
                    gone = row;
                }
            }
            if (!came && gone != null) {
                for (long n = key == null ? gone.weight : -1; n < 0; n++) {
                    taken.add(new Change(true, keyOf(gone.values), gone.rowTime));
                }
            }
        }
        rows.clear();
        return taken;
    }

    private Object[] keyOf(Object[] values) {
        if (key == null) {
            return values;
        }
        Object[] only = new Object[values.length];
        for (int column : key) {
            only[column] = values[column];
        }
        return only;
    }
}
