package dev.weir.sql.exec;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.state.PointState;

import java.util.Optional;

/// A relation as it runs: it takes part in steps, keeps its rows if it is a table, and hands its
/// delta to those who read it. Belongs to the thread that steps, but for what is said to be for any
/// thread.
sealed interface Node permits SourceNode, QueryNode {
    /// Any thread.
    Relation relation();

    /// The statement that made it. Any thread.
    Statement statement();

    /// The rows of a table, for snapshots. Any thread.
    Optional<PointState> rows();

    /// Lets a scan read from the next step on.
    ///
    /// @param durable true for a persistent query
    void subscribe(Circuit.Scan scan, boolean durable);

    void unsubscribe(Circuit.Scan scan, boolean durable);

    /// Everything the step brings has been delivered.
    void endStep();

    /// Stops it for good; its rows stay.
    void fail(String error);

    /// Why it stopped. Any thread.
    Optional<String> error();

    /// What went wrong since the last call, if anything did.
    Optional<RuntimeException> takeFailure();

    /// Takes back what it wrote in the step being computed.
    void dropOutputs();

    /// Frees what it holds outside of the heap.
    void close();
}
