package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.analyze.Shop;
import dev.weir.sql.batch.Batch;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.operator.Exchange;
import dev.weir.sql.plan.PlanNode;
import dev.weir.sql.plan.Planner;
import dev.weir.sql.serde.RowValues;
import dev.weir.sql.serde.Values;
import dev.weir.sql.state.Freeze;
import dev.weir.sql.state.LaneStore;
import dev.weir.sql.state.StateConfig;
import dev.weir.sql.state.StateStore;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.BiPredicate;
import java.util.function.Function;

/// Joins of tables kept up to date over random changes in random order and random steps, with
/// restarts from checkpoints in between and any number of lanes, against nested loops over the
/// tables as they then are.
class TableJoinFuzzTest {
    private static final List<String> TABLES = List.of("a", "b", "c");

    @TempDir Path dir;

    /// Joins two bags of rows.
    private enum Type {
        INNER,
        LEFT,
        RIGHT,
        FULL
    }

    private static List<List<Object>> join(
            Type type,
            List<List<Object>> left,
            int leftWidth,
            List<List<Object>> right,
            int rightWidth,
            BiPredicate<List<Object>, List<Object>> on) {
        List<List<Object>> joined = new ArrayList<>();
        boolean[] met = new boolean[right.size()];
        for (List<Object> l : left) {
            boolean alone = true;
            for (int i = 0; i < right.size(); i++) {
                if (on.test(l, right.get(i))) {
                    joined.add(concat(l, right.get(i)));
                    met[i] = true;
                    alone = false;
                }
            }
            if (alone && (type == Type.LEFT || type == Type.FULL)) {
                joined.add(concat(l, Collections.nCopies(rightWidth, null)));
            }
        }
        for (int i = 0; i < met.length; i++) {
            if (!met[i] && (type == Type.RIGHT || type == Type.FULL)) {
                joined.add(concat(Collections.nCopies(leftWidth, null), right.get(i)));
            }
        }
        return joined;
    }

    private static List<Object> concat(List<Object> left, List<Object> right) {
        List<Object> both = new ArrayList<>(left);
        both.addAll(right);
        return both;
    }

    private static List<List<Object>> columns(List<List<Object>> rows, int... columns) {
        return rows.stream()
                .map(row ->
                        Arrays.stream(columns)
                                .mapToObj(row::get)
                                .collect(ArrayList<Object>::new, List::add, List::addAll))
                .map(row -> (List<Object>) row)
                .toList();
    }

    private static BiPredicate<List<Object>, List<Object>> equal(int left, int right) {
        return (l, r) -> l.get(left) != null && same(l.get(left), r.get(right));
    }

    private static boolean same(Object left, Object right) {
        return (left instanceof Number && right instanceof Number)
                ? new BigDecimal(left.toString()).compareTo(new BigDecimal(right.toString())) == 0
                : Objects.equals(left, right);
    }

    private static boolean less(Object left, Object right) {
        return left != null && right != null && number(left) < number(right);
    }

    private static long number(Object value) {
        return ((Number) value).longValue();
    }

    // All tables are (id BIGINT PRIMARY KEY, k INT, v BIGINT, d DECIMAL(8, 2), s VARCHAR, f
    // DOUBLE).
    private static final int ID = 0;
    private static final int K = 1;
    private static final int V = 2;
    private static final int D = 3;
    private static final int S = 4;
    private static final int F = 5;
    private static final int WIDTH = 6;

    @SuppressWarnings("ImmutableEnumChecker")
    private enum Query {
        INNER_BY_PRIMARY_KEYS(
                "SELECT * FROM a JOIN b ON a.id = b.id",
                t -> join(Type.INNER, t.get(0), WIDTH, t.get(1), WIDTH, equal(ID, ID))),
        LEFT_BY_FOREIGN_KEY(
                "SELECT * FROM a LEFT JOIN b ON a.k = b.id",
                t -> join(Type.LEFT, t.get(0), WIDTH, t.get(1), WIDTH, equal(K, ID))),
        RIGHT_BY_FOREIGN_KEY(
                "SELECT * FROM a RIGHT JOIN b ON a.v = b.k",
                t -> join(Type.RIGHT, t.get(0), WIDTH, t.get(1), WIDTH, equal(V, K))),
        FULL_MANY_TO_MANY(
                "SELECT * FROM a FULL JOIN b ON a.k = b.k",
                t -> join(Type.FULL, t.get(0), WIDTH, t.get(1), WIDTH, equal(K, K))),
        FULL_WITH_RESIDUAL(
                "SELECT * FROM a FULL JOIN b ON a.k = b.k AND a.v < b.v",
                t ->
                        join(
                                Type.FULL,
                                t.get(0),
                                WIDTH,
                                t.get(1),
                                WIDTH,
                                equal(K, K).and((l, r) -> less(l.get(V), r.get(V))))),
        LEFT_WITH_CONDITIONS_OF_ONE_SIDE(
                "SELECT * FROM a LEFT JOIN b ON a.k = b.k AND a.v > 3 AND b.v > 4",
                t ->
                        join(
                                Type.LEFT,
                                t.get(0),
                                WIDTH,
                                t.get(1),
                                WIDTH,
                                equal(K, K)
                                        .and((l, r) -> less(3L, l.get(V)) && less(4L, r.get(V))))),
        LEFT_THEN_WHERE(
                "SELECT * FROM a LEFT JOIN b ON a.k = b.k WHERE b.id IS NULL",
                t ->
                        join(Type.LEFT, t.get(0), WIDTH, t.get(1), WIDTH, equal(K, K)).stream()
                                .filter(row -> row.get(WIDTH) == null)
                                .toList()),
        BY_TWO_COLUMNS_OF_OTHER_TYPES(
                "SELECT * FROM a LEFT JOIN b ON a.d = b.d AND a.k = b.v",
                t ->
                        join(
                                Type.LEFT,
                                t.get(0),
                                WIDTH,
                                t.get(1),
                                WIDTH,
                                equal(D, D).and(equal(K, V)))),
        DECIMAL_WITH_WHOLE(
                "SELECT * FROM a FULL JOIN b ON a.d = b.k",
                t -> join(Type.FULL, t.get(0), WIDTH, t.get(1), WIDTH, equal(D, K))),
        DOUBLE_WITH_WHOLE(
                "SELECT * FROM a FULL JOIN b ON a.f = b.v",
                t -> join(Type.FULL, t.get(0), WIDTH, t.get(1), WIDTH, equal(F, V))),
        BY_EXPRESSION(
                "SELECT * FROM a LEFT JOIN b ON a.k + 1 = b.v",
                t ->
                        join(
                                Type.LEFT,
                                t.get(0),
                                WIDTH,
                                t.get(1),
                                WIDTH,
                                (l, r) ->
                                        l.get(K) != null
                                                && r.get(V) != null
                                                && number(l.get(K)) + 1 == number(r.get(V)))),
        WITHOUT_EQUALITY(
                "SELECT * FROM a LEFT JOIN b ON a.v < b.v - 8",
                t ->
                        join(
                                Type.LEFT,
                                t.get(0),
                                WIDTH,
                                t.get(1),
                                WIDTH,
                                (l, r) ->
                                        r.get(V) != null && less(l.get(V), number(r.get(V)) - 8))),
        OF_ITSELF(
                "SELECT x.id, y.id FROM a x LEFT JOIN a y ON x.k = y.v",
                t ->
                        columns(
                                join(Type.LEFT, t.get(0), WIDTH, t.get(0), WIDTH, equal(K, V)),
                                ID,
                                WIDTH)),
        OF_DUPLICATES(
                "SELECT x.k, y.s FROM (SELECT k FROM a) x FULL JOIN (SELECT k, s FROM b) y ON x.k ="
                        + " y.k",
                t ->
                        columns(
                                join(
                                        Type.FULL,
                                        columns(t.get(0), K),
                                        1,
                                        columns(t.get(1), K, S),
                                        2,
                                        equal(0, 0)),
                                0,
                                2)),
        OF_THREE(
                "SELECT a.id, b.id, c.id, c.s FROM a LEFT JOIN b ON a.k = b.k RIGHT JOIN c ON b.v ="
                        + " c.id",
                t ->
                        columns(
                                join(
                                        Type.RIGHT,
                                        join(
                                                Type.LEFT,
                                                t.get(0),
                                                WIDTH,
                                                t.get(1),
                                                WIDTH,
                                                equal(K, K)),
                                        2 * WIDTH,
                                        t.get(2),
                                        WIDTH,
                                        equal(WIDTH + V, ID)),
                                ID,
                                WIDTH,
                                2 * WIDTH,
                                2 * WIDTH + S)),
        FULL_OF_THREE(
                "SELECT COALESCE(a.id, b.id, c.id), a.s, b.s, c.s FROM a FULL JOIN b USING (id)"
                        + " FULL JOIN c ON COALESCE(a.id, b.id) = c.id",
                t -> {
                    List<List<Object>> two =
                            join(Type.FULL, t.get(0), WIDTH, t.get(1), WIDTH, equal(ID, ID))
                                    .stream()
                                    .map(row ->
                                            concat(
                                                    row,
                                                    Arrays.asList(
                                                            row.get(0) == null
                                                                    ? row.get(WIDTH)
                                                                    : row.get(0))))
                                    .toList();
                    int merged = 2 * WIDTH;
                    return join(Type.FULL, two, merged + 1, t.get(2), WIDTH, equal(merged, ID))
                            .stream()
                            .map(row ->
                                    Arrays.asList(
                                            row.get(merged) == null
                                                    ? row.get(merged + 1)
                                                    : row.get(merged),
                                            row.get(S),
                                            row.get(WIDTH + S),
                                            row.get(merged + 1 + S)))
                            .toList();
                }),
        WITH_COUNTS(
                "SELECT a.id, n.n FROM a LEFT JOIN (SELECT k, COUNT(*) AS n FROM b GROUP BY k) n ON"
                        + " a.k = n.k",
                t -> {
                    Map<Object, Long> counts = new HashMap<>();
                    t.get(1).forEach(row -> counts.merge(row.get(K), 1L, Long::sum));
                    List<List<Object>> groups = new ArrayList<>();
                    counts.forEach((k, n) -> groups.add(Arrays.asList(k, n)));
                    return columns(
                            join(Type.LEFT, t.get(0), WIDTH, groups, 2, equal(K, 0)),
                            ID,
                            WIDTH + 1);
                });

        final String sql;
        final Function<List<List<List<Object>>>, List<List<Object>>> reference;

        Query(String sql, Function<List<List<List<Object>>>, List<List<Object>>> reference) {
            this.sql = sql;
            this.reference = reference;
        }
    }

    private SplittableRandom random;
    private StateStore store;
    private List<Circuit> circuits;
    private Map<List<Object>, Long> result;
    private List<Map<Long, List<Object>>> tables;
    private long step;

    @ParameterizedTest
    @EnumSource(Query.class)
    void kept_up_to_date_a_join_equals_nested_loops_over_the_tables(Query query) {
        long seed = query.name().hashCode();
        random = new SplittableRandom(seed);
        PlanNode plan = Planner.plan(shop().query(query.sql + " EMIT CHANGES"));
        int keys = query == Query.WITHOUT_EQUALITY ? 15 : 30;
        tables = empty();
        result = new HashMap<>();
        Map<Long, List<Map<Long, List<Object>>>> marks = new HashMap<>();
        Map<Long, Map<List<Object>, Long>> resultMarks = new HashMap<>();
        open(plan);
        for (int round = 0; round < 30; round++) {
            store.beginStep(++step);
            change(keys);
            endStep();
            store.published(step);
            String where = query + ", seed " + seed + ", round " + round;
            assertThat(result).as(where).isEqualTo(expected(query));
            if (random.nextInt(6) == 0) {
                marks.put(step, copy(tables));
                resultMarks.put(step, new HashMap<>(result));
                Freeze freeze = store.freeze(ByteBuffer.allocate(8).putLong(step).array());
                freeze.write();
            }
            if (random.nextInt(15) == 0) {
                store.close();
                open(plan);
                long mark = store.restoredMark().map(m -> ByteBuffer.wrap(m).getLong()).orElse(-1L);
                tables = mark < 0 ? empty() : copy(marks.get(mark));
                result = mark < 0 ? new HashMap<>() : new HashMap<>(resultMarks.get(mark));
            }
        }
        store.close();
    }

    @ParameterizedTest
    @EnumSource(Query.class)
    void in_one_step_a_join_gives_only_rows_that_stay(Query query) {
        random = new SplittableRandom(query.name().hashCode());
        PlanNode plan = Planner.plan(shop().query(query.sql));
        tables = empty();
        result = new HashMap<>();
        store = StateStore.inMemory();
        store.beginStep(1);
        Circuit circuit =
                new Circuit(
                        plan,
                        store.lane(0),
                        1,
                        new StepTime(),
                        (_, _, _, cause) -> {
                            throw cause;
                        },
                        delta -> {
                            for (int i = 0; i < delta.size(); i++) {
                                assertThat(delta.weight(delta.row(i))).isPositive();
                            }
                            add(delta);
                        });
        circuits = List.of(circuit);
        for (String table : TABLES) {
            Map<Long, List<Object>> all = tables.get(TABLES.indexOf(table));
            List<Change> inserts = new ArrayList<>();
            for (long id = 0; id < 200; id++) {
                all.put(id, randomRow(id, 60));
                inserts.add(new Change(table, 1, all.get(id)));
            }
            deliver(inserts);
        }
        circuit.endStep();
        assertThat(result).isEqualTo(expected(query));
        store.close();
    }

    private static Shop shop() {
        Shop shop = new Shop();
        for (String table : TABLES) {
            shop.create(
                    "CREATE TABLE "
                            + table
                            + " (id BIGINT PRIMARY KEY, k INT, v BIGINT, d DECIMAL(8, 2), s"
                            + " VARCHAR, f DOUBLE) WITH (KAFKA_TOPIC = '"
                            + table
                            + "', PARTITIONS = 1)");
        }
        return shop;
    }

    private void open(PlanNode plan) {
        int lanes = 1 + random.nextInt(3);
        store = StateStore.open(dir, new StateConfig(1 << 20, 8 << 20), lanes);
        List<Exchange> exchanges = new ArrayList<>();
        List<Circuit> opened = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            opened.add(
                    new Circuit(
                            plan,
                            store.lane(lane),
                            exchanges,
                            new ArrayList<>(),
                            null,
                            1,
                            new StepTime(),
                            (_, _, _, cause) -> {
                                throw cause;
                            },
                            this::add));
        }
        circuits = opened;
    }

    private void endStep() {
        for (int stage = 0; stage < circuits.getFirst().stages(); stage++) {
            for (Circuit circuit : circuits) {
                circuit.endStage(stage);
            }
        }
    }

    private void add(Batch delta) {
        for (int i = 0; i < delta.size(); i++) {
            int at = delta.row(i);
            List<Object> row = Arrays.asList(RowValues.read(delta, at));
            result.merge(row, delta.weight(at), (a, b) -> a + b == 0 ? null : a + b);
        }
    }

    private Map<List<Object>, Long> expected(Query query) {
        Map<List<Object>, Long> expected = new HashMap<>();
        List<List<List<Object>>> rows =
                tables.stream().map(t -> (List<List<Object>>) new ArrayList<>(t.values())).toList();
        query.reference.apply(rows).forEach(row -> expected.merge(row, 1L, Long::sum));
        return expected;
    }

    private record Change(String table, long weight, List<Object> row) {}

    /// Changes rows here and there, and delivers the old and the new ones in any order.
    private void change(int keys) {
        List<Change> changes = new ArrayList<>();
        for (int t = 0; t < TABLES.size(); t++) {
            Map<Long, List<Object>> table = tables.get(t);
            for (int i = random.nextInt(keys / 2); i > 0; i--) {
                long id = random.nextInt(keys);
                List<Object> old = table.remove(id);
                if (old != null) {
                    changes.add(new Change(TABLES.get(t), -1, old));
                }
                if (random.nextInt(3) > 0) {
                    List<Object> row = randomRow(id, keys);
                    table.put(id, row);
                    changes.add(new Change(TABLES.get(t), 1, row));
                }
            }
        }
        Collections.shuffle(changes, new java.util.Random(random.nextLong()));
        int at = 0;
        while (at < changes.size()) {
            int to = Math.min(changes.size(), at + 1 + random.nextInt(12));
            deliver(changes.subList(at, to));
            at = to;
        }
    }

    /// Gives each scan its rows, in the lane that keeps their primary key.
    private void deliver(List<Change> changes) {
        int lanes = circuits.size();
        for (int lane = 0; lane < lanes; lane++) {
            for (Circuit.Scan scan : circuits.get(lane).scans()) {
                Relation relation = scan.relation();
                KeyCodec keys = new KeyCodec(relation.schema(), relation.keyColumns());
                Batch batch = Batch.of(relation.schema());
                Batch row = Batch.of(relation.schema());
                for (Change change : changes) {
                    if (change.table.equals(relation.name())) {
                        row.clear();
                        for (int c = 0; c < WIDTH; c++) {
                            Values.append(row.column(c), stored(change.row.get(c)));
                        }
                        row.endRow(change.weight, random.nextInt(1000));
                        ByteSink key = new ByteSink();
                        keys.write(row, 0, key);
                        if (LaneStore.laneOf(key.array(), 0, key.size(), lanes) == lane) {
                            batch.appendRow(row, 0, change.weight);
                        }
                    }
                }
                if (!batch.isEmpty()) {
                    ScanView view =
                            ScanView.of(
                                    relation,
                                    ScanView.columnsOf(relation),
                                    scan.columns(),
                                    scan.schema());
                    scan.outputs().getFirst().emit(view.of(batch));
                }
            }
        }
    }

    private static Object stored(Object value) {
        return value instanceof Integer number ? (Object) (long) number : value;
    }

    private List<Object> randomRow(long id, int keys) {
        int range = Math.max(4, keys / 3);
        return Arrays.asList(
                id,
                orNull(random.nextInt(range)),
                orNull((long) random.nextInt(range)),
                orNull(BigDecimal.valueOf(random.nextInt(range) * 50L, 2)),
                orNull("text " + random.nextInt(5)),
                orNull(random.nextInt(2 * range) / 2.0));
    }

    private Object orNull(Object value) {
        return random.nextInt(8) == 0 ? null : value;
    }

    private static List<Map<Long, List<Object>>> empty() {
        return List.of(new HashMap<>(), new HashMap<>(), new HashMap<>());
    }

    private static List<Map<Long, List<Object>>> copy(List<Map<Long, List<Object>>> tables) {
        List<Map<Long, List<Object>>> copies = new ArrayList<>();
        tables.forEach(t -> copies.add(new HashMap<>(t)));
        return copies;
    }
}
