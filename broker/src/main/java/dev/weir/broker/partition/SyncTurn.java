package dev.weir.broker.partition;

import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/// What a thread that serves several clients in turns, such as an event loop, does about what it
/// appends: at the end of a turn, when all who had something to append have done so, it syncs a
/// partition itself. That is group commit without the way to another thread and back. A second
/// partition of the same turn goes to the threads that sync, and so does the first when syncs take
/// long at present: nobody else is served meanwhile.
///
/// Belongs to one thread.
public final class SyncTurn {
    private final Executor atEnd;
    private SyncLoop.Member kept; // null between the turns

    /// @param atEnd runs a task on the thread when its turn ends
    public SyncTurn(Executor atEnd) {
        this.atEnd = atEnd;
    }

    void add(SyncLoop.Member member) {
        if (kept != null) {
            member.handOver();
            return;
        }
        kept = member;
        try {
            atEnd.execute(this::end);
        } catch (RejectedExecutionException e) {
            kept = null; // the thread takes no more turns
            member.handOver();
        }
    }

    private void end() {
        SyncLoop.Member member = kept;
        kept = null;
        member.endTurn();
    }
}
