package dev.weir.broker.record;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.apache.kafka.common.utils.BufferSupplier;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/// Walks the records of one batch after another as a cursor: no object per record. Keys and values
/// are slices of [#bytes]: of the batch itself where it is uncompressed and on the heap, else of a
/// scratch array. Headers are passed over.
///
/// Malformed contents throw a [BrokerException] of `CORRUPT_MESSAGE`, whatever the bytes, and those
/// that are too large when decompressed `MESSAGE_TOO_LARGE`, before so much is allocated; the CRC
/// is not checked here ([BatchHeader#isIntact]). Owned by one thread; reused.
public final class RecordBatchReader {
    /// What a batch may grow to when decompressed, unless told otherwise: a sixteenth of the heap,
    /// but no less than 16 MiB and no more than 256 MiB.
    public static final int DEFAULT_MAX_UNCOMPRESSED_BYTES = Decompression.DEFAULT_MAX_BYTES;

    private static final int MAX_KEPT_SCRATCH = 8 << 20;

    private final int maxUncompressedBytes;
    private final BufferSupplier decompressionBuffers = BufferSupplier.create();
    private byte[] scratch = new byte[0];

    private byte[] bytes;
    private int position;
    private int end;
    private int remaining;
    private long baseOffset;
    private long baseTimestamp;
    private long appendTimestamp;
    private int batchAttributes;

    private long offset;
    private long timestamp;
    private int keyOffset;
    private int keyLength;
    private int valueOffset;
    private int valueLength;
    private int recordEnd;

    public RecordBatchReader() {
        this(DEFAULT_MAX_UNCOMPRESSED_BYTES);
    }

    /// @param maxUncompressedBytes a batch that decompresses to more is refused
    public RecordBatchReader(int maxUncompressedBytes) {
        this.maxUncompressedBytes = maxUncompressedBytes;
    }

    /// Starts at the batch whose first byte is at the buffer's position, which moves past the
    /// batch. The whole batch must be there.
    public void start(ByteBuffer batches) {
        int at = batches.position();
        int available = batches.remaining();
        if (available < BatchHeader.BYTES) {
            throw corrupt("a batch head has 61 bytes, only " + available + " are left");
        }
        int size = BatchHeader.sizeInBytes(batches, at);
        if (size < BatchHeader.BYTES || size > available) {
            throw corrupt("a batch of " + size + " bytes in " + available);
        }
        if (BatchHeader.magic(batches, at) != BatchHeader.MAGIC) {
            throw corrupt("magic " + BatchHeader.magic(batches, at));
        }
        batchAttributes = BatchHeader.attributes(batches, at);
        baseOffset = BatchHeader.baseOffset(batches, at);
        baseTimestamp = BatchHeader.baseTimestamp(batches, at);
        appendTimestamp =
                (batchAttributes & BatchHeader.LOG_APPEND_TIME) != 0
                        ? BatchHeader.maxTimestamp(batches, at)
                        : Long.MIN_VALUE;
        remaining = BatchHeader.recordCount(batches, at);
        int codec = batchAttributes & BatchHeader.CODEC_MASK;
        if (codec != 0) {
            decompress(batches.slice(at + BatchHeader.BYTES, size - BatchHeader.BYTES), codec);
        } else if (batches.hasArray()) {
            bytes = batches.array();
            position = batches.arrayOffset() + at + BatchHeader.BYTES;
            end = position + size - BatchHeader.BYTES;
        } else {
            int count = size - BatchHeader.BYTES;
            ensureScratch(count);
            batches.get(at + BatchHeader.BYTES, scratch, 0, count);
            bytes = scratch;
            position = 0;
            end = count;
        }
        batches.position(at + size);
    }

    /// Moves to the next record; false at the end of the batch.
    public boolean next() {
        if (remaining <= 0) {
            if (remaining < 0 || position != end) {
                throw corrupt((end - position) + " bytes after the last record");
            }
            return false;
        }
        remaining--;
        int size = varint(end);
        if (size < 0 || size > end - position) {
            throw corrupt("a record of " + size + " bytes where " + (end - position) + " are left");
        }
        recordEnd = position + size;
        if (size == 0) {
            throw corrupt("an empty record");
        }
        position++; // record attributes are unused
        long timestampDelta = varlong(recordEnd);
        timestamp =
                appendTimestamp != Long.MIN_VALUE
                        ? appendTimestamp
                        : baseTimestamp + timestampDelta;
        offset = baseOffset + varint(recordEnd);
        keyLength = length("key");
        keyOffset = position;
        position += Math.max(0, keyLength);
        valueLength = length("value");
        valueOffset = position;
        position += Math.max(0, valueLength);
        int headerCount = varint(recordEnd);
        if (headerCount < 0 || headerCount > recordEnd - position) {
            throw corrupt(headerCount + " headers in " + (recordEnd - position) + " bytes");
        }
        if (headerCount == 0 && position != recordEnd) {
            throw corrupt((recordEnd - position) + " bytes after a record's last field");
        }
        position = recordEnd;
        return true;
    }

    public boolean isControl() {
        return (batchAttributes & BatchHeader.CONTROL) != 0;
    }

    /// For the record of a control batch: 0 abort, 1 commit, others are not of transactions.
    public int controlType() {
        if (keyLength < 4) {
            throw corrupt("a control record with a key of " + keyLength + " bytes");
        }
        return (short) ((bytes[keyOffset + 2] << 8) | (bytes[keyOffset + 3] & 0xff));
    }

    public long offset() {
        return offset;
    }

    public long timestamp() {
        return timestamp;
    }

    /// The array that key and value slices point into; valid until the next `start`.
    public byte[] bytes() {
        return bytes;
    }

    public int keyOffset() {
        return keyOffset;
    }

    /// -1 for a null key.
    public int keyLength() {
        return keyLength;
    }

    public int valueOffset() {
        return valueOffset;
    }

    /// -1 for a null value.
    public int valueLength() {
        return valueLength;
    }

    private void decompress(ByteBuffer compressed, int codec) {
        int filled = 0;
        try (InputStream stream =
                Decompression.open(compressed, codec, maxUncompressedBytes, decompressionBuffers)) {
            ensureScratch(Math.max(4096, Math.min(compressed.remaining() * 4, 1 << 20)));
            while (true) {
                int read = stream.read(scratch, filled, scratch.length - filled);
                if (read < 0) {
                    break;
                }
                filled += read;
                if (filled == scratch.length) {
                    if (filled >= maxUncompressedBytes) {
                        throw Decompression.tooLarge(maxUncompressedBytes);
                    }
                    scratch =
                            Arrays.copyOf(
                                    scratch, (int) Math.min(filled * 2L, maxUncompressedBytes));
                }
            }
        } catch (IOException | RuntimeException | Error e) {
            throw Decompression.refusal(e, ErrorCode.CORRUPT_MESSAGE);
        }
        bytes = scratch;
        position = 0;
        end = filled;
    }

    private void ensureScratch(int needed) {
        if (scratch.length < needed || scratch.length > MAX_KEPT_SCRATCH) {
            scratch = new byte[Math.max(needed, 4096)];
        }
    }

    private int length(String field) {
        int length = Math.max(-1, varint(recordEnd)); // Kafka takes any negative length for null
        if (length > recordEnd - position) {
            throw corrupt(
                    field
                            + " of "
                            + length
                            + " bytes where "
                            + (recordEnd - position)
                            + " are left");
        }
        return length;
    }

    private int varint(int limit) {
        int value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            byte part = next(limit);
            value |= (part & 0x7f) << shift;
            if (part >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw corrupt("a number of more than 5 bytes");
    }

    private long varlong(int limit) {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte part = next(limit);
            value |= (part & 0x7fL) << shift;
            if (part >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw corrupt("a number of more than 10 bytes");
    }

    private byte next(int limit) {
        if (position >= limit) {
            throw corrupt("a record ends inside a number");
        }
        return bytes[position++];
    }

    private static BrokerException corrupt(String what) {
        return new BrokerException(ErrorCode.CORRUPT_MESSAGE, "malformed record batch: " + what);
    }
}
