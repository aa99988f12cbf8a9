package dev.weir.broker.log;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Follows the batches of a log in order and tells which belong to aborted transactions, and which
/// markers end a transaction none of whose batches is there any more. Owned by one thread.
final class TransactionTracker {
    private final ArrayDeque<AbortedTransaction> ahead;
    private final Map<Long, AbortedTransaction> aborting = new HashMap<>();
    private final Set<Long> abortingWithBatches = new HashSet<>();
    private final Set<Long> committing = new HashSet<>();

    /// @param aborted those that overlap what will be followed
    TransactionTracker(List<AbortedTransaction> aborted) {
        var sorted = new ArrayList<>(aborted);
        sorted.sort(Comparator.comparingLong(AbortedTransaction::firstOffset));
        ahead = new ArrayDeque<>(sorted);
    }

    /// Takes in a batch of a transaction.
    ///
    /// @return whether the transaction was aborted
    boolean isAborted(long producerId, long lastOffset) {
        advance(lastOffset);
        if (aborting.containsKey(producerId)) {
            abortingWithBatches.add(producerId);
            return true;
        }
        committing.add(producerId);
        return false;
    }

    /// What a marker means for the log.
    ///
    /// @param endsNothing whether no batch of its transaction was there
    /// @param aborted the transaction that readers must still be told was aborted, or null
    record End(boolean endsNothing, AbortedTransaction aborted) {}

    /// Takes in a marker.
    End ended(long producerId, long lastOffset, boolean commit) {
        advance(lastOffset);
        if (commit) {
            return new End(!committing.remove(producerId), null);
        }
        AbortedTransaction aborted = aborting.remove(producerId);
        boolean batches = abortingWithBatches.remove(producerId);
        return new End(!batches, batches ? aborted : null);
    }

    private void advance(long lastOffset) {
        while (!ahead.isEmpty() && ahead.peek().firstOffset() <= lastOffset) {
            var next = ahead.remove();
            // Those that ended before the first batch that is followed are none of its business.
            if (next.lastOffset() >= lastOffset) {
                aborting.put(next.producerId(), next);
            }
        }
    }
}
