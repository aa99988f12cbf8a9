package dev.weir.sql.operator;

import static dev.weir.sql.operator.Relations.row;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.operator.Relations.Sum;
import dev.weir.sql.plan.AggregateCall;
import dev.weir.sql.plan.AggregateCall.Kind;
import dev.weir.sql.state.StateStore;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

class OperatorsTest {
    private static final Schema PAIR = Relations.schema(Primitive.BIGINT, Primitive.BIGINT);
    private static final AggregateCall COUNT =
            new AggregateCall(Kind.COUNT, -1, -1, Primitive.BIGINT);
    private static final AggregateCall SUM = new AggregateCall(Kind.SUM, 1, -1, Primitive.BIGINT);

    private final StateStore store = StateStore.inMemory();
    private final Sum output = new Sum();
    private final List<String> errors = new ArrayList<>();

    private AggregateOperator aggregate(
            int[] groups, boolean appendOnly, boolean rowWhenEmpty, AggregateCall... functions) {
        Primitive[] types = new Primitive[groups.length + functions.length];
        java.util.Arrays.fill(types, Primitive.BIGINT);
        return new AggregateOperator(
                PAIR,
                groups,
                List.of(functions),
                Relations.schema(types),
                appendOnly,
                rowWhenEmpty,
                store.point(1, false),
                store.ordered(2),
                null,
                (_, _, cause) -> errors.add(cause.getMessage()),
                output);
    }

    @SafeVarargs
    private static void step(Operator operator, long weight, List<Object>... rows) {
        Batch batch = Batch.of(PAIR);
        for (List<Object> row : rows) {
            Relations.add(batch, weight, 0, row);
        }
        operator.accept(0, batch);
    }

    @Test
    void a_group_is_emitted_once_a_step_with_its_row_before_and_after() {
        AggregateOperator operator = aggregate(new int[] {0}, true, false, COUNT, SUM);
        step(operator, 1, row(7, 1), row(8, 1), row(7, 2), row(null, 5), row(0, 1), row(null, 1));
        operator.endStep();
        assertThat(output.takeStep())
                .containsExactly("+1[7, 2, 3]", "+1[8, 1, 1]", "+1[null, 2, 6]", "+1[0, 1, 1]");
        step(operator, 1, row(8, 4));
        operator.endStep();
        assertThat(output.takeStep()).containsExactly("-1[8, 1, 1]", "+1[8, 2, 5]");
    }

    @Test
    void a_group_that_is_touched_but_keeps_its_row_is_not_emitted() {
        AggregateOperator operator = aggregate(new int[] {0}, false, false, SUM);
        step(operator, 1, row(7, 1));
        operator.endStep();
        output.takeStep();
        step(operator, 1, row(7, 0));
        step(operator, -1, row(7, 1));
        step(operator, 1, row(7, 1), row(9, 9));
        step(operator, -1, row(9, 9));
        operator.endStep();
        assertThat(output.takeStep()).isEmpty();
    }

    @Test
    void a_group_ends_with_its_last_row() {
        AggregateOperator operator = aggregate(new int[] {0}, false, false, COUNT);
        step(operator, 1, row(7, 1), row(7, 2));
        operator.endStep();
        step(operator, -1, row(7, 2), row(7, 1));
        operator.endStep();
        assertThat(output.takeStep()).containsExactly("+1[7, 2]", "-1[7, 2]");
        assertThat(output.weights).isEmpty();
    }

    @Test
    void an_aggregate_of_everything_has_a_row_even_without_input() {
        AggregateOperator operator = aggregate(new int[0], false, true, COUNT, SUM);
        operator.endStep();
        operator.endStep();
        assertThat(output.takeStep()).containsExactly("+1[0, null]");
        step(operator, 1, row(1, 5));
        operator.endStep();
        step(operator, -1, row(1, 5));
        operator.endStep();
        assertThat(output.takeStep())
                .containsExactly("-1[0, null]", "+1[1, 5]", "-1[1, 5]", "+1[0, null]");
    }

    @Test
    void a_sum_out_of_range_is_null_and_reported_until_it_comes_back() {
        AggregateOperator operator = aggregate(new int[] {0}, false, false, SUM);
        step(operator, 1, row(1, Long.MAX_VALUE));
        operator.endStep();
        step(operator, 1, row(1, 1));
        operator.endStep();
        step(operator, 1, row(1, 1));
        operator.endStep();
        assertThat(errors).containsExactly("sum is out of range of its type");
        step(operator, -1, row(1, 1), row(1, 1));
        operator.endStep();
        assertThat(output.takeStep())
                .containsExactly(
                        "+1[1, 9223372036854775807]",
                        "-1[1, 9223372036854775807]",
                        "+1[1, null]",
                        "-1[1, null]",
                        "+1[1, 9223372036854775807]");
        assertThat(errors).hasSize(1);
    }

    @Test
    void extremes_of_append_only_input_need_no_multiset() {
        AggregateOperator operator =
                aggregate(
                        new int[] {0},
                        true,
                        false,
                        new AggregateCall(Kind.MIN, 1, -1, Primitive.BIGINT),
                        new AggregateCall(Kind.MAX, 1, -1, Primitive.BIGINT));
        step(operator, 1, row(1, null), row(1, 5), row(1, -3), row(2, null));
        operator.endStep();
        assertThat(output.takeStep()).containsExactly("+1[1, -3, 5]", "+1[2, null, null]");
        step(operator, 1, row(1, 4));
        operator.endStep();
        assertThat(output.takeStep()).isEmpty();
    }

    @Test
    void a_sink_adds_up_a_key_s_changes_in_any_order() {
        Sum changes = new Sum();
        TableSinkOperator sink =
                new TableSinkOperator(
                        "t", PAIR, new int[] {0}, store.point(3, true), changes, output);
        step(sink, 1, row(1, 10), row(2, 20));
        sink.endStep();
        output.takeStep();
        changes.takeStep();
        step(sink, 1, row(1, 11));
        step(sink, -1, row(2, 20), row(1, 10));
        step(sink, 1, row(3, 30), row(4, 40));
        step(sink, -1, row(3, 30));
        sink.endStep();
        assertThat(output.takeStep())
                .containsExactly("-1[1, 10]", "+1[1, 11]", "-1[2, 20]", "+1[4, 40]");
        assertThat(changes.takeStep()).containsExactly("+1[1, 11]", "-1[2, 20]", "+1[4, 40]");
    }

    @Test
    void two_rows_for_one_key_of_a_sink_are_an_error_that_names_the_table() {
        TableSinkOperator sink =
                new TableSinkOperator(
                        "orders", PAIR, new int[] {0}, store.point(3, true), output, output);
        step(sink, 1, row(1, 10), row(1, 11));
        assertThatThrownBy(sink::endStep)
                .isInstanceOf(SqlException.class)
                .hasMessageContaining("same key of table \"orders\"");
    }

    @Test
    void a_source_row_without_a_key_is_reported_and_left_out() {
        SourceTableOperator source =
                new SourceTableOperator(
                        PAIR,
                        new int[] {0},
                        store.point(3, true),
                        (_, at, cause) -> errors.add(at + ": " + cause.getMessage()),
                        output);
        step(source, 1, row(1, 10), row(null, 11), row(1, 12), row(2, 20));
        source.endStep();
        assertThat(output.takeStep()).containsExactly("+1[1, 12]", "+1[2, 20]");
        assertThat(errors).containsExactly("1: key column \"c0\" is null");
        step(source, 1, row(1, 13), row(2, 20), row(1, 12));
        source.endStep();
        assertThat(output.takeStep()).isEmpty();
    }

    @Test
    void sorting_is_stable_and_puts_nulls_where_it_is_told() {
        SortOperator sort =
                new SortOperator(
                        PAIR,
                        new int[] {0},
                        new boolean[] {true},
                        new boolean[] {false},
                        1,
                        4,
                        output);
        step(sort, 1, row(null, 0), row(1, 1), row(3, 2), row(-2, 3), row(3, 4), row(1, 5));
        sort.endStep();
        assertThat(output.takeStep())
                .containsExactly("+1[3, 4]", "+1[1, 1]", "+1[1, 5]", "+1[-2, 3]");
        step(sort, 1, row(5, 5), row(6, 6));
        step(sort, -1, row(5, 5));
        step(sort, 2, row(7, 7));
        sort.endStep();
        assertThat(output.takeStep()).containsExactly("+1[7, 7]", "+1[6, 6]");
    }

    @Test
    void collecting_leaves_what_does_not_cancel_out() {
        CollectOperator collect = new CollectOperator(PAIR, output);
        SplittableRandom random = new SplittableRandom(3);
        Sum expected = new Sum();
        for (int i = 0; i < 20_000; i++) {
            Batch batch = Batch.of(PAIR);
            Relations.add(
                    batch, random.nextInt(-2, 3), 0, row(random.nextInt(100), random.nextInt(100)));
            expected.emit(batch);
            collect.accept(0, batch);
        }
        expected.weights.values().removeIf(weight -> weight == 0);
        collect.endStep();
        assertThat(output.weights).isEqualTo(expected.weights);
        assertThat(output.takeStep()).doesNotHaveDuplicates();
        collect.endStep();
        assertThat(output.takeStep()).isEmpty();
    }
}
