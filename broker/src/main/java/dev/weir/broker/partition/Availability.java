package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.DiskHealth;

import java.io.IOException;

/// Whether a partition can be used, and with which errors it says that it cannot: it was damaged
/// when it was opened, it was closed or deleted since, or the disk failed, after which it can only
/// be read. Any thread.
final class Availability {
    private final String partition;
    private final String offlineReason; // null when online
    private final DiskHealth health;
    private volatile BrokerException ended; // written under the append lock: no append comes after

    /// @param partition its name
    /// @param offlineReason why it could not be opened, or null
    Availability(String partition, String offlineReason, DiskHealth health) {
        this.partition = partition;
        this.offlineReason = offlineReason;
        this.health = health;
    }

    /// The name of the partition.
    String partition() {
        return partition;
    }

    String offlineReason() {
        return offlineReason;
    }

    /// Whether the partition was closed or deleted.
    boolean hasEnded() {
        return ended != null;
    }

    /// Whether a partition that was opened can be written: it has not ended and the disk has not
    /// failed.
    boolean isWritable() {
        return ended == null && health.failure() == null;
    }

    /// Whether nothing more becomes durable until a restart.
    boolean hasDiskFailed() {
        return health.failure() != null;
    }

    /// @throws BrokerException why the partition cannot be used
    void check() {
        BrokerException reason = ended;
        if (reason != null) {
            throw new BrokerException(reason.code(), reason.getMessage());
        }
        if (offlineReason != null) {
            throw new BrokerException(ErrorCode.KAFKA_STORAGE_ERROR, offlineReason);
        }
    }

    /// @throws BrokerException why nothing can be appended
    void checkWritable() {
        check();
        health.check();
    }

    /// Ends all use. Append lock.
    void end(BrokerException reason) {
        ended = reason;
    }

    BrokerException unreadable(IOException cause) {
        return storageError("cannot be read", cause);
    }

    /// What a failure of the disk is told as; of a partition that has ended, that it has.
    BrokerException storageError(String what, IOException cause) {
        BrokerException reason = ended;
        if (reason != null) {
            return new BrokerException(reason.code(), reason.getMessage(), cause);
        }
        return new BrokerException(
                ErrorCode.KAFKA_STORAGE_ERROR,
                partition + " " + what + ": " + cause.getMessage(),
                cause);
    }
}
