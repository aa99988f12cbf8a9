package dev.weir.broker.log;

import dev.weir.broker.record.RecordBatchReader;
import dev.weir.broker.storage.FileSlice;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Finds records of a log by their timestamps. The time indexes and the heads of batches lead it to
/// a batch, whose records it then reads.
///
/// One for each log, for what it remembers. Any thread.
final class TimestampSearch {
    private volatile GreatestKept greatestKept; // last result of a search for it

    /// What a search for the greatest timestamp in a part of a segment found, so that the next one
    /// looks only at what was appended since.
    ///
    /// @param from offset of the first record that counts
    /// @param upTo file position where the search ended, -1 when there was none yet
    private record GreatestKept(
            LogSegment segment, long from, int upTo, OffsetAtTimestamp record) {}

    /// The first record below the limit whose timestamp is at least this.
    ///
    /// @param start offset of the first record that counts
    OffsetAtTimestamp firstFrom(long timestamp, long start, Segments segments, LogPosition limit)
            throws IOException {
        for (int i = segments.floor(start); i < segments.count(); i++) {
            LogSegment segment = segments.get(i);
            if (segment.baseOffset() > limit.segment().baseOffset()) {
                break;
            }
            if (segment.maxTimestamp() < timestamp) {
                continue;
            }
            int stop = segment == limit.segment() ? limit.position() : segment.size();
            HeaderScanner batch = segment.findTimestamp(timestamp, stop);
            while (batch != null) {
                if (batch.lastOffset() >= start && batch.maxTimestamp() >= timestamp) {
                    OffsetAtTimestamp record = recordAt(segment, batch, timestamp, start);
                    if (record.isFound()) {
                        return record;
                    }
                }
                batch = batch.next() ? batch : null;
            }
        }
        return OffsetAtTimestamp.NONE;
    }

    /// The first of the records that has the greatest timestamp.
    ///
    /// @param start offset of the first record that counts
    OffsetAtTimestamp greatest(long start, Segments segments) throws IOException {
        List<LogSegment> left = new ArrayList<>(segments.from(segments.floor(start)).asList());
        OffsetAtTimestamp best = OffsetAtTimestamp.NONE;
        while (true) {
            int next = indexOfGreatest(left);
            if (next < 0 || !mayBeAhead(left.get(next), best)) {
                return best;
            }
            OffsetAtTimestamp kept = greatestFrom(left.get(next), start);
            if (kept.timestampMs() > best.timestampMs()
                    || (kept.timestampMs() == best.timestampMs()
                            && kept.offset() < best.offset())) {
                best = kept;
            }
            left.remove(next);
        }
    }

    /// The first that knows of the greatest timestamp, whether the record is still there or not; -1
    /// when none knows of any.
    private static int indexOfGreatest(List<LogSegment> all) throws IOException {
        int greatest = -1;
        for (int i = 0; i < all.size(); i++) {
            long timestamp = all.get(i).maxTimestamp();
            if (timestamp >= 0 && (greatest < 0 || timestamp > all.get(greatest).maxTimestamp())) {
                greatest = i;
            }
        }
        return greatest;
    }

    private static boolean mayBeAhead(LogSegment segment, OffsetAtTimestamp best)
            throws IOException {
        return !best.isFound()
                || segment.maxTimestamp() > best.timestampMs()
                || (segment.maxTimestamp() == best.timestampMs()
                        && segment.baseOffset() < best.offset());
    }

    /// The first record of a segment that has the greatest timestamp among those from an offset on.
    private OffsetAtTimestamp greatestFrom(LogSegment segment, long from) throws IOException {
        long timestamp = segment.maxTimestamp();
        long offset = segment.offsetOfMaxTimestamp();
        if (offset >= from) {
            HeaderScanner batch = segment.find(offset, segment.size());
            if (batch != null) {
                OffsetAtTimestamp record = recordAt(segment, batch, timestamp, from);
                if (record.isFound()) {
                    return record;
                }
            }
        }
        // The record was deleted, or compaction left an empty batch of it.
        GreatestKept known = greatestKept;
        int size = segment.size();
        if (known == null
                || known.segment() != segment
                || known.from() != from
                || known.upTo() > size) {
            known = new GreatestKept(segment, from, -1, OffsetAtTimestamp.NONE);
        }
        if (known.upTo() < size) {
            known = new GreatestKept(segment, from, size, searchGreatest(known, size));
            greatestKept = known;
        }
        return known.record();
    }

    /// Goes on with a search up to a position of the segment.
    private static OffsetAtTimestamp searchGreatest(GreatestKept known, int upTo)
            throws IOException {
        LogSegment segment = known.segment();
        OffsetAtTimestamp best = known.record();
        HeaderScanner batch;
        if (known.upTo() < 0) {
            batch = segment.find(known.from(), upTo);
        } else {
            batch = new HeaderScanner(segment.file(), known.upTo(), upTo);
            batch = batch.next() ? batch : null;
        }
        if (batch != null && batch.baseOffset() < known.from()) {
            // Its head may speak of a record before the start.
            best = greatestRecord(segment, batch, known.from());
            batch = batch.next() ? batch : null;
        }
        int position = -1;
        long greatest = best.timestampMs();
        while (batch != null) {
            if (batch.maxTimestamp() > greatest && batch.records() > 0) {
                greatest = batch.maxTimestamp();
                position = batch.position();
            }
            batch = batch.next() ? batch : null;
        }
        if (position < 0) {
            return best;
        }
        HeaderScanner of = new HeaderScanner(segment.file(), position, upTo);
        OffsetAtTimestamp record =
                of.next() ? greatestRecord(segment, of, known.from()) : OffsetAtTimestamp.NONE;
        return record.timestampMs() > best.timestampMs() ? record : best;
    }

    private static OffsetAtTimestamp greatestRecord(
            LogSegment segment, HeaderScanner batch, long from) throws IOException {
        RecordBatchReader records = records(segment, batch);
        OffsetAtTimestamp greatest = OffsetAtTimestamp.NONE;
        while (records.next()) {
            if (records.timestamp() > greatest.timestampMs() && records.offset() >= from) {
                greatest =
                        new OffsetAtTimestamp(
                                records.offset(), records.timestamp(), batch.leaderEpoch());
            }
        }
        return greatest;
    }

    private static OffsetAtTimestamp recordAt(
            LogSegment segment, HeaderScanner batch, long timestamp, long from) throws IOException {
        RecordBatchReader records = records(segment, batch);
        while (records.next()) {
            if (records.timestamp() >= timestamp && records.offset() >= from) {
                return new OffsetAtTimestamp(
                        records.offset(), records.timestamp(), batch.leaderEpoch());
            }
        }
        return OffsetAtTimestamp.NONE;
    }

    private static RecordBatchReader records(LogSegment segment, HeaderScanner batch)
            throws IOException {
        RecordBatchReader records = new RecordBatchReader();
        records.start(
                new FileSlice(segment.file(), batch.position(), batch.sizeInBytes()).toBuffer());
        return records;
    }
}
