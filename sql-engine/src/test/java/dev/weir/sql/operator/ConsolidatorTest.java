package dev.weir.sql.operator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

class ConsolidatorTest {
    private static final Schema PAIR =
            new Schema(
                    List.of(new Field("k", Primitive.VARCHAR), new Field("v", Primitive.BIGINT)));

    private final List<String> seen = new ArrayList<>();
    private final Map<String, long[]> sums = new TreeMap<>();
    private final Consolidator consolidator = new Consolidator(PAIR, this::see);

    private void see(Batch batch) {
        for (int i = 0; i < batch.size(); i++) {
            int row = batch.row(i);
            String key = key(batch, row);
            seen.add(key + " x" + batch.weight(row) + " at " + batch.rowTime(row));
            add(sums, key, batch.weight(row), batch.rowTime(row));
        }
    }

    private static String key(Batch batch, int row) {
        return (batch.bytes(0).isNull(row) ? "NULL" : batch.bytes(0).string(row))
                + "="
                + (batch.longs(1).isNull(row) ? "NULL" : batch.longs(1).get(row));
    }

    private static void add(Map<String, long[]> sums, String key, long weight, long time) {
        long[] sum = sums.computeIfAbsent(key, k -> new long[] {0, Long.MIN_VALUE});
        sum[0] += weight;
        sum[1] = Math.max(sum[1], time);
    }

    private static void row(Batch into, String key, Long value, long weight, long time) {
        if (key == null) {
            into.bytes(0).appendNull();
        } else {
            into.bytes(0).append(key);
        }
        if (value == null) {
            into.longs(1).appendNull();
        } else {
            into.longs(1).append(value);
        }
        into.endRow(weight, time);
    }

    @Test
    void equal_rows_of_a_step_become_one_with_the_sum_of_their_weights_and_the_latest_time() {
        Batch batch = Batch.of(PAIR);
        row(batch, "a", 1L, 1, 5);
        row(batch, "b", 1L, 1, 6);
        row(batch, "a", 1L, 2, 9);
        row(batch, "a", 1L, 1, 7);
        row(batch, null, null, 1, 1);
        row(batch, "a", null, 1, 1);
        row(batch, null, null, 1, 3);
        consolidator.accept(0, batch);
        assertThat(seen).isEmpty();
        consolidator.endStep();
        assertThat(seen)
                .containsExactly(
                        "a=1 x4 at 9", "b=1 x1 at 6", "NULL=NULL x2 at 3", "a=NULL x1 at 1");
        seen.clear();
        consolidator.endStep();
        assertThat(seen).isEmpty();
    }

    @Test
    void rows_that_are_mostly_different_pass_in_their_order() {
        Batch batch = Batch.of(PAIR);
        List<String> sent = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            row(batch, "k" + i, (long) i, 1, i);
            sent.add("k" + i + "=" + i + " x1 at " + i);
        }
        consolidator.accept(0, batch);
        assertThat(seen).isEqualTo(sent);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 700, 40_000, 1_000_000})
    void whatever_it_does_no_weight_is_lost(int keys) {
        Random random = new Random(keys);
        Map<String, long[]> expected = new TreeMap<>();
        for (int step = 0; step < 120; step++) {
            for (int part = random.nextInt(3); part >= 0; part--) {
                Batch batch = Batch.of(PAIR);
                for (int i = random.nextInt(3_000); i > 0; i--) {
                    String key = "k" + random.nextInt(keys);
                    int time = random.nextInt(1_000);
                    row(batch, key, 7L, 1, time);
                    add(expected, key + "=7", 1, time);
                }
                consolidator.accept(0, batch);
            }
            consolidator.endStep();
            assertThat(sums.size()).isEqualTo(expected.size());
        }
        expected.forEach((key, sum) -> assertThat(sums.get(key)).isEqualTo(sum));
        if (keys == 3) {
            assertThat(seen).hasSizeLessThanOrEqualTo(360);
        }
    }
}
