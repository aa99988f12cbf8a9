package dev.weir.broker.record;

import java.nio.ByteBuffer;
import java.util.Arrays;

/// Builds uncompressed batches in a growing array. Base offset and leader epoch are left 0 for the
/// log to fill in. Owned by one thread; reused for one batch after another.
public final class RecordBatchWriter {
    private byte[] bytes = new byte[4096];
    private ByteBuffer view = ByteBuffer.wrap(bytes);
    private int position;
    private int recordCount;
    private long baseTimestampMs;
    private long maxTimestampMs;
    private boolean open;

    /// Starts a batch of a plain producer: no id, no sequence.
    public void start(long baseTimestampMs) {
        start(
                baseTimestampMs,
                BatchHeader.NO_PRODUCER_ID,
                BatchHeader.NO_PRODUCER_EPOCH,
                BatchHeader.NO_SEQUENCE,
                false);
    }

    /// Starts a batch, dropping one that was not finished.
    ///
    /// @param baseTimestampMs what record timestamps are stored relative to; the first one's is
    ///   best
    /// @param baseSequence -1 for none
    public void start(
            long baseTimestampMs,
            long producerId,
            short producerEpoch,
            int baseSequence,
            boolean transactional) {
        start(
                baseTimestampMs,
                producerId,
                producerEpoch,
                baseSequence,
                transactional ? BatchHeader.TRANSACTIONAL : 0);
    }

    private void start(
            long timestampMs, long producerId, short producerEpoch, int sequence, int attributes) {
        baseTimestampMs = timestampMs;
        maxTimestampMs = Long.MIN_VALUE;
        recordCount = 0;
        position = BatchHeader.BYTES;
        open = true;
        view.putLong(BatchHeader.BASE_OFFSET, 0);
        view.putInt(BatchHeader.LEADER_EPOCH, 0);
        view.put(BatchHeader.MAGIC_BYTE, BatchHeader.MAGIC);
        view.putShort(BatchHeader.ATTRIBUTES, (short) attributes);
        view.putLong(BatchHeader.BASE_TIMESTAMP, timestampMs);
        view.putLong(BatchHeader.PRODUCER_ID, producerId);
        view.putShort(BatchHeader.PRODUCER_EPOCH, producerEpoch);
        view.putInt(BatchHeader.BASE_SEQUENCE, sequence);
    }

    /// Appends a record; null arrays are null keys and values.
    public void append(long timestampMs, byte[] key, byte[] value) {
        append(
                timestampMs,
                key,
                0,
                key == null ? 0 : key.length,
                value,
                0,
                value == null ? 0 : value.length);
    }

    /// Appends a record from slices of arrays; a null array is a null key or value.
    public void append(
            long timestampMs,
            byte[] key,
            int keyOffset,
            int keyLength,
            byte[] value,
            int valueOffset,
            int valueLength) {
        if (!open) {
            throw new IllegalStateException("no batch was started");
        }
        long timestampDelta = timestampMs - baseTimestampMs;
        int storedKeyLength = key == null ? -1 : keyLength;
        int storedValueLength = value == null ? -1 : valueLength;
        int size =
                1
                        + Varints.size(timestampDelta)
                        + Varints.size(recordCount)
                        + Varints.size(storedKeyLength)
                        + Math.max(0, storedKeyLength)
                        + Varints.size(storedValueLength)
                        + Math.max(0, storedValueLength)
                        + 1;
        reserve(size + 5);
        putVarlong(size);
        bytes[position++] = 0;
        putVarlong(timestampDelta);
        putVarlong(recordCount);
        putVarlong(storedKeyLength);
        if (storedKeyLength > 0) {
            System.arraycopy(key, keyOffset, bytes, position, storedKeyLength);
            position += storedKeyLength;
        }
        putVarlong(storedValueLength);
        if (storedValueLength > 0) {
            System.arraycopy(value, valueOffset, bytes, position, storedValueLength);
            position += storedValueLength;
        }
        bytes[position++] = 0;
        recordCount++;
        maxTimestampMs = Math.max(maxTimestampMs, timestampMs);
    }

    public int recordCount() {
        return recordCount;
    }

    /// Bytes of the batch so far, its head included.
    public int sizeInBytes() {
        return position;
    }

    /// The finished batch, ready to be read and patched; valid until the next `start`.
    ///
    /// @throws IllegalStateException if it has no records
    public ByteBuffer finish() {
        if (!open || recordCount == 0) {
            throw new IllegalStateException("a batch needs a start and at least one record");
        }
        open = false;
        view.putInt(BatchHeader.LENGTH, position - BatchHeader.LOG_OVERHEAD);
        view.putInt(BatchHeader.LAST_OFFSET_DELTA, recordCount - 1);
        view.putLong(BatchHeader.MAX_TIMESTAMP, maxTimestampMs);
        view.putInt(BatchHeader.RECORD_COUNT, recordCount);
        view.putInt(BatchHeader.CRC, BatchHeader.computedCrc(view, 0, position));
        return ByteBuffer.wrap(bytes, 0, position).slice();
    }

    /// A batch of one control record that ends a producer's transaction.
    public static ByteBuffer marker(
            long producerId,
            short producerEpoch,
            boolean commit,
            int coordinatorEpoch,
            long timestampMs) {
        RecordBatchWriter writer = new RecordBatchWriter();
        writer.start(
                timestampMs,
                producerId,
                producerEpoch,
                BatchHeader.NO_SEQUENCE,
                BatchHeader.TRANSACTIONAL | BatchHeader.CONTROL);
        byte[] key = {0, 0, 0, (byte) (commit ? 1 : 0)}; // version, type
        byte[] value = ByteBuffer.allocate(6).putInt(2, coordinatorEpoch).array(); // version, epoch
        writer.append(timestampMs, key, value);
        return writer.finish();
    }

    private void reserve(int more) {
        long needed = (long) position + more;
        if (needed > bytes.length) {
            if (needed > Integer.MAX_VALUE - 8) {
                throw new IllegalStateException("a batch cannot have " + needed + " bytes");
            }
            int grown = (int) Math.min(Math.max(needed, bytes.length * 2L), Integer.MAX_VALUE - 8);
            bytes = Arrays.copyOf(bytes, grown);
            view = ByteBuffer.wrap(bytes);
        }
    }

    private void putVarlong(long value) {
        position = Varints.put(bytes, position, value);
    }
}
