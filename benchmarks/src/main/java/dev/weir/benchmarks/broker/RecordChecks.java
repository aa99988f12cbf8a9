package dev.weir.benchmarks.broker;

import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.BatchRewriter;
import dev.weir.broker.record.RecordValidator;
import dev.weir.broker.record.StoredCompression;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/// What it costs to look at every record of a produced batch of 16 KiB, beside the batch's
/// checksum, which every log computes, and beside writing it anew for a topic with another codec.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RecordChecks {
    private static final int BATCH_BYTES = 16 << 10;
    private static final RecordValidator.Rules RULES =
            new RecordValidator.Rules(true, true, 2_000_000, Long.MAX_VALUE, 3_600_000);
    private static final StoredCompression UNCOMPRESSED =
            new StoredCompression(CompressionType.NONE, 0);
    private static final StoredCompression ZSTD = new StoredCompression(CompressionType.ZSTD, 3);

    @Param({"NONE", "GZIP", "SNAPPY", "LZ4", "ZSTD"})
    CompressionType codec;

    @Param({"100", "1024"})
    int recordBytes;

    private ByteBuffer batch;
    private int size;
    private StoredCompression other;
    private RecordValidator validator;
    private BatchRewriter rewriter;

    /// A batch as the network hands it over: in native memory.
    @Setup(Level.Trial)
    public void batch() {
        var random = new Random(1);
        var records = new SimpleRecord[BATCH_BYTES / recordBytes];
        for (int i = 0; i < records.length; i++) {
            var key = new byte[8];
            var value = new byte[recordBytes - key.length];
            random.nextBytes(key);
            for (int j = 0; j < value.length; j++) {
                value[j] = (byte) ('a' + random.nextInt(12)); // compresses like text
            }
            records[i] = new SimpleRecord(1_000_000 + i, key, value);
        }
        var bytes = MemoryRecords.withRecords(Compression.of(codec).build(), records).buffer();
        batch = ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
        size = batch.limit();
        other = codec == CompressionType.ZSTD ? UNCOMPRESSED : ZSTD;
    }

    /// The objects that a thread keeps for itself.
    @Setup(Level.Iteration)
    public void thread() {
        validator = RecordValidator.ofThread();
        rewriter = BatchRewriter.ofThread();
    }

    @Benchmark
    public long check() {
        return validator.validate(batch, 0, size, RULES);
    }

    @Benchmark
    public int checksum() {
        return BatchHeader.computedCrc(batch, 0, size);
    }

    /// From zstd to nothing, and from everything else to zstd.
    @Benchmark
    public ByteBuffer writeAnew() {
        return rewriter.rewrite(batch, 0, size, other, Integer.MAX_VALUE);
    }
}
