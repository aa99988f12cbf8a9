package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.storage.StorageFile;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;

/// Sees to it that damage in a segment is never served. What this process wrote, or read when it
/// recovered, is known to be intact; what lay on the disk before is checked when it is first read.
///
/// Readers mostly go on where they, or others, have been, so one run of bytes is remembered as
/// checked; who reads elsewhere begins another.
///
/// Any thread; two that read the same at once may both check it.
final class FirstReads {
    private static final Logger LOGGER = LoggerFactory.getLogger(FirstReads.class);

    /// A reader is given no more than was checked, and for one answer no more than this is.
    static final int MOST_BYTES = 1 << 20;

    private static final Run NOTHING = new Run(-1, -1, -1);

    private volatile int uncheckedEnd; // below it nothing is known but of the run
    private volatile Run checked = NOTHING;
    private volatile int toldOf = -1;

    /// Whole batches that were found intact.
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
        Run run = checked;
        boolean within = run.from <= position && position <= run.to;
        int known = within ? run.to : position;
        int wanted = (int) Math.min((long) position + length, end);
        if (known < wanted) {
            int stop = Math.min(wanted, known + Math.min(MOST_BYTES, size - known));
            Run more = check(file, within ? run : null, known, stop, size, gapsBelow);
            known = more.to;
            checked = within ? new Run(run.from, more.to, more.nextOffset) : more;
        }
        if (known <= position) {
            throw new BrokerException(ErrorCode.CORRUPT_MESSAGE, damage(file, position));
        }
        return known >= end ? length : Math.min(length, known - position);
    }

    /// Checks batches until one reaches behind what is wanted, and those that were read with it, so
    /// that who reads on in small pieces does not have them read again.
    ///
    /// @param before what they follow, or null
    private Run check(StorageFile file, Run before, int from, int stop, int size, long gapsBelow)
            throws IOException {
        BatchWalker batches = new BatchWalker(file, from, size);
        int to = from;
        long next = before == null ? -1 : before.nextOffset;
        while (to < stop || (to < uncheckedEnd && batches.hasReadNext())) {
            if (!batches.next() || !follows(batches, next, gapsBelow)) {
                tell(file, to);
                break;
            }
            next = BatchHeader.nextOffset(batches.buffer(), batches.at());
            to += batches.sizeInBytes();
        }
        return new Run(from, to, next);
    }

    private static boolean follows(BatchWalker batches, long next, long gapsBelow) {
        // The offset is not covered by the checksum.
        long offset = BatchHeader.baseOffset(batches.buffer(), batches.at());
        return next < 0 || offset == next || (offset > next && offset < gapsBelow);
    }

    private void tell(StorageFile file, int position) {
        if (toldOf != position) {
            toldOf = position;
            LOGGER.error("{}; it is not given to anybody who reads", damage(file, position));
        }
    }

    private static String damage(StorageFile file, int position) {
        return "the record batch at position " + position + " of " + file.path() + " is damaged";
    }
}
