package dev.weir.broker.partition;

import java.util.function.Consumer;

/// Keeps a partition's bytes from an offset on, whatever retention and delete-records do. Any
/// thread; not durable: whoever needs it pins again after a restart, before retention runs.
public final class Pin implements AutoCloseable {
    private final Reader reader;
    private final Consumer<Pin> release;
    private volatile long offset;

    /// Reads without regard to the log start offset.
    interface Reader {
        ReadResult read(long offset, int maxBytes, ReadLimit upTo, boolean wholeFirstBatch);
    }

    Pin(long offset, Reader reader, Consumer<Pin> release) {
        this.offset = offset;
        this.reader = reader;
        this.release = release;
    }

    public long offset() {
        return offset;
    }

    /// Moves the pin forward; bytes below the new place may go.
    public void move(long to) {
        if (to < offset) {
            throw new IllegalArgumentException("a pin at " + offset + " cannot go back to " + to);
        }
        offset = to;
    }

    /// Reads like [Partition#read], but also below the log start offset, as far down as this pin.
    public ReadResult read(long from, int maxBytes, ReadLimit upTo, boolean wholeFirstBatch) {
        if (from < offset) {
            throw new IllegalArgumentException("offset " + from + " is below the pin at " + offset);
        }
        return reader.read(from, maxBytes, upTo, wholeFirstBatch);
    }

    /// Lets go; closing twice does nothing.
    @Override
    public void close() {
        release.accept(this);
    }
}
