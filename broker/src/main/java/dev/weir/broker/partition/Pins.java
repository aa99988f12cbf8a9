package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import java.util.ArrayList;
import java.util.List;

/// The pins of one partition, how far deletion has gone, and what compaction is about to replace.
/// Any thread.
final class Pins {
    private final List<Pin> pins = new ArrayList<>(); // guarded by this
    private long deletedBelow; // guarded by this
    private long replacedBelow; // guarded by this; 0 while compaction replaces nothing

    Pins(long deletedBelow) {
        this.deletedBelow = deletedBelow;
    }

    /// Waits while what it would pin is being replaced, for a sync or two of a directory: what was
    /// decided durably cannot be taken back, and what a pin holds must not change.
    ///
    /// @throws BrokerException `OFFSET_OUT_OF_RANGE` when bytes from there on were deleted
    synchronized Pin add(long offset, Pin.Reader reader) {
        awaitReplaced(offset);
        if (offset < deletedBelow) {
            throw new BrokerException(
                    ErrorCode.OFFSET_OUT_OF_RANGE,
                    "cannot pin offset " + offset + ": the log begins at " + deletedBelow);
        }
        Pin pin = new Pin(offset, reader, this::remove);
        pins.add(pin);
        return pin;
    }

    private synchronized void remove(Pin pin) {
        pins.remove(pin);
    }

    /// The oldest pinned offset; `Long.MAX_VALUE` for none.
    synchronized long oldest() {
        long oldest = Long.MAX_VALUE;
        for (Pin pin : pins) {
            oldest = Math.min(oldest, pin.offset());
        }
        return oldest;
    }

    private void awaitReplaced(long offset) {
        boolean interrupted = false;
        while (offset < replacedBelow) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true; // it does not take long
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// Begins to replace bytes below an offset, unless some are pinned. Until [#replaced] nobody
    /// can pin them. One thread at a time: under the upkeep lock.
    ///
    /// @return false, and nothing has begun, when there is a pin below the offset
    synchronized boolean replace(long end) {
        if (oldest() < end) {
            return false;
        }
        replacedBelow = end;
        return true;
    }

    /// Ends what [#replace] began: who reads from now on reads what came in place of the old bytes,
    /// or nothing was replaced.
    synchronized void replaced() {
        replacedBelow = 0;
        notifyAll();
    }

    /// Decides that bytes below an offset go, or below the oldest pin where that is less; from now
    /// on nothing below can be pinned.
    ///
    /// @return the first offset whose bytes stay
    synchronized long release(long offset) {
        long kept = Math.min(offset, oldest());
        deletedBelow = Math.max(deletedBelow, kept);
        return kept;
    }
}
