package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Sees to it that damage in a segment is never served. What this process wrote, or read when it
/// recovered, is known to be intact; what lay on the disk before is checked when it is first read.
///
/// What was checked is remembered as runs of bytes, one for each place where somebody began to
/// read. A run grows by at least what is read at once, or until it reaches the next one and both
/// become one. So there is at most one for each megabyte, in the end one for all, and readers at
/// different places do not have the same checked again and again. A segment that this process wrote
/// has none.
///
/// Any thread; two that read the same at once may both check it.
final class FirstReads {
    private static final Logger LOGGER = LoggerFactory.getLogger(FirstReads.class);

    /// A reader is given no more than was checked, and for one answer no more than this is.
    static final int MOST_BYTES = 1 << 20;

    private static final Run[] NONE = {};

    private volatile int uncheckedEnd; // below it nothing is known but of the runs
    private volatile Run[] checked = NONE; // ascending, without overlaps; replaced under this
    private volatile int toldOf = -1;

    /// Whole batches that were found intact, each following the one before.
    ///
    /// @param from file position of the first
    /// @param to behind the last
    /// @param nextOffset that a batch there must have
    private record Run(int from, int to, long nextOffset) {}

    /// @param anything whether there are bytes that this process did not write
    FirstReads(boolean anything) {
        uncheckedEnd = anything ? Integer.MAX_VALUE : 0;
    }

    /// All from here on is written, or was checked, by this process.
    void knownFrom(int position) {
        uncheckedEnd = Math.min(uncheckedEnd, position);
    }

    /// How much of what somebody wants to read can be given to him, at least one batch.
    ///
    /// @param position of a batch
    /// @param length wanted, at least as long as that batch
    /// @param size of the segment
    /// @param gapsBelow offset below which compaction may have left gaps between batches
    /// @throws BrokerException `CORRUPT_MESSAGE` if the first batch is damaged
    int intact(StorageFile file, int position, int length, int size, long gapsBelow)
            throws IOException {
        int end = uncheckedEnd;
        if (position >= end) {
            return length;
        }
        Run[] runs = checked;
        int at = holding(runs, position);
        Run run = at < 0 ? new Run(position, position, -1) : runs[at];
        int wanted = (int) Math.min((long) position + length, end);
        if (run.to < wanted) {
            int stop = Math.min(wanted, run.to + Math.min(MOST_BYTES, size - run.to));
            Run grown = grown(file, run, stop, startAfter(runs, run.to, at), size, gapsBelow);
            run = grown.to > run.to ? add(grown) : run;
        }
        if (run.to <= position) {
            throw Succession.damaged(file, position);
        }
        return run.to >= end ? length : Math.min(length, run.to - position);
    }

    /// Checks batches until one reaches behind what is wanted, and those that were read with it, so
    /// that who reads on in small pieces does not have them read again.
    ///
    /// @param run what they follow; it may be empty
    /// @param known where bytes begin that were checked; the first batch of them is checked again,
    ///   as one that follows
    private Run grown(StorageFile file, Run run, int stop, int known, int size, long gapsBelow)
            throws IOException {
        BatchWalker batches = new BatchWalker(file, run.to, size);
        int to = run.to;
        long next = run.nextOffset;
        while (to <= known && (to < stop || (to < uncheckedEnd && batches.hasReadNext()))) {
            if (!batches.next() || !follows(batches, next, gapsBelow)) {
                tell(file, to);
                break;
            }
            next = BatchHeader.nextOffset(batches.buffer(), batches.at());
            to += batches.sizeInBytes();
        }
        return new Run(run.from, to, next);
    }

    private static boolean follows(BatchWalker batches, long next, long gapsBelow) {
        long offset = BatchHeader.baseOffset(batches.buffer(), batches.at());
        return next < 0 || Succession.follows(offset, next, gapsBelow);
    }

    // ---------------------------------------------------------------- runs

    /// Index of the run that a position is in or, better, at the end of: what comes there must
    /// follow it. -1 if there is none.
    private static int holding(Run[] runs, int position) {
        int at = firstFrom(runs, position);
        if (at > 0 && runs[at - 1].to >= position) {
            return at - 1;
        }
        return at < runs.length && runs[at].from == position ? at : -1;
    }

    /// Where the first run begins that does so at or behind a position.
    ///
    /// @param but not this one
    private static int startAfter(Run[] runs, int position, int but) {
        int at = Math.max(firstFrom(runs, position), but + 1);
        return at < runs.length ? runs[at].from : Integer.MAX_VALUE;
    }

    /// Index of the first run that begins at or behind a position.
    private static int firstFrom(Run[] runs, int position) {
        int low = 0;
        int high = runs.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (runs[middle].from < position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /// Remembers a run. Those that only touch it stay apart: nobody has seen yet that what they
    /// begin with follows.
    ///
    /// @return what it became together with those that it overlaps
    private synchronized Run add(Run run) {
        Run all = run;
        List<Run> runs = new ArrayList<>(checked.length + 1);
        for (Run other : checked) {
            if (other.to <= all.from || other.from >= all.to) {
                runs.add(other);
            } else {
                Run longer = other.to > all.to ? other : all;
                all = new Run(Math.min(all.from, other.from), longer.to, longer.nextOffset);
            }
        }
        Run[] ascending = runs.toArray(new Run[runs.size() + 1]);
        int at = runs.size();
        while (at > 0 && ascending[at - 1].from > all.from) {
            ascending[at] = ascending[at - 1];
            at--;
        }
        ascending[at] = all;
        checked = ascending;
        return all;
    }

    private void tell(StorageFile file, int position) {
        if (toldOf != position) {
            toldOf = position;
            LOGGER.error(
                    "{}; it is not given to anybody who reads",
                    Succession.damaged(file, position).getMessage());
        }
    }
}
