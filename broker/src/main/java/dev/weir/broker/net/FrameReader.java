package dev.weir.broker.net;

import dev.weir.broker.protocol.MalformedRequestException;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

import java.util.Queue;

/// Cuts what a connection reads into frames: a four-byte length, then that many bytes.
///
/// A frame lying whole in one read is a slice of it. A longer one is gathered in a buffer that
/// grows with what has arrived, so that a length alone, however large, makes nobody allocate. Only
/// produce requests may be large at all.
final class FrameReader {
    /// The largest request that is not a produce request.
    static final int MAX_OTHER_BYTES = 8 * 1024 * 1024;

    /// What a length alone may make us allocate.
    private static final int FIRST_ALLOCATION = 64 * 1024;

    private static final int LENGTH_BYTES = 4;
    private static final short PRODUCE = 0;

    private final int maxBytes;
    private final ByteBufAllocator allocator;

    private int lengthBytesRead;
    private int length;
    private ByteBuf partial;

    FrameReader(int maxBytes, ByteBufAllocator allocator) {
        this.maxBytes = maxBytes;
        this.allocator = allocator;
    }

    /// The next whole frame, without its length; the caller releases it.
    ///
    /// @param unread what was read, in order; used-up buffers are removed and released
    /// @return null if more must be read first
    /// @throws MalformedRequestException if the length is out of bounds
    ByteBuf next(Queue<ByteBuf> unread) throws MalformedRequestException {
        ByteBuf in;
        while ((in = unread.peek()) != null) {
            if (!in.isReadable()) {
                unread.remove().release();
                continue;
            }
            if (lengthBytesRead < LENGTH_BYTES && !readLength(in)) {
                continue;
            }
            if (partial == null && in.readableBytes() >= length) {
                lengthBytesRead = 0;
                return in.readRetainedSlice(length);
            }
            gather(in);
            if (partial.readableBytes() == length) {
                var frame = partial;
                partial = null;
                lengthBytesRead = 0;
                return frame;
            }
        }
        return null;
    }

    /// Lets go of a frame that will never be whole.
    void release() {
        if (partial != null) {
            partial.release();
            partial = null;
        }
    }

    private boolean readLength(ByteBuf in) throws MalformedRequestException {
        if (lengthBytesRead == 0) {
            length = 0;
        }
        while (lengthBytesRead < LENGTH_BYTES) {
            if (!in.isReadable()) {
                return false;
            }
            length = (length << 8) | in.readUnsignedByte();
            lengthBytesRead++;
        }
        if (length < 0 || length > maxBytes) {
            throw new MalformedRequestException(
                    "frame of " + length + " bytes is not within 0.." + maxBytes + guess(length));
        }
        return true;
    }

    private void gather(ByteBuf in) throws MalformedRequestException {
        if (partial == null) {
            partial = allocator.directBuffer(Math.min(length, FIRST_ALLOCATION), length);
        }
        int count = Math.min(length - partial.readableBytes(), in.readableBytes());
        if (count > partial.writableBytes()) {
            int wanted = partial.readableBytes() + count;
            partial.capacity(Math.min(length, Math.max(wanted, 2 * partial.capacity())));
        }
        partial.writeBytes(in, count);
        if (length > MAX_OTHER_BYTES
                && partial.readableBytes() >= Short.BYTES
                && partial.getShort(0) != PRODUCE) {
            throw new MalformedRequestException(
                    "frame of "
                            + length
                            + " bytes is larger than "
                            + MAX_OTHER_BYTES
                            + ", which only produce requests may be");
        }
    }

    /// What a client that does not speak the Kafka protocol is likely to speak.
    private static String guess(int length) {
        return switch (length >>> 8) {
            case 0x474554, 0x504f53, 0x505554, 0x484541 -> "; it looks like HTTP";
            case 0x160301, 0x160302, 0x160303 -> "; it looks like TLS, and this listener has none";
            default -> "";
        };
    }
}
