package dev.weir.broker.log;

import dev.weir.broker.record.BatchHeader;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjIntConsumer;

/// Entries that one write puts into the log.
///
/// What the log knows of a producer changes only after the write, so an entry of a producer that is
/// in the run already can join only if it plainly continues that producer's last batch.
final class AppendRun {
    /// More would make the search for a producer's last batch slow.
    private static final int MAX_ENTRIES = 64;

    /// Where an entry belongs.
    enum Place {
        /// Here, after the checks that every entry passes.
        CHECKED,
        /// Here, without checks: it continues a batch of the run.
        FOLLOWS,
        /// Behind this run.
        LATER
    }

    private final LogConfig config;
    private final int room; // bytes that the segment can take
    private final List<ByteBuffer> entries = new ArrayList<>();
    private final List<Integer> indexes = new ArrayList<>();
    private long nextOffset;
    private long latest; // the greatest timestamp that the segment can take
    private int bytes;
    private long timestamp = -1;

    /// @param end where it goes
    AppendRun(LogPosition end, LogConfig config) {
        this.config = config;
        nextOffset = end.offset();
        room = config.segmentBytes() - end.segment().sizeInMemory();
        latest = Rolling.latestFor(end.segment(), config);
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /// Where an entry belongs that comes after the present ones.
    Place place(ByteBuffer entry) {
        if (entries.isEmpty()) {
            return Place.CHECKED; // it begins a segment if this one cannot take it
        }
        int at = entry.position();
        if (entries.size() == MAX_ENTRIES
                || bytes + entry.remaining() > room
                || timestamp(entry) > latest
                || BatchHeader.isControl(entry, at)
                || BatchHeader.isTransactional(entry, at)) {
            return Place.LATER;
        }
        long producerId = BatchHeader.producerId(entry, at);
        if (producerId == BatchHeader.NO_PRODUCER_ID) {
            return Place.CHECKED;
        }
        for (int i = entries.size() - 1; i >= 0; i--) {
            ByteBuffer earlier = entries.get(i);
            int start = earlier.position();
            if (BatchHeader.producerId(earlier, start) == producerId) {
                boolean follows =
                        BatchHeader.sizeInBytes(earlier, start) == earlier.remaining()
                                && !BatchHeader.isTransactional(earlier, start)
                                && BatchHeader.producerEpoch(earlier, start)
                                        == BatchHeader.producerEpoch(entry, at)
                                && ((BatchHeader.lastSequence(earlier, start) + 1)
                                                & Integer.MAX_VALUE)
                                        == BatchHeader.baseSequence(entry, at);
                return follows ? Place.FOLLOWS : Place.LATER;
            }
        }
        return Place.CHECKED;
    }

    /// Takes an entry and gives its batches their offsets.
    ///
    /// @param index what [#forEach] names it by
    void add(ByteBuffer entry, int index, int leaderEpoch) {
        if (entries.isEmpty()) {
            long first = BatchHeader.maxTimestamp(entry, entry.position());
            latest = Math.min(latest, Rolling.latestAfter(first, config));
            timestamp = timestamp(entry);
        }
        int limit = entry.limit();
        for (int at = entry.position(); at < limit; at += BatchHeader.sizeInBytes(entry, at)) {
            BatchHeader.assign(entry, at, nextOffset, leaderEpoch);
            nextOffset = BatchHeader.nextOffset(entry, at);
        }
        bytes += entry.remaining();
        entries.add(entry);
        indexes.add(index);
    }

    /// The greatest timestamp of an entry.
    private static long timestamp(ByteBuffer entry) {
        long greatest = -1;
        int limit = entry.limit();
        for (int at = entry.position(); at < limit; at += BatchHeader.sizeInBytes(entry, at)) {
            greatest = Math.max(greatest, BatchHeader.maxTimestamp(entry, at));
        }
        return greatest;
    }

    /// The greatest timestamp of the first entry, which decides whether a segment begins with it;
    /// the others were chosen so that they do not begin one.
    long timestamp() {
        return timestamp;
    }

    int bytes() {
        return bytes;
    }

    /// The offset after its last record.
    long nextOffset() {
        return nextOffset;
    }

    /// Copies of the entries, whose positions may change.
    List<ByteBuffer> entries() {
        return entries.stream().map(ByteBuffer::duplicate).toList();
    }

    void forEach(ObjIntConsumer<ByteBuffer> action) {
        for (int i = 0; i < entries.size(); i++) {
            action.accept(entries.get(i), indexes.get(i));
        }
    }
}
