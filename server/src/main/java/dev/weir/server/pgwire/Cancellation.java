package dev.weir.server.pgwire;

import dev.weir.server.net.PacedWriter;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.SqlSession;

import java.util.function.BooleanSupplier;

/// How a conversation's statement is ended from outside. The conversation's thread reads and
/// checks; any thread may cancel.
final class Cancellation {
    private final PacedWriter writer;
    private final SqlSession session;
    private volatile boolean cancelled;
    private volatile RowSource reading;

    Cancellation(PacedWriter writer, SqlSession session) {
        this.writer = writer;
        this.session = session;
    }

    /// A new statement begins; what was meant for the one before does not touch it.
    void begin() {
        cancelled = false;
    }

    /// Takes rows, as [RowSource#take], which may be ended from outside meanwhile. What fails is
    /// closed, too: a cancel that came before the reading began has ended nothing yet.
    boolean read(RowSource rows, long most, BooleanSupplier early, RowSource.Sink sink)
            throws InterruptedException {
        reading = rows;
        try {
            return rows.take(most, early, sink);
        } catch (SqlException e) {
            rows.close();
            throw e;
        } finally {
            reading = null;
        }
    }

    /// Ends the statement that is running, for its client sees "canceling statement due to user
    /// request". A finished result that is being computed is not interrupted.
    void cancel() {
        cancelled = true;
        session.endPlanning();
        endReading();
    }

    /// Ends the result that is being waited for, if there is one.
    void endReading() {
        RowSource rows = reading;
        if (rows != null) {
            rows.close();
        }
    }

    /// @throws SqlException QUERY_CANCELED when the client has asked for it
    /// @throws dev.weir.server.net.ClientGoneException when it has gone
    void check() {
        if (cancelled) {
            throw new SqlException(
                    SqlState.QUERY_CANCELED, "canceling statement due to user request");
        }
        writer.checkOpen();
    }
}
