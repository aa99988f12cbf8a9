package dev.weir.broker.record;

/// What a thread that serves several clients does for one of them before it is the others' turn. It
/// is counted in bytes that come out of compressed batches, which a client can make many of with
/// few; those that are compressed again count for more. Begins when it is made, and counts all that
/// the thread does until it is spent. Belongs to that thread.
public final class Allotment {
    /// Compressing a byte takes some times as long as decompressing it.
    private static final int COMPRESSING = 8;

    private final long end;

    /// @param bytes after which it is spent
    public Allotment(long bytes) {
        end = done() + bytes;
    }

    /// Whether nothing more should be begun.
    public boolean isSpent() {
        return done() - end >= 0;
    }

    private static long done() {
        return RecordValidator.ofThread().decompressedBytes()
                + COMPRESSING * BatchRewriter.ofThread().rewrittenBytes();
    }
}
