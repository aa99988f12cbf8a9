package dev.weir.server.local;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.storage.DiskFullException;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

/// The broker's errors in the engine's language.
final class Failures {
    private Failures() {}

    static SqlException of(BrokerException failure) {
        if (DiskFullException.isBehind(failure)) {
            return new SqlException(
                    SqlState.DISK_FULL,
                    null,
                    failure.getMessage(),
                    "Free some space on the disk of the data directory: what waits goes on by"
                            + " itself then, and what was refused can be tried again.",
                    failure);
        }
        SqlState state =
                switch (failure.code()) {
                    case ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID ->
                            SqlState.UNDEFINED_OBJECT;
                    case ErrorCode.TOPIC_ALREADY_EXISTS -> SqlState.DUPLICATE_OBJECT;
                    case ErrorCode.INVALID_TOPIC_EXCEPTION,
                            ErrorCode.INVALID_CONFIG,
                            ErrorCode.INVALID_PARTITIONS,
                            ErrorCode.INVALID_REPLICATION_FACTOR,
                            ErrorCode.POLICY_VIOLATION ->
                            SqlState.INVALID_PARAMETER;
                    case ErrorCode.MESSAGE_TOO_LARGE, ErrorCode.RECORD_LIST_TOO_LARGE ->
                            SqlState.LIMIT_EXCEEDED;
                    case ErrorCode.INVALID_RECORD, ErrorCode.CORRUPT_MESSAGE ->
                            SqlState.DATA_CORRUPTED;
                    case ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.OFFSET_OUT_OF_RANGE ->
                            SqlState.IO_ERROR;
                    default -> SqlState.INTERNAL_ERROR;
                };
        return new SqlException(state, null, failure.getMessage(), null, failure);
    }
}
