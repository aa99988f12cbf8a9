package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

class SyncTurnTest {
    private static final long SHORT = TimeUnit.MICROSECONDS.toNanos(100);
    private static final long LONG = TimeUnit.MILLISECONDS.toNanos(100);

    private final AtomicLong now = new AtomicLong();
    private final SyncLoop loop = new SyncLoop(1, TimeUnit.HOURS.toNanos(1), now::get);
    private final Deque<Runnable> turnEnd = new ArrayDeque<>();
    private final SyncTurn turn = new SyncTurn(turnEnd::add);
    private long syncTakes = SHORT;
    private boolean blocked;

    /// A partition that notes who synced it.
    private final class Synced {
        final BlockingQueue<Thread> by = new LinkedBlockingQueue<>();
        final SyncLoop.Member member =
                loop.member(
                        () -> {
                            now.addAndGet(syncTakes);
                            by.add(Thread.currentThread());
                        },
                        () -> blocked);

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
        partition.member.dirty(turn);
        partition.member.dirty(turn);
        partition.member.dirty(true);
        assertThat(partition.by).isEmpty();
        endTurn();
        assertThat(partition.by).hasSize(1);
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(turn);
        endTurn();
        assertThat(partition.byThisThread()).isTrue();
    }

    @Test
    void a_second_partition_of_a_turn_is_left_to_the_threads() throws InterruptedException {
        Synced first = new Synced();
        Synced second = new Synced();
        first.member.dirty(turn);
        second.member.dirty(turn);
        assertThat(second.byThisThread()).isFalse();
        assertThat(first.by).isEmpty();
        endTurn();
        assertThat(first.byThisThread()).isTrue();
    }

    @Test
    void a_slow_disk_is_left_to_the_threads_until_it_is_fast_again() throws InterruptedException {
        Synced partition = new Synced();
        syncTakes = LONG;
        partition.member.dirty(turn);
        endTurn();
        assertThat(partition.byThisThread()).as("nobody could know").isTrue();
        partition.member.dirty(turn);
        assertThat(turnEnd).isEmpty();
        assertThat(partition.byThisThread()).isFalse();
        syncTakes = SHORT;
        int left = 0;
        do {
            assertThat(++left).isLessThan(100);
            awaitClean(partition);
            partition.member.dirty(turn);
            if (!turnEnd.isEmpty()) {
                endTurn();
            }
        } while (!partition.byThisThread());
        assertThat(left).as("one short sync says little").isGreaterThan(10);
    }

    @Test
    void the_thread_waits_for_nobody_else() throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn);
        blocked = true;
        endTurn();
        assertThat(partition.byThisThread()).isFalse();
    }

    @Test
    void what_paused_is_left_to_the_threads_as_it_may_be_much() throws InterruptedException {
        Synced partition = new Synced();
        partition.member.dirty(turn);
        endTurn();
        assertThat(partition.byThisThread()).isTrue();
        partition.member.dirty(false);
        partition.member.dirty(turn);
        assertThat(partition.byThisThread()).isFalse();
    }

    @Test
    void when_there_are_no_more_turns_the_threads_sync() throws InterruptedException {
        Executor ended =
                _ -> {
                    throw new RejectedExecutionException("the event loop has stopped");
                };
        Synced partition = new Synced();
        partition.member.dirty(new SyncTurn(ended));
        assertThat(partition.byThisThread()).isFalse();
    }

    private void endTurn() {
        turnEnd.remove().run();
    }

    /// A member is ready for a turn a little after its sync was noted.
    private static void awaitClean(Synced partition) {
        while (!partition.member.isClean()) {
            Thread.onSpinWait();
        }
    }
}
