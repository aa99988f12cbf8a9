package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

class SyncLoopTest {
    private final Semaphore firstSyncs = new Semaphore(0);
    private final Semaphore secondSyncs = new Semaphore(0);

    @Test
    void a_member_synced_a_moment_ago_pauses_until_somebody_waits_for_it()
            throws InterruptedException {
        SyncLoop loop = new SyncLoop(1, TimeUnit.HOURS.toNanos(1), System::nanoTime);
        SyncLoop.Member first = member(loop, firstSyncs);
        SyncLoop.Member second = member(loop, secondSyncs);
        first.dirty(SyncLoop.Wish.LATER);
        await(firstSyncs);

        first.dirty(SyncLoop.Wish.LATER);
        second.dirty(SyncLoop.Wish.SOON);
        await(secondSyncs); // the only thread would have come to the first member before
        assertThat(firstSyncs.availablePermits()).isZero();

        first.dirty(SyncLoop.Wish.SOON);
        await(firstSyncs);

        first.dirty(SyncLoop.Wish.LATER);
        loop.close();
        assertThat(firstSyncs.availablePermits()).isEqualTo(1);
    }

    @Test
    void a_pause_ends_by_itself() throws InterruptedException {
        try (SyncLoop loop = new SyncLoop(2, TimeUnit.MILLISECONDS.toNanos(1), System::nanoTime)) {
            SyncLoop.Member member = member(loop, firstSyncs);
            for (int i = 0; i < 20; i++) {
                member.dirty(SyncLoop.Wish.LATER);
                await(firstSyncs);
            }
        }
    }

    @Test
    void draining_ends_all_pauses() {
        try (SyncLoop loop = new SyncLoop(0, TimeUnit.HOURS.toNanos(1), System::nanoTime)) {
            SyncLoop.Member member = member(loop, firstSyncs);
            member.dirty(SyncLoop.Wish.LATER);
            loop.drain();
            member.dirty(SyncLoop.Wish.LATER);
            loop.drain();
            assertThat(firstSyncs.availablePermits()).isEqualTo(2);
        }
    }

    private static SyncLoop.Member member(SyncLoop loop, Semaphore syncs) {
        return loop.member(_ -> {
            syncs.release();
            return true;
        });
    }

    private static void await(Semaphore syncs) throws InterruptedException {
        assertThat(syncs.tryAcquire(30, TimeUnit.SECONDS)).isTrue();
    }
}
