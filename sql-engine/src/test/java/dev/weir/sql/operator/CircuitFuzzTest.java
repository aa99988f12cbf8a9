package dev.weir.sql.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.batch.SqlType;
import dev.weir.sql.operator.Relations.Sum;
import dev.weir.sql.plan.AggregateCall;
import dev.weir.sql.plan.AggregateCall.Kind;
import dev.weir.sql.state.Freeze;
import dev.weir.sql.state.PointState;
import dev.weir.sql.state.PointStates;
import dev.weir.sql.state.StateConfig;
import dev.weir.sql.state.StateSnapshot;
import dev.weir.sql.state.StateStore;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/// Two tables, joined, aggregated and kept as a table, against a recomputation of everything from
/// the tables' rows after every step; with restarts from checkpoints in between.
class CircuitFuzzTest {
    private static final SqlType DECIMAL = new SqlType.Decimal(20, 2);
    private static final SqlType SUM_OF_DECIMAL = new SqlType.Decimal(38, 2);

    private static final SqlType NUMBERS = new SqlType.Array(Primitive.BIGINT);
    private static final SqlType DECIMALS = new SqlType.Array(DECIMAL);
    private static final SqlType TEXTS = new SqlType.Array(Primitive.VARCHAR);
    private static final SqlType COUNTS = new SqlType.MapOf(Primitive.VARCHAR, Primitive.BIGINT);

    // key, join column, number, text, double, decimal, flag
    private static final Schema TABLE =
            Relations.schema(
                    Primitive.BIGINT,
                    Primitive.INT,
                    Primitive.BIGINT,
                    Primitive.VARCHAR,
                    Primitive.DOUBLE,
                    DECIMAL,
                    Primitive.BOOLEAN);
    private static final int WIDTH = 7;
    private static final List<AggregateCall> FUNCTIONS =
            List.of(
                    new AggregateCall(Kind.COUNT, -1, -1, Primitive.BIGINT),
                    new AggregateCall(Kind.COUNT, 2, 6, Primitive.BIGINT),
                    new AggregateCall(Kind.SUM, 2, -1, Primitive.BIGINT),
                    new AggregateCall(Kind.MIN, 3, -1, Primitive.VARCHAR),
                    new AggregateCall(Kind.MAX, 3, 6, Primitive.VARCHAR),
                    new AggregateCall(Kind.AVG, 4, -1, Primitive.DOUBLE),
                    new AggregateCall(Kind.SUM, 5, -1, SUM_OF_DECIMAL),
                    new AggregateCall(Kind.MAX, 9, -1, Primitive.BIGINT),
                    new AggregateCall(Kind.MIN, 12, -1, DECIMAL),
                    new AggregateCall(Kind.AVG, 2, -1, Primitive.DOUBLE),
                    of(Kind.COUNT, 3, 6, AggregateCall.Options.DISTINCT, Primitive.BIGINT),
                    of(Kind.SUM, 2, -1, AggregateCall.Options.DISTINCT, Primitive.BIGINT),
                    of(Kind.COLLECT, 2, -1, list(false, 1, true), NUMBERS),
                    of(Kind.COLLECT, 5, 6, list(true, 1, false), DECIMALS),
                    of(Kind.TOP, 9, -1, list(false, 3, false), NUMBERS),
                    of(Kind.TOP, 3, -1, list(true, 2, false), TEXTS),
                    of(Kind.HISTOGRAM, 10, -1, AggregateCall.Options.NONE, COUNTS),
                    of(Kind.JOIN, 10, 6, AggregateCall.Options.NONE, Primitive.VARCHAR));

    private static AggregateCall of(
            Kind kind, int argument, int filter, AggregateCall.Options options, SqlType type) {
        return new AggregateCall(kind, argument, -1, filter, options, type);
    }

    private static AggregateCall.Options list(boolean distinct, int most, boolean nulls) {
        return new AggregateCall.Options(distinct, most, true, nulls, "");
    }

    private static final Schema GROUPED =
            Relations.schema(
                    Primitive.VARCHAR,
                    Primitive.BIGINT,
                    Primitive.BIGINT,
                    Primitive.BIGINT,
                    Primitive.VARCHAR,
                    Primitive.VARCHAR,
                    Primitive.DOUBLE,
                    SUM_OF_DECIMAL,
                    Primitive.BIGINT,
                    DECIMAL,
                    Primitive.DOUBLE,
                    Primitive.BIGINT,
                    Primitive.BIGINT,
                    NUMBERS,
                    DECIMALS,
                    NUMBERS,
                    TEXTS,
                    COUNTS,
                    Primitive.VARCHAR);

    @TempDir Path dir;

    private SplittableRandom random;
    private StateStore store;
    private SourceTableOperator left;
    private SourceTableOperator right;
    private List<Operator> operators;
    private PointState result;
    private Sum output;
    private Sum changes;
    private long step;

    private List<Map<Long, List<Object>>> tables = List.of(new HashMap<>(), new HashMap<>());
    private final Map<Long, List<Map<Long, List<Object>>>> marks = new HashMap<>();

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void incremental_answers_equal_a_recomputation_at_every_step(long seed) {
        random = new SplittableRandom(seed);
        // Even seeds have more rows than fit into memory.
        int keys = seed % 2 == 0 ? 1500 : 40;
        open();
        for (int round = 0; round < 120; round++) {
            store.beginStep(++step);
            change(0, left, keys);
            change(1, right, keys);
            if (random.nextBoolean()) {
                change(0, left, keys);
            }
            for (Operator operator : operators) {
                operator.endStep();
            }
            store.published(step);
            Map<List<Object>, Long> expected = recompute();
            assertThat(output.weights).isEqualTo(expected);
            assertNoUnchanged(output.takeStep());
            assertThat(snapshot()).isEqualTo(expected);
            if (random.nextInt(10) == 0) {
                marks.put(step, copy(tables));
                Freeze freeze = store.freeze(ByteBuffer.allocate(8).putLong(step).array());
                freeze.write();
            }
            if (random.nextInt(25) == 0) {
                store.close();
                open();
                tables =
                        store.restoredMark()
                                .map(mark -> copy(marks.get(ByteBuffer.wrap(mark).getLong())))
                                .orElseGet(() -> List.of(new HashMap<>(), new HashMap<>()));
                output.weights.putAll(recompute());
            }
        }
        store.close();
    }

    private static List<Map<Long, List<Object>>> copy(List<Map<Long, List<Object>>> tables) {
        return List.of(new HashMap<>(tables.get(0)), new HashMap<>(tables.get(1)));
    }

    private void open() {
        store = StateStore.open(dir, new StateConfig(1 << 20, 8 << 20));
        output = new Sum();
        changes = new Sum();
        result = store.point(3, true);
        TableSinkOperator sink =
                new TableSinkOperator("t", GROUPED, new int[] {0}, result, changes, output);
        AggregateOperator aggregate =
                new AggregateOperator(
                        joined(),
                        new int[] {3},
                        FUNCTIONS,
                        GROUPED,
                        false,
                        false,
                        store.point(4, false),
                        store.ordered(5),
                        null,
                        (_, _, cause) -> {
                            throw cause;
                        },
                        delta -> sink.accept(0, delta));
        JoinOperator join =
                new JoinOperator(
                        TABLE,
                        new int[] {1},
                        TABLE,
                        new int[] {1},
                        false,
                        false,
                        null,
                        joined(),
                        store.ordered(6),
                        store.ordered(7),
                        (_, _, cause) -> {
                            throw cause;
                        },
                        delta -> aggregate.accept(0, delta));
        left = source(store.point(1, true), delta -> join.accept(0, delta));
        right = source(store.point(2, true), delta -> join.accept(1, delta));
        operators = List.of(left, right, join, aggregate, sink);
    }

    private static Schema joined() {
        SqlType[] types = new SqlType[2 * WIDTH];
        for (int i = 0; i < types.length; i++) {
            types[i] = TABLE.type(i % WIDTH);
        }
        return Relations.schema(types);
    }

    private static SourceTableOperator source(PointState rows, Output output) {
        return new SourceTableOperator(
                TABLE,
                new int[] {0},
                rows,
                (_, _, cause) -> {
                    throw cause;
                },
                output);
    }

    private void change(int number, SourceTableOperator source, int keys) {
        Map<Long, List<Object>> table = tables.get(number);
        Batch upserts = Batch.of(TABLE);
        for (int i = random.nextInt(keys / 3); i >= 0; i--) {
            List<Object> row = randomRow(keys);
            table.put((Long) row.get(0), row);
            Relations.add(upserts, 1, random.nextInt(1000), row);
        }
        source.accept(0, upserts);
        Batch deletions = Batch.of(Relations.schema(Primitive.BIGINT));
        for (int i = random.nextInt(keys / 3); i > 0; i--) {
            long key = random.nextInt(keys);
            table.remove(key);
            Relations.add(deletions, 1, 0, List.of(key));
        }
        source.delete(deletions);
    }

    private List<Object> randomRow(int keys) {
        return Relations.row(
                (long) random.nextInt(keys),
                orNull((long) random.nextInt(keys / 3)),
                orNull((long) random.nextInt(-5, 5)),
                orNull("text " + random.nextInt(6)),
                orNull((double) random.nextInt(100)),
                orNull(BigDecimal.valueOf(random.nextInt(-500, 500), 2)),
                orNull((long) random.nextInt(2)));
    }

    private Object orNull(Object value) {
        return random.nextInt(8) == 0 ? null : value;
    }

    private Map<List<Object>, Long> recompute() {
        Map<Object, List<List<Object>>> byJoinKey = new HashMap<>();
        for (List<Object> row : tables.get(1).values()) {
            byJoinKey.computeIfAbsent(row.get(1), _ -> new ArrayList<>()).add(row);
        }
        Map<Object, List<List<Object>>> groups = new HashMap<>();
        for (List<Object> a : tables.get(0).values()) {
            if (a.get(1) != null) {
                for (List<Object> b : byJoinKey.getOrDefault(a.get(1), List.of())) {
                    List<Object> both = new ArrayList<>(a);
                    both.addAll(b);
                    groups.computeIfAbsent(a.get(3), _ -> new ArrayList<>()).add(both);
                }
            }
        }
        Map<List<Object>, Long> rows = new HashMap<>();
        groups.forEach((group, members) -> {
            List<Object> row = new ArrayList<>();
            row.add(group);
            for (AggregateCall function : FUNCTIONS) {
                row.add(aggregate(function, members));
            }
            rows.put(row, 1L);
        });
        return rows;
    }

    private static Object aggregate(AggregateCall function, List<List<Object>> rows) {
        List<Object> values =
                rows.stream()
                        .filter(row ->
                                function.filter() < 0
                                        || Objects.equals(row.get(function.filter()), 1L))
                        .map(row -> function.argument() < 0 ? "*" : row.get(function.argument()))
                        .filter(value -> value != null || function.options().nulls())
                        .toList();
        if (function.options().distinct()) {
            values = values.stream().distinct().toList();
        }
        List<Object> ascending =
                values.stream().sorted(Comparator.nullsFirst(CircuitFuzzTest::compare)).toList();
        switch (function.kind()) {
            case COUNT:
                return (long) values.size();
            case COLLECT:
                return ascending;
            case TOP:
                return ascending.reversed().stream().limit(function.options().most()).toList();
            case HISTOGRAM:
                return ascending.stream()
                        .collect(Collectors.groupingBy(v -> v, Collectors.counting()));
            default:
        }
        if (values.isEmpty()) {
            return null;
        }
        return switch (function.kind()) {
            case JOIN -> ascending.stream().map(String.class::cast).collect(Collectors.joining());
            case SUM ->
                    values.getFirst() instanceof BigDecimal
                            ? values.stream()
                                    .map(v -> (BigDecimal) v)
                                    .reduce(BigDecimal.ZERO, BigDecimal::add)
                            : values.stream().mapToLong(v -> (Long) v).sum();
            case AVG ->
                    values.stream().mapToDouble(v -> ((Number) v).doubleValue()).sum()
                            / values.size();
            case MIN -> values.stream().min(CircuitFuzzTest::compare).orElseThrow();
            case MAX -> values.stream().max(CircuitFuzzTest::compare).orElseThrow();
            default -> throw new IllegalStateException("not in this test: " + function.kind());
        };
    }

    private static int compare(Object a, Object b) {
        return switch (a) {
            case Long number -> number.compareTo((Long) b);
            case BigDecimal number -> number.compareTo((BigDecimal) b);
            default -> a.toString().compareTo(b.toString());
        };
    }

    private static void assertNoUnchanged(List<String> delta) {
        for (String change : delta) {
            if (change.startsWith("-1")) {
                assertThat(delta).doesNotContain("+1" + change.substring(2));
            }
        }
    }

    private Map<List<Object>, Long> snapshot() {
        Sum seen = new Sum();
        try (StateSnapshot snapshot = store.snapshot()) {
            TableReader reader =
                    new TableReader(GROUPED, new int[] {0}, PointStates.of(List.of(result)));
            reader.scan(snapshot, seen);
            Batch found = Batch.of(GROUPED);
            for (List<Object> row : seen.weights.keySet()) {
                Batch key = Batch.of(Relations.schema(Primitive.VARCHAR));
                Relations.add(key, 1, 0, row.subList(0, 1));
                found.clear();
                assertThat(reader.lookup(snapshot, key, 0, found)).isTrue();
                assertThat(Relations.read(found, 0)).isEqualTo(row);
            }
        }
        return seen.weights;
    }
}
