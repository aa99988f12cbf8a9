package dev.weir.sql.exec;

import dev.weir.sql.catalog.Relation;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.state.PointStates;

import java.util.Optional;

/// A relation as it runs: it takes part in steps, keeps its rows if it is a table, and hands its
/// delta to those who read it. Belongs to the thread that steps, but for what is said to be for a
/// lane's or any thread.
sealed interface Node permits SourceNode, QueryNode {
    /// Any thread.
    Relation relation();

    /// The statement that made it. Any thread.
    Statement statement();

    /// The rows of a table, for snapshots. Any thread.
    Optional<PointStates> rows();

    /// Lets a scan read from the next step on.
    ///
    /// @param durable true for a persistent query
    void subscribe(Circuit.Scan scan, boolean durable);

    void unsubscribe(Circuit.Scan scan, boolean durable);

    /// The reader of its topic, while there is one.
    Optional<SourceReader> reader();

    /// True when what is read must be journalled: it goes into state that lasts.
    boolean isDurable();

    /// Says which lane reads what up to `to`.
    ///
    /// @param shared whether lanes run at the same time; if not, the first reads everything
    void divide(long[] to, boolean shared);

    /// Reads a lane's part and hands it on. That lane's thread.
    ///
    /// @return the records read
    long take(int lane);

    /// All lanes have read their parts, or failed to.
    void arrive(long[] to);

    /// How many stages its part of a step has. Each lane ends each of them; all lanes have ended
    /// one before any begins the next.
    int stages();

    /// About how many rows a stage is going to deal with, in all lanes.
    long work(int stage);

    /// Ends a stage in a lane. That lane's thread.
    void endStage(int stage, int lane);

    /// Whether something went wrong in this step; then there is no use in ending more stages.
    boolean isBroken();

    /// All stages have ended.
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
