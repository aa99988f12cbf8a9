package dev.weir.broker.partition;

/// A thread that works until its owner tells it to end, and is then waited for. Belongs to its
/// owner.
final class LoopThread {
    private final Thread thread;

    LoopThread(String name, Runnable loop) {
        thread = Thread.ofPlatform().name(name).daemon().unstarted(loop);
    }

    void start() {
        thread.start();
    }

    /// Waits until it has ended, if it was started; who is interrupted meanwhile is so afterwards.
    void awaitEnd() {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
