package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/// Callbacks that wait for offsets to become durable. Any thread; callbacks run without its lock.
final class Waiters {
    private static final Logger LOG = LoggerFactory.getLogger(Waiters.class);

    private record Waiter(long offset, SyncCallback callback) {}

    private final PriorityQueue<Waiter> waiting =
            new PriorityQueue<>(Comparator.comparingLong(Waiter::offset)); // guarded by this
    private long durable; // guarded by this
    private BrokerException failure; // guarded by this

    Waiters(long durable) {
        this.durable = durable;
    }

    void add(long offset, SyncCallback callback) {
        BrokerException outcome;
        synchronized (this) {
            if (offset > durable && failure == null) {
                waiting.add(new Waiter(offset, callback));
                return;
            }
            outcome = offset <= durable ? null : failure;
        }
        call(callback, outcome);
    }

    /// Everything below an offset is durable.
    void reached(long offset) {
        List<SyncCallback> ready = List.of();
        synchronized (this) {
            durable = Math.max(durable, offset);
            while (!waiting.isEmpty() && waiting.peek().offset <= durable) {
                if (ready.isEmpty()) {
                    ready = new ArrayList<>();
                }
                ready.add(waiting.remove().callback);
            }
        }
        for (SyncCallback callback : ready) {
            call(callback, null);
        }
    }

    /// Nothing more will become durable: fails all who wait and all who come.
    void fail(BrokerException cause) {
        List<Waiter> failed;
        synchronized (this) {
            if (failure == null) {
                failure = cause;
            }
            failed = new ArrayList<>(waiting);
            waiting.clear();
        }
        for (Waiter waiter : failed) {
            call(waiter.callback, cause);
        }
    }

    /// What they wait for did not become durable in time: fails all who wait, not those who come.
    void giveUp(BrokerException cause) {
        List<Waiter> failed;
        synchronized (this) {
            failed = new ArrayList<>(waiting);
            waiting.clear();
        }
        for (Waiter waiter : failed) {
            call(waiter.callback, cause);
        }
    }

    private static void call(SyncCallback callback, BrokerException failure) {
        try {
            callback.done(failure);
        } catch (RuntimeException e) {
            LOG.error("a sync callback threw", e);
        }
    }
}
