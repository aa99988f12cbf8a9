package dev.weir.repl.shell;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Remembers Ctrl-C while something with several steps runs, and cuts waits short. Any thread may
/// raise it.
final class Interruption {
    private boolean raised;

    synchronized void raise() {
        raised = true;
        notifyAll();
    }

    synchronized boolean isRaised() {
        return raised;
    }

    /// Waits that long at most; true when interrupted.
    synchronized boolean await(Duration wait) {
        long until = System.nanoTime() + wait.toNanos();
        try {
            for (long left = wait.toNanos();
                    left > 0 && !raised;
                    left = until - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            raised = true;
        }
        return raised;
    }
}
