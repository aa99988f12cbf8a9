package dev.weir.broker.record;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.utils.BufferSupplier;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/// Opens the records of a compressed batch as a stream, with what Kafka's codecs themselves do not
/// look after: lengths that would have them allocate more than a batch may grow to. Stateless.
final class Decompression {
    private static final int MOST_BYTES = 256 << 20;
    private static final int LEAST_BYTES = 16 << 20;
    private static final int PART_OF_HEAP = 16;

    /// What a batch may grow to when decompressed, unless told otherwise: a sixteenth of the heap,
    /// but no less than 16 MiB and no more than 256 MiB.
    static final int DEFAULT_MAX_BYTES =
            Math.clamp(Runtime.getRuntime().maxMemory() / PART_OF_HEAP, LEAST_BYTES, MOST_BYTES);

    /// Snappy's frames in Kafka: this, two version numbers, and chunks with their lengths.
    private static final long SNAPPY_MAGIC = 0x82534e4150505900L;

    private static final int SNAPPY_HEAD = 16;

    /// The most a byte of snappy can become: three bytes copy up to 64.
    private static final int SNAPPY_RATIO = 22;

    private Decompression() {}

    /// Opens a stream, which the caller closes. What the codecs throw, here and when it is read, is
    /// of all kinds; [#refusal] makes one thing of it.
    ///
    /// @param compressed the records, from index 0 to the limit
    /// @param codec 0 for bytes that are not compressed
    /// @param buffers of the calling thread
    static InputStream open(ByteBuffer compressed, int codec, int maxBytes, BufferSupplier buffers)
            throws IOException {
        if (codec > CompressionType.ZSTD.id) {
            throw new IOException("unknown codec " + codec);
        }
        if (codec == CompressionType.SNAPPY.id) {
            checkSnappy(compressed, maxBytes);
        }
        return Compression.of(CompressionType.forId(codec))
                .build()
                .wrapForInput(compressed, BatchHeader.MAGIC, buffers);
    }

    /// What to tell of a failure of a codec.
    ///
    /// @param code of what is not known better
    /// @throws VirtualMachineError if it is one, as is
    static BrokerException refusal(Throwable failure, short code) {
        return switch (failure) {
            case BrokerException known -> known;
            case VirtualMachineError serious -> throw serious;
            // Other errors, too, are snappy's way to say that the bytes are wrong.
            default ->
                    new BrokerException(
                            code, "batch cannot be decompressed: " + failure.getMessage(), failure);
        };
    }

    static BrokerException tooLarge(int maxBytes) {
        return new BrokerException(
                ErrorCode.MESSAGE_TOO_LARGE,
                "a record batch of more than " + maxBytes + " bytes uncompressed");
    }

    /// Snappy's reader allocates what the lengths in its input say, before it looks further.
    private static void checkSnappy(ByteBuffer compressed, int maxBytes) throws IOException {
        int limit = compressed.limit();
        if (limit < SNAPPY_HEAD || compressed.getLong(0) != SNAPPY_MAGIC) {
            checkSnappyChunk(compressed, 0, limit, maxBytes);
            return;
        }
        int at = SNAPPY_HEAD;
        while (limit - at >= Integer.BYTES) {
            int size = compressed.getInt(at);
            if (size == (int) (SNAPPY_MAGIC >>> Integer.SIZE)) {
                at += SNAPPY_HEAD; // frames can follow one another
                continue;
            }
            at += Integer.BYTES;
            if (size < 0 || size > limit - at) {
                throw new IOException(
                        "a chunk of " + size + " bytes where " + (limit - at) + " are left");
            }
            checkSnappyChunk(compressed, at, at + size, maxBytes);
            at += size;
        }
    }

    /// A chunk begins with its length when uncompressed, seven bits in a byte.
    private static void checkSnappyChunk(ByteBuffer compressed, int from, int to, int maxBytes)
            throws IOException {
        long claimed = 0;
        int shift = 0;
        for (int at = from; at < to && shift < Integer.SIZE; at++, shift += 7) {
            byte part = compressed.get(at);
            claimed |= (part & 0x7fL) << shift;
            if (part >= 0) {
                break;
            }
        }
        if (claimed > (long) SNAPPY_RATIO * (to - from)) {
            throw new IOException(
                    "a chunk of " + (to - from) + " bytes that claims to become " + claimed);
        }
        if (claimed > maxBytes) {
            throw tooLarge(maxBytes);
        }
    }
}
