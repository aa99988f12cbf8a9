package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

class SyncTurnTest {
    private static final long SHORT = TimeUnit.MICROSECONDS.toNanos(100);
    private static final long LONG = TimeUnit.MILLISECONDS.toNanos(100);

    private final SyncLoop loop = new SyncLoop(1, TimeUnit.HOURS.toNanos(1), () -> 0);
    private final Loop thread = new Loop();
    private final SyncTurn turn = new SyncTurn(thread);
    private long syncTakes = SHORT;
    private boolean busy;
    private volatile Runnable meanwhile = () -> {}; // once, while a partition is synced

    /// An event loop whose turns and whose time are moved by hand.
    private static final class Loop implements SyncTurn.Turns {
        final Deque<Runnable> tasks = new ArrayDeque<>();
        final List<Timer> timers = new ArrayList<>();
        boolean stopped;

        /// A task for later.
        final class Timer extends FutureTask<Void> {
            final long nanos;

            Timer(Runnable task, long nanos) {
                super(task, null);
                this.nanos = nanos;
            }

            @Override
            public boolean cancel(boolean interrupt) {
                timers.remove(this);
                return super.cancel(interrupt);
            }
        }

        @Override
        public void atEnd(Runnable task) {
            if (stopped) {
                throw new RejectedExecutionException("the event loop has stopped");
            }
            tasks.add(task);
        }

        @Override
        public Future<?> later(Runnable task, long nanos) {
            Timer timer = new Timer(task, nanos);
            timers.add(timer);
            return timer;
        }

        void endTurn() {
            tasks.remove().run();
        }

        void expire() {
            timers.removeFirst().run();
        }
    }

    /// A partition that notes who synced it.
    private final class Synced {
        final BlockingQueue<Thread> by = new LinkedBlockingQueue<>();
        final SyncLoop.Member member = loop.member(this::sync);

        private boolean sync(boolean briefly) {
            if (briefly && busy) {
                return false;
            }
            meanwhile.run();
            member.took(syncTakes);
            by.add(Thread.currentThread());
            return true;
        }

        boolean byThisThread() throws InterruptedException {
            Thread thread = by.poll(30, TimeUnit.SECONDS);
            assertThat(thread).as("whoever synced it").isNotNull();
            return thread == Thread.currentThread();
        }
    }

    @AfterEach
    void end() {
        loop.close();
    }

    @Test
    void all_appends_of_a_turn_are_synced_once_by_the_thread_that_made_them()
            throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn, 1);
        partition.member.dirty(turn, 1);
        partition.member.dirty(SyncLoop.Wish.SOON);
        assertThat(partition.by).isEmpty();
        thread.endTurn();
        assertThat(partition.by).hasSize(1);
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(turn, 2);
        thread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
    }

    @Test
    void a_second_partition_of_a_turn_is_left_to_the_threads() throws InterruptedException {
        Synced first = new Synced();
        Synced second = new Synced();
        first.member.dirty(turn, 1);
        second.member.dirty(turn, 1);
        assertThat(second.byThisThread()).isFalse();
        assertThat(first.by).isEmpty();
        thread.endTurn();
        assertThat(first.byThisThread()).isTrue();
    }

    @Test
    void a_slow_disk_is_left_to_the_threads_until_it_is_fast_again() throws InterruptedException {
        Synced partition = new Synced();
        syncTakes = LONG;
        partition.member.dirty(turn, 1);
        thread.endTurn();
        assertThat(partition.byThisThread()).as("nobody could know").isTrue();
        partition.member.dirty(turn, 1);
        assertThat(thread.tasks).isEmpty();
        assertThat(partition.byThisThread()).isFalse();
        syncTakes = SHORT;
        int left = 0;
        do {
            assertThat(++left).isLessThan(100);
            awaitClean(partition);
            partition.member.dirty(turn, 1);
            if (!thread.tasks.isEmpty()) {
                thread.endTurn();
            }
        } while (!partition.byThisThread());
        assertThat(left).as("one short sync says little").isGreaterThan(10);
    }

    @Test
    void what_cannot_be_done_briefly_is_left_to_the_threads() throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn, 1);
        busy = true;
        thread.endTurn();
        assertThat(partition.byThisThread()).isFalse();
    }

    @Test
    void who_cannot_wait_for_the_end_of_the_turn_gets_a_thread() throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn, 1);
        partition.member.dirty(SyncLoop.Wish.NOW);
        assertThat(partition.byThisThread()).isFalse();
        thread.endTurn();
        assertThat(partition.by).isEmpty();
    }

    @Test
    void what_one_thread_keeps_is_synced_for_another_too() throws InterruptedException {
        Loop otherThread = new Loop();
        SyncTurn other = new SyncTurn(otherThread);
        Synced partition = new Synced();
        partition.member.dirty(turn, 1);
        partition.member.dirty(other, 1);
        assertThat(otherThread.tasks).isEmpty();
        thread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(other, 1);
        otherThread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
    }

    @Test
    void a_disk_holds_up_one_thread_at_a_time() throws InterruptedException {
        Loop otherThread = new Loop();
        Synced first = new Synced();
        Synced second = new Synced();
        first.member.dirty(turn, 1);
        second.member.dirty(new SyncTurn(otherThread), 1);
        meanwhile =
                () -> {
                    meanwhile = () -> {};
                    otherThread.endTurn();
                };
        thread.endTurn();
        assertThat(first.byThisThread()).isTrue();
        assertThat(second.byThisThread()).isFalse();
    }

    @Test
    void what_paused_is_left_to_the_threads_as_it_may_be_much() throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn, 1);
        thread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(SyncLoop.Wish.LATER);
        partition.member.dirty(turn, 1);
        assertThat(partition.byThisThread()).isFalse();
    }

    @Test
    void when_there_are_no_more_turns_the_threads_sync() throws InterruptedException {
        thread.stopped = true;
        Synced partition = new Synced();
        partition.member.dirty(turn, 1);
        assertThat(partition.byThisThread()).isFalse();
    }

    @Test
    void a_turn_waits_for_those_whom_the_last_sync_answered() throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn, 5);
        thread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(turn, 1);
        thread.endTurn();
        partition.member.dirty(turn, 3);
        thread.endTurn();
        assertThat(partition.by).as("one of five is missing").isEmpty();
        partition.member.dirty(turn, 1);
        thread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
        assertThat(thread.timers).as("that still run").isEmpty();
    }

    @Test
    void it_waits_for_a_while_only_and_then_expects_fewer() throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn, 5);
        thread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(turn, 2);
        thread.endTurn();
        assertThat(partition.by).isEmpty();
        assertThat(thread.timers.getFirst().nanos).isBetween(SHORT, 4 * SHORT);
        thread.expire();
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(turn, 2);
        thread.endTurn();
        assertThat(partition.byThisThread()).isTrue();
    }

    @Test
    void of_another_partition_nothing_is_expected() throws InterruptedException {
        Synced first = new Synced();
        Synced second = new Synced();
        first.member.dirty(turn, 5);
        thread.endTurn();
        assertThat(first.byThisThread()).isTrue();
        second.member.dirty(turn, 1);
        thread.endTurn();
        assertThat(second.byThisThread()).isTrue();
    }

    @Test
    void while_it_waits_others_are_left_to_the_threads() throws InterruptedException {
        Synced first = new Synced();
        Synced second = new Synced();
        first.member.dirty(turn, 5);
        thread.endTurn();
        assertThat(first.byThisThread()).isTrue();
        first.member.dirty(turn, 1);
        thread.endTurn();
        second.member.dirty(turn, 1);
        assertThat(second.byThisThread()).isFalse();
        thread.expire();
        assertThat(first.byThisThread()).isTrue();
    }

    /// A member is ready for a turn a little after its sync was noted.
    private static void awaitClean(Synced partition) {
        while (!partition.member.isClean()) {
            Thread.onSpinWait();
        }
    }
}
