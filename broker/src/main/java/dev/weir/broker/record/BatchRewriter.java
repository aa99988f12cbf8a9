package dev.weir.broker.record;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;

/// Writes a batch anew where its topic wants another codec, or where its records' offsets do not
/// count up from 0. The result is that of Kafka's `LogValidator`: the same records in the same
/// order with offsets from 0, the first timestamp as base timestamp, and of the attributes the new
/// codec and whether the batch is transactional.
///
/// Records flow from one codec through a window of 64 KiB into the other; keys, values and headers
/// are copied as they are. So memory is needed for the result alone, and as soon as that is too
/// large nothing more is written. No object is made for a record.
///
/// Owned by one thread, which is busy with one batch for as long as compressing it takes; see
/// [#ofThread].
public final class BatchRewriter {
    private static final int WINDOW_BYTES = 64 << 10;

    /// A larger buffer for the result is not kept for the next batch.
    private static final int MAX_KEPT_BYTES = 1 << 20;

    /// What a batch counts for at least where the codec is slow.
    private static final int SLOW_BYTES = 8 << 20;

    /// Length, attributes, timestamp and offset, each as long as a number can be.
    private static final int MOST_NUMBERS_BYTES = 5 + 1 + 10 + 5;

    private static final ThreadLocal<BatchRewriter> OF_THREAD =
            ThreadLocal.withInitial(
                    () -> new BatchRewriter(RecordBatchReader.DEFAULT_MAX_UNCOMPRESSED_BYTES));

    private final int maxUncompressedBytes;
    private final BufferSupplier decompressionBuffers = BufferSupplier.create();
    private byte[] window = new byte[0]; // made when needed
    private final byte[] numbers = new byte[MOST_NUMBERS_BYTES];
    private ByteBuffer kept = ByteBuffer.allocate(4096);

    private InputStream in;
    private int position; // of the window
    private int limit; // of the window
    private long passed; // bytes before the window
    private long baseTimestamp; // of what is written
    private long maxTimestamp;
    private long rewrittenBytes; // of all batches so far, uncompressed

    BatchRewriter(int maxUncompressedBytes) {
        this.maxUncompressedBytes = maxUncompressedBytes;
    }

    /// The calling thread's own.
    public static BatchRewriter ofThread() {
        return OF_THREAD.get();
    }

    /// Writes one batch anew, which [RecordValidator] or [RecordBatchWriter] vouches for. Base
    /// offset and leader epoch are those it had.
    ///
    /// @param at index of the batch's first byte; positions are not used
    /// @param size of the batch
    /// @param maxBytes what the result may have
    /// @return a buffer of its own, from 0 to the limit
    /// @throws BrokerException `MESSAGE_TOO_LARGE` if the result has more bytes,
    ///   `UNKNOWN_SERVER_ERROR` if a codec fails
    public ByteBuffer rewrite(
            ByteBuffer batches, int at, int size, StoredCompression stored, int maxBytes) {
        var sent = CompressionType.forId(BatchHeader.codec(batches, at));
        var result = new Result(kept.clear(), maxBytes);
        result.write(batches.slice(at, BatchHeader.BYTES));
        try (var records =
                        Decompression.open(
                                batches.slice(at + BatchHeader.BYTES, size - BatchHeader.BYTES),
                                sent.id,
                                maxUncompressedBytes,
                                decompressionBuffers);
                var out = stored.compressionOf(sent).wrapForOutput(result, BatchHeader.MAGIC)) {
            start(records);
            int count = BatchHeader.recordCount(batches, at);
            long timestamps = BatchHeader.baseTimestamp(batches, at);
            for (int i = 0; i < count && !result.isFull(); i++) {
                rewriteOne(i, timestamps, out);
            }
        } catch (IOException | RuntimeException | Error e) {
            throw failure(e);
        } finally {
            in = null;
            long bytes = passed + limit;
            rewrittenBytes += stored.isSlow() ? Math.max(bytes, SLOW_BYTES) : bytes;
        }
        if (result.isFull()) {
            throw new BrokerException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a record batch of "
                            + size
                            + " bytes has more than "
                            + maxBytes
                            + " (max.message.bytes) with the topic's compression, "
                            + stored.codecOf(sent).name);
        }
        return finish(result, stored.codecOf(sent));
    }

    private static BrokerException failure(Throwable failure) {
        return switch (failure) {
            case BrokerException known -> known;
            case VirtualMachineError serious -> throw serious;
            // Somebody vouches for the records, so they are not to blame.
            default ->
                    new BrokerException(
                            ErrorCode.UNKNOWN_SERVER_ERROR,
                            "a record batch cannot be compressed anew: " + failure.getMessage(),
                            failure);
        };
    }

    /// How much there was in all batches that were written anew so far, uncompressed; more, where
    /// compressing takes long whatever there is.
    long rewrittenBytes() {
        return rewrittenBytes;
    }

    private void start(InputStream records) {
        if (window.length == 0) {
            window = new byte[WINDOW_BYTES];
        }
        in = records;
        position = 0;
        limit = 0;
        passed = 0;
        maxTimestamp = -1; // if none has one
    }

    private void rewriteOne(int index, long timestamps, OutputStream out) throws IOException {
        int length = (int) number();
        long start = passed + position;
        next(); // attributes, of which there are none
        long timestamp = timestamps + number();
        number(); // the offset it came with
        int rest = length - (int) (passed + position - start);
        if (index == 0) {
            baseTimestamp = timestamp;
        }
        maxTimestamp = Math.max(maxTimestamp, timestamp);
        long timestampDelta = timestamp - baseTimestamp;
        int end =
                Varints.put(
                        numbers, 0, 1 + Varints.size(timestampDelta) + Varints.size(index) + rest);
        numbers[end++] = 0;
        end = Varints.put(numbers, end, timestampDelta);
        end = Varints.put(numbers, end, index);
        out.write(numbers, 0, end);
        copy(rest, out);
    }

    private void copy(int count, OutputStream out) throws IOException {
        int rest = count;
        while (rest > 0) {
            if (position == limit) {
                refill();
            }
            int there = Math.min(rest, limit - position);
            out.write(window, position, there);
            position += there;
            rest -= there;
        }
    }

    private long number() throws IOException {
        long value = 0;
        int shift = 0;
        byte part;
        do {
            part = next();
            value |= (part & 0x7fL) << shift;
            shift += 7;
        } while (part < 0);
        return (value >>> 1) ^ -(value & 1);
    }

    private byte next() throws IOException {
        if (position == limit) {
            refill();
        }
        return window[position++];
    }

    private void refill() throws IOException {
        passed += limit;
        position = 0;
        limit = 0;
        int read = in.read(window, 0, WINDOW_BYTES);
        if (read <= 0) {
            throw new IOException("the records end early");
        }
        limit = read;
    }

    private ByteBuffer finish(Result result, CompressionType codec) {
        var written = result.buffer().flip();
        kept = written.capacity() <= MAX_KEPT_BYTES ? written : ByteBuffer.allocate(4096);
        int size = written.limit();
        var batch = ByteBuffer.allocate(size).put(written).flip();
        boolean transactional = BatchHeader.isTransactional(batch, 0);
        batch.putInt(BatchHeader.LENGTH, size - BatchHeader.LOG_OVERHEAD);
        batch.putShort(
                BatchHeader.ATTRIBUTES,
                (short) (codec.id | (transactional ? BatchHeader.TRANSACTIONAL : 0)));
        batch.putLong(BatchHeader.BASE_TIMESTAMP, baseTimestamp);
        batch.putLong(BatchHeader.MAX_TIMESTAMP, maxTimestamp);
        batch.putInt(BatchHeader.CRC, BatchHeader.computedCrc(batch, 0, size));
        return batch;
    }

    /// The bytes of the new batch. What would be too many is dropped rather than refused, so that
    /// the codecs can be closed in peace.
    private static final class Result extends ByteBufferOutputStream {
        private final int maxBytes;
        private boolean full;

        Result(ByteBuffer buffer, int maxBytes) {
            super(buffer);
            this.maxBytes = maxBytes;
        }

        boolean isFull() {
            return full;
        }

        @Override
        public void write(int part) {
            if (hasRoom(1)) {
                super.write(part);
            }
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            if (hasRoom(length)) {
                super.write(bytes, offset, length);
            }
        }

        private boolean hasRoom(int more) {
            full = full || more > maxBytes - position();
            return !full;
        }
    }
}
