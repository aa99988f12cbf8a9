package dev.weir.broker.partition;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.log.TimestampBounds;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.BatchRewriter;
import dev.weir.broker.record.RecordValidator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// What batches must be before they may be appended: head and CRC, and of those that clients send
/// every record. Batches that a topic does not store as they were sent are written anew here.
/// Stateless.
final class BatchCheck {
    private static final int MAX_CODEC = 4;

    private BatchCheck() {}

    /// Checks all batches between position and limit. Where the head of a client's batch is wrong
    /// about the greatest timestamp, it is corrected.
    ///
    /// What clients and the engine write is given the topic's codec, and a client's records whose
    /// offsets do not count up from 0 are given others. As in Kafka, both what was sent and what is
    /// stored must be within `max.message.bytes`.
    ///
    /// @param nowMs the server's clock, by which clients' timestamps are judged
    /// @return what to append: the same buffer, or one with the batches written anew
    /// @throws BrokerException with the code a producer expects for what is wrong
    static ByteBuffer check(ByteBuffer batches, AppendOrigin origin, LogConfig config, long nowMs) {
        int at = batches.position();
        int limit = batches.limit();
        if (at == limit) {
            throw new BrokerException(ErrorCode.INVALID_RECORD, "no record batch was sent");
        }
        boolean asSent = true;
        do {
            int size = checkBytes(batches, at, limit);
            checkHead(batches, at, origin);
            if (origin == AppendOrigin.CLIENT) {
                checkClient(batches, at, size, limit, config);
                asSent = checkRecords(batches, at, size, config, nowMs);
            }
            asSent &= origin == AppendOrigin.COORDINATOR || hasCodec(batches, at, config);
            at += size;
        } while (at < limit);
        ByteBuffer stored = asSent ? batches : rewritten(batches, origin, config);
        if (origin == AppendOrigin.CLIENT) {
            checkRoom(stored.remaining(), config);
        }
        return stored;
    }

    private static boolean hasCodec(ByteBuffer batches, int at, LogConfig config) {
        var codec = config.compression().codec();
        return codec == null || codec.id == BatchHeader.codec(batches, at);
    }

    private static ByteBuffer rewritten(ByteBuffer batches, AppendOrigin origin, LogConfig config) {
        int maxBytes = origin == AppendOrigin.CLIENT ? config.maxMessageBytes() : Integer.MAX_VALUE;
        List<ByteBuffer> each = new ArrayList<>();
        int bytes = 0;
        int limit = batches.limit();
        for (int at = batches.position(); at < limit; ) {
            int size = BatchHeader.sizeInBytes(batches, at);
            ByteBuffer batch =
                    BatchRewriter.ofThread()
                            .rewrite(batches, at, size, config.compression(), maxBytes);
            each.add(batch);
            bytes = Math.addExact(bytes, batch.remaining());
            at += size;
        }
        if (each.size() == 1) {
            return each.getFirst();
        }
        ByteBuffer all = ByteBuffer.allocate(bytes);
        each.forEach(all::put);
        return all.flip();
    }

    private static void checkRoom(int size, LogConfig config) {
        if (size > config.segmentBytes()) {
            throw new BrokerException(
                    ErrorCode.RECORD_LIST_TOO_LARGE,
                    "a record batch of "
                            + size
                            + " bytes, segment.bytes is "
                            + config.segmentBytes());
        }
    }

    private static int checkBytes(ByteBuffer batches, int at, int limit) {
        if (limit - at < BatchHeader.BYTES) {
            throw new BrokerException(
                    ErrorCode.CORRUPT_MESSAGE, "a record batch of " + (limit - at) + " bytes");
        }
        if (BatchHeader.magic(batches, at) != BatchHeader.MAGIC) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD,
                    "record batches of magic "
                            + BatchHeader.magic(batches, at)
                            + " are not supported, only 2");
        }
        if (!BatchHeader.isIntact(batches, at, limit)) {
            throw new BrokerException(
                    ErrorCode.CORRUPT_MESSAGE, "a record batch is truncated or its CRC is wrong");
        }
        return BatchHeader.sizeInBytes(batches, at);
    }

    private static void checkHead(ByteBuffer batches, int at, AppendOrigin origin) {
        int count = BatchHeader.recordCount(batches, at);
        if (count <= 0 || BatchHeader.lastOffsetDelta(batches, at) != count - 1) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD,
                    "a record batch of "
                            + count
                            + " records with last offset delta "
                            + BatchHeader.lastOffsetDelta(batches, at));
        }
        if (BatchHeader.isControl(batches, at) && origin != AppendOrigin.COORDINATOR) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD, "control batches cannot be appended as data");
        }
        if (BatchHeader.codec(batches, at) > MAX_CODEC) {
            throw new BrokerException(
                    ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
                    "unknown compression codec " + BatchHeader.codec(batches, at));
        }
        if (BatchHeader.isTransactional(batches, at) && BatchHeader.producerId(batches, at) < 0) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD, "a transactional record batch without producer id");
        }
    }

    private static void checkClient(
            ByteBuffer batches, int at, int size, int limit, LogConfig config) {
        if (at + size != limit) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD, "more than one record batch for a partition");
        }
        if (size > config.maxMessageBytes()) {
            throw new BrokerException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a record batch of "
                            + size
                            + " bytes, max.message.bytes is "
                            + config.maxMessageBytes());
        }
        if (BatchHeader.producerId(batches, at) >= 0
                && (BatchHeader.baseSequence(batches, at) < 0
                        || BatchHeader.producerEpoch(batches, at) < 0)) {
            throw new BrokerException(
                    ErrorCode.INVALID_RECORD,
                    "a record batch with producer id but without sequence or epoch");
        }
        if (OwnProducers.include(BatchHeader.producerId(batches, at))) {
            throw new BrokerException(
                    ErrorCode.INVALID_PRODUCER_ID_MAPPING,
                    "producer id "
                            + BatchHeader.producerId(batches, at)
                            + " is the server's own and no client's");
        }
        if (BatchHeader.isLogAppendTime(batches, at)) {
            throw new BrokerException(
                    ErrorCode.INVALID_TIMESTAMP, "a producer may not send log append time");
        }
    }

    /// Looks at what is inside. Sequences and offsets go by the head, and searches by timestamp,
    /// too: where the records say something else than the head about that, the head is corrected.
    ///
    /// @return whether the records can stay as they are
    private static boolean checkRecords(
            ByteBuffer batches, int at, int size, LogConfig config, long nowMs) {
        boolean stamped = config.logAppendTime();
        TimestampBounds bounds = config.timestamps();
        RecordValidator validator = RecordValidator.ofThread();
        long greatest =
                validator.validate(
                        batches,
                        at,
                        size,
                        new RecordValidator.Rules(
                                config.compaction().enabled(),
                                !stamped,
                                nowMs,
                                bounds.beforeMaxMs(),
                                bounds.afterMaxMs()));
        if (!stamped) {
            BatchHeader.correctMaxTimestamp(batches, at, greatest);
        }
        return validator.isConsecutive();
    }
}
