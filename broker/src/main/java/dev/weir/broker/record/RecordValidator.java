package dev.weir.broker.record;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.error.RecordError;

import org.apache.kafka.common.utils.BufferSupplier;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Looks at every record of a batch that a client sent, before it is stored: a batch with a right
/// checksum can still hold what no consumer can read. The rules are those of Kafka's `LogValidator`
/// for magic 2, and that of its readers that a record is as long as it says.
///
/// Uncompressed records are read where they are. Compressed ones pass through a window of 64 KiB,
/// which is kept; keys, values and headers are skipped, so a batch costs no memory however large it
/// grows. No object is made for a record.
///
/// Owned by one thread; see [#ofThread].
public final class RecordValidator {
    /// What the topic demands of its records.
    ///
    /// @param keys whether every record must have a key, as in a compacted topic
    /// @param timestamps whether the records' timestamps count; they do not where the broker stamps
    ///   the batch
    /// @param nowMs the server's clock
    /// @param beforeMaxMs how far a timestamp may be in the past
    /// @param afterMaxMs how far it may be in the future
    public record Rules(
            boolean keys, boolean timestamps, long nowMs, long beforeMaxMs, long afterMaxMs) {}

    /// Records that are named one by one when a batch is refused; there may be millions.
    public static final int MAX_RECORD_ERRORS = 1000;

    private static final long NO_TIMESTAMP = -1;
    private static final int WINDOW_BYTES = 64 << 10;

    /// The bytes of a usual record's numbers up to the length of its key.
    private static final int MOST_USUAL_NUMBERS = 10;

    private static final ThreadLocal<RecordValidator> OF_THREAD =
            ThreadLocal.withInitial(
                    () -> new RecordValidator(RecordBatchReader.DEFAULT_MAX_UNCOMPRESSED_BYTES));

    private final int maxUncompressedBytes;
    private final BufferSupplier decompressionBuffers = BufferSupplier.create();

    private ByteBuffer window = ByteBuffer.allocate(0); // for compressed records, made when needed
    private InputStream compressed; // null while uncompressed records are read

    // What can be read without asking the stream: bytes of `in` from `position` to `limit`.
    // Before them were `passed` more, so that `passed + position` counts from the first record.
    private ByteBuffer in;
    private int position;
    private int limit;
    private long passed;
    private long decompressedBytes; // of all batches so far

    private int record;
    private boolean consecutive;
    private List<RecordError> errors;
    private boolean timestampErrors;

    /// @param maxUncompressedBytes a batch that decompresses to more is refused
    RecordValidator(int maxUncompressedBytes) {
        this.maxUncompressedBytes = maxUncompressedBytes;
    }

    /// The calling thread's own.
    public static RecordValidator ofThread() {
        return OF_THREAD.get();
    }

    /// Checks the records of one batch, whose head and checksum were found right.
    ///
    /// @param at index of the batch's first byte; positions are not used
    /// @param size of the batch
    /// @return the greatest timestamp of its records, -1 if none has one
    /// @throws BrokerException `INVALID_RECORD` or `INVALID_TIMESTAMP` with the records that are to
    ///   blame, `INVALID_RECORD` without them if the batch cannot be read at all, and
    ///   `MESSAGE_TOO_LARGE` if it grows too large when decompressed
    public long validate(ByteBuffer batches, int at, int size, Rules rules) {
        errors = null;
        timestampErrors = false;
        consecutive = true;
        passed = 0;
        int codec = BatchHeader.codec(batches, at);
        long greatest;
        if (codec == 0) {
            compressed = null;
            in = batches;
            position = at + BatchHeader.BYTES;
            limit = at + size;
            try {
                greatest = walk(batches, at, rules);
            } finally {
                in = window; // the batch is not kept
            }
        } else {
            greatest = walkCompressed(batches, at, size, codec, rules);
        }
        if (errors != null) {
            throw refusal();
        }
        return greatest;
    }

    /// Whether the offsets of the batch that was checked last count up from 0 one by one. Where
    /// they do not, [BatchRewriter] gives the records others.
    public boolean isConsecutive() {
        return consecutive;
    }

    private long walkCompressed(ByteBuffer batches, int at, int size, int codec, Rules rules) {
        if (window.capacity() == 0) {
            window = ByteBuffer.allocate(WINDOW_BYTES);
        }
        in = window;
        position = 0;
        limit = 0;
        var bytes = batches.slice(at + BatchHeader.BYTES, size - BatchHeader.BYTES);
        try (var stream =
                Decompression.open(bytes, codec, maxUncompressedBytes, decompressionBuffers)) {
            compressed = stream;
            return walk(batches, at, rules);
        } catch (IOException | RuntimeException | Error e) {
            throw Decompression.refusal(e, ErrorCode.INVALID_RECORD);
        } finally {
            compressed = null;
            decompressedBytes += passed + limit;
        }
    }

    /// How much came out of all compressed batches that were checked or refused so far.
    long decompressedBytes() {
        return decompressedBytes;
    }

    private long walk(ByteBuffer batches, int at, Rules rules) {
        int count = BatchHeader.recordCount(batches, at);
        long baseTimestamp = BatchHeader.baseTimestamp(batches, at);
        long greatest = NO_TIMESTAMP;
        record = 0;
        while (record < count) {
            if (compressed == null) {
                greatest = walkUsual(count, baseTimestamp, greatest, rules);
                if (record == count) {
                    break;
                }
            }
            long timestamp = walkOne(baseTimestamp, rules);
            if (rules.timestamps) {
                greatest = Math.max(greatest, timestamp);
            }
            record++;
        }
        if (position < limit || refill()) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD,
                    "there are more bytes in the batch than its " + count + " records have");
        }
        return greatest;
    }

    /// Passes over uncompressed records as nearly all are: small numbers, no headers, nothing
    /// wrong. Stops before the first that is otherwise, for [#walkOne] to tell. Numbers are read by
    /// hand into locals, three times as fast as by [#varint].
    private long walkUsual(int count, long baseTimestamp, long greatestBefore, Rules rules) {
        ByteBuffer bytes = in;
        int numbersEnd = limit - MOST_USUAL_NUMBERS;
        boolean keys = rules.keys;
        boolean timestamps = rules.timestamps;
        long nowMs = rules.nowMs;
        long beforeMaxMs = rules.beforeMaxMs;
        long afterMaxMs = rules.afterMaxMs;
        long greatest = greatestBefore;
        int start = position;
        int index = record;
        while (index < count && start <= numbersEnd) {
            int at = start;
            int length = bytes.get(at++);
            if (length < 0) {
                int more = bytes.get(at++);
                if (more < 0) {
                    break;
                }
                length = (length & 0x7f) | (more << 7);
            }
            if ((length & 1) != 0) {
                break; // negative
            }
            int end = at + (length >>> 1);
            at++; // attributes
            int timestampDelta = bytes.get(at++);
            if (timestampDelta < 0) {
                int more = bytes.get(at++);
                timestampDelta = (timestampDelta & 0x7f) | ((more & 0x7f) << 7);
                if (more < 0) {
                    int most = bytes.get(at++);
                    if (most < 0) {
                        break;
                    }
                    timestampDelta |= most << 14;
                }
            }
            int offsetDelta = bytes.get(at++);
            if (offsetDelta < 0) {
                int more = bytes.get(at++);
                if (more < 0) {
                    break;
                }
                offsetDelta = (offsetDelta & 0x7f) | (more << 7);
            }
            int keyLength = bytes.get(at++);
            if (keyLength < 0) {
                int more = bytes.get(at++);
                if (more < 0) {
                    break;
                }
                keyLength = (keyLength & 0x7f) | (more << 7);
            }
            if ((keyLength & 1) == 0) {
                at += keyLength >>> 1;
            } else if (keys) {
                break;
            }
            // From here on the length may be a lie: nothing behind the record is read.
            if (offsetDelta != index << 1 || end > limit || at > end - 2) {
                break;
            }
            int valueLength = bytes.get(at++);
            if (valueLength < 0) {
                int more = bytes.get(at++);
                if (more < 0) {
                    break;
                }
                valueLength = (valueLength & 0x7f) | (more << 7);
            }
            if ((valueLength & 1) == 0) {
                at += valueLength >>> 1;
            }
            if (at != end - 1 || bytes.get(at) != 0) {
                break;
            }
            if (timestamps) {
                long timestamp = baseTimestamp + ((timestampDelta >>> 1) ^ -(timestampDelta & 1));
                long age = nowMs - timestamp;
                if ((age > beforeMaxMs || -age > afterMaxMs) && timestamp != NO_TIMESTAMP) {
                    break;
                }
                greatest = Math.max(greatest, timestamp);
            }
            start = end;
            index++;
        }
        position = start;
        record = index;
        return greatest;
    }

    /// Passes over any record, and says what is wrong with it.
    ///
    /// @return its timestamp
    private long walkOne(long baseTimestamp, Rules rules) {
        int length = varint();
        long end = passed + position + length;
        if (length <= 0 || (compressed == null && end > limit)) {
            throw malformed("has a length of " + length + " bytes" + left());
        }
        skip(1); // attributes, of which there are none
        long timestamp = baseTimestamp + varlong();
        int offsetDelta = varint();
        if (offsetDelta != record) {
            consecutive = false;
        }
        int keyLength = varint();
        skipField(keyLength, end, "key");
        skipField(varint(), end, "value");
        int headers = varint();
        if (headers != 0) {
            skipHeaders(headers, end);
        }
        if (passed + position != end) {
            throw malformed(
                    "says it has "
                            + length
                            + " bytes, and its fields have "
                            + (length + passed + position - end));
        }
        if (rules.keys && keyLength < 0) {
            keyless();
        } else if (rules.timestamps && timestamp != NO_TIMESTAMP) {
            long age =
                    rules.nowMs - timestamp; // Kafka's arithmetic: what overflows is out of range
            if (age > rules.beforeMaxMs || -age > rules.afterMaxMs) {
                untimely(timestamp, rules);
            }
        }
        return timestamp;
    }

    private void skipHeaders(int headers, long end) {
        if (headers < 0 || headers > end - passed - position) {
            throw malformed("has " + headers + " headers" + left(end));
        }
        for (int i = 0; i < headers; i++) {
            int nameLength = varint();
            if (nameLength < 0) {
                throw malformed("has a header without a name");
            }
            skipField(nameLength, end, "header's name");
            skipField(varint(), end, "header's value");
        }
    }

    /// Passes over a field; one of negative length is null.
    private void skipField(int length, long end, String field) {
        if (length <= 0) {
            return;
        }
        if (length > end - passed - position) {
            throw malformed("has a " + field + " of " + length + " bytes" + left(end));
        }
        skip(length);
    }

    private void skip(int length) {
        if (length <= limit - position) {
            position += length;
        } else {
            skipBeyond(length);
        }
    }

    private void skipBeyond(int length) {
        int rest = length - (limit - position);
        while (true) {
            position = limit;
            if (!refill()) {
                throw malformed("ends " + rest + " bytes early");
            }
            if (rest <= limit) {
                position = rest;
                return;
            }
            rest -= limit;
        }
    }

    private int varint() {
        int first = next();
        return first >= 0 ? (first >>> 1) ^ -(first & 1) : longerVarint(first);
    }

    private int longerVarint(int first) {
        int value = first & 0x7f;
        for (int shift = 7; shift < 35; shift += 7) {
            byte part = next();
            value |= (part & 0x7f) << shift;
            if (part >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw malformed("has a number of more than 5 bytes");
    }

    private long varlong() {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte part = next();
            value |= (part & 0x7fL) << shift;
            if (part >= 0) {
                return (value >>> 1) ^ -(value & 1);
            }
        }
        throw malformed("has a number of more than 10 bytes");
    }

    private byte next() {
        if (position == limit && !refill()) {
            throw malformed("ends inside a number");
        }
        return in.get(position++);
    }

    /// Takes more from the stream when all that there was is used; false at its end.
    private boolean refill() {
        if (compressed == null) {
            return false;
        }
        try {
            passed += limit;
            position = 0;
            limit = 0;
            int read = compressed.read(window.array(), 0, window.capacity());
            if (read <= 0) {
                return false;
            }
            limit = read;
        } catch (IOException e) {
            throw Decompression.refusal(e, ErrorCode.INVALID_RECORD);
        }
        if (passed + limit >= maxUncompressedBytes) {
            throw Decompression.tooLarge(maxUncompressedBytes);
        }
        return true;
    }

    private void keyless() {
        note("record " + record + " has no key, which a compacted topic needs");
    }

    private void untimely(long timestamp, Rules rules) {
        timestampErrors = true;
        note(
                "the timestamp of record "
                        + record
                        + " is "
                        + timestamp
                        + " and the server's clock says "
                        + rules.nowMs
                        + "; "
                        + (timestamp > rules.nowMs
                                ? "message.timestamp.after.max.ms is " + rules.afterMaxMs
                                : "message.timestamp.before.max.ms is " + rules.beforeMaxMs));
    }

    private void note(String message) {
        if (errors == null) {
            errors = new ArrayList<>();
        }
        if (errors.size() < MAX_RECORD_ERRORS) {
            errors.add(new RecordError(record, message));
        }
    }

    private BrokerException refusal() {
        var noted = errors;
        errors = null;
        return new BrokerException(
                timestampErrors ? ErrorCode.INVALID_TIMESTAMP : ErrorCode.INVALID_RECORD,
                "a record batch was refused: "
                        + noted.getFirst().message()
                        + (noted.size() == 1 ? "" : "; it is not the only one"),
                noted);
    }

    private BrokerException malformed(String what) {
        return new BrokerException(
                ErrorCode.INVALID_RECORD, "malformed record batch: record " + record + " " + what);
    }

    private String left() {
        return compressed == null ? left(passed + limit) : "";
    }

    private String left(long end) {
        return " where " + (end - passed - position) + " are left";
    }
}
