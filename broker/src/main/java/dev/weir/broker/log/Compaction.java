package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.storage.StorageFile;

import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter.BatchRetention;
import org.apache.kafka.common.record.internal.MemoryRecords.RecordFilter.BatchRetentionResult;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.BufferSupplier;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/// One compaction of a log: of each key only the last record stays.
///
/// # What stays
///
/// First the keys of the dirty part, which no compaction has seen, are noted with their last
/// offsets. Then all segments up to there are written anew without
///
/// - records whose key has a later record,
/// - records without a value (tombstones) whose time has passed. The first compaction that keeps
///   one notes in its batch until when (KIP-534), so that readers have `delete.retention.ms` to see
///   it,
/// - records of aborted transactions, and markers of transactions without any record, these also
///   after `delete.retention.ms`.
///
/// The last batch of each producer stays, if only its head: sequence numbers are known from it. So
/// does the head of the last batch of all, so that a reader always finds something at or after any
/// offset. Offsets, timestamps, headers and compression stay; batches are rewritten by Kafka's own
/// code for it.
///
/// # Damage
///
/// What is rewritten gets a checksum that fits, and nobody would ever find out that it was damaged.
/// So every batch is checked before, whether it is changed or not. Where one is damaged the
/// compaction ends, and the segment stays as it is.
///
/// # How segments are replaced
///
/// Neighbours that fit into one segment become one. [SegmentReplacer] puts it in their place.
///
/// Owned by the thread that compacts. It reads closed segments only and takes the upkeep lock only
/// to replace them.
public final class Compaction {
    private static final int CHUNK_BYTES = 1 << 20;

    private final Log log;
    private final SegmentReplacer replacer;
    private final List<LogSegment> segments; // all below the bound, the first one first
    private final long dirtyFrom; // where the last compaction ended
    private final long bound; // the end of the last of the segments
    private final long gapsBelow; // as long as the segments are what they are
    private final Map<Long, ActiveProducer> producers = new HashMap<>();
    private final List<AbortedTransaction> aborted;
    private final long nowMs;
    private final BooleanSupplier cancelled;
    private final KeyOffsets keys;
    private final TransactionTracker transactions;
    private final BufferSupplier decompression = BufferSupplier.create();

    private long mappedBelow;
    private long upper;
    private ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
    private ByteBuffer kept = ByteBuffer.allocate(CHUNK_BYTES);
    private byte[] key = new byte[256];
    private final Set<Long> withoutSequence = new HashSet<>(); // base offsets in the chunk

    /// @param scope what it compacts
    Compaction(
            Log log,
            SegmentReplacer replacer,
            CompactionScope scope,
            List<ActiveProducer> active,
            long nowMs,
            long maxKeyBytes,
            BooleanSupplier cancelled)
            throws IOException {
        this.log = log;
        this.replacer = replacer;
        segments = scope.segments();
        dirtyFrom = scope.dirtyFrom();
        bound = scope.end();
        gapsBelow = scope.gapsBelow();
        this.nowMs = nowMs;
        this.cancelled = cancelled;
        for (var producer : active) {
            producers.put(producer.producerId(), producer);
        }
        aborted = scope.aborted();
        transactions = new TransactionTracker(aborted);
        keys = new KeyOffsets(maxKeyBytes);
    }

    /// Replaces segments, under the locks that this needs.
    @FunctionalInterface
    public interface Replacing {
        /// @param end where the segments to be replaced end
        /// @return false when it must not happen any more
        boolean replace(Swap swap, long end) throws IOException;
    }

    /// A replacement that is ready to take effect.
    @FunctionalInterface
    public interface Swap {
        /// To be called under the upkeep lock.
        ///
        /// @param appendLock runs a change of the segment list under the append lock
        /// @return files to be closed when their readers are done, null when the segments that were
        ///   to be replaced are there no more
        List<StorageFile> apply(Log.UnderLock appendLock) throws IOException;
    }

    /// Compacts.
    ///
    /// @return the offset below which the log is compacted now
    /// @throws CancellationException when told to stop, or when a replacement must not happen any
    ///   more; what was replaced before stays so
    /// @throws BrokerException `CORRUPT_MESSAGE`, with file and position, where a segment is
    ///   damaged; what was replaced before stays so
    public long run(Replacing replacing) throws IOException {
        mapKeys();
        int count = 0;
        while (count < segments.size() && segments.get(count).baseOffset() < mappedBelow) {
            count++;
        }
        upper = endOf(count - 1);
        for (int from = 0; from < count; ) {
            int to = groupFrom(from, count);
            var group = segments.subList(from, to);
            var replacement =
                    new SegmentReplacer.Replacement(rewritten(from, to), group, endOf(to - 1));
            boolean replaced = false;
            try {
                replaced =
                        replacing.replace(
                                appendLock -> log.replace(replacement, appendLock),
                                replacement.end());
            } finally {
                if (!replaced && !log.holds(replacement.segment())) {
                    replacement.segment().abandon();
                }
            }
            if (!replaced) {
                throw new CancellationException("the log is needed as it is");
            }
            from = to;
        }
        return mappedBelow;
    }

    private long endOf(int index) {
        return index + 1 < segments.size() ? segments.get(index + 1).baseOffset() : bound;
    }

    /// One past the last of the segments from one on that fit into one segment together.
    private int groupFrom(int from, int count) throws IOException {
        long bytes = segments.get(from).size();
        long base = segments.get(from).baseOffset();
        int to = from + 1;
        while (to < count
                && bytes + segments.get(to).size() <= log.config().segmentBytes()
                && endOf(to) - base <= Integer.MAX_VALUE) {
            bytes += segments.get(to).size();
            to++;
        }
        return to;
    }

    // ---------------------------------------------------------------- keys

    private void mapKeys() throws IOException {
        var tracker = new TransactionTracker(aborted);
        var records = new RecordBatchReader();
        mappedBelow = bound;
        for (int i = 0; i < segments.size(); i++) {
            if (endOf(i) <= dirtyFrom) {
                continue;
            }
            var segment = segments.get(i);
            var batches = new BatchWalker(segment.file(), 0, segment.size());
            long next = segment.baseOffset();
            while (batches.next()) {
                checkCancelled();
                var bytes = batches.buffer();
                int at = batches.at();
                if (!isInPlace(bytes, at, next, endOf(i))) {
                    throw Succession.damaged(segment.file(), batches.position());
                }
                next = BatchHeader.nextOffset(bytes, at);
                if (BatchHeader.isControl(bytes, at)) {
                    follow(tracker, records, bytes, at);
                } else if (!isAborted(tracker, bytes, at)
                        && BatchHeader.lastOffset(bytes, at) >= dirtyFrom
                        && !map(records, bytes, at)) {
                    return;
                }
            }
            if (batches.position() < segment.size()) {
                throw Succession.damaged(segment.file(), batches.position());
            }
        }
    }

    /// Whether a batch can be where it is: records are told apart by their offsets.
    ///
    /// @param next offset after the batch before
    /// @param end of the segment
    private boolean isInPlace(ByteBuffer bytes, int at, long next, long end) {
        return Succession.follows(BatchHeader.baseOffset(bytes, at), next, gapsBelow)
                && BatchHeader.nextOffset(bytes, at) <= end;
    }

    private static void follow(
            TransactionTracker tracker, RecordBatchReader records, ByteBuffer bytes, int at) {
        records.start(bytes.duplicate().position(at));
        if (records.next() && records.controlType() <= 1) {
            var _ =
                    tracker.ended(
                            BatchHeader.producerId(bytes, at),
                            BatchHeader.lastOffset(bytes, at),
                            records.controlType() == 1);
        }
    }

    private static boolean isAborted(TransactionTracker tracker, ByteBuffer bytes, int at) {
        return BatchHeader.isTransactional(bytes, at)
                && tracker.isAborted(
                        BatchHeader.producerId(bytes, at), BatchHeader.lastOffset(bytes, at));
    }

    /// @return false when there was no room for all
    private boolean map(RecordBatchReader records, ByteBuffer bytes, int at) {
        records.start(bytes.duplicate().position(at));
        while (records.next()) {
            if (records.offset() < dirtyFrom || records.keyLength() < 0) {
                continue;
            }
            if (keys.isFull()) {
                mappedBelow = records.offset();
                return false;
            }
            keys.put(records.bytes(), records.keyOffset(), records.keyLength(), records.offset());
        }
        return true;
    }

    // ---------------------------------------------------------------- records

    /// Segments as one.
    ///
    /// @param from index of the first
    /// @param to one past the last
    private LogSegment rewritten(int from, int to) throws IOException {
        var target = replacer.begin(segments.get(from).baseOffset());
        boolean whole = false;
        try {
            var filter = new Filter(target);
            for (int i = from; i < to; i++) {
                rewrite(segments.get(i), endOf(i), filter, target);
            }
            replacer.makeDurable(target);
            whole = true;
        } finally {
            if (!whole) {
                target.abandon();
            }
        }
        return target;
    }

    private void rewrite(LogSegment segment, long end, Filter filter, LogSegment target)
            throws IOException {
        int position = 0;
        int size = segment.size();
        long next = segment.baseOffset();
        while (position < size) {
            checkCancelled();
            chunk.clear().limit(Math.min(chunk.capacity(), size - position));
            segment.file().read(chunk, position);
            chunk.flip();
            int checked = check(segment, position, next, end);
            if (checked == 0) {
                growFor(segment, position, size);
                continue;
            }
            chunk.limit(checked);
            markWithoutSequence();
            var result =
                    MemoryRecords.readableRecords(chunk)
                            .filterTo(filter, kept.clear(), decompression);
            position += result.bytesRead(); // not all when there was no room for what is kept
            next = offsetAfter(result.bytesRead());
            kept = result.outputBuffer();
            kept.flip();
            for (int at = 0; at < kept.limit(); at += BatchHeader.sizeInBytes(kept, at)) {
                if (withoutSequence.contains(BatchHeader.baseOffset(kept, at))) {
                    BatchHeader.renumber(kept, at, BatchHeader.NO_SEQUENCE);
                }
            }
            target.write(List.of(kept.duplicate()));
            for (int at = 0; at < kept.limit(); at += BatchHeader.sizeInBytes(kept, at)) {
                target.appended(kept, at, log.config().indexIntervalBytes());
            }
        }
    }

    /// Checks the whole batches in the chunk.
    ///
    /// @param position of the chunk
    /// @param next offset that the first of them must have
    /// @param end of the segment
    /// @return how many bytes they are
    private int check(LogSegment segment, int position, long next, long end) throws IOException {
        int at = 0;
        long after = next;
        while (chunk.limit() - at >= BatchHeader.BYTES
                && BatchHeader.sizeInBytes(chunk, at) <= chunk.limit() - at) {
            if (!BatchHeader.isIntact(chunk, at, chunk.limit())
                    || !isInPlace(chunk, at, after, end)) {
                throw Succession.damaged(segment.file(), position + at);
            }
            after = BatchHeader.nextOffset(chunk, at);
            at += BatchHeader.sizeInBytes(chunk, at);
        }
        return at;
    }

    /// The offset after the batches that are the first bytes of the chunk.
    private long offsetAfter(int bytes) {
        int last = 0;
        for (int at = 0; at < bytes; at += BatchHeader.sizeInBytes(chunk, at)) {
            last = at;
        }
        return BatchHeader.nextOffset(chunk, last);
    }

    /// Batches of a producer without a sequence number, which the SQL engine writes, get one while
    /// they are rewritten: the code that does it refuses them otherwise.
    private void markWithoutSequence() {
        withoutSequence.clear();
        for (int at = 0; at < chunk.limit(); at += BatchHeader.sizeInBytes(chunk, at)) {
            if (BatchHeader.producerId(chunk, at) >= 0
                    && BatchHeader.baseSequence(chunk, at) == BatchHeader.NO_SEQUENCE
                    && !BatchHeader.isControl(chunk, at)) {
                withoutSequence.add(BatchHeader.baseOffset(chunk, at));
                BatchHeader.renumber(chunk, at, 0);
            }
        }
    }

    private void growFor(LogSegment segment, int position, int size) throws IOException {
        int needed = chunk.limit() < BatchHeader.BYTES ? 0 : BatchHeader.sizeInBytes(chunk, 0);
        if (needed <= chunk.capacity() || needed > size - position) {
            throw Succession.damaged(segment.file(), position);
        }
        chunk = ByteBuffer.allocate(needed);
    }

    private void checkCancelled() {
        if (cancelled.getAsBoolean()) {
            throw new CancellationException("the server is stopping");
        }
    }

    /// Says of each batch and record whether it stays. Asked for a batch before its records.
    private final class Filter extends RecordFilter {
        private final LogSegment target;
        private boolean discards;

        Filter(LogSegment target) {
            super(nowMs, log.config().compaction().deleteRetentionMs());
            this.target = target;
        }

        @Override
        protected BatchRetentionResult checkBatchRetention(RecordBatch batch) {
            boolean emptyEnd = false;
            if (batch.isControlBatch()) {
                emptyEnd = endsNothing(batch);
                discards = emptyEnd && batch.deleteHorizonMs().orElse(Long.MAX_VALUE) <= nowMs;
            } else {
                discards =
                        batch.isTransactional()
                                && transactions.isAborted(batch.producerId(), batch.lastOffset());
            }
            BatchRetention retention;
            if (isLastOfProducer(batch) || batch.nextOffset() == upper) {
                retention = BatchRetention.RETAIN_EMPTY;
            } else {
                retention = discards ? BatchRetention.DELETE : BatchRetention.DELETE_EMPTY;
            }
            return new BatchRetentionResult(retention, emptyEnd);
        }

        private boolean endsNothing(RecordBatch batch) {
            var records = batch.iterator();
            if (!records.hasNext()) {
                return true;
            }
            var type = ControlRecordType.parse(records.next().key());
            if (type != ControlRecordType.COMMIT && type != ControlRecordType.ABORT) {
                return false;
            }
            var end =
                    transactions.ended(
                            batch.producerId(),
                            batch.lastOffset(),
                            type == ControlRecordType.COMMIT);
            if (end.aborted() != null) {
                try {
                    target.addAborted(end.aborted());
                } catch (IOException e) {
                    throw new IllegalStateException("the index of a new segment is in memory", e);
                }
            }
            return end.endsNothing();
        }

        private boolean isLastOfProducer(RecordBatch batch) {
            var producer = batch.hasProducerId() ? producers.get(batch.producerId()) : null;
            if (producer == null) {
                return false;
            }
            return producer.lastOffset() >= 0
                    ? batch.lastOffset() == producer.lastOffset()
                    : batch.isControlBatch() && batch.producerEpoch() == producer.producerEpoch();
        }

        @Override
        protected boolean shouldRetainRecord(RecordBatch batch, Record entry) {
            if (discards) {
                return false;
            }
            if (batch.isControlBatch() || entry.offset() >= mappedBelow) {
                return true;
            }
            if (!entry.hasKey()) {
                return false; // from before the topic was compacted; nothing could ever replace it
            }
            if (entry.offset() < lastOf(entry.key())) {
                return false;
            }
            return entry.hasValue() || batch.deleteHorizonMs().orElse(Long.MAX_VALUE) > nowMs;
        }

        private long lastOf(ByteBuffer entryKey) {
            int length = entryKey.remaining();
            if (key.length < length) {
                key = new byte[Math.max(length, key.length * 2)];
            }
            entryKey.get(key, 0, length);
            return keys.last(key, 0, length);
        }
    }
}
