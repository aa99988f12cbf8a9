package dev.weir.broker.coordinator;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A coordinator that is started when it is first asked for, on a thread that may wait for the
/// disk. Whoever asks does not wait. Any thread.
///
/// @param <C> what is there when it has started
public final class LateStart<C> {
    private static final Logger LOGGER = LoggerFactory.getLogger(LateStart.class);

    private static final int STOP_SECONDS = 30;

    private final String name;
    private final ExecutorService worker;
    private final Consumer<CompletableFuture<C>> start;
    private volatile CompletableFuture<C> running; // written under this
    private volatile boolean stopping;

    /// @param name for people, such as `group coordinator`
    /// @param worker its thread is the only one that starts; ended by [#stop]
    /// @param start called on the worker, again after each failure; completes what it is given, or
    ///   takes back what it did and throws. No supplier: the type of what that supplies, a whole
    ///   coordinator, would be loaded before anybody asks for it
    public LateStart(String name, ExecutorService worker, Consumer<CompletableFuture<C>> start) {
        this.name = name;
        this.worker = worker;
        this.start = start;
    }

    /// Completed when it has started. Failed with a [BrokerException] if it cannot be started,
    /// which the next call tries again.
    public CompletableFuture<C> get() {
        var now = running;
        return now != null ? now : begin();
    }

    private synchronized CompletableFuture<C> begin() {
        if (running != null) {
            return running;
        }
        var starting = new CompletableFuture<C>();
        try {
            worker.execute(() -> start(starting));
            running = starting;
        } catch (RejectedExecutionException e) {
            starting.completeExceptionally(unavailable("the broker is shutting down", e));
        }
        return starting;
    }

    private void start(CompletableFuture<C> starting) {
        try {
            start.accept(starting);
        } catch (RuntimeException e) {
            if (stopping) {
                LOGGER.debug("the broker is shutting down", e);
            } else {
                LOGGER.error("cannot start the {}", name, e);
            }
            synchronized (this) {
                running = null;
            }
            starting.completeExceptionally(
                    unavailable("the " + name + " cannot start: " + e.getMessage(), e));
        }
    }

    /// Ends the worker after what it has to do now, but does not wait for it forever. Doing so
    /// twice does nothing.
    ///
    /// @param last what the worker does last
    public void stop(Runnable last) {
        stopping = true;
        try {
            worker.execute(last);
        } catch (RejectedExecutionException e) {
            return; // stopped before
        }
        worker.shutdown();
        try {
            if (!worker.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOGGER.warn("the {} did not stop in {} s", name, STOP_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static BrokerException unavailable(String message, Throwable cause) {
        return new BrokerException(ErrorCode.COORDINATOR_NOT_AVAILABLE, message, cause);
    }
}
