package dev.weir.broker.fuzz;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.utils.Crc32C;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/// Writes record batches: honest ones of Kafka's own builder in every codec, and such in which
/// something was changed, mostly with a checksum that agrees with the change, so that it is found
/// by nothing but a look inside.
final class BatchGenerator {
    private static final int LENGTH = 8;
    private static final int MAGIC = 16;
    private static final int CRC = 17;
    private static final int ATTRIBUTES = 21;
    private static final int LAST_OFFSET_DELTA = 23;
    private static final int MAX_TIMESTAMP = 35;
    private static final int BASE_SEQUENCE = 53;
    private static final int COUNT = 57;
    private static final int RECORDS = 61;
    private static final int CONTROL = 0x20;
    private static final int BOMB_BYTES = 8 << 20;

    private final Random random;
    private final Vocabulary.Producer producer;

    BatchGenerator(Random random, Vocabulary.Producer producer) {
        this.random = random;
        this.producer = producer;
    }

    byte[] records() {
        if (random.nextInt(100) == 0) {
            return bomb();
        }
        return switch (random.nextInt(12)) {
            case 0 -> random(random.nextInt(200));
            case 1 -> new byte[0];
            case 2 -> {
                var two = ByteBuffer.allocate(1 << 18);
                two.put(batch()).put(batch()).flip();
                yield Arrays.copyOf(two.array(), two.limit());
            }
            case 3, 4, 5, 6 -> mutated(batch());
            default -> batch();
        };
    }

    /// One honest batch.
    byte[] batch() {
        var records = new SimpleRecord[1 + random.nextInt(random.nextInt(10) == 0 ? 60 : 4)];
        for (int i = 0; i < records.length; i++) {
            var headers = new Header[random.nextInt(3)];
            for (int h = 0; h < headers.length; h++) {
                headers[h] = new RecordHeader("h" + h, random.nextBoolean() ? null : random(5));
            }
            records[i] =
                    new SimpleRecord(
                            1000L + i,
                            random.nextInt(5) == 0 ? null : random(1 + random.nextInt(3)),
                            random.nextInt(5) == 0 ? null : random(random.nextInt(200)),
                            headers);
        }
        return records(codec(), records);
    }

    /// Little that becomes much when it is decompressed.
    private byte[] bomb() {
        var types = CompressionType.values();
        return records(
                Compression.of(types[1 + random.nextInt(types.length - 1)]).build(),
                new SimpleRecord(
                        1,
                        "k".getBytes(java.nio.charset.StandardCharsets.UTF_8),
                        new byte[BOMB_BYTES]));
    }

    private byte[] records(Compression codec, SimpleRecord... records) {
        boolean idempotent = producer.id() >= 0 && producer.epoch() >= 0 && random.nextBoolean();
        int sequence = random.nextInt(4);
        var memory =
                !idempotent
                        ? MemoryRecords.withRecords(codec, records)
                        : random.nextBoolean()
                                ? MemoryRecords.withIdempotentRecords(
                                        codec, producer.id(), producer.epoch(), sequence, records)
                                : MemoryRecords.withTransactionalRecords(
                                        codec, producer.id(), producer.epoch(), sequence, records);
        var bytes = new byte[memory.sizeInBytes()];
        memory.buffer().get(bytes);
        return bytes;
    }

    private Compression codec() {
        var types = CompressionType.values();
        return Compression.of(types[random.nextInt(types.length)]).build();
    }

    private byte[] mutated(byte[] batch) {
        var bytes = ByteBuffer.wrap(batch);
        switch (random.nextInt(12)) {
            case 0 -> bytes.putInt(COUNT, odd());
            case 1 -> bytes.putInt(LAST_OFFSET_DELTA, odd());
            case 2 -> {
                int count = odd();
                bytes.putInt(COUNT, count).putInt(LAST_OFFSET_DELTA, count - 1);
            }
            case 3 -> bytes.put(MAGIC, (byte) random.nextInt(4));
            case 4 -> bytes.putShort(ATTRIBUTES, (short) (1 << random.nextInt(16)));
            case 5 ->
                    bytes.putShort(
                            ATTRIBUTES, (short) (bytes.getShort(ATTRIBUTES) ^ random.nextInt(8)));
            case 6 -> bytes.putShort(ATTRIBUTES, (short) (bytes.getShort(ATTRIBUTES) | CONTROL));
            case 7 -> bytes.putLong(MAX_TIMESTAMP, random.nextLong());
            case 8 -> bytes.putInt(BASE_SEQUENCE, odd());
            case 9 -> bytes.putInt(LENGTH, odd());
            case 10 -> {
                var shorter = Arrays.copyOf(batch, random.nextInt(batch.length));
                if (shorter.length > RECORDS) {
                    ByteBuffer.wrap(shorter).putInt(LENGTH, shorter.length - LENGTH - 4);
                    sign(shorter);
                }
                return shorter;
            }
            default -> {
                for (int i = 1 + random.nextInt(4); i > 0 && batch.length > RECORDS; i--) {
                    int at = RECORDS + random.nextInt(batch.length - RECORDS);
                    bytes.put(at, (byte) (bytes.get(at) ^ 1 << random.nextInt(8)));
                }
            }
        }
        if (random.nextInt(6) != 0) {
            sign(batch);
        }
        return batch;
    }

    private int odd() {
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> -1;
            case 2 -> Integer.MAX_VALUE;
            case 3 -> Integer.MIN_VALUE;
            case 4 -> 1 << 20;
            default -> random.nextInt(100);
        };
    }

    /// Makes the checksum agree with the contents.
    static void sign(byte[] batch) {
        int crc = (int) Crc32C.compute(batch, ATTRIBUTES, batch.length - ATTRIBUTES);
        ByteBuffer.wrap(batch).putInt(CRC, crc);
    }

    private byte[] random(int length) {
        var bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
