package dev.weir.broker.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/// Kafka's own record classes are the judge of what is read and written.
class RecordBatchTest {
    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void reads_what_kafka_wrote_with_every_codec(CompressionType codec) {
        Random random = new Random(7);
        for (int round = 0; round < 20; round++) {
            SimpleRecord[] sent = randomRecords(random, 1 + random.nextInt(200));
            MemoryRecords kafka =
                    MemoryRecords.withRecords(1000L * round, Compression.of(codec).build(), sent);
            ByteBuffer buffer = kafka.buffer();
            ByteBuffer bytes = round % 2 == 0 ? buffer : direct(buffer);
            assertThat(BatchHeader.isIntact(bytes, 0, bytes.limit())).isTrue();
            assertThat(BatchHeader.codec(bytes, 0)).isEqualTo(codec.id);
            List<String> expected = new ArrayList<>();
            for (Record record : kafka.records()) {
                expected.add(describe(record));
            }
            assertThat(read(bytes)).isEqualTo(expected).hasSize(sent.length);
        }
    }

    @Test
    void kafka_reads_what_was_written() {
        Random random = new Random(8);
        RecordBatchWriter writer = new RecordBatchWriter();
        for (int round = 0; round < 50; round++) {
            long base = random.nextLong(1L << 42);
            short epoch = (short) random.nextInt(100);
            int sequence = random.nextInt(1 << 30);
            writer.start(base, 77, epoch, sequence, round % 2 == 0);
            List<String> expected = new ArrayList<>();
            int count = 1 + random.nextInt(300);
            for (int i = 0; i < count; i++) {
                byte[] key = randomBytes(random);
                byte[] value = randomBytes(random);
                long timestamp = base + random.nextInt(2000) - 1000;
                writer.append(timestamp, key, value);
                expected.add(describe(500 + i, timestamp, key, value));
            }
            ByteBuffer written = writer.finish();
            assertThat(written.remaining()).isEqualTo(writer.sizeInBytes());
            BatchHeader.assign(written, 0, 500, 3);
            assertThat(BatchHeader.isIntact(written, 0, written.limit())).isTrue();

            MutableRecordBatch batch =
                    MemoryRecords.readableRecords(written.duplicate()).batchIterator().next();
            batch.ensureValid();
            assertThat(batch.baseOffset()).isEqualTo(500);
            assertThat(batch.lastOffset())
                    .isEqualTo(499 + count)
                    .isEqualTo(BatchHeader.lastOffset(written, 0));
            assertThat(batch.partitionLeaderEpoch()).isEqualTo(3);
            assertThat(batch.producerId()).isEqualTo(77);
            assertThat(batch.producerEpoch()).isEqualTo(epoch);
            assertThat(batch.baseSequence()).isEqualTo(sequence);
            assertThat(batch.lastSequence()).isEqualTo(BatchHeader.lastSequence(written, 0));
            assertThat(batch.isTransactional()).isEqualTo(round % 2 == 0);
            assertThat(batch.maxTimestamp()).isEqualTo(BatchHeader.maxTimestamp(written, 0));
            List<String> actual = new ArrayList<>();
            batch.forEach(record -> actual.add(describe(record)));
            assertThat(actual).isEqualTo(expected);
            assertThat(read(written)).isEqualTo(expected);
        }
    }

    @Test
    void markers_are_byte_for_byte_those_of_kafka() {
        for (boolean commit : new boolean[] {true, false}) {
            ByteBuffer marker = RecordBatchWriter.marker(9, (short) 4, commit, 12, 1234);
            BatchHeader.assign(marker, 0, 88, 5);
            EndTransactionMarker kafka =
                    new EndTransactionMarker(
                            commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT, 12);
            ByteBuffer expected =
                    MemoryRecords.withEndTransactionMarker(88, 1234, 5, 9, (short) 4, kafka)
                            .buffer();
            assertThat(marker).isEqualTo(expected);
            RecordBatchReader reader = new RecordBatchReader();
            reader.start(marker.duplicate());
            assertThat(reader.isControl()).isTrue();
            assertThat(reader.next()).isTrue();
            assertThat(reader.controlType()).isEqualTo(commit ? 1 : 0);
        }
    }

    @Test
    void log_append_time_is_stamped_as_kafka_expects_it() {
        ByteBuffer bytes =
                MemoryRecords.withRecords(
                                Compression.lz4().build(),
                                new SimpleRecord(10, utf8("a")),
                                new SimpleRecord(20, utf8("b")))
                        .buffer();
        BatchHeader.stampLogAppendTime(bytes, 0, 777);
        MutableRecordBatch batch =
                MemoryRecords.readableRecords(bytes.duplicate()).batchIterator().next();
        batch.ensureValid();
        assertThat(batch.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
        RecordBatchReader reader = new RecordBatchReader();
        reader.start(bytes.duplicate());
        while (reader.next()) {
            assertThat(reader.timestamp()).isEqualTo(777);
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void damaged_batches_are_recognised_and_never_crash_the_reader(CompressionType codec) {
        Random random = new Random(9);
        byte[] good =
                bytes(
                        MemoryRecords.withRecords(
                                        Compression.of(codec).build(), randomRecords(random, 20))
                                .buffer());
        RecordBatchReader reader = new RecordBatchReader(1 << 20);
        for (int round = 0; round < 2000; round++) {
            byte[] damaged = good.clone();
            int at = random.nextInt(damaged.length);
            damaged[at] ^= (byte) (1 << random.nextInt(8));
            ByteBuffer bytes = ByteBuffer.wrap(damaged);
            boolean outsideOfCrc = at < 8 || (at >= 12 && at < 16);
            assertThat(BatchHeader.isIntact(bytes, 0, bytes.limit()))
                    .as("flip at %d", at)
                    .isEqualTo(outsideOfCrc);
            try {
                reader.start(bytes);
                while (reader.next()) {
                    assertThat(reader.keyLength()).isGreaterThanOrEqualTo(-1);
                }
            } catch (BrokerException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_MESSAGE);
            }
        }
    }

    @Test
    void a_batch_that_grows_beyond_the_limit_is_refused() {
        ByteBuffer bomb =
                MemoryRecords.withRecords(
                                Compression.gzip().build(), new SimpleRecord(1, new byte[4 << 20]))
                        .buffer();
        RecordBatchReader reader = new RecordBatchReader(1 << 20);
        assertThatThrownBy(() -> reader.start(bomb))
                .isInstanceOf(BrokerException.class)
                .hasMessageContaining("more than 1048576 bytes")
                .extracting(e -> ((BrokerException) e).code())
                .isEqualTo(ErrorCode.MESSAGE_TOO_LARGE);
    }

    @Test
    void what_snappy_says_of_its_lengths_is_not_allocated() {
        ByteBuffer honest =
                MemoryRecords.withRecords(
                                Compression.snappy().build(),
                                new SimpleRecord(1, new byte[300], new byte[300]))
                        .buffer();
        int chunk = BatchHeader.BYTES + 16;
        ByteBuffer longChunk = copy(honest).putInt(chunk, 500 << 20);
        ByteBuffer longWhenUncompressed =
                copy(honest).put(chunk + 4, new byte[] {-1, -1, -1, -1, 7});
        ByteBuffer withoutFrame =
                copy(honest).put(BatchHeader.BYTES, new byte[] {-1, -1, -1, -1, 7});
        // 64 MiB, which a batch may have.
        ByteBuffer improbable = copy(honest).put(chunk + 4, new byte[] {-128, -128, -128, 32});
        for (ByteBuffer bomb : List.of(longChunk, longWhenUncompressed, withoutFrame, improbable)) {
            RecordBatchReader reader = new RecordBatchReader(128 << 20);
            var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
            long before = threads.getCurrentThreadAllocatedBytes();
            assertThatThrownBy(() -> reader.start(bomb)).isInstanceOf(BrokerException.class);
            assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
        }
    }

    @Test
    void what_snappy_compresses_best_can_be_read() {
        var zeros = new byte[30_000];
        var framed =
                MemoryRecords.withRecords(Compression.snappy().build(), new SimpleRecord(1, zeros))
                        .buffer();
        int chunk = BatchHeader.BYTES + 16 + Integer.BYTES;
        assertThat(framed.getInt(chunk - Integer.BYTES)).isEqualTo(framed.limit() - chunk);
        // The one chunk without a frame, as librdkafka sends it.
        var bare =
                ByteBuffer.allocate(BatchHeader.BYTES + framed.limit() - chunk)
                        .put(framed.slice(0, BatchHeader.BYTES))
                        .put(framed.slice(chunk, framed.limit() - chunk))
                        .flip();
        bare.putInt(BatchHeader.LENGTH, bare.limit() - BatchHeader.LOG_OVERHEAD);
        for (var batch : List.of(framed, bare)) {
            var reader = new RecordBatchReader();
            reader.start(batch);
            assertThat(reader.next()).isTrue();
            assertThat(reader.valueLength()).isEqualTo(zeros.length);
        }
    }

    private static ByteBuffer copy(ByteBuffer bytes) {
        return ByteBuffer.allocate(bytes.remaining()).put(bytes.duplicate()).flip();
    }

    @Test
    void sequence_numbers_wrap_to_zero() {
        RecordBatchWriter writer = new RecordBatchWriter();
        writer.start(0, 1, (short) 0, Integer.MAX_VALUE, false);
        writer.append(0, null, utf8("a"));
        writer.append(0, null, utf8("b"));
        ByteBuffer batch = writer.finish();
        assertThat(BatchHeader.lastSequence(batch, 0)).isZero();
        assertThat(MemoryRecords.readableRecords(batch).batchIterator().next().lastSequence())
                .isZero();
    }

    private static List<String> read(ByteBuffer bytes) {
        RecordBatchReader reader = new RecordBatchReader();
        ByteBuffer rest = bytes.duplicate();
        reader.start(rest);
        assertThat(rest.hasRemaining()).isFalse();
        List<String> records = new ArrayList<>();
        while (reader.next()) {
            records.add(
                    describe(
                            reader.offset(),
                            reader.timestamp(),
                            slice(reader, reader.keyOffset(), reader.keyLength()),
                            slice(reader, reader.valueOffset(), reader.valueLength())));
        }
        return records;
    }

    private static byte[] slice(RecordBatchReader reader, int offset, int length) {
        return length < 0 ? null : Arrays.copyOfRange(reader.bytes(), offset, offset + length);
    }

    private static String describe(Record record) {
        return describe(
                record.offset(), record.timestamp(), bytes(record.key()), bytes(record.value()));
    }

    private static String describe(long offset, long timestamp, byte[] key, byte[] value) {
        return offset + "@" + timestamp + Arrays.toString(key) + Arrays.toString(value);
    }

    private static SimpleRecord[] randomRecords(Random random, int count) {
        SimpleRecord[] records = new SimpleRecord[count];
        for (int i = 0; i < count; i++) {
            Header[] headers = new Header[random.nextInt(3)];
            for (int h = 0; h < headers.length; h++) {
                headers[h] = new RecordHeader("h" + h, randomBytes(random));
            }
            records[i] =
                    new SimpleRecord(
                            random.nextLong(1L << 41),
                            randomBytes(random),
                            randomBytes(random),
                            headers);
        }
        return records;
    }

    private static byte[] randomBytes(Random random) {
        if (random.nextInt(5) == 0) {
            return null;
        }
        byte[] bytes =
                new byte[random.nextInt(10) == 0 ? random.nextInt(3000) : random.nextInt(40)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static ByteBuffer direct(ByteBuffer heap) {
        return ByteBuffer.allocateDirect(heap.remaining()).put(heap.duplicate()).flip();
    }

    private static byte[] bytes(ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return copy;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
