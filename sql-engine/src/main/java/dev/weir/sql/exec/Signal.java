package dev.weir.sql.exec;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Wakes the worker. Raised by any thread, as often as it likes; awaited by the worker alone.
final class Signal {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition raisedCondition = lock.newCondition();
    private volatile boolean raised;

    void raise() {
        if (raised) {
            return;
        }
        lock.lock();
        try {
            raised = true;
            raisedCondition.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Forgets earlier calls; to be called before looking for work.
    void clear() {
        raised = false;
    }

    void await(long nanos) throws InterruptedException {
        lock.lock();
        try {
            long left = nanos;
            while (!raised && left > 0) {
                left = raisedCondition.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }
}
