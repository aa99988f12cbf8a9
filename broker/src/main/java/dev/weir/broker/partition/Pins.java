package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import java.util.ArrayList;
import java.util.List;

/// The pins of one partition and how far deletion has gone. Any thread.
final class Pins {
    private final List<Pin> pins = new ArrayList<>(); // guarded by this
    private long deletedBelow; // guarded by this

    Pins(long deletedBelow) {
        this.deletedBelow = deletedBelow;
    }

    /// @throws BrokerException `OFFSET_OUT_OF_RANGE` when bytes from there on were deleted
    synchronized Pin add(long offset, Pin.Reader reader) {
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
