package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.codec.RowCodec;
import dev.weir.sql.plan.AggregateCall;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Functions whose value is made of many values. A part of variable size: the list (for HISTOGRAM
/// the map) as RowCodec writes it, or none when there is nothing in it.
///
/// [Arrived] keeps values as they come, which needs rows that are never taken back; [Sorted] keeps
/// them counted and in order, and makes the list anew at the end of each step.
abstract class Listed extends Accumulator {
    final SqlType element;
    private final int part;
    private final SqlType listType;
    private final RowCodec codec;
    private final Batch row;
    private final ByteSink bytes = new ByteSink();

    private Listed(AggregateCall function, int part, Schema in) {
        super(function, 0);
        this.part = part;
        this.element = in.type(function.argument());
        this.listType =
                function.kind() == AggregateCall.Kind.HISTOGRAM
                        ? function.type()
                        : new SqlType.Array(element);
        Schema schema = new Schema(List.of(new Field("list", listType)));
        this.codec = new RowCodec(schema);
        this.row = Batch.of(schema);
    }

    /// @param counts for inputs with retractions, and for HISTOGRAM; else null
    static Listed of(AggregateCall function, int part, Schema in, ValueCounts counts) {
        return counts == null
                ? new Arrived(function, part, in)
                : new Sorted(function, part, in, counts);
    }

    /// Whether the greatest values come first.
    static boolean isDescending(AggregateCall function) {
        return function.kind() == AggregateCall.Kind.TOP;
    }

    /// A value in the form that lists hold.
    static Object value(SqlType type, Column column, int row) {
        if (column.isNull(row)) {
            return null;
        }
        return switch (column) {
            case LongColumn longs -> longs.get(row);
            case DoubleColumn doubles -> doubles.get(row);
            case BytesColumn text -> type == Primitive.VARCHAR ? text.string(row) : text.bytes(row);
            case ObjectColumn objects -> objects.get(row);
        };
    }

    /// Appends a value in the form that lists hold.
    private static void append(Column column, Object value) {
        switch (column) {
            case LongColumn longs -> longs.append((Long) value);
            case DoubleColumn doubles -> doubles.append((Double) value);
            case BytesColumn text -> {
                byte[] flat =
                        value instanceof String string
                                ? string.getBytes(StandardCharsets.UTF_8)
                                : (byte[]) value;
                text.append(flat, 0, flat.length);
            }
            case ObjectColumn objects -> objects.append(value);
        }
    }

    final void store(Groups groups, int number, Object list) {
        row.clear();
        row.objects(0).append(list);
        row.endRow(1, 0);
        bytes.clear();
        codec.write(row, 0, bytes);
        groups.setVariable(number, part, bytes.array(), 0, bytes.size());
    }

    final void storeNothing(Groups groups, int number) {
        groups.setVariable(number, part, bytes.array(), 0, -1);
    }

    /// What is stored, or null for nothing.
    final Object stored(Groups groups, byte[] data, int at) {
        int from = groups.variable(data, at, part);
        if (Slots.getInt(data, from) < 0) {
            return null;
        }
        row.clear();
        codec.read(data, from + 4, row);
        row.endRow(1, 0);
        return row.objects(0).get(0);
    }

    @Override
    boolean same(Groups groups, byte[] a, int aAt, byte[] b, int bAt) {
        return groups.sameVariable(a, aAt, b, bAt, part);
    }

    @Override
    boolean write(Groups groups, byte[] data, int at, Column out) {
        Object stored = stored(groups, data, at);
        switch (function.kind()) {
            case COLLECT, TOP -> append(out, stored == null ? List.of() : stored);
            case HISTOGRAM -> append(out, stored == null ? Map.of() : stored);
            case JOIN -> {
                if (stored == null) {
                    out.appendNull();
                } else {
                    append(
                            out,
                            ((List<?>) stored)
                                    .stream()
                                            .map(String.class::cast)
                                            .collect(
                                                    Collectors.joining(
                                                            function.options().separator())));
                }
            }
            case EARLIEST, LATEST -> {
                if (function.options().isList()) {
                    append(out, stored == null ? List.of() : stored);
                } else {
                    Object value = stored == null ? null : ((List<?>) stored).getFirst();
                    if (value == null) {
                        out.appendNull();
                    } else {
                        append(out, value);
                    }
                }
            }
            default -> throw new IllegalStateException("no list: " + function.kind());
        }
        return true;
    }

    /// The order of values in which TOP takes them, the greatest first.
    private static int descending(Object a, Object b) {
        return switch (a) {
            case String text ->
                    Arrays.compareUnsigned(
                            ((String) b).getBytes(StandardCharsets.UTF_8),
                            text.getBytes(StandardCharsets.UTF_8));
            case byte[] data -> Arrays.compareUnsigned((byte[]) b, data);
            case Comparable<?> value -> {
                @SuppressWarnings("unchecked")
                Comparable<Object> other = (Comparable<Object>) b;
                yield other.compareTo(value);
            }
            default -> throw new IllegalStateException("no order: " + a.getClass());
        };
    }

    /// As the values come. Lists are objects from a group's first row in a step to the step's end.
    private static final class Arrived extends Listed {
        private final List<List<Object>> lists = new ArrayList<>();

        Arrived(AggregateCall function, int part, Schema in) {
            super(function, part, in);
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            boolean all = takesAll(in);
            Column values = in.column(function.argument());
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (all || takes(in, row)) {
                    List<Object> list = list(groups, numbers[i - from]);
                    Object value = value(element, values, row);
                    for (long n = in.weight(row); n > 0; n--) {
                        take(list, value);
                    }
                }
            }
        }

        private List<Object> list(Groups groups, int number) {
            while (lists.size() <= number) {
                lists.add(null);
            }
            List<Object> list = lists.get(number);
            if (list == null) {
                Object stored = stored(groups, groups.data(number), groups.at(number));
                list = stored == null ? new ArrayList<>() : new ArrayList<>((List<?>) stored);
                lists.set(number, list);
            }
            return list;
        }

        private void take(List<Object> list, Object value) {
            if (function.options().distinct() && contains(list, value)) {
                return;
            }
            int most = function.options().most();
            switch (function.kind()) {
                case EARLIEST -> {
                    if (list.size() < most) {
                        list.add(value);
                    }
                }
                case LATEST -> {
                    if (list.size() == most) {
                        list.removeFirst();
                    }
                    list.add(value);
                }
                case TOP -> {
                    int at = list.size();
                    while (at > 0 && descending(value, list.get(at - 1)) < 0) {
                        at--;
                    }
                    if (at < most) {
                        list.add(at, value);
                        if (list.size() > most) {
                            list.removeLast();
                        }
                    }
                }
                default -> list.add(value);
            }
        }

        private static boolean contains(List<Object> list, Object value) {
            return value instanceof byte[] data
                    ? list.stream().anyMatch(other -> Arrays.equals(data, (byte[]) other))
                    : list.contains(value);
        }

        @Override
        void merge(Groups groups, int into, int number) {
            List<Object> list = list(groups, into);
            for (Object value : list(groups, number)) {
                take(list, value);
            }
        }

        @Override
        void refresh(Groups groups, int number) {
            List<Object> list = number < lists.size() ? lists.set(number, null) : null;
            if (list != null) {
                store(groups, number, list);
            }
        }
    }

    /// In the order of the values, from their counts.
    private static final class Sorted extends Listed {
        private final ValueCounts counts;
        private final KeyCodec codec;
        private final Column value;
        private final ByteSink bytes = new ByteSink();

        Sorted(AggregateCall function, int part, Schema in, ValueCounts counts) {
            super(function, part, in);
            this.counts = counts;
            this.codec = new KeyCodec(in, new int[] {function.argument()});
            this.value = Column.of(element);
        }

        @Override
        void add(Groups groups, Batch in, int from, int to, int[] numbers) {
            boolean all = takesAll(in);
            for (int i = from; i < to; i++) {
                int row = in.row(i);
                if (all || takes(in, row)) {
                    counts.add(groups, numbers[i - from], in, row, in.weight(row));
                }
            }
        }

        @Override
        void refresh(Groups groups, int number) {
            counts.seek(groups, number);
            if (function.kind() == AggregateCall.Kind.HISTOGRAM) {
                Map<Object, Object> map = new LinkedHashMap<>();
                while (counts.next()) {
                    map.put(current(), counts.count());
                }
                if (map.isEmpty()) {
                    storeNothing(groups, number);
                } else {
                    store(groups, number, map);
                }
                return;
            }
            long most =
                    function.kind() == AggregateCall.Kind.TOP
                            ? function.options().most()
                            : Long.MAX_VALUE;
            List<Object> list = new ArrayList<>();
            while (list.size() < most && counts.next()) {
                long times = function.options().distinct() ? 1 : counts.count();
                Object current = current();
                for (long n = 0; n < times && list.size() < most; n++) {
                    list.add(current);
                }
            }
            if (list.isEmpty()) {
                storeNothing(groups, number);
            } else {
                store(groups, number, list);
            }
        }

        private Object current() {
            bytes.clear();
            bytes.put(counts.bytes(), counts.valueAt(), counts.valueLength());
            if (isDescending(function)) {
                ValueCounts.flip(bytes.array(), 0, bytes.size());
            }
            value.clear();
            codec.read(bytes.array(), 0, new Column[] {value});
            return value(element, value, 0);
        }

        @Override
        void erase(Groups groups, int number) {
            counts.clear(groups, number);
        }
    }
}
