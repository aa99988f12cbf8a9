package dev.weir.sql.operator;

import static dev.weir.sql.operator.Relations.row;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.state.StateConfig;
import dev.weir.sql.state.StateStore;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

class StreamTimeTest {
    @TempDir Path dir;

    @Test
    void time_stands_still_within_a_step_and_never_goes_back() {
        try (StateStore store = StateStore.inMemory()) {
            store.beginStep(1);
            StreamTime time = new StreamTime(store.point(1, false));
            assertThat(time.now()).isEqualTo(StreamTime.NONE);
            time.observe(70);
            time.observe(-5);
            assertThat(time.now()).isEqualTo(StreamTime.NONE);
            time.endStep();
            assertThat(time.now()).isEqualTo(70);
            store.beginStep(2);
            time.observe(60);
            time.endStep();
            assertThat(time.now()).isEqualTo(70);
        }
    }

    @Test
    void rows_that_are_hidden_do_not_move_time() {
        try (StateStore store = StateStore.inMemory()) {
            store.beginStep(1);
            StreamTime time = new StreamTime(store.point(1, false));
            Batch batch = Batch.of(Relations.schema(Primitive.BIGINT));
            Relations.add(batch, 1, 5, row(1));
            Relations.add(batch, 1, 99, row(2));
            Relations.add(batch, -1, 8, row(3));
            batch.select(new int[] {0, 2}, 2);
            time.observe(batch);
            time.endStep();
            assertThat(time.now()).isEqualTo(8);
        }
    }

    @Test
    void time_survives_a_restart_from_a_checkpoint() {
        try (StateStore store = StateStore.open(dir, new StateConfig(1 << 20, 8 << 20))) {
            store.beginStep(1);
            StreamTime time = new StreamTime(store.point(1, false));
            time.observe(1234);
            time.endStep();
            store.published(1);
            store.freeze(new byte[8]).write();
            store.beginStep(2);
            time.observe(9999);
            time.endStep();
        }
        try (StateStore store = StateStore.open(dir, new StateConfig(1 << 20, 8 << 20))) {
            assertThat(new StreamTime(store.point(1, false)).now()).isEqualTo(1234);
        }
    }
}
