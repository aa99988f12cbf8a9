package dev.weir.broker.partition;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/// Group commit: syncs what is dirty, over and over. While one fsync of a member runs, everything
/// appended to it meanwhile waits for the next one, which covers it all. Members take turns; each
/// is synced by one thread at a time.
///
/// Somebody who waits for a sync gets it at once. When nobody does, a member that was synced a
/// moment ago is left alone for the rest of a pause: a producer that does not ask for durability
/// would otherwise keep the disk, and the processor, busy with one small fsync after the other.
///
/// While syncs are short, a thread that appends may keep one for itself instead of handing it over
/// ([SyncTurn]): to wake a thread and to be woken by it takes as long as a short sync.
///
/// Owns its threads; any thread may mark a member dirty, which costs one compare-and-set when it is
/// queued already.
final class SyncLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SyncLoop.class);

    /// How long a sync of little may usually take for an event loop to make it: about as long as it
    /// takes to check and write a large request.
    private static final long BRIEF_NANOS = TimeUnit.MICROSECONDS.toNanos(400);

    /// The share of the latest sync in what is taken to be usual, as a power of one half.
    private static final int USUAL_SHIFT = 3;

    private final long pauseNanos;
    private final LongSupplier nanoTime;
    private final AtomicBoolean inTurn = new AtomicBoolean(); // whether a turn's end makes a sync
    private volatile long usualNanos = BRIEF_NANOS; // of a sync of little; races lose a sample
    private final List<LoopThread> threads = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition(); // for all threads that wait but one
    private final Condition time = lock.newCondition(); // for the one that minds the pauses
    private final ArrayDeque<Member> queue = new ArrayDeque<>(); // guarded by lock
    // Members that pause, about in the order in which they are due; guarded by lock. Those hurried
    // since are passed over.
    private final ArrayDeque<Paused> paused = new ArrayDeque<>();
    private int idle; // guarded by lock: threads that wait for work
    private boolean minded; // guarded by lock: whether a thread minds the pauses
    private boolean stopping; // guarded by lock

    /// @param threadCount 0 when the owner calls [#drain]
    /// @param pauseNanos from the beginning of one sync of a member to the next when nobody waits
    /// @param nanoTime a clock like [System#nanoTime]
    SyncLoop(int threadCount, long pauseNanos, LongSupplier nanoTime) {
        this.pauseNanos = pauseNanos;
        this.nanoTime = nanoTime;
        for (int i = 0; i < threadCount; i++) {
            threads.add(new LoopThread("log-sync-" + i, this::run));
        }
        threads.forEach(LoopThread::start);
    }

    /// How soon a sync is needed.
    enum Wish {
        /// Nobody waits for it: it may take the pause's time.
        LATER,
        /// Somebody waits for it; the end of a turn is soon enough.
        SOON,
        /// Somebody waits for it, who may be the one whose turn has to end.
        NOW
    }

    /// Syncs a member and handles its own failures.
    @FunctionalInterface
    interface Sync {
        /// @param briefly whether the calling thread has other things to do
        /// @return false if nothing was done as it would not have been brief
        boolean run(boolean briefly);
    }

    private enum State {
        CLEAN,
        /// Will be synced when its pause is over.
        PAUSED,
        /// Will be synced when a turn ends.
        KEPT,
        /// Will be synced by the next thread that has time.
        QUEUED,
        SYNCING,
        /// More was written while syncing; nobody waits for it.
        SYNCING_DIRTY,
        /// More was written while syncing, and somebody waits for it.
        SYNCING_WANTED
    }

    private record Paused(Member member, long dueNanos) {}

    /// Something that can be synced.
    final class Member {
        private final AtomicReference<State> state = new AtomicReference<>(State.CLEAN);
        private final Sync sync;
        private volatile long begunNanos;

        private Member(Sync sync) {
            this.sync = sync;
            begunNanos = nanoTime.getAsLong() - pauseNanos;
        }

        /// Asks for a sync that begins after now.
        void dirty(Wish wish) {
            while (true) {
                State now = state.get();
                long due = begunNanos + pauseNanos;
                boolean wanted = wish != Wish.LATER;
                State next =
                        switch (now) {
                            case CLEAN ->
                                    wanted || due - nanoTime.getAsLong() <= 0
                                            ? State.QUEUED
                                            : State.PAUSED;
                            case PAUSED -> wanted ? State.QUEUED : now;
                            case KEPT -> wish == Wish.NOW ? State.QUEUED : now;
                            case SYNCING, SYNCING_DIRTY ->
                                    wanted ? State.SYNCING_WANTED : State.SYNCING_DIRTY;
                            case QUEUED, SYNCING_WANTED -> now;
                        };
                if (next == now) {
                    return;
                }
                if (state.compareAndSet(now, next)) {
                    enqueue(this, next, due);
                    return;
                }
            }
        }

        /// Asks for a sync that begins after now, for somebody who waits for it. The thread makes
        /// it itself when its turn ends if that is brief and nothing else is to be synced.
        ///
        /// @param count appends that wait for it
        void dirty(SyncTurn turn, int count) {
            if (!threads.isEmpty() && isBrief() && state.compareAndSet(State.CLEAN, State.KEPT)) {
                turn.add(this, count);
            } else {
                turn.join(this, count);
                dirty(Wish.SOON);
            }
        }

        /// Whether a sync is usually brief enough for a thread that has other things to do.
        boolean isBrief() {
            return usualNanos <= BRIEF_NANOS;
        }

        /// How long a sync of little usually takes.
        long usualNanos() {
            return usualNanos;
        }

        /// Notes how long a sync of little took.
        void took(long nanos) {
            long usual = usualNanos;
            usualNanos = usual + ((nanos - usual) >> USUAL_SHIFT);
        }

        /// Whether nothing is left to sync.
        boolean isClean() {
            return state.get() == State.CLEAN;
        }

        /// Syncs what a turn kept, or leaves it to the threads if it would take long, or if another
        /// turn is at it: a disk that stops answering holds up one thread that has others to serve,
        /// not all of them. Does nothing if the threads have taken it.
        void endTurn() {
            if (!isBrief() || !inTurn.compareAndSet(false, true)) {
                handOver();
                return;
            }
            try {
                if (state.compareAndSet(State.KEPT, State.SYNCING)) {
                    run(true);
                }
            } finally {
                inTurn.set(false);
            }
        }

        /// Leaves to the threads what a turn kept.
        void handOver() {
            if (state.compareAndSet(State.KEPT, State.QUEUED)) {
                enqueue(this, State.QUEUED, 0);
            }
        }

        private void syncNow() {
            state.set(State.SYNCING);
            run(false);
        }

        private void run(boolean briefly) {
            begunNanos = nanoTime.getAsLong();
            boolean done = true;
            try {
                done = sync.run(briefly);
            } catch (RuntimeException | Error e) {
                LOG.error("sync failed", e);
            }
            while (true) {
                State now = state.get();
                State next =
                        switch (now) {
                            case SYNCING -> done ? State.CLEAN : State.QUEUED;
                            case SYNCING_DIRTY -> done ? State.PAUSED : State.QUEUED;
                            default -> State.QUEUED;
                        };
                if (state.compareAndSet(now, next)) {
                    enqueue(this, next, begunNanos + pauseNanos);
                    return;
                }
            }
        }
    }

    Member member(Sync sync) {
        return new Member(sync);
    }

    private void enqueue(Member member, State state, long dueNanos) {
        if (state != State.QUEUED && state != State.PAUSED) {
            return;
        }
        lock.lock();
        try {
            if (state == State.QUEUED) {
                queue.add(member);
                wake();
            } else {
                paused.add(new Paused(member, dueNanos));
                if (!minded) {
                    wake();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Members that wait to be synced.
    int pending() {
        lock.lock();
        try {
            return queue.size() + paused.size();
        } finally {
            lock.unlock();
        }
    }

    /// Syncs what is dirty now on the calling thread.
    void drain() {
        while (true) {
            Member next;
            lock.lock();
            try {
                resume(Long.MAX_VALUE);
                next = queue.poll();
            } finally {
                lock.unlock();
            }
            if (next == null) {
                return;
            }
            next.syncNow();
        }
    }

    /// Queues the members whose pause is over.
    ///
    /// @param leftNanos how much of the pause may be left; Long.MAX_VALUE for any
    private void resume(long leftNanos) {
        long now = nanoTime.getAsLong();
        while (!paused.isEmpty() && paused.peek().dueNanos - now <= leftNanos) {
            Member member = paused.remove().member;
            if (member.state.compareAndSet(State.PAUSED, State.QUEUED)) {
                queue.add(member);
            }
        }
    }

    private void run() {
        while (true) {
            try {
                Member next = take();
                if (next == null) {
                    return;
                }
                next.syncNow();
            } catch (InterruptedException e) {
                LOG.warn("interrupted; only close() ends this thread");
            }
        }
    }

    /// The next member to sync; null when the loop is closed and all is synced.
    private Member take() throws InterruptedException {
        lock.lock();
        try {
            while (true) {
                resume(stopping ? Long.MAX_VALUE : 0);
                Member next = queue.poll();
                if (next != null) {
                    if (!queue.isEmpty() || (!paused.isEmpty() && !minded)) {
                        wake();
                    }
                    return next;
                }
                if (stopping) {
                    return null;
                }
                if (paused.isEmpty() || minded) {
                    idle++;
                    try {
                        work.await();
                    } finally {
                        idle--;
                    }
                    continue;
                }
                long nanos = paused.peek().dueNanos - nanoTime.getAsLong();
                if (nanos > 0) {
                    minded = true;
                    try {
                        var _ = time.awaitNanos(nanos);
                    } finally {
                        minded = false;
                    }
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Wakes a thread that has nothing to do, if there is one; under the lock. Who minds the pauses
    /// is left to that as long as another can come.
    private void wake() {
        if (idle > 0) {
            work.signal();
        } else if (minded) {
            time.signal();
        }
    }

    /// Lets the threads finish what is queued and ends them.
    @Override
    public void close() {
        lock.lock();
        try {
            stopping = true;
            work.signalAll();
            time.signalAll();
        } finally {
            lock.unlock();
        }
        threads.forEach(LoopThread::awaitEnd);
    }
}
