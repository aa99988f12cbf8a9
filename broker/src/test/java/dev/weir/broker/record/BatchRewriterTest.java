package dev.weir.broker.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Kafka's own record classes write what is written anew and read what comes of it.
/// `LogValidatorComparisonTest` does so with stranger batches.
class BatchRewriterTest {
    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void every_codec_becomes_every_other(CompressionType sent) {
        var random = new Random(11);
        for (var codec : CompressionType.values()) {
            for (int size : new int[] {1, 50, 70_000, 200_000}) { // windows have 64 KiB
                var batch = batch(sent, records(random, size));
                var anew = rewrite(batch, codec, Integer.MAX_VALUE);
                assertThat(BatchHeader.codec(anew, 0)).isEqualTo(codec.id);
                assertThat(BatchHeader.isIntact(anew, 0, anew.limit())).isTrue();
                assertThat(BatchHeader.sizeInBytes(anew, 0)).isEqualTo(anew.remaining());
                assertThat(read(anew)).isEqualTo(read(batch));
            }
        }
    }

    @Test
    void uncompressed_records_are_byte_for_byte_those_of_kafka() {
        var records = records(new Random(12), 3000);
        for (var sent : CompressionType.values()) {
            if (sent != CompressionType.NONE) {
                assertThat(rewrite(batch(sent, records), CompressionType.NONE, Integer.MAX_VALUE))
                        .isEqualTo(batch(CompressionType.NONE, records));
            }
        }
    }

    @Test
    void a_result_may_have_exactly_as_many_bytes_as_allowed() {
        var batch = batch(CompressionType.ZSTD, records(new Random(13), 1000));
        int size = rewrite(batch, CompressionType.NONE, Integer.MAX_VALUE).remaining();
        assertThat(rewrite(batch, CompressionType.NONE, size).remaining()).isEqualTo(size);
        assertRefused(batch, CompressionType.NONE, size - 1);
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void a_result_that_is_too_large_takes_no_more_memory_than_is_allowed(CompressionType codec) {
        var noise = new byte[8 << 20];
        new Random(14).nextBytes(noise);
        var batch = batch(CompressionType.ZSTD, new SimpleRecord(1000, noise));
        assertRefused(batch, codec, 100_000); // codecs get ready
        long before = allocated();
        assertRefused(batch, codec, 100_000);
        assertThat(allocated() - before).isLessThan(1 << 20);
    }

    @Test
    void a_large_batch_passes_through_little_memory() {
        var batch = batch(CompressionType.GZIP, new SimpleRecord(1000, new byte[64 << 20]));
        var _ = rewrite(batch, CompressionType.LZ4, 1 << 20);
        long before = allocated();
        var anew = rewrite(batch, CompressionType.LZ4, 1 << 20);
        assertThat(allocated() - before).isLessThan(2 << 20);
        assertThat(anew.remaining()).isLessThan(1 << 20);
    }

    private static void assertRefused(ByteBuffer batch, CompressionType codec, int maxBytes) {
        assertThatThrownBy(() -> rewrite(batch, codec, maxBytes))
                .isInstanceOfSatisfying(
                        BrokerException.class,
                        e -> assertThat(e.code()).isEqualTo(ErrorCode.MESSAGE_TOO_LARGE))
                .hasMessageContaining("more than " + maxBytes + " (max.message.bytes)");
    }

    private static ByteBuffer rewrite(ByteBuffer batch, CompressionType codec, int maxBytes) {
        int level = codec == CompressionType.LZ4 ? 9 : 1;
        return BatchRewriter.ofThread()
                .rewrite(batch, 0, batch.limit(), new StoredCompression(codec, level), maxBytes);
    }

    private static ByteBuffer batch(CompressionType codec, SimpleRecord... records) {
        return MemoryRecords.withRecords(Compression.of(codec).build(), records).buffer();
    }

    private static SimpleRecord[] records(Random random, int size) {
        var records = new SimpleRecord[1 + random.nextInt(300)];
        long timestamp = 1_700_000_000_000L;
        for (int i = 0; i < records.length; i++) {
            timestamp += random.nextInt(-2000, 3000);
            records[i] =
                    new SimpleRecord(
                            timestamp,
                            random.nextInt(3) == 0 ? null : bytes(random, random.nextInt(40)),
                            random.nextInt(5) == 0
                                    ? null
                                    : bytes(random, i == 0 ? size : random.nextInt(200)),
                            headers(random));
        }
        return records;
    }

    private static Header[] headers(Random random) {
        var headers = new Header[random.nextInt(4) == 0 ? random.nextInt(4) : 0];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = new RecordHeader("h" + i, random.nextBoolean() ? null : bytes(random, 10));
        }
        return headers;
    }

    private static byte[] bytes(Random random, int count) {
        var bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }

    private static List<Record> read(ByteBuffer batch) {
        var records = new ArrayList<Record>();
        MemoryRecords.readableRecords(batch.duplicate()).records().forEach(records::add);
        return records;
    }

    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getCurrentThreadAllocatedBytes();
    }
}
