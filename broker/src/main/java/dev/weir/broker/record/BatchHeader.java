package dev.weir.broker.record;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/// The fixed 61-byte head of a record batch, read and patched in place. `at` is the index of the
/// batch's first byte in the buffer, which must be big-endian; buffer positions are not used.
///
/// ```
///  0  base offset        int64   assigned by the broker, outside the CRC
///  8  length             int32   bytes after this field
/// 12  leader epoch       int32   assigned by the broker, outside the CRC
/// 16  magic              int8    2
/// 17  crc                uint32  CRC-32C of everything from the attributes on
/// 21  attributes         int16   0-2 codec, 3 log append time, 4 transactional, 5 control
/// 23  last offset delta  int32
/// 27  base timestamp     int64
/// 35  max timestamp      int64
/// 43  producer id        int64
/// 51  producer epoch     int16
/// 53  base sequence      int32
/// 57  record count       int32
/// 61  records
/// ```
public final class BatchHeader {
    public static final int BYTES = 61;

    /// Offset and length, the part that says how long a batch is.
    public static final int LOG_OVERHEAD = 12;

    public static final byte MAGIC = 2;
    public static final long NO_PRODUCER_ID = -1;
    public static final short NO_PRODUCER_EPOCH = -1;
    public static final int NO_SEQUENCE = -1;

    static final int BASE_OFFSET = 0;
    static final int LENGTH = 8;
    static final int LEADER_EPOCH = 12;
    static final int MAGIC_BYTE = 16;
    static final int CRC = 17;
    static final int ATTRIBUTES = 21;
    static final int LAST_OFFSET_DELTA = 23;
    static final int BASE_TIMESTAMP = 27;
    static final int MAX_TIMESTAMP = 35;
    static final int PRODUCER_ID = 43;
    static final int PRODUCER_EPOCH = 51;
    static final int BASE_SEQUENCE = 53;
    static final int RECORD_COUNT = 57;

    static final int CODEC_MASK = 0x07;
    static final int LOG_APPEND_TIME = 0x08;
    static final int TRANSACTIONAL = 0x10;
    static final int CONTROL = 0x20;

    private BatchHeader() {}

    public static long baseOffset(ByteBuffer batches, int at) {
        return batches.getLong(at + BASE_OFFSET);
    }

    public static long lastOffset(ByteBuffer batches, int at) {
        return baseOffset(batches, at) + lastOffsetDelta(batches, at);
    }

    public static long nextOffset(ByteBuffer batches, int at) {
        return lastOffset(batches, at) + 1;
    }

    /// The size of the whole batch as its length field has it; not to be trusted before a check.
    public static int sizeInBytes(ByteBuffer batches, int at) {
        return LOG_OVERHEAD + batches.getInt(at + LENGTH);
    }

    public static int leaderEpoch(ByteBuffer batches, int at) {
        return batches.getInt(at + LEADER_EPOCH);
    }

    public static byte magic(ByteBuffer batches, int at) {
        return batches.get(at + MAGIC_BYTE);
    }

    public static int attributes(ByteBuffer batches, int at) {
        return batches.getShort(at + ATTRIBUTES);
    }

    /// 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    public static int codec(ByteBuffer batches, int at) {
        return attributes(batches, at) & CODEC_MASK;
    }

    public static boolean isLogAppendTime(ByteBuffer batches, int at) {
        return (attributes(batches, at) & LOG_APPEND_TIME) != 0;
    }

    public static boolean isTransactional(ByteBuffer batches, int at) {
        return (attributes(batches, at) & TRANSACTIONAL) != 0;
    }

    public static boolean isControl(ByteBuffer batches, int at) {
        return (attributes(batches, at) & CONTROL) != 0;
    }

    public static int lastOffsetDelta(ByteBuffer batches, int at) {
        return batches.getInt(at + LAST_OFFSET_DELTA);
    }

    public static long baseTimestamp(ByteBuffer batches, int at) {
        return batches.getLong(at + BASE_TIMESTAMP);
    }

    public static long maxTimestamp(ByteBuffer batches, int at) {
        return batches.getLong(at + MAX_TIMESTAMP);
    }

    public static long producerId(ByteBuffer batches, int at) {
        return batches.getLong(at + PRODUCER_ID);
    }

    public static short producerEpoch(ByteBuffer batches, int at) {
        return batches.getShort(at + PRODUCER_EPOCH);
    }

    public static int baseSequence(ByteBuffer batches, int at) {
        return batches.getInt(at + BASE_SEQUENCE);
    }

    /// The sequence number of the last record; numbers wrap to 0 after the greatest int.
    public static int lastSequence(ByteBuffer batches, int at) {
        int base = baseSequence(batches, at);
        return base == NO_SEQUENCE
                ? NO_SEQUENCE
                : (base + lastOffsetDelta(batches, at)) & Integer.MAX_VALUE;
    }

    public static int recordCount(ByteBuffer batches, int at) {
        return batches.getInt(at + RECORD_COUNT);
    }

    public static int storedCrc(ByteBuffer batches, int at) {
        return batches.getInt(at + CRC);
    }

    /// The CRC that the bytes have.
    ///
    /// @param sizeInBytes size of the whole batch
    public static int computedCrc(ByteBuffer batches, int at, int sizeInBytes) {
        CRC32C crc = new CRC32C();
        crc.update(batches.slice(at + ATTRIBUTES, sizeInBytes - ATTRIBUTES));
        return (int) crc.getValue();
    }

    /// Whether a whole batch of magic 2 whose CRC is right lies at `at`, ending before `limit`.
    public static boolean isIntact(ByteBuffer batches, int at, int limit) {
        if (limit - at < BYTES) {
            return false;
        }
        int length = batches.getInt(at + LENGTH);
        if (length < BYTES - LOG_OVERHEAD || length > limit - at - LOG_OVERHEAD) {
            return false;
        }
        return magic(batches, at) == MAGIC
                && storedCrc(batches, at) == computedCrc(batches, at, LOG_OVERHEAD + length);
    }

    /// Writes what the broker decides: neither field is covered by the CRC.
    public static void assign(ByteBuffer batches, int at, long baseOffset, int leaderEpoch) {
        batches.putLong(at + BASE_OFFSET, baseOffset);
        batches.putInt(at + LEADER_EPOCH, leaderEpoch);
    }

    /// Stamps the batch with the broker's time, which all its records then have, and renews the
    /// CRC.
    public static void stampLogAppendTime(ByteBuffer batches, int at, long timestampMs) {
        batches.putShort(at + ATTRIBUTES, (short) (attributes(batches, at) | LOG_APPEND_TIME));
        batches.putLong(at + MAX_TIMESTAMP, timestampMs);
        batches.putInt(at + CRC, computedCrc(batches, at, sizeInBytes(batches, at)));
    }

    /// Corrects the greatest timestamp, unless it is right, and with it the CRC.
    public static void correctMaxTimestamp(ByteBuffer batches, int at, long timestampMs) {
        if (maxTimestamp(batches, at) != timestampMs) {
            batches.putLong(at + MAX_TIMESTAMP, timestampMs);
            batches.putInt(at + CRC, computedCrc(batches, at, sizeInBytes(batches, at)));
        }
    }

    /// Gives the batch another base sequence and renews the CRC.
    public static void renumber(ByteBuffer batches, int at, int baseSequence) {
        batches.putInt(at + BASE_SEQUENCE, baseSequence);
        batches.putInt(at + CRC, computedCrc(batches, at, sizeInBytes(batches, at)));
    }
}
