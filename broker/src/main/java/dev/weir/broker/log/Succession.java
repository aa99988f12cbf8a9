package dev.weir.broker.log;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.storage.StorageFile;

/// How batches of a log follow one another. The offset in a batch's head is not covered by its
/// checksum, so that an intact batch must also be one that can be there.
final class Succession {
    private Succession() {}

    /// Whether a batch can come next.
    ///
    /// @param offset its first
    /// @param next offset after the batch before
    /// @param gapsBelow offset below which compaction may have removed what was between them
    static boolean follows(long offset, long next, long gapsBelow) {
        return offset == next || (offset > next && offset < gapsBelow);
    }

    /// What is said of a place where no batch is that is intact and follows.
    static BrokerException damaged(StorageFile file, int position) {
        return new BrokerException(
                ErrorCode.CORRUPT_MESSAGE,
                "the record batch at position " + position + " of " + file.path() + " is damaged");
    }
}
