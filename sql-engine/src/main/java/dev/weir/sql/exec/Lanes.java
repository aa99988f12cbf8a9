package dev.weir.sql.exec;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/// The threads that share the work of a step. Lane 0 is whoever calls [#run], one thread at a time;
/// the others are started when they are first needed, and wait in between: for a short while
/// busily, as the next stage usually follows at once, then parked.
final class Lanes implements AutoCloseable {
    /// Some tens of microseconds: about what it costs to wake a parked thread.
    private static final int SPINS = 2_000;

    private final int count;
    private final int fewestRows;
    private final AtomicInteger running = new AtomicInteger();
    private final Throwable[] thrown;
    private Helper[] helpers;
    private Work work;
    private volatile Thread caller;
    private volatile int round;
    private volatile boolean closed;

    /// What each lane does.
    @FunctionalInterface
    interface Work {
        void run(int lane);
    }

    /// @param fewestRows rows from which on it pays to share work between threads
    Lanes(int count, int fewestRows) {
        this.count = count;
        this.fewestRows = fewestRows;
        thrown = new Throwable[count];
    }

    int count() {
        return count;
    }

    /// Whether work over that many rows is worth more than one thread.
    boolean shares(long rows) {
        return count > 1 && rows >= fewestRows;
    }

    /// Does the work of all lanes, and returns when all have.
    ///
    /// @param shared whether each does its own, or the caller one after the other
    void run(boolean shared, Work all) {
        if (!shared) {
            for (int lane = 0; lane < count; lane++) {
                all.run(lane);
            }
            return;
        }
        if (helpers == null) {
            startHelpers();
        }
        work = all;
        caller = Thread.currentThread();
        running.set(count);
        int next = round + 1;
        round = next;
        for (Helper helper : helpers) {
            helper.wake();
        }
        perform(0);
        for (int spins = 0; running.get() > 0; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
        rethrow();
    }

    private void startHelpers() {
        helpers = new Helper[count - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = new Helper(i + 1, round);
            helpers[i].thread.start();
        }
    }

    private void perform(int lane) {
        try {
            work.run(lane);
        } catch (RuntimeException | Error e) {
            thrown[lane] = e;
        } finally {
            if (running.decrementAndGet() == 0 && lane > 0) {
                LockSupport.unpark(caller);
            }
        }
    }

    private void rethrow() {
        Throwable first = null;
        for (int lane = 0; lane < count; lane++) {
            if (first == null) {
                first = thrown[lane];
            } else if (thrown[lane] != null) {
                first.addSuppressed(thrown[lane]);
            }
            thrown[lane] = null;
        }
        switch (first) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(first);
        }
    }

    private final class Helper {
        private final int lane;
        private final Thread thread;
        private int done;
        private volatile boolean parked;

        Helper(int lane, int done) {
            this.lane = lane;
            this.done = done;
            thread = Thread.ofPlatform().name("sql-worker-" + lane).daemon().unstarted(this::loop);
        }

        private void loop() {
            int spins = 0;
            while (!closed) {
                if (round != done) {
                    done++;
                    perform(lane);
                    spins = 0;
                } else if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    parked = true;
                    if (round == done && !closed) {
                        LockSupport.park(Lanes.this);
                    }
                    parked = false;
                }
            }
        }

        void wake() {
            if (parked) {
                LockSupport.unpark(thread);
            }
        }
    }

    /// Ends the threads. Nobody may call [#run] any more.
    @Override
    public void close() {
        closed = true;
        if (helpers == null) {
            return;
        }
        boolean interrupted = false;
        for (Helper helper : helpers) {
            LockSupport.unpark(helper.thread);
            while (helper.thread.isAlive()) {
                try {
                    helper.thread.join();
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
