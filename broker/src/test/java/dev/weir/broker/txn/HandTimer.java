package dev.weir.broker.txn;

import org.apache.kafka.server.util.timer.Timer;
import org.apache.kafka.server.util.timer.TimerTask;

import java.util.ArrayDeque;

/// A timer whose time passes on demand. Any thread may call.
final class HandTimer implements Timer {
    private final ArrayDeque<TimerTask> tasks = new ArrayDeque<>();

    @Override
    public synchronized void add(TimerTask task) {
        tasks.add(task);
    }

    /// Lets everything time out that was begun so far.
    void expireAll() {
        while (true) {
            TimerTask task;
            synchronized (this) {
                task = tasks.poll();
            }
            if (task == null) {
                return;
            }
            task.run();
        }
    }

    /// Passes no time: [#expireAll] does.
    @Override
    public boolean advanceClock(long timeoutMs) {
        return false;
    }

    @Override
    public synchronized int size() {
        return tasks.size();
    }

    @Override
    public void close() {}
}
