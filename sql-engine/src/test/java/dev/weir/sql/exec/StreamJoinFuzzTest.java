package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.analyze.Shop;
import dev.weir.sql.batch.Batch;
import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.codec.KeyCodec;
import dev.weir.sql.operator.Exchange;
import dev.weir.sql.operator.StreamTime;
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
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;

/// Joins of streams over random rows in random steps, with restarts from checkpoints in between and
/// any number of lanes, against a model that takes the rows of each step one by one in the order of
/// their times.
class StreamJoinFuzzTest {
    @TempDir Path dir;

    /// A row (id, k, v) of one side at a time.
    private record Row(int side, long time, List<Object> values) {
        Object key() {
            return values.get(1);
        }

        Long number() {
            return (Long) values.get(2);
        }
    }

    private SplittableRandom random;
    private StateStore store;
    private List<Circuit> circuits;
    private List<StreamTime> times;
    private List<String> output;
    private long nextId;

    // ---- Streams with streams

    /// What the model remembers of a stream join.
    private static final class Bounded {
        final boolean keepLeft;
        final boolean keepRight;
        final long before;
        final long after;
        final long grace;
        final boolean residual;
        List<Row> open = new ArrayList<>();
        List<Row> met = new ArrayList<>();
        long now = Long.MIN_VALUE;

        Bounded(String type, long before, long after, long grace, boolean residual) {
            keepLeft = type.equals("LEFT") || type.equals("FULL");
            keepRight = type.equals("RIGHT") || type.equals("FULL");
            this.before = before;
            this.after = after;
            this.grace = grace;
            this.residual = residual;
        }

        Bounded copy() {
            Bounded copy =
                    new Bounded(
                            keepLeft && keepRight
                                    ? "FULL"
                                    : keepLeft ? "LEFT" : keepRight ? "RIGHT" : "INNER",
                            before,
                            after,
                            grace,
                            residual);
            copy.open = new ArrayList<>(open);
            copy.met = new ArrayList<>(met);
            copy.now = now;
            return copy;
        }

        private long close(Row row) {
            return row.time + (row.side == 0 ? after : before) + grace;
        }

        private boolean keeps(Row row) {
            return row.side == 0 ? keepLeft : keepRight;
        }

        private boolean meets(Row left, Row right) {
            return Objects.equals(left.key(), right.key())
                    && right.time >= left.time - before
                    && right.time <= left.time + after
                    && (!residual
                            || (left.number() != null
                                    && right.number() != null
                                    && left.number() < right.number()));
        }

        void take(Row row, List<String> results) {
            if (close(row) < now) {
                return;
            }
            now = Math.max(now, row.time);
            if (row.key() == null) {
                if (keeps(row)) {
                    alone(row, results);
                }
            } else {
                boolean found = false;
                for (Row other : List.copyOf(open)) {
                    Row left = row.side == 0 ? row : other;
                    Row right = row.side == 0 ? other : row;
                    if (other.side != row.side && meets(left, right)) {
                        results.add(
                                text(left.values, right.values, Math.max(left.time, right.time)));
                        met.add(other);
                        found = true;
                    }
                }
                open.add(row);
                if (found) {
                    met.add(row);
                }
            }
            for (Row closed : List.copyOf(open)) {
                if (close(closed) < now) {
                    open.remove(closed);
                    if (!met.contains(closed) && keeps(closed)) {
                        alone(closed, results);
                    }
                }
            }
        }

        private static void alone(Row row, List<String> results) {
            List<Object> nothing = Arrays.asList(null, null, null);
            results.add(
                    row.side == 0
                            ? text(row.values, nothing, row.time)
                            : text(nothing, row.values, row.time));
        }
    }

    private static String text(List<Object> left, List<Object> right, long time) {
        return left + " " + right + " @" + time;
    }

    @ParameterizedTest(name = "{0} ({1}, {2}) grace {3}, further condition {4}")
    @CsvSource({
        "INNER, 20, 20, 10, false",
        "LEFT, 20, 20, 10, false",
        "RIGHT, 0, 30, 0, false",
        "FULL, 15, 5, 20, false",
        "FULL, 20, 20, 0, true",
        "LEFT, 0, 0, 5, true"
    })
    void near_rows_of_two_streams_meet_and_others_come_alone_when_closed(
            String type, long before, long after, long grace, boolean residual) {
        long seed = Objects.hash(type, before, after, grace, residual);
        random = new SplittableRandom(seed);
        Shop shop = new Shop();
        for (String name : List.of("l", "r")) {
            shop.create(
                    "CREATE STREAM "
                            + name
                            + " (id BIGINT, k INT, v BIGINT) WITH (KAFKA_TOPIC = '"
                            + name
                            + "', PARTITIONS = 2)");
        }
        PlanNode plan =
                Planner.plan(
                        shop.query(
                                "SELECT * FROM l "
                                        + type
                                        + " JOIN r WITHIN ("
                                        + before
                                        + " MILLISECONDS, "
                                        + after
                                        + " MILLISECONDS) GRACE PERIOD "
                                        + grace
                                        + " MILLISECONDS ON l.k = r.k"
                                        + (residual ? " AND l.v < r.v" : "")
                                        + " EMIT CHANGES"));
        assertThat(plan.traits().appendOnly()).isTrue();
        Bounded model = new Bounded(type, before, after, grace, residual);
        Map<Long, Bounded> marks = new HashMap<>();
        open(plan);
        long clock = 0;
        for (long step = 1; step <= 100; step++) {
            store.beginStep(step);
            List<Row> rows = new ArrayList<>();
            clock += random.nextInt(12);
            for (int i = random.nextInt(14); i > 0; i--) {
                rows.add(randomRow(random.nextInt(2), clock - 40 + random.nextInt(50)));
            }
            output = new ArrayList<>();
            rows.forEach(row -> deliver(row.side == 0 ? "l" : "r", row, 1));
            endStep();
            store.published(step);
            List<String> expected = new ArrayList<>();
            rows.stream()
                    .sorted(Comparator.comparingLong(Row::time))
                    .forEach(row -> model.take(row, expected));
            assertThat(output)
                    .as("seed %s, step %s", seed, step)
                    .containsExactlyInAnyOrderElementsOf(expected);
            if (random.nextInt(8) == 0) {
                marks.put(step, model.copy());
                Freeze freeze = store.freeze(ByteBuffer.allocate(8).putLong(step).array());
                freeze.write();
                if (random.nextBoolean()) {
                    store.close();
                    open(plan);
                }
            }
        }
        assertThat(marks).isNotEmpty();
        store.close();
    }

    // ---- Streams with tables

    @ParameterizedTest(name = "{0} JOIN, further condition {1}, versions {2}")
    @CsvSource({
        "INNER, false, true",
        "LEFT, false, true",
        "LEFT, true, true",
        "INNER, true, true",
        "LEFT, true, false",
        "INNER, false, false"
    })
    void a_row_of_a_stream_meets_the_version_of_its_time(
            String type, boolean residual, boolean versions) {
        long seed = Objects.hash(type, residual, versions);
        random = new SplittableRandom(seed);
        Shop shop = new Shop();
        shop.create(
                "CREATE STREAM l (id BIGINT, k INT, v BIGINT) WITH (KAFKA_TOPIC = 'l', PARTITIONS ="
                        + " 2)");
        shop.create(
                "CREATE TABLE t (id BIGINT, k BIGINT PRIMARY KEY, v BIGINT) WITH (KAFKA_TOPIC ="
                        + " 't', PARTITIONS = 2)");
        String table = "t";
        if (!versions) {
            shop.create("CREATE TABLE d AS SELECT id, k, v FROM t");
            table = "d";
        }
        PlanNode plan =
                Planner.plan(
                        shop.query(
                                "SELECT l.id, l.k, l.v, x.id, x.k, x.v FROM l "
                                        + type
                                        + " JOIN "
                                        + table
                                        + " x ON l.k = x.k"
                                        + (residual ? " AND l.v < x.v" : "")
                                        + " EMIT CHANGES"));
        Map<Object, Row> now = new HashMap<>();
        open(plan);
        for (long step = 1; step <= 100; step++) {
            store.beginStep(step);
            output = new ArrayList<>();
            // In the order in which they come.
            List<Row> versionsOfStep = new ArrayList<>();
            List<Row> lookups = new ArrayList<>();
            Map<Object, Long> since = new HashMap<>();
            Map<Object, Row> latest = new HashMap<>(now);
            for (int i = random.nextInt(12); i > 0; i--) {
                if (random.nextInt(3) > 0) {
                    Row row = randomRow(0, step * 100 + random.nextInt(100));
                    lookups.add(row);
                    deliver("l", row, 1);
                    continue;
                }
                long time = step * 100 + random.nextInt(100);
                long key = random.nextInt(6);
                Row old = latest.get(key);
                if (old != null) {
                    deliver(table, new Row(1, time, old.values), -1);
                }
                Row row = null;
                if (random.nextInt(4) > 0) {
                    row = new Row(1, time, Arrays.asList(nextId++, key, number()));
                    deliver(table, row, 1);
                }
                if (old == null && row == null) {
                    // Nothing has changed.
                    continue;
                }
                latest.put(key, row);
                long counts = Math.max(time, since.getOrDefault(key, Long.MIN_VALUE));
                since.put(key, counts);
                versionsOfStep.add(
                        new Row(
                                1,
                                versions ? counts : Long.MIN_VALUE,
                                row == null ? Arrays.asList(null, key, null) : row.values));
            }
            endStep();
            store.published(step);

            List<String> expected = new ArrayList<>();
            versionsOfStep.sort(Comparator.comparingLong(Row::time));
            lookups.sort(Comparator.comparingLong(Row::time));
            int at = 0;
            for (Row row : lookups) {
                while (at < versionsOfStep.size() && versionsOfStep.get(at).time <= row.time) {
                    apply(now, versionsOfStep.get(at++));
                }
                Row met = row.key() == null ? null : now.get(((Number) row.key()).longValue());
                if (met != null
                        && residual
                        && !(row.number() != null
                                && met.number() != null
                                && row.number() < met.number())) {
                    met = null;
                }
                if (met != null) {
                    expected.add(text(row.values, met.values, row.time));
                } else if (type.equals("LEFT")) {
                    expected.add(text(row.values, Arrays.asList(null, null, null), row.time));
                }
            }
            while (at < versionsOfStep.size()) {
                apply(now, versionsOfStep.get(at++));
            }
            assertThat(output)
                    .as("seed %s, step %s", seed, step)
                    .containsExactlyInAnyOrderElementsOf(expected);
            if (random.nextInt(10) == 0) {
                Freeze freeze = store.freeze(ByteBuffer.allocate(8).putLong(step).array());
                freeze.write();
                store.close();
                open(plan);
            }
        }
        store.close();
    }

    private static void apply(Map<Object, Row> table, Row version) {
        if (version.values.getFirst() == null) {
            table.remove(version.key());
        } else {
            table.put(version.key(), version);
        }
    }

    // ---- Circuits

    private Row randomRow(int side, long time) {
        return new Row(
                side,
                time,
                Arrays.asList(
                        nextId++, random.nextInt(9) == 0 ? null : random.nextInt(6), number()));
    }

    private Long number() {
        return random.nextInt(9) == 0 ? null : (Long) (long) random.nextInt(10);
    }

    private void open(PlanNode plan) {
        int lanes = 1 + random.nextInt(3);
        store = StateStore.open(dir, new StateConfig(1 << 20, 8 << 20), lanes);
        List<Exchange> exchanges = new ArrayList<>();
        times = new ArrayList<>();
        circuits = new ArrayList<>();
        for (int lane = 0; lane < lanes; lane++) {
            circuits.add(
                    new Circuit(
                            plan,
                            store.lane(lane),
                            exchanges,
                            times,
                            null,
                            1,
                            new StepTime(),
                            (_, _, _, cause) -> {
                                throw cause;
                            },
                            this::take));
        }
    }

    private void take(Batch delta) {
        for (int i = 0; i < delta.size(); i++) {
            int at = delta.row(i);
            List<Object> row = Arrays.asList(RowValues.read(delta, at));
            assertThat(delta.weight(at)).isPositive();
            for (long n = delta.weight(at); n > 0; n--) {
                output.add(text(row.subList(0, 3), row.subList(3, 6), delta.rowTime(at)));
            }
        }
    }

    /// A stream's row comes in any lane, a table's in the one that keeps its key.
    private void deliver(String relation, Row row, long weight) {
        for (int s = 0; s < circuits.getFirst().scans().size(); s++) {
            Circuit.Scan scan = circuits.getFirst().scans().get(s);
            if (!scan.relation().name().equals(relation)) {
                continue;
            }
            Batch batch = Batch.of(scan.relation().schema());
            for (int c = 0; c < 3; c++) {
                Object value = row.values.get(c);
                Values.append(
                        batch.column(c),
                        value instanceof Integer small ? (Object) (long) small : value);
            }
            batch.endRow(weight, row.time);
            int lane = random.nextInt(circuits.size());
            if (scan.relation().isTable()) {
                ByteSink key = new ByteSink();
                new KeyCodec(scan.relation().schema(), scan.relation().keyColumns())
                        .write(batch, 0, key);
                lane = LaneStore.laneOf(key.array(), 0, key.size(), circuits.size());
            }
            ScanView view =
                    ScanView.of(
                            scan.relation(),
                            ScanView.columnsOf(scan.relation()),
                            scan.columns(),
                            scan.schema());
            circuits.get(lane).scans().get(s).outputs().getFirst().emit(view.of(batch));
        }
    }

    private void endStep() {
        for (int stage = 0; stage < circuits.getFirst().stages(); stage++) {
            for (Circuit circuit : circuits) {
                circuit.endStage(stage);
            }
        }
        times.forEach(StreamTime::endStep);
    }
}
