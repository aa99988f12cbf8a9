package dev.weir.broker.log;

import dev.weir.broker.storage.FileSlice;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/// The segments of a log at one moment, ascending by base offset; at least one. Each ends where the
/// next begins, the last one where the log does.
///
/// Immutable: who took it goes on reading from these segments while the log already has others.
/// [Log] holds the present one. Any thread.
final class Segments {
    private final LogSegment[] all;

    private Segments(LogSegment[] all) {
        this.all = all;
    }

    static Segments of(LogSegment only) {
        return new Segments(new LogSegment[] {only});
    }

    /// @param ascending at least one
    static Segments of(List<LogSegment> ascending) {
        return new Segments(ascending.toArray(LogSegment[]::new));
    }

    // ---------------------------------------------------------------- the list

    int count() {
        return all.length;
    }

    LogSegment get(int index) {
        return all[index];
    }

    LogSegment first() {
        return all[0];
    }

    List<LogSegment> asList() {
        return Collections.unmodifiableList(Arrays.asList(all));
    }

    /// Where a segment ends; `Long.MAX_VALUE` for the last one.
    long endOf(int index) {
        return index + 1 < all.length ? all[index + 1].baseOffset() : Long.MAX_VALUE;
    }

    /// Index of the last segment whose base is at most the offset; 0 when there is none.
    int floor(long offset) {
        int low = 0;
        int high = all.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (all[middle].baseOffset() <= offset) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /// The base offset of the segment that contains an offset.
    long startOf(long offset) {
        return all[floor(offset)].baseOffset();
    }

    /// Index of the segment with this base offset, -1 when there is none.
    int indexOf(long base) {
        for (int i = 0; i < all.length; i++) {
            if (all[i].baseOffset() == base) {
                return i;
            }
        }
        return -1;
    }

    /// Whether these are neighbours in it.
    ///
    /// @param neighbours at least one
    boolean contains(List<LogSegment> neighbours) {
        int first = indexOf(neighbours.getFirst().baseOffset());
        int end = first + neighbours.size();
        return first >= 0
                && end <= all.length
                && Arrays.asList(all).subList(first, end).equals(neighbours);
    }

    /// Bytes in all of them, not counting indexes.
    long sizeInBytes() throws IOException {
        long sum = 0;
        for (LogSegment segment : all) {
            sum += segment.size();
        }
        return sum;
    }

    // ---------------------------------------------------------------- what it becomes

    /// With another one at the end.
    Segments and(LogSegment next) {
        LogSegment[] grown = Arrays.copyOf(all, all.length + 1);
        grown[all.length] = next;
        return new Segments(grown);
    }

    /// Without those before an index.
    Segments from(int first) {
        return new Segments(Arrays.copyOfRange(all, first, all.length));
    }

    /// Without those from an index on.
    Segments upTo(int end) {
        return new Segments(Arrays.copyOf(all, end));
    }

    /// With one in the place of others, which it [#contains].
    Segments with(LogSegment replacement, List<LogSegment> replaced) {
        int first = indexOf(replaced.getFirst().baseOffset());
        List<LogSegment> changed = new ArrayList<>(Arrays.asList(all));
        changed.subList(first, first + replaced.size()).clear();
        changed.add(first, replacement);
        return of(changed);
    }

    // ---------------------------------------------------------------- reading

    /// See [Log#read].
    ///
    /// @param gapsBelow offset below which compaction may have removed whole batches; asked for
    ///   after the segments, as it is raised before segments with gaps are among them
    FileSlice read(
            long offset, int maxBytes, LogPosition limit, boolean wholeFirstBatch, long gapsBelow)
            throws IOException {
        if (offset >= limit.offset()) {
            return FileSlice.EMPTY;
        }
        for (int i = floor(offset); i < all.length; i++) {
            LogSegment segment = all[i];
            if (segment.baseOffset() > limit.segment().baseOffset()) {
                break;
            }
            boolean last = segment == limit.segment();
            int stop = last ? limit.position() : segment.size();
            HeaderScanner batch = segment.find(offset, stop);
            if (batch != null) {
                long end = last ? limit.offset() : endOf(i);
                checkContains(batch, offset, gapsBelow, end);
                int first = batch.sizeInBytes();
                int length = Math.min(maxBytes, stop - batch.position());
                if (length < first) {
                    if (!wholeFirstBatch) {
                        return FileSlice.EMPTY;
                    }
                    length = first;
                }
                int intact = segment.intact(batch.position(), length, Math.min(gapsBelow, end));
                return new FileSlice(segment.file(), batch.position(), intact);
            }
            if (last && offset >= gapsBelow) {
                throw new IOException(
                        "no batch in "
                                + segment.file().path()
                                + " or before it has offset "
                                + offset);
            }
        }
        return FileSlice.EMPTY;
    }

    /// The offsets in heads are not covered by a checksum.
    ///
    /// @param end what no batch in its segment reaches beyond
    private static void checkContains(HeaderScanner batch, long offset, long gapsBelow, long end)
            throws IOException {
        if ((batch.baseOffset() > offset && offset >= gapsBelow) || batch.lastOffset() >= end) {
            throw new IOException(
                    "the batch at position "
                            + batch.position()
                            + " of "
                            + batch.path()
                            + " has offsets "
                            + batch.baseOffset()
                            + " to "
                            + batch.lastOffset()
                            + ", where one with offset "
                            + offset
                            + " has to be that ends below "
                            + end);
        }
    }

    /// See [Log#readCommitted].
    Log.Committed readCommitted(
            long offset, int maxBytes, LogPosition limit, boolean wholeFirstBatch, long gapsBelow)
            throws IOException {
        FileSlice slice = read(offset, maxBytes, limit, wholeFirstBatch, gapsBelow);
        if (slice.length() == 0) {
            return new Log.Committed(slice, List.of());
        }
        int holder = floor(offset);
        while (!all[holder].isIn(slice.file())) {
            holder++; // compaction left nothing of what the segments before it had from here on
        }
        long most = Math.min(limit.offset(), endOf(holder));
        if (aborted(offset, most, 1).isEmpty()) {
            return new Log.Committed(slice, List.of());
        }
        int after = (int) slice.position() + slice.length();
        long to = Math.min(most, all[holder].boundBefore(after));
        return new Log.Committed(slice, aborted(offset, to));
    }

    /// Aborted transactions with records in a range of offsets.
    List<AbortedTransaction> aborted(long from, long to) throws IOException {
        return aborted(from, to, Integer.MAX_VALUE);
    }

    /// As many of them, at most.
    private List<AbortedTransaction> aborted(long from, long to, int atMost) throws IOException {
        List<AbortedTransaction> overlapping = List.of();
        for (int i = floor(from); i < all.length; i++) {
            AbortedIndex.Entries entries = all[i].aborted();
            for (int k = entries.endingFrom(from); k < entries.count(); k++) {
                AbortedTransaction transaction = entries.get(k);
                if (transaction.firstOffset() < to) {
                    if (overlapping.isEmpty()) {
                        overlapping = new ArrayList<>();
                    }
                    overlapping.add(transaction);
                }
                if (overlapping.size() == atMost || transaction.lastStableOffset() >= to) {
                    return overlapping;
                }
            }
        }
        return overlapping;
    }

    /// The place of the batch that starts with an offset.
    ///
    /// @param end where the log ends
    /// @return `end` when there is no such batch before it
    LogPosition positionOf(long offset, LogPosition end) throws IOException {
        for (int i = floor(offset); i < all.length; i++) {
            LogSegment segment = all[i];
            int limit = segment == end.segment() ? end.position() : segment.size();
            HeaderScanner batch = segment.find(offset, limit);
            if (batch != null) {
                return new LogPosition(offset, segment, batch.position());
            }
        }
        return end;
    }
}
