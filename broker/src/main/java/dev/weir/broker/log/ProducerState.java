package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.EndMarker;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/// What a partition knows of its producers: their epochs, their last five batches (to answer
/// retries), and which transactions are open.
///
/// Snapshots have Kafka's layout, which keeps one batch of each producer, followed by the other
/// four, which Kafka's readers ignore; so a retry of any of five batches in flight is still
/// recognised after a restart:
///
/// ```
/// version int16 = 1, crc uint32 (of all that follows), count int32, count times
///   producer id int64, epoch int16, last sequence int32, last offset int64, offset delta int32,
///   timestamp int64, coordinator epoch int32, first offset of its open transaction int64
/// then for each producer in the same order: count int8, count times, oldest first
///   last sequence int32, last offset int64, offset delta int32
/// ```
///
/// Owned by the holder of the append lock.
final class ProducerState {
    private static final int CACHED_BATCHES = 5;
    private static final int SNAPSHOT_HEAD = 10;
    private static final int SNAPSHOT_ENTRY = 46;
    private static final int SNAPSHOT_BATCH = 16;
    private static final long NONE = -1;

    private final Map<Long, Producer> producers = new HashMap<>();

    /// Open transactions by first offset.
    private final TreeMap<Long, Producer> open = new TreeMap<>();

    /// Ended transactions whose marker may not be durable yet: first offset to marker offset.
    private final TreeMap<Long, Long> undecided = new TreeMap<>();

    /// Producers whose transactions are being verified, until a batch of theirs is appended.
    private final Map<Long, Verifying> verifying = new HashMap<>();

    /// What is known of a client's transaction between the question to the coordinator and the
    /// first batch here.
    ///
    /// @param lowestSequence the first batch must not come after it: one with a higher sequence
    ///   that was verified while this one could not be would make this one out of order forever
    /// @param bumping whether each of the client's transactions has an epoch of its own (KIP-890),
    ///   so that sequences begin at 0
    private record Verifying(long sinceMs, short epoch, int lowestSequence, boolean bumping) {
        Verifying and(short newEpoch, int sequence) {
            if (newEpoch > epoch || (newEpoch == epoch && sequence < lowestSequence)) {
                return new Verifying(sinceMs, newEpoch, sequence, bumping);
            }
            return this;
        }
    }

    /// A batch that was appended before.
    ///
    /// @param timestampMs when, by the server's clock
    record Duplicate(long firstOffset, long lastOffset, long timestampMs) {}

    /// Checks a batch against its producer's state.
    ///
    /// @return the earlier arrival of the same batch, or null when it may be appended
    /// @throws BrokerException `INVALID_PRODUCER_EPOCH`, `OUT_OF_ORDER_SEQUENCE_NUMBER`,
    ///   `INVALID_TXN_STATE`, `TRANSACTION_COORDINATOR_FENCED`
    private Duplicate check(ByteBuffer batches, int at, Log.Checks checks) {
        long id = BatchHeader.producerId(batches, at);
        if (id == BatchHeader.NO_PRODUCER_ID) {
            return null;
        }
        Producer producer = producers.get(id);
        short epoch = BatchHeader.producerEpoch(batches, at);
        if (BatchHeader.isControl(batches, at)) {
            if (producer != null) {
                checkMarkerEpoch(producer, epoch, checks.bumping());
            }
            checkCoordinator(id, EndMarker.read(batches, at));
            return null;
        }
        boolean ofTransaction = checks.transactions() && BatchHeader.isTransactional(batches, at);
        boolean checkSequence = checks.sequences();
        if (producer == null) {
            if (ofTransaction) {
                checkVerified(id, epoch, checks.verified());
            }
            if (checkSequence) {
                checkFirst(id, BatchHeader.baseSequence(batches, at));
            }
            return null;
        }
        int first = BatchHeader.baseSequence(batches, at);
        if (checkSequence && epoch == producer.epoch) {
            Duplicate duplicate = producer.duplicate(first, BatchHeader.lastSequence(batches, at));
            if (duplicate != null) {
                return duplicate;
            }
        }
        checkEpoch(producer, epoch);
        if (ofTransaction) {
            checkVerified(id, epoch, checks.verified());
        }
        if (checkSequence) {
            checkFirst(id, first);
            checkSequence(producer, epoch, first);
        }
        if (producer.transactionStart != NONE && !BatchHeader.isTransactional(batches, at)) {
            throw new BrokerException(
                    ErrorCode.INVALID_TXN_STATE,
                    "producer " + id + " has an open transaction and sent a batch outside of it");
        }
        return null;
    }

    /// What is known of an entry without writing it: that it was here before, or why it cannot be
    /// taken; null if it can.
    Log.Outcome settled(ByteBuffer entry, Log.Checks checks) {
        try {
            int limit = entry.limit();
            for (int at = entry.position(); at < limit; ) {
                Duplicate duplicate = check(entry, at, checks);
                if (duplicate != null) {
                    return new Log.Outcome(
                            new Log.Appended(
                                    duplicate.firstOffset(),
                                    duplicate.lastOffset(),
                                    duplicate.timestampMs(),
                                    true),
                            null);
                }
                at += BatchHeader.sizeInBytes(entry, at);
            }
            return null;
        } catch (BrokerException e) {
            return new Log.Outcome(null, e);
        }
    }

    /// What must still hold when a batch of a transaction that is not open here is appended: no
    /// other transaction of the producer ended meanwhile. Otherwise a batch that was delayed could
    /// open a transaction that nobody ends.
    OptionalLong verification(long id, short epoch) {
        Producer producer = producers.get(id);
        if (producer == null) {
            return OptionalLong.of(NONE);
        }
        checkEpoch(producer, epoch);
        return producer.transactionStart != NONE && producer.epoch == epoch
                ? OptionalLong.empty()
                : OptionalLong.of(producer.lastEnd);
    }

    /// [#verification] of a batch that a client sent, which is remembered until a batch of the
    /// producer is appended.
    OptionalLong beginVerification(ByteBuffer batch, int at, boolean bumping, long nowMs) {
        long id = BatchHeader.producerId(batch, at);
        short epoch = BatchHeader.producerEpoch(batch, at);
        OptionalLong needed = verification(id, epoch);
        if (needed.isPresent()) {
            int sequence = BatchHeader.baseSequence(batch, at);
            Verifying known = verifying.get(id);
            verifying.put(
                    id,
                    known == null
                            ? new Verifying(nowMs, epoch, sequence, bumping)
                            : known.and(epoch, sequence));
        }
        return needed;
    }

    private void checkVerified(long id, short epoch, long verified) {
        OptionalLong needed = verification(id, epoch);
        if (needed.isPresent() && needed.getAsLong() != verified && verified != Log.ADDED) {
            throw new BrokerException(
                    ErrorCode.INVALID_TXN_STATE,
                    "the partition is not part of an open transaction of producer " + id);
        }
    }

    private static void checkEpoch(Producer producer, short epoch) {
        if (epoch < producer.epoch) {
            throw new BrokerException(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    "producer "
                            + producer.id
                            + " sent epoch "
                            + epoch
                            + ", its epoch is "
                            + producer.epoch);
        }
    }

    /// With transaction version 2 the epoch of a marker is later than that of what it ends, so a
    /// marker of the present epoch would end the transaction after its own. Where none is open it
    /// repeats the last one, which is harmless; the greatest epoch has nothing after it
    /// (KAFKA-19999).
    private static void checkMarkerEpoch(Producer producer, short epoch, boolean bumping) {
        checkEpoch(producer, epoch);
        if (bumping
                && epoch == producer.epoch
                && producer.transactionStart != NONE
                && epoch != Short.MAX_VALUE) {
            throw new BrokerException(
                    ErrorCode.INVALID_PRODUCER_EPOCH,
                    "a marker of producer "
                            + producer.id
                            + " has epoch "
                            + epoch
                            + ", and so has the open transaction, which is the one after it");
        }
    }

    /// A coordinator that another one has followed must not end what that one decides about.
    private void checkCoordinator(long id, EndMarker marker) {
        int known = coordinatorEpoch(id);
        if (marker != null && marker.coordinatorEpoch() < known) {
            throw new BrokerException(
                    ErrorCode.TRANSACTION_COORDINATOR_FENCED,
                    "a marker of producer "
                            + id
                            + " is by the coordinator of epoch "
                            + marker.coordinatorEpoch()
                            + ", the last one was by that of epoch "
                            + known);
        }
    }

    /// The term of the coordinator whose marker came last, -1 for none.
    int coordinatorEpoch(long id) {
        Producer producer = producers.get(id);
        return producer == null ? EndMarker.NO_COORDINATOR_EPOCH : producer.coordinatorEpoch;
    }

    /// What holds for a batch that begins a transaction here, whatever is known of its producer.
    private void checkFirst(long id, int first) {
        Verifying begun = verifying.isEmpty() ? null : verifying.get(id);
        if (begun == null) {
            return;
        }
        Producer producer = producers.get(id);
        if (begun.bumping && first != 0 && (producer == null || producer.count == 0)) {
            throw outOfOrder(id, "sequence " + first + " first; its transactions begin at 0");
        }
        if (first > begun.lowestSequence) {
            throw outOfOrder(id, "sequence " + first + ", and before it " + begun.lowestSequence);
        }
    }

    private static void checkSequence(Producer producer, short epoch, int first) {
        if (epoch != producer.epoch || producer.count == 0) {
            if (first != 0) {
                throw outOfOrder(producer.id, "sequence " + first + " first in epoch " + epoch);
            }
        } else {
            int expected = (producer.lastSequence() + 1) & Integer.MAX_VALUE;
            if (first != expected) {
                throw outOfOrder(producer.id, "sequence " + first + ", expected " + expected);
            }
        }
    }

    private static BrokerException outOfOrder(long id, String what) {
        return new BrokerException(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "producer " + id + " sent " + what);
    }

    /// Takes in a batch that is in the log.
    ///
    /// @return the transaction that it aborts, being its end marker; null for any other batch and
    ///   for a transaction without records
    AbortedTransaction appended(ByteBuffer batches, int at, long nowMs) {
        if (!BatchHeader.isControl(batches, at)) {
            written(batches, at, nowMs);
            return null;
        }
        EndMarker marker = EndMarker.read(batches, at);
        return marker == null ? null : ended(batches, at, marker, nowMs);
    }

    private void written(ByteBuffer batches, int at, long nowMs) {
        long id = BatchHeader.producerId(batches, at);
        if (id == BatchHeader.NO_PRODUCER_ID) {
            return;
        }
        Producer producer = producer(id, BatchHeader.producerEpoch(batches, at));
        producer.lastUpdateMs = nowMs;
        if (BatchHeader.baseSequence(batches, at) != BatchHeader.NO_SEQUENCE) {
            producer.remember(
                    BatchHeader.lastSequence(batches, at),
                    BatchHeader.lastOffset(batches, at),
                    BatchHeader.lastOffsetDelta(batches, at),
                    nowMs);
        }
        if (BatchHeader.isTransactional(batches, at)) {
            verifying.remove(id);
            if (producer.transactionStart == NONE) {
                producer.transactionStart = BatchHeader.baseOffset(batches, at);
                open.put(producer.transactionStart, producer);
            }
        }
    }

    private AbortedTransaction ended(ByteBuffer batches, int at, EndMarker marker, long nowMs) {
        long id = BatchHeader.producerId(batches, at);
        short epoch = BatchHeader.producerEpoch(batches, at);
        long offset = BatchHeader.lastOffset(batches, at);
        Producer producer = producer(id, epoch);
        producer.lastUpdateMs = nowMs;
        producer.coordinatorEpoch = marker.coordinatorEpoch();
        producer.lastEnd = offset;
        Verifying next = verifying.get(id);
        if (next != null && !(next.bumping && next.epoch == epoch)) {
            verifying.remove(
                    id); // else it is the transaction after this one, in the epoch it ends with
        }
        long first = producer.transactionStart;
        if (first == NONE) {
            return null;
        }
        producer.transactionStart = NONE;
        open.remove(first);
        undecided.put(first, offset);
        if (marker.commit()) {
            return null;
        }
        long stable = open.isEmpty() ? offset + 1 : open.firstKey();
        return new AbortedTransaction(id, first, offset, stable);
    }

    /// Forgets ended transactions whose markers are below the high watermark.
    void decidedBelow(long highWatermark) {
        undecided.values().removeIf(marker -> marker < highWatermark);
    }

    /// First offset of the oldest transaction that is open or whose marker is not durable;
    /// `Long.MAX_VALUE` when there is none.
    long firstUndecidedOffset() {
        long first = open.isEmpty() ? Long.MAX_VALUE : open.firstKey();
        return undecided.isEmpty() ? first : Math.min(first, undecided.firstKey());
    }

    boolean hasUndecided() {
        return !undecided.isEmpty();
    }

    List<ActiveProducer> active() {
        List<ActiveProducer> all = new ArrayList<>(producers.size());
        for (Producer producer : producers.values()) {
            all.add(
                    new ActiveProducer(
                            producer.id,
                            producer.epoch,
                            producer.count == 0 ? BatchHeader.NO_SEQUENCE : producer.lastSequence(),
                            producer.count == 0 ? NONE : producer.lastOffsets[producer.count - 1],
                            producer.lastUpdateMs,
                            producer.coordinatorEpoch,
                            producer.transactionStart));
        }
        return all;
    }

    List<OpenTransaction> openTransactions() {
        List<OpenTransaction> transactions = new ArrayList<>(open.size());
        for (Producer producer : open.values()) {
            transactions.add(
                    new OpenTransaction(producer.id, producer.epoch, producer.transactionStart));
        }
        return transactions;
    }

    /// Forgets producers without a transaction that have been idle for this long, and questions to
    /// the coordinator that nothing came of for as long.
    void expire(long nowMs, long idleMs) {
        verifying.values().removeIf(each -> nowMs - each.sinceMs >= idleMs);
        for (Iterator<Producer> all = producers.values().iterator(); all.hasNext(); ) {
            Producer producer = all.next();
            if (producer.transactionStart == NONE && nowMs - producer.lastUpdateMs >= idleMs) {
                all.remove();
            }
        }
    }

    boolean isEmpty() {
        return producers.isEmpty();
    }

    void clear() {
        producers.clear();
        open.clear();
        undecided.clear();
        verifying.clear();
    }

    /// Everything as the bytes of a snapshot file.
    ByteBuffer snapshot() {
        int batches = 0;
        for (Producer producer : producers.values()) {
            batches += Math.max(0, producer.count - 1);
        }
        ByteBuffer bytes =
                ByteBuffer.allocate(
                        SNAPSHOT_HEAD
                                + producers.size() * (SNAPSHOT_ENTRY + 1)
                                + batches * SNAPSHOT_BATCH);
        bytes.putShort((short) 1).putInt(0).putInt(producers.size());
        for (Producer producer : producers.values()) {
            int last = producer.count - 1;
            bytes.putLong(producer.id)
                    .putShort(producer.epoch)
                    .putInt(last < 0 ? BatchHeader.NO_SEQUENCE : producer.lastSequences[last])
                    .putLong(last < 0 ? NONE : producer.lastOffsets[last])
                    .putInt(last < 0 ? 0 : producer.offsetDeltas[last])
                    .putLong(producer.lastUpdateMs)
                    .putInt(producer.coordinatorEpoch)
                    .putLong(producer.transactionStart);
        }
        for (Producer producer : producers.values()) {
            int older = Math.max(0, producer.count - 1);
            bytes.put((byte) older);
            for (int i = 0; i < older; i++) {
                bytes.putInt(producer.lastSequences[i])
                        .putLong(producer.lastOffsets[i])
                        .putInt(producer.offsetDeltas[i]);
            }
        }
        bytes.flip().putInt(2, crc(bytes));
        return bytes;
    }

    /// Replaces everything by a snapshot.
    ///
    /// @return false, leaving nothing, when the bytes are damaged
    boolean restore(ByteBuffer bytes) {
        clear();
        if (bytes.limit() < SNAPSHOT_HEAD
                || bytes.getShort(0) != 1
                || bytes.getInt(2) != crc(bytes)) {
            return false;
        }
        int count = bytes.position(6).getInt();
        List<Producer> inOrder = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            Producer producer = new Producer(bytes.getLong(), bytes.getShort());
            int sequence = bytes.getInt();
            long offset = bytes.getLong();
            int delta = bytes.getInt();
            producer.lastUpdateMs = bytes.getLong();
            producer.coordinatorEpoch = bytes.getInt();
            producer.transactionStart = bytes.getLong();
            if (sequence != BatchHeader.NO_SEQUENCE) {
                producer.remember(sequence, offset, delta, producer.lastUpdateMs);
            }
            inOrder.add(producer);
            producers.put(producer.id, producer);
            if (producer.transactionStart != NONE) {
                open.put(producer.transactionStart, producer);
            }
        }
        for (Producer producer : inOrder) {
            if (bytes.hasRemaining()) { // absent when Kafka wrote the file
                restoreOlder(producer, bytes);
            }
        }
        return true;
    }

    private static void restoreOlder(Producer producer, ByteBuffer bytes) {
        int older = bytes.get();
        if (older == 0) {
            return;
        }
        int sequence = producer.lastSequences[0];
        long offset = producer.lastOffsets[0];
        int delta = producer.offsetDeltas[0];
        producer.count = 0;
        for (int i = 0; i < older; i++) {
            producer.remember(
                    bytes.getInt(), bytes.getLong(), bytes.getInt(), producer.lastUpdateMs);
        }
        producer.remember(sequence, offset, delta, producer.lastUpdateMs);
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(6, bytes.limit() - 6));
        return (int) crc.getValue();
    }

    private Producer producer(long id, short epoch) {
        Producer producer = producers.get(id);
        if (producer == null) {
            producer = new Producer(id, epoch);
            producers.put(id, producer);
        } else if (producer.epoch != epoch) {
            producer.epoch = epoch;
            producer.count = 0;
        }
        return producer;
    }

    private static final class Producer {
        final long id;
        short epoch;
        int coordinatorEpoch = EndMarker.NO_COORDINATOR_EPOCH;
        long transactionStart = NONE;
        long lastUpdateMs;
        long lastEnd = NONE; // the last end marker since the log was opened
        int count; // cached batches, the oldest at index 0
        final int[] lastSequences = new int[CACHED_BATCHES];
        final long[] lastOffsets = new long[CACHED_BATCHES];
        final int[] offsetDeltas = new int[CACHED_BATCHES];
        final long[] appendedMs = new long[CACHED_BATCHES]; // after a restart that of the last

        Producer(long id, short epoch) {
            this.id = id;
            this.epoch = epoch;
        }

        int lastSequence() {
            return lastSequences[count - 1];
        }

        void remember(int lastSequence, long lastOffset, int offsetDelta, long nowMs) {
            if (count == CACHED_BATCHES) {
                count--;
                System.arraycopy(lastSequences, 1, lastSequences, 0, count);
                System.arraycopy(lastOffsets, 1, lastOffsets, 0, count);
                System.arraycopy(offsetDeltas, 1, offsetDeltas, 0, count);
                System.arraycopy(appendedMs, 1, appendedMs, 0, count);
            }
            lastSequences[count] = lastSequence;
            lastOffsets[count] = lastOffset;
            offsetDeltas[count] = offsetDelta;
            appendedMs[count] = nowMs;
            count++;
        }

        Duplicate duplicate(int firstSequence, int lastSequence) {
            for (int i = 0; i < count; i++) {
                if (lastSequences[i] == lastSequence
                        && ((lastSequences[i] - offsetDeltas[i]) & Integer.MAX_VALUE)
                                == firstSequence) {
                    return new Duplicate(
                            lastOffsets[i] - offsetDeltas[i], lastOffsets[i], appendedMs[i]);
                }
            }
            return null;
        }
    }
}
