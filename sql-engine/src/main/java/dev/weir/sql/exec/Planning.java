package dev.weir.sql.exec;

import dev.weir.sql.error.Checkpoint;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// Where statements are parsed, analyzed, planned and compiled: on few threads, each for a limited
/// time, so that those who send what takes long do not keep the processors from everybody else.
///
/// There are two lanes. A statement begins in the quick one; when its *turn* is over before it is
/// planned, it starts again from its text in the long one, which has threads and a queue of its
/// own. So the small statements of others wait for some turns at most. Very long texts begin in the
/// long lane at once. What is not planned by its deadline, counted from when it was handed in, is
/// ended at its next [Checkpoint], and its client is told.
///
/// Thread-safe. What is handed in must change nothing, as it may be done twice.
final class Planning implements AutoCloseable {
    /// Statements of more characters are not tried in the quick lane.
    private static final int LONG_TEXT = 32 * 1024;

    private static final Duration IDLE = Duration.ofSeconds(30);

    private final Limits limits;
    private final LongSupplier nanoClock;
    private final ThreadPoolExecutor quick;
    private final ThreadPoolExecutor slow;

    /// @param quickThreads that statements begin on
    /// @param longThreads for those that take longer
    /// @param quickWaiting statements that may wait to begin
    /// @param longWaiting of those that take longer
    /// @param turn how long a statement may take in the quick lane
    /// @param deadline how long it may take in all, with the time it waits
    record Limits(
            int quickThreads,
            int longThreads,
            int quickWaiting,
            int longWaiting,
            Duration turn,
            Duration deadline) {
        /// Half of the cores for what takes long.
        static Limits of(Duration deadline) {
            int cores = Runtime.getRuntime().availableProcessors();
            return new Limits(
                    Math.max(2, cores / 2),
                    Math.max(1, cores / 2),
                    2_000,
                    100,
                    Duration.ofMillis(250),
                    deadline);
        }
    }

    /// @param nanoClock as [System#nanoTime]
    Planning(Limits limits, LongSupplier nanoClock) {
        this.limits = limits;
        this.nanoClock = nanoClock;
        quick = lane("sql-plan", limits.quickThreads(), limits.quickWaiting());
        slow = lane("sql-plan-long", limits.longThreads(), limits.longWaiting());
    }

    private static ThreadPoolExecutor lane(String name, int threads, int waiting) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor lane =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        IDLE.toMillis(),
                        TimeUnit.MILLISECONDS,
                        new LinkedBlockingQueue<>(waiting),
                        work ->
                                Thread.ofPlatform()
                                        .name(name + "-" + number.getAndIncrement())
                                        .daemon()
                                        .unstarted(work));
        lane.allowCoreThreadTimeOut(true);
        return lane;
    }

    /// Has something planned and waits for it.
    ///
    /// @param session whose [SqlSession#endPlanning] ends it
    /// @param textLength of the statement
    /// @throws SqlException QUERY_CANCELED when it was ended, by its client or its deadline;
    ///   INSUFFICIENT_RESOURCES when too many wait; and whatever the work throws
    <T> T plan(SqlSession session, int textLength, Supplier<T> work) {
        Task<T> task = new Task<>(work);
        session.planning(task);
        try {
            task.start(textLength > LONG_TEXT);
            return task.result.get();
        } catch (InterruptedException _) {
            task.end();
            Thread.currentThread().interrupt();
            throw cancelled();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException thrown -> throw thrown;
                case Error thrown -> throw thrown;
                default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            session.planning(null);
        }
    }

    /// Statements that are being planned or wait for it, in both lanes.
    int statements() {
        return quick.getActiveCount()
                + quick.getQueue().size()
                + slow.getActiveCount()
                + slow.getQueue().size();
    }

    /// Refuses what comes, and ends what is being planned.
    @Override
    public void close() {
        quick.shutdown();
        slow.shutdown();
    }

    private static SqlException cancelled() {
        return new SqlException(SqlState.QUERY_CANCELED, "canceling statement due to user request");
    }

    /// Thrown at checkpoints. Whoever planned may make something else of it, so that it says
    /// nothing: the task knows why it was ended.
    private static final class EndedException extends RuntimeException {
        EndedException() {
            super("the planning was ended", null, false, false);
        }
    }

    /// One statement on its way. One thread at a time works on it; any may end it.
    final class Task<T> implements Runnable, Checkpoint {
        private final Supplier<T> work;
        private final CompletableFuture<T> result = new CompletableFuture<>();
        private final long startedAt = nanoClock.getAsLong();
        private volatile boolean ended;
        private boolean inTurn;
        private long turnFrom;
        private boolean turnIsOver;

        private Task(Supplier<T> work) {
            this.work = work;
        }

        private void start(boolean isLong) {
            try {
                inTurn = !isLong;
                (isLong ? slow : quick).execute(this);
            } catch (RejectedExecutionException _) {
                result.completeExceptionally(refusal());
            }
        }

        /// Ends it at its next checkpoint.
        void end() {
            ended = true;
        }

        @Override
        public void run() {
            turnFrom = nanoClock.getAsLong();
            try {
                result.complete(
                        Checkpoint.during(
                                this,
                                () -> {
                                    reached();
                                    return work.get();
                                }));
            } catch (RuntimeException | Error e) {
                if (turnIsOver) {
                    turnIsOver = false;
                    start(true);
                } else {
                    result.completeExceptionally(reason(e));
                }
            }
        }

        @Override
        public void reached() {
            if (ended || isLate() || quick.isShutdown()) {
                throw new EndedException();
            }
            if (inTurn && nanoClock.getAsLong() - turnFrom > limits.turn().toNanos()) {
                turnIsOver = true;
                throw new EndedException();
            }
        }

        private boolean isLate() {
            return nanoClock.getAsLong() - startedAt > limits.deadline().toNanos();
        }

        private Throwable reason(Throwable thrown) {
            if (quick.isShutdown()) {
                return refusal();
            }
            if (ended) {
                return cancelled();
            }
            return isLate()
                    ? new SqlException(
                            SqlState.QUERY_CANCELED,
                            null,
                            "the statement was not planned within "
                                    + limits.deadline().toMillis()
                                    + " ms",
                            "Split it, or give it more time with the server's"
                                    + " sql.planning.timeout.ms.")
                    : thrown;
        }

        private SqlException refusal() {
            return quick.isShutdown()
                    ? new SqlException(SqlState.ADMIN_SHUTDOWN, "the engine is shutting down")
                    : new SqlException(
                            SqlState.INSUFFICIENT_RESOURCES,
                            null,
                            "too many statements wait to be planned",
                            "Try again later, with fewer at a time or shorter ones.");
        }
    }
}
