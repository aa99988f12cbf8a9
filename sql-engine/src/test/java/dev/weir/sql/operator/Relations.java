package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Rows as lists of objects, for tests.
final class Relations {
    private Relations() {}

    static Schema schema(SqlType... types) {
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            fields.add(new Field("c" + i, types[i]));
        }
        return new Schema(fields);
    }

    static List<Object> row(Object... values) {
        return Arrays.asList(values);
    }

    static void add(Batch batch, long weight, long rowTime, List<Object> row) {
        for (int c = 0; c < row.size(); c++) {
            Object value = row.get(c);
            if (value == null) {
                batch.column(c).appendNull();
                continue;
            }
            switch (batch.column(c)) {
                case LongColumn longs -> longs.append(((Number) value).longValue());
                case DoubleColumn doubles -> doubles.append((Double) value);
                case BytesColumn bytes -> bytes.append((String) value);
                case ObjectColumn objects -> objects.append(value);
            }
        }
        batch.endRow(weight, rowTime);
    }

    static List<Object> read(Batch batch, int row) {
        List<Object> values = new ArrayList<>();
        for (int c = 0; c < batch.schema().size(); c++) {
            Column column = batch.column(c);
            values.add(
                    column.isNull(row)
                            ? null
                            : switch (column) {
                                case LongColumn longs -> longs.get(row);
                                case DoubleColumn doubles -> doubles.get(row);
                                case BytesColumn bytes -> bytes.string(row);
                                case ObjectColumn objects -> objects.get(row);
                            });
        }
        return values;
    }

    /// Adds up the deltas it is given.
    static final class Sum implements Output {
        final Map<List<Object>, Long> weights = new HashMap<>();
        final List<String> step = new ArrayList<>();

        @Override
        public void emit(Batch delta) {
            for (int i = 0; i < delta.size(); i++) {
                int at = delta.row(i);
                List<Object> row = read(delta, at);
                weights.merge(row, delta.weight(at), (a, b) -> a + b == 0 ? null : a + b);
                step.add((delta.weight(at) > 0 ? "+" : "") + delta.weight(at) + row);
            }
        }

        List<String> takeStep() {
            List<String> taken = List.copyOf(step);
            step.clear();
            return taken;
        }
    }
}
