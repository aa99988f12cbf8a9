package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class LanesTest {
    private static final int LANES = 4;

    @Test
    void every_lane_does_its_work_once_in_every_round() {
        long[] done = new long[LANES];
        try (Lanes lanes = new Lanes(LANES, 1)) {
            for (int round = 1; round <= 20_000; round++) {
                // Plain writes: the barrier must make them visible.
                lanes.run(round % 3 != 0, lane -> done[lane] += lane + 1);
                assertThat(Arrays.stream(done).sum()).isEqualTo(10L * round);
            }
        }
    }

    @Test
    void a_stage_sees_what_all_lanes_did_in_the_one_before() {
        int[] before = new int[LANES];
        int[] sums = new int[LANES];
        try (Lanes lanes = new Lanes(LANES, 1)) {
            for (int round = 0; round < 5_000; round++) {
                int now = round;
                lanes.run(true, lane -> before[lane] = now + lane);
                lanes.run(true, lane -> sums[lane] = Arrays.stream(before).sum());
                assertThat(sums).containsOnly(LANES * now + 6);
            }
        }
    }

    @Test
    void what_a_lane_throws_reaches_the_caller_after_all_have_ended() {
        try (Lanes lanes = new Lanes(LANES, 1)) {
            for (int bad = 0; bad < LANES; bad++) {
                int thrower = bad;
                AtomicInteger ended = new AtomicInteger();
                assertThatThrownBy(() ->
                                lanes.run(
                                        true,
                                        lane -> {
                                            ended.incrementAndGet();
                                            if (lane == thrower) {
                                                throw new AssertionError("lane " + lane);
                                            }
                                        }))
                        .isInstanceOf(AssertionError.class)
                        .hasMessage("lane " + bad);
                assertThat(ended).hasValue(LANES);
            }
            lanes.run(true, lane -> {});
        }
    }

    @Test
    void all_that_is_thrown_is_told() {
        try (Lanes lanes = new Lanes(LANES, 1)) {
            assertThatThrownBy(() ->
                            lanes.run(
                                    true,
                                    lane -> {
                                        throw new IllegalStateException("lane " + lane);
                                    }))
                    .hasMessage("lane 0")
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSize(LANES - 1));
        }
    }

    @Test
    void lanes_can_be_led_by_one_thread_after_another() throws Exception {
        AtomicInteger done = new AtomicInteger();
        try (Lanes lanes = new Lanes(LANES, 1)) {
            for (int i = 0; i < 50; i++) {
                Thread leader =
                        Thread.ofPlatform()
                                .start(() -> lanes.run(true, _ -> done.incrementAndGet()));
                leader.join();
            }
        }
        assertThat(done).hasValue(50 * LANES);
    }

    @Test
    void closed_lanes_leave_no_thread_behind() {
        List<Thread> seen = new ArrayList<>();
        try (Lanes lanes = new Lanes(LANES, 1)) {
            lanes.run(
                    true,
                    lane -> {
                        synchronized (seen) {
                            seen.add(Thread.currentThread());
                        }
                    });
        }
        seen.remove(Thread.currentThread());
        assertThat(seen).hasSize(LANES - 1).noneMatch(Thread::isAlive);
    }

    @Test
    void little_work_is_not_shared() {
        try (Lanes lanes = new Lanes(LANES, 100);
                Lanes alone = new Lanes(1, 100)) {
            assertThat(lanes.shares(99)).isFalse();
            assertThat(lanes.shares(100)).isTrue();
            assertThat(alone.shares(1_000_000)).isFalse();
            lanes.run(
                    false,
                    lane -> assertThat(Thread.currentThread().getName()).doesNotContain("worker"));
        }
    }
}
