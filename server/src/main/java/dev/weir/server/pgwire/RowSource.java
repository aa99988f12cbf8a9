package dev.weir.server.pgwire;

import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.PushQuery;

import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.function.BooleanSupplier;

/// The rows of a result, taken a few at a time. One conversation's; [#close] may come from any
/// thread.
sealed interface RowSource extends AutoCloseable {
    /// Hands on at most `most` rows.
    ///
    /// @param most 0 for all
    /// @param early asked while rows are there and more are waited for: true when the client wants
    ///   what there is
    /// @return true when there are no more
    boolean take(long most, BooleanSupplier early, Sink sink) throws InterruptedException;

    @Override
    void close();

    /// Where rows go.
    interface Sink {
        void row(Object[] values);

        /// What was sent so far may be all for a while.
        void pause();

        /// @throws RuntimeException when the client is gone or has cancelled
        void check();
    }

    /// All rows are there.
    final class Finished implements RowSource {
        private final Iterator<Object[]> rows;

        Finished(List<Object[]> rows) {
            this.rows = rows.iterator();
        }

        @Override
        public boolean take(long most, BooleanSupplier early, Sink sink) {
            long taken = 0;
            while (rows.hasNext() && (most == 0 || taken < most)) {
                if ((taken & 255) == 0) {
                    sink.check();
                }
                sink.row(rows.next());
                taken++;
            }
            return most == 0 || taken < most;
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    /// Rows come for ever. The key of a row that went comes with NULL in the other columns.
    final class Live implements RowSource {
        /// How long a batch that has rows waits for more when the client wants what there is.
        private static final long LINGER_NANOS = Duration.ofMillis(50).toNanos();

        private static final Duration LOOK_UP_EVERY = Duration.ofSeconds(1);

        private final PushQuery query;
        private Iterator<PushQuery.Change> step = List.<PushQuery.Change>of().iterator();
        private boolean ended;

        Live(PushQuery query) {
            this.query = query;
        }

        @Override
        public boolean take(long most, BooleanSupplier early, Sink sink)
                throws InterruptedException {
            long taken = 0;
            long firstAt = 0;
            while (most == 0 || taken < most) {
                sink.check();
                if (step.hasNext()) {
                    if (taken++ == 0) {
                        firstAt = System.nanoTime();
                    }
                    sink.row(step.next().values());
                    continue;
                }
                if (ended) {
                    return true;
                }
                Duration wait = LOOK_UP_EVERY;
                if (most == 0) {
                    sink.pause();
                } else if (taken > 0) {
                    long left = LINGER_NANOS - (System.nanoTime() - firstAt);
                    if (left <= 0 && early.getAsBoolean()) {
                        return false;
                    }
                    wait = Duration.ofNanos(left > 0 ? left : LINGER_NANOS);
                }
                next(sink, wait);
            }
            return false;
        }

        private void next(Sink sink, Duration wait) throws InterruptedException {
            try {
                PushQuery.Step next = query.poll(wait);
                if (next != null) {
                    step = next.rows().iterator();
                    ended = next.end();
                }
            } catch (SqlException e) {
                // Closing the query is how it is cancelled, so this may be the consequence.
                if (e.state() != SqlState.ADMIN_SHUTDOWN) {
                    sink.check();
                }
                throw e;
            }
            sink.check();
        }

        @Override
        public void close() {
            query.close();
        }
    }
}
