package dev.weir.broker.partition;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/// Who is told when what can be read of a partition changes: listeners every time, watches once.
/// Any thread.
final class Listeners {
    private static final Logger LOG = LoggerFactory.getLogger(Listeners.class);

    /// Without an equality of its own, so that one listener can be registered twice.
    private static final class Listener {
        final Runnable call;
        final boolean waits;

        Listener(Runnable call, boolean waits) {
            this.call = call;
            this.waits = waits;
        }
    }

    private final String partition;
    private final List<Listener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Watch.Watches watches = new Watch.Watches();

    Listeners(String partition) {
        this.partition = partition;
    }

    /// @param waits whether somebody waits for it until the registration is closed
    Registration add(boolean waits, Runnable call) {
        Listener own = new Listener(call, waits);
        listeners.add(own);
        if (waits) {
            waiting.incrementAndGet();
        }
        return () -> {
            if (listeners.remove(own) && own.waits) {
                waiting.decrementAndGet();
            }
        };
    }

    void watch(Watch watch) {
        watches.add(watch);
    }

    void unwatch(Watch watch) {
        watches.remove(watch);
    }

    boolean hasWatches() {
        return !watches.isEmpty();
    }

    /// Whether somebody waits for what is appended to become durable, so that it can be read.
    boolean areWaiting() {
        return waiting.get() > 0 || !watches.isEmpty();
    }

    /// The high watermark or the last stable offset may have moved.
    void tell() {
        for (Listener listener : listeners) {
            try {
                listener.call.run();
            } catch (RuntimeException e) {
                LOG.error("a listener of {} threw", partition, e);
            }
        }
        watches.tellAll();
    }

    /// The log start moved, or the partition ended, which only watches are told of.
    void tellWatches() {
        watches.tellAll();
    }
}
