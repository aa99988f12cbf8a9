package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.Schema;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.List;

class ChangesTest {
    private static final Schema SCHEMA =
            new Schema(
                    List.of(
                            new Field("item", Primitive.VARCHAR),
                            new Field("n", Primitive.BIGINT)));

    private static Batch delta(Object... itemCountWeight) {
        Batch batch = Batch.of(SCHEMA);
        for (int i = 0; i < itemCountWeight.length; i += 3) {
            batch.bytes(0).append((String) itemCountWeight[i]);
            batch.longs(1).append((Integer) itemCountWeight[i + 1]);
            batch.endRow((Integer) itemCountWeight[i + 2], 1000 + i);
        }
        return batch;
    }

    private static List<String> told(Changes changes) {
        return changes.take().stream()
                .map(c -> (c.deleted() ? "-" : "+") + Arrays.toString(c.values()))
                .toList();
    }

    @Test
    void of_a_table_the_new_row_of_each_key_is_told() {
        Changes changes = new Changes(true, new int[] {0});
        changes.add(delta("pen", 1, -1, "pen", 2, 1, "ink", 1, 1));
        changes.add(delta("pen", 2, -1, "pen", 3, 1));
        assertThat(told(changes)).containsExactly("+[pen, 3]", "+[ink, 1]");
    }

    @Test
    void a_key_that_is_gone_is_told_without_its_values() {
        Changes changes = new Changes(true, new int[] {0});
        changes.add(delta("pen", 1, -1));
        assertThat(told(changes)).containsExactly("-[pen, null]");
    }

    @Test
    void what_comes_and_goes_within_a_step_is_not_told() {
        Changes changes = new Changes(true, new int[] {0});
        changes.add(delta("pen", 1, 1, "ink", 5, -1));
        changes.add(delta("pen", 1, -1, "ink", 5, 1));
        assertThat(told(changes)).isEmpty();
        assertThat(told(changes)).isEmpty();
    }

    @Test
    void without_a_key_whole_rows_come_and_go() {
        Changes changes = new Changes(true, null);
        changes.add(delta("pen", 1, 2, "pen", 2, -1));
        assertThat(told(changes)).containsExactly("+[pen, 1]", "+[pen, 1]", "-[pen, 2]");
    }

    @Test
    void facts_of_a_stream_come_as_often_as_they_weigh() {
        Changes changes = new Changes(false, null);
        changes.add(delta("pen", 1, 2, "pen", 1, 1));
        assertThat(told(changes)).containsExactly("+[pen, 1]", "+[pen, 1]", "+[pen, 1]");
    }
}
