package dev.weir.broker.partition;

import dev.weir.broker.record.StoredCompression;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/// Batches of all kinds, as Kafka's own clients build them.
final class RandomBatches {
    private final Random random;
    private int counter;
    private boolean keys; // whether every record has one

    RandomBatches(Random random) {
        this.random = random;
    }

    /// From now on every record has a key, as in a compacted topic.
    RandomBatches withKeys() {
        keys = true;
        return this;
    }

    /// A batch of a producer without an id.
    ByteBuffer plain(long nowMs, int maxBytes) {
        return batch(
                nowMs,
                maxBytes,
                RecordBatch.NO_PRODUCER_ID,
                RecordBatch.NO_PRODUCER_EPOCH,
                RecordBatch.NO_SEQUENCE,
                false);
    }

    /// A batch of any codec, mostly of few records, with and without keys, values and headers.
    ///
    /// @param nowMs about which the timestamps lie
    /// @param maxBytes about how much there is in the records
    ByteBuffer batch(
            long nowMs,
            int maxBytes,
            long producerId,
            short epoch,
            int sequence,
            boolean transactional) {
        var codec = CompressionType.forId(random.nextInt(3) > 0 ? 0 : 1 + random.nextInt(4));
        var builder =
                MemoryRecords.builder(
                        ByteBuffer.allocate(256),
                        RecordBatch.CURRENT_MAGIC_VALUE,
                        Compression.of(codec).build(),
                        TimestampType.CREATE_TIME,
                        0,
                        RecordBatch.NO_TIMESTAMP,
                        producerId,
                        epoch,
                        sequence,
                        transactional,
                        RecordBatch.NO_PARTITION_LEADER_EPOCH);
        int count = 1 + random.nextInt(random.nextInt(8) == 0 ? 12 : 3);
        for (int i = 0; i < count; i++) {
            builder.append(
                    timestamp(nowMs),
                    !keys && random.nextInt(4) == 0 ? null : text("key" + random.nextInt(20)),
                    random.nextInt(6) == 0 ? null : value(maxBytes / count),
                    headers());
        }
        return builder.build().buffer();
    }

    /// How a topic stores what it is sent: as it is, or by any codec and level.
    static StoredCompression compression(Random random) {
        if (random.nextBoolean()) {
            return StoredCompression.AS_SENT;
        }
        var codec = CompressionType.forId(random.nextInt(5));
        return new StoredCompression(
                codec,
                switch (codec) {
                    case NONE, SNAPPY -> 0;
                    case GZIP -> 1 + random.nextInt(9);
                    case LZ4 -> 1 + random.nextInt(17);
                    case ZSTD -> random.nextInt(12) - 5;
                });
    }

    private long timestamp(long nowMs) {
        return switch (random.nextInt(12)) {
            case 0 -> nowMs + random.nextInt(2000);
            case 1 -> Math.max(0, nowMs - random.nextInt(60_000));
            default -> Math.max(0, nowMs - random.nextInt(500));
        };
    }

    private byte[] value(int maxBytes) {
        return text("value" + counter++ + "x".repeat(random.nextInt(Math.max(1, maxBytes))));
    }

    private Header[] headers() {
        var headers = new Header[random.nextInt(4) == 0 ? random.nextInt(3) : 0];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = new RecordHeader("h" + i, random.nextBoolean() ? null : text("header"));
        }
        return headers;
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
