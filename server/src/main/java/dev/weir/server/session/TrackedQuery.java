package dev.weir.server.session;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.PushQuery;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/// A push query that the server can end at shutdown, whoever reads it.
final class TrackedQuery implements PushQuery {
    private static final Logger LOGGER = LoggerFactory.getLogger(TrackedQuery.class);

    private final PushQuery query;
    private final Consumer<TrackedQuery> whenClosed;
    private volatile boolean shutDown;

    TrackedQuery(PushQuery query, Consumer<TrackedQuery> whenClosed) {
        this.query = query;
        this.whenClosed = whenClosed;
    }

    static SqlException shuttingDown() {
        return new SqlException(SqlState.ADMIN_SHUTDOWN, null, "the server is shutting down", null);
    }

    @Override
    public String id() {
        return query.id();
    }

    @Override
    public Schema schema() {
        return query.schema();
    }

    @Override
    public boolean isTable() {
        return query.isTable();
    }

    @Override
    public Optional<List<Integer>> key() {
        return query.key();
    }

    @Override
    public Step poll(Duration wait) throws InterruptedException {
        if (shutDown) {
            throw shuttingDown();
        }
        try {
            Step step = query.poll(wait);
            if (shutDown) {
                throw shuttingDown();
            }
            return step;
        } catch (SqlException e) {
            throw e;
        } catch (RuntimeException e) {
            LOGGER.error("push query {} failed unexpectedly", id(), e);
            throw new SqlException(
                    SqlState.INTERNAL_ERROR,
                    null,
                    "internal error: " + e,
                    "This is a bug in Weir; the server's log has the details.",
                    e);
        }
    }

    void shutDown() {
        shutDown = true;
        query.close();
    }

    @Override
    public void close() {
        whenClosed.accept(this);
        query.close();
    }
}
