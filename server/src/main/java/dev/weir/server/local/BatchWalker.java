package dev.weir.server.local;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.AbortedTransaction;
import dev.weir.broker.partition.ReadLimit;
import dev.weir.broker.partition.ReadResult;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.storage.FileSlice;
import dev.weir.sql.io.RecordBlock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Walks the batches of a partition and copies the committed records of a range into a block. Keeps
/// its buffers from call to call; one thread at a time.
final class BatchWalker {
    private static final int CHUNK_BYTES_LEAST = 64 << 10;
    private static final int CHUNK_BYTES_MOST = 4 << 20;
    private static final int CONTROL_ABORT = 0;

    /// How far beyond its limits a block may go so that a batch is taken whole: stopping inside one
    /// means unpacking it again next time.
    private static final int OVERSHOOT_RECORDS = 4096;

    private static final int OVERSHOOT_BYTES = 1 << 20;

    private final RecordBatchReader records = new RecordBatchReader();
    private ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES_LEAST);

    /// Where batches come from.
    interface Source {
        long decidedBelow();

        /// The whole first batch and what fits after it.
        ReadResult read(long offset, int maxBytes, ReadLimit limit);
    }

    /// Which records are wanted.
    record Range(long offset, long upTo, long skipProducer) {}

    /// @return the offset to go on from, `range.upTo` when all was read
    long read(Source source, Range range, RecordBlock block, int maxRecords, int maxBytes) {
        long at = range.offset;
        int chunkBytes = Math.clamp(maxBytes, CHUNK_BYTES_LEAST, CHUNK_BYTES_MOST);
        while (at < range.upTo && block.count() < maxRecords && block.bytes() < maxBytes) {
            // Above what is decided lies only what an open transaction of the reader itself
            // holds back; there the fate of others' transactions is looked up in the log.
            boolean stable = at < source.decidedBelow();
            ReadResult found =
                    source.read(
                            at,
                            chunkBytes,
                            stable ? ReadLimit.LAST_STABLE_OFFSET : ReadLimit.HIGH_WATERMARK);
            if (found.slice().length() == 0) {
                break;
            }
            load(source, found.slice());
            Visibility visibility =
                    stable ? new Decided(found.aborted()) : new LookedUp(source, at);
            long next = walk(source, at, range, visibility, block, maxRecords, maxBytes);
            if (next == at) {
                throw new IllegalStateException("no whole batch at offset " + at + " of " + source);
            }
            at = next;
        }
        return at;
    }

    private long walk(
            Source source,
            long from,
            Range range,
            Visibility visibility,
            RecordBlock block,
            int maxRecords,
            int maxBytes) {
        long at = from;
        while (nextBatchIsWhole()) {
            int position = chunk.position();
            int size = BatchHeader.sizeInBytes(chunk, position);
            long baseOffset = BatchHeader.baseOffset(chunk, position);
            long nextOffset = BatchHeader.nextOffset(chunk, position);
            if (baseOffset >= range.upTo) {
                return range.upTo;
            }
            if (!BatchHeader.isIntact(chunk, position, chunk.limit())) {
                throw damaged(source, baseOffset);
            }
            if (nextOffset > at && isWanted(position, baseOffset, range, visibility)) {
                try {
                    records.start(chunk);
                    at = copy(at, nextOffset, range.upTo, block, maxRecords, maxBytes);
                } catch (BrokerException e) {
                    throw unreadable(source, baseOffset, e);
                }
            } else {
                at = Math.max(at, Math.min(nextOffset, range.upTo));
            }
            chunk.position(position + size);
            if (at >= range.upTo || block.count() >= maxRecords || block.bytes() >= maxBytes) {
                return at;
            }
        }
        return at;
    }

    private boolean isWanted(int position, long baseOffset, Range range, Visibility visibility) {
        if (BatchHeader.isControl(chunk, position)) {
            return false;
        }
        long producerId = BatchHeader.producerId(chunk, position);
        if (range.skipProducer != BatchHeader.NO_PRODUCER_ID && producerId == range.skipProducer) {
            return false;
        }
        return !BatchHeader.isTransactional(chunk, position)
                || visibility.isCommitted(producerId, baseOffset);
    }

    private long copy(
            long from,
            long nextOffset,
            long upTo,
            RecordBlock block,
            int maxRecords,
            int maxBytes) {
        long recordStop = 2L * maxRecords + OVERSHOOT_RECORDS;
        long byteStop = 2L * maxBytes + OVERSHOOT_BYTES;
        while (records.next()) {
            long offset = records.offset();
            if (offset < from) {
                continue;
            }
            if (offset >= upTo) {
                return upTo;
            }
            block.append(
                    offset,
                    records.timestamp(),
                    records.bytes(),
                    records.keyOffset(),
                    records.keyLength(),
                    records.bytes(),
                    records.valueOffset(),
                    records.valueLength());
            if (block.count() >= recordStop || block.bytes() >= byteStop) {
                return offset + 1;
            }
        }
        return Math.min(nextOffset, upTo);
    }

    /// One past the last record of a producer whose transaction began at `from` and is open still.
    long endOfProducer(Source source, long producerId, long from) {
        long end = from;
        long at = from;
        while (true) {
            ReadResult found = source.read(at, CHUNK_BYTES_MOST, ReadLimit.LOG_END);
            if (found.slice().length() == 0) {
                return end;
            }
            load(source, found.slice());
            while (nextBatchIsWhole()) {
                int position = chunk.position();
                at = BatchHeader.nextOffset(chunk, position);
                if (BatchHeader.producerId(chunk, position) == producerId) {
                    end = at;
                }
                chunk.position(position + BatchHeader.sizeInBytes(chunk, position));
            }
        }
    }

    private void load(Source source, FileSlice slice) {
        if (chunk.capacity() < slice.length()) {
            chunk = ByteBuffer.allocate(slice.length());
        }
        chunk.clear();
        try {
            slice.readInto(chunk);
        } catch (IOException e) {
            throw new BrokerException(
                    ErrorCode.KAFKA_STORAGE_ERROR, "cannot read " + source + ": " + e, e);
        }
        chunk.flip();
    }

    private boolean nextBatchIsWhole() {
        return chunk.remaining() >= BatchHeader.BYTES
                && BatchHeader.sizeInBytes(chunk, chunk.position()) <= chunk.remaining();
    }

    /// The batch is as its producer sent it: no trouble of the disk.
    private static BrokerException unreadable(Source source, long offset, BrokerException cause) {
        return new BrokerException(
                ErrorCode.INVALID_RECORD,
                "the records of the batch at offset "
                        + offset
                        + " of "
                        + source
                        + " cannot be read: "
                        + cause.getMessage(),
                cause);
    }

    private static BrokerException damaged(Source source, long offset) {
        return new BrokerException(
                ErrorCode.CORRUPT_MESSAGE,
                "the batch at offset " + offset + " of " + source + " is damaged");
    }

    /// Whether the records of a transactional batch may be seen.
    private sealed interface Visibility {
        boolean isCommitted(long producerId, long offset);
    }

    /// Below the last stable offset all is decided: committed unless listed as aborted.
    private record Decided(List<AbortedTransaction> aborted) implements Visibility {
        @Override
        public boolean isCommitted(long producerId, long offset) {
            for (AbortedTransaction transaction : aborted) {
                if (transaction.producerId() == producerId
                        && transaction.firstOffset() <= offset
                        && offset <= transaction.lastOffset()) {
                    return false;
                }
            }
            return true;
        }
    }

    /// Above it, a batch is committed if the next marker of its producer says so.
    private static final class LookedUp implements Visibility {
        private final Source source;
        private final long from;
        private final Map<Long, Long> committedUpTo = new HashMap<>();
        private final Map<Long, Long> abortedUpTo = new HashMap<>();

        LookedUp(Source source, long from) {
            this.source = source;
            this.from = from;
        }

        @Override
        public boolean isCommitted(long producerId, long offset) {
            if (offset < committedUpTo.getOrDefault(producerId, -1L)) {
                return true;
            }
            if (offset < abortedUpTo.getOrDefault(producerId, -1L)) {
                return false;
            }
            return new BatchWalker().findMarker(this, producerId, Math.max(offset, from));
        }
    }

    /// Looks for the first marker of a producer at or after an offset, and notes what it says.
    ///
    /// @return true when it says commit; false for abort, and when there is none yet
    private boolean findMarker(LookedUp notes, long producerId, long from) {
        long at = from;
        while (true) {
            ReadResult found = notes.source.read(at, CHUNK_BYTES_MOST, ReadLimit.LOG_END);
            if (found.slice().length() == 0) {
                return false;
            }
            load(notes.source, found.slice());
            while (nextBatchIsWhole()) {
                int position = chunk.position();
                at = BatchHeader.nextOffset(chunk, position);
                if (BatchHeader.isControl(chunk, position)
                        && BatchHeader.producerId(chunk, position) == producerId) {
                    boolean commit = !isAbortMarker();
                    (commit ? notes.committedUpTo : notes.abortedUpTo).put(producerId, at);
                    return commit;
                }
                chunk.position(position + BatchHeader.sizeInBytes(chunk, position));
            }
        }
    }

    /// The key of a control record is its version and its type, two bytes each.
    private boolean isAbortMarker() {
        records.start(chunk);
        if (!records.next() || records.keyLength() < 4) {
            throw new IllegalStateException("a control batch without a marker");
        }
        byte[] bytes = records.bytes();
        int at = records.keyOffset() + 2;
        return ((bytes[at] << 8) | (bytes[at + 1] & 0xff)) == CONTROL_ABORT;
    }
}
