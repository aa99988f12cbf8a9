package dev.weir.sql.exec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.sql.error.Checkpoint;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/// Statements share the planning threads; time passes only when a test says so.
@Timeout(60)
class PlanningTest {
    private static final int SHORT_TEXT = 100;
    private static final int LONG_TEXT = 1 << 20;

    private final AtomicLong nanos = new AtomicLong();
    private final Planning planning =
            new Planning(
                    new Planning.Limits(1, 1, 2, 2, Duration.ofMillis(250), Duration.ofSeconds(10)),
                    nanos::get);
    private final SqlSession session = new SqlSession("s1");

    @AfterEach
    void close() {
        planning.close();
    }

    @Test
    void a_small_statement_is_planned_in_the_quick_lane() {
        assertThat(planning.plan(session, SHORT_TEXT, PlanningTest::lane)).isEqualTo("sql-plan");
    }

    @Test
    void a_long_text_begins_in_the_long_lane() {
        assertThat(planning.plan(session, LONG_TEXT, PlanningTest::lane))
                .isEqualTo("sql-plan-long");
    }

    @Test
    void what_is_not_planned_in_its_turn_starts_again_in_the_long_lane() {
        List<String> lanes = new ArrayList<>();
        String planned =
                planning.plan(
                        session,
                        SHORT_TEXT,
                        () -> {
                            lanes.add(lane());
                            pass(Duration.ofMillis(251));
                            return "planned";
                        });
        assertThat(planned).isEqualTo("planned");
        assertThat(lanes).containsExactly("sql-plan", "sql-plan-long");
    }

    @Test
    void small_statements_are_planned_while_long_ones_are() throws InterruptedException {
        var longOne = new Stalled();
        List<CompletableFuture<String>> longOnes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            longOnes.add(inBackground(LONG_TEXT, longOne));
        }
        longOne.begun.acquire();

        assertThat(planning.plan(session, SHORT_TEXT, () -> "small")).isEqualTo("small");

        longOne.goOn.countDown();
        assertThat(longOnes).allSatisfy(each -> assertThat(each.join()).isEqualTo("long"));
    }

    @Test
    void what_is_not_planned_by_its_deadline_is_stopped_and_its_client_told() {
        var after = new AtomicInteger();
        assertThatThrownBy(() ->
                        planning.plan(
                                session,
                                LONG_TEXT,
                                () -> {
                                    pass(Duration.ofSeconds(11));
                                    return after.incrementAndGet();
                                }))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> {
                            assertThat(e.state()).isEqualTo(SqlState.QUERY_CANCELED);
                            assertThat(e)
                                    .hasMessage("the statement was not planned within 10000 ms");
                            assertThat(e.hint())
                                    .hasValueSatisfying(hint ->
                                            assertThat(hint).contains("sql.planning.timeout.ms"));
                        });
        assertThat(after).hasValue(0);
    }

    /// Folding constants, for one, leaves alone what it cannot compute.
    @Test
    void a_deadline_is_told_although_the_planner_made_something_else_of_it() {
        assertThatThrownBy(() ->
                        planning.plan(
                                session,
                                LONG_TEXT,
                                () -> {
                                    try {
                                        pass(Duration.ofSeconds(11));
                                        return "not stopped";
                                    } catch (RuntimeException e) {
                                        throw new SqlException(
                                                SqlState.FEATURE_NOT_SUPPORTED, "cannot convert");
                                    }
                                }))
                .hasMessage("the statement was not planned within 10000 ms");
    }

    @Test
    void what_waited_until_its_deadline_is_not_begun() throws InterruptedException {
        var first = new Stalled();
        var running = inBackground(LONG_TEXT, first);
        first.begun.acquire();
        var begun = new AtomicInteger();
        var waiting = inBackground(LONG_TEXT, () -> "begun " + begun.incrementAndGet());
        awaitStatements(2);

        nanos.addAndGet(Duration.ofSeconds(11).toNanos());
        first.goOn.countDown();

        assertThatThrownBy(waiting::join)
                .isInstanceOf(CompletionException.class)
                .hasMessageContaining("not planned within");
        assertThatThrownBy(running::join).hasMessageContaining("not planned within");
        assertThat(begun).hasValue(0);
    }

    @Test
    void when_too_many_wait_the_next_one_is_refused() throws InterruptedException {
        var stalled = new Stalled();
        List<CompletableFuture<String>> longOnes = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            longOnes.add(inBackground(LONG_TEXT, stalled));
            awaitStatements(i + 1);
        }

        assertThatThrownBy(() -> planning.plan(session, LONG_TEXT, () -> "one more"))
                .isInstanceOfSatisfying(
                        SqlException.class,
                        e -> assertThat(e.state()).isEqualTo(SqlState.INSUFFICIENT_RESOURCES));

        stalled.goOn.countDown();
        assertThat(longOnes).allSatisfy(each -> assertThat(each.join()).isEqualTo("long"));
    }

    @Test
    void a_client_that_cancels_is_told_so() throws InterruptedException {
        var stalled = new Stalled();
        var running = inBackground(SHORT_TEXT, stalled);
        stalled.begun.acquire();

        session.endPlanning();
        stalled.goOn.countDown();

        assertThatThrownBy(running::join)
                .hasMessageContaining("canceling statement due to user request");
    }

    @Test
    void a_mistake_in_the_statement_is_its_own() {
        assertThatThrownBy(() ->
                        planning.plan(
                                session,
                                SHORT_TEXT,
                                () -> {
                                    throw new SqlException(
                                            SqlState.UNDEFINED_TABLE, "there is no such table");
                                }))
                .hasMessage("there is no such table");
    }

    @Test
    void when_the_engine_closes_what_is_being_planned_is_stopped() throws InterruptedException {
        var stalled = new Stalled();
        var running = inBackground(SHORT_TEXT, stalled);
        stalled.begun.acquire();

        planning.close();
        stalled.goOn.countDown();

        assertThatThrownBy(running::join).hasMessageContaining("the engine is shutting down");
        assertThatThrownBy(() -> planning.plan(session, SHORT_TEXT, () -> "late"))
                .hasMessage("the engine is shutting down");
    }

    /// A statement that is in the middle of its planning until it may go on.
    private static final class Stalled implements Supplier<String> {
        final Semaphore begun = new Semaphore(0);
        final CountDownLatch goOn = new CountDownLatch(1);

        @Override
        public String get() {
            begun.release();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            Checkpoint.pass();
            return "long";
        }
    }

    /// Time passes, then the planner comes to a checkpoint.
    private void pass(Duration time) {
        if (nanos.get() == 0) {
            nanos.addAndGet(time.toNanos());
        }
        Checkpoint.pass();
    }

    private CompletableFuture<String> inBackground(int textLength, Supplier<String> work) {
        var result = new CompletableFuture<String>();
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        result.complete(planning.plan(session, textLength, work));
                    } catch (RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                });
        return result;
    }

    private void awaitStatements(int count) {
        while (planning.statements() < count) {
            Thread.onSpinWait();
        }
    }

    private static String lane() {
        return Thread.currentThread().getName().replaceAll("-\\d+$", "");
    }
}
