package dev.weir.broker.partition;

import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;

/// What a thread that serves several clients in turns, such as an event loop, does about what it
/// appends: at the end of a turn, when all who had something to append have done so, it syncs a
/// partition itself. That is group commit without the way to another thread and back. A second
/// partition of the same turn goes to the threads that sync, and so does the first when syncs take
/// long at present: nobody else is served meanwhile.
///
/// Clients that keep several requests in flight come back soon after their answers, one request
/// after the other. So that the first of them is not synced alone, and all others by the sync after
/// it, a turn that brings fewer appends than the last sync covered waits for more, at most for
/// about as long as a sync takes.
///
/// Belongs to one thread.
public final class SyncTurn {
    private final Turns turns;
    private SyncLoop.Member kept; // null while there is nothing to sync
    private SyncLoop.Member last; // the one synced before
    private int appends; // to the one that is kept
    private int usual; // appends covered by the last sync
    private boolean ending; // whether the end of the turn will come to this
    private Future<?> waiting; // null while it does not

    public SyncTurn(Turns turns) {
        this.turns = turns;
    }

    /// The thread. Both methods are called on it, and throw a `RejectedExecutionException` when it
    /// takes no more turns.
    public interface Turns {
        /// Runs a task when the present turn ends.
        void atEnd(Runnable task);

        /// Runs a task after a time unless it is cancelled before.
        Future<?> later(Runnable task, long nanos);
    }

    /// Takes a member that is to be synced.
    void add(SyncLoop.Member member, int count) {
        if (kept != null) {
            member.handOver();
            return;
        }
        kept = member;
        appends = 0;
        join(member, count);
    }

    /// Notes that more was appended to the member.
    void join(SyncLoop.Member member, int count) {
        if (kept != member) {
            return;
        }
        appends += count;
        if (!ending) {
            try {
                turns.atEnd(this::end);
                ending = true;
            } catch (RejectedExecutionException e) {
                leave(); // the thread takes no more turns
            }
        }
    }

    private void end() {
        ending = false;
        if (kept == null) {
            return;
        }
        if (appends >= usual || kept != last || !kept.isBrief()) {
            sync();
        } else if (waiting == null) {
            try {
                waiting = turns.later(this::expire, kept.usualNanos());
            } catch (RejectedExecutionException e) {
                leave();
            }
        }
    }

    private void expire() {
        waiting = null;
        if (kept != null) {
            sync();
        }
    }

    private void sync() {
        last = kept;
        usual = appends;
        letGo().endTurn();
    }

    private void leave() {
        letGo().handOver();
    }

    private SyncLoop.Member letGo() {
        SyncLoop.Member member = kept;
        kept = null;
        if (waiting != null) {
            waiting.cancel(false);
            waiting = null;
        }
        return member;
    }
}
