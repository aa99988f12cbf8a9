package dev.weir.broker.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.junit.jupiter.api.Test;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

class LateStartTest {
    private final HandWorker worker = new HandWorker();
    private int starts;
    private RuntimeException trouble;
    private final LateStart<String> late = new LateStart<>("coordinator", worker, this::start);

    private void start(CompletableFuture<String> starting) {
        starts++;
        if (trouble != null) {
            throw trouble;
        }
        starting.complete("started");
    }

    @Test
    void it_is_started_once_when_it_is_first_asked_for() {
        worker.run();
        assertThat(starts).isZero();
        var first = late.get();
        var second = late.get();
        assertThat(first).isNotDone();
        worker.run();
        assertThat(first).isCompletedWithValue("started");
        assertThat(second).isCompletedWithValue("started");
        assertThat(late.get()).isCompletedWithValue("started");
        assertThat(starts).isEqualTo(1);
    }

    @Test
    void after_a_failure_whoever_asks_next_has_it_started_again() {
        trouble = new IllegalStateException("no room");
        var failed = late.get();
        worker.run();
        assertUnavailable(failed, "the coordinator cannot start: no room");
        trouble = null;
        var again = late.get();
        worker.run();
        assertThat(again).isCompletedWithValue("started");
        assertThat(starts).isEqualTo(2);
    }

    @Test
    void once_it_is_stopped_nothing_starts_any_more() {
        var done = new ArrayList<String>();
        late.stop(() -> done.add("closed"));
        late.stop(() -> done.add("closed twice"));
        assertThat(done).containsExactly("closed");
        assertUnavailable(late.get(), "the broker is shutting down");
        assertThat(starts).isZero();
    }

    private static void assertUnavailable(CompletableFuture<String> failed, String why) {
        assertThatThrownBy(failed::join)
                .hasMessageContaining(why)
                .cause()
                .isInstanceOfSatisfying(
                        BrokerException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.COORDINATOR_NOT_AVAILABLE));
    }

    /// A worker that works when it is told to, and does what is left when it ends.
    private static final class HandWorker extends AbstractExecutorService {
        private final Deque<Runnable> tasks = new ArrayDeque<>();
        private boolean shutdown;

        void run() {
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
        }

        @Override
        public void execute(Runnable task) {
            if (shutdown) {
                throw new RejectedExecutionException("shut down");
            }
            tasks.add(task);
        }

        @Override
        public void shutdown() {
            shutdown = true;
        }

        @Override
        public List<Runnable> shutdownNow() {
            throw new UnsupportedOperationException("what was begun is to be finished");
        }

        @Override
        public boolean isShutdown() {
            return shutdown;
        }

        @Override
        public boolean isTerminated() {
            return shutdown && tasks.isEmpty();
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            run();
            return true;
        }
    }
}
