package dev.weir.broker.partition;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicReference;

/// Group commit: syncs what is dirty, over and over. While one fsync of a member runs, everything
/// appended to it meanwhile waits for the next one, which covers it all. Members take turns; each
/// is synced by one thread at a time.
///
/// Owns its threads; any thread may mark a member dirty, which costs one compare-and-set when it is
/// queued already.
final class SyncLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SyncLoop.class);

    private final LinkedBlockingQueue<Member> queue = new LinkedBlockingQueue<>();
    private final List<Thread> threads = new ArrayList<>();
    private final Member stop = new Member(() -> {});

    /// @param threadCount 0 when the owner calls [#drain]
    SyncLoop(int threadCount) {
        for (int i = 0; i < threadCount; i++) {
            threads.add(Thread.ofPlatform().name("log-sync-" + i).daemon().start(this::run));
        }
    }

    private enum State {
        CLEAN,
        QUEUED,
        SYNCING,
        /// More was written while syncing.
        SYNCING_DIRTY
    }

    /// Something that can be synced.
    final class Member {
        private final AtomicReference<State> state = new AtomicReference<>(State.CLEAN);
        private final Runnable sync;

        private Member(Runnable sync) {
            this.sync = sync;
        }

        /// Asks for a sync that begins after now.
        void dirty() {
            while (true) {
                State now = state.get();
                if (now == State.QUEUED || now == State.SYNCING_DIRTY) {
                    return;
                }
                State next = now == State.CLEAN ? State.QUEUED : State.SYNCING_DIRTY;
                if (state.compareAndSet(now, next)) {
                    if (next == State.QUEUED) {
                        queue.add(this);
                    }
                    return;
                }
            }
        }

        private void syncNow() {
            state.set(State.SYNCING);
            try {
                sync.run();
            } catch (RuntimeException | Error e) {
                LOG.error("sync failed", e);
            }
            if (!state.compareAndSet(State.SYNCING, State.CLEAN)) {
                state.set(State.QUEUED);
                queue.add(this);
            }
        }
    }

    /// @param sync syncs the member; handles its own failures
    Member member(Runnable sync) {
        return new Member(sync);
    }

    /// Syncs what is dirty now on the calling thread.
    void drain() {
        Member next = queue.poll();
        while (next != null) {
            next.syncNow();
            next = queue.poll();
        }
    }

    private void run() {
        while (true) {
            try {
                Member next = queue.take();
                if (next == stop) {
                    return;
                }
                next.syncNow();
            } catch (InterruptedException e) {
                LOG.warn("interrupted; only close() ends this thread");
            }
        }
    }

    /// Lets the threads finish what is queued and ends them.
    @Override
    public void close() {
        for (int i = 0; i < threads.size(); i++) {
            queue.add(stop);
        }
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
