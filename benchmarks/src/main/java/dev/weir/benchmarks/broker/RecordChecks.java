package dev.weir.benchmarks.broker;

import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordValidator;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/// What it costs to look at every record of a produced batch, in nanoseconds of one thread, beside
/// the batch's checksum, which was always computed. Prints medians of many rounds.
public final class RecordChecks {
    private static final int BATCH_BYTES = 16 << 10;
    private static final int WARM_UP_ROUNDS = 20;
    private static final int ROUNDS = 31;
    private static final int BATCHES_A_ROUND = 4000;

    private RecordChecks() {}

    public static void main(String[] args) {
        System.out.printf(
                "%-8s %7s %8s %14s %17s %16s%n",
                "codec", "bytes", "records", "ns a record", "checksum, ns", "ns a batch");
        for (int recordBytes : new int[] {100, 1024}) {
            for (var codec : CompressionType.values()) {
                measure(recordBytes, codec);
            }
        }
    }

    private static void measure(int recordBytes, CompressionType codec) {
        int records = BATCH_BYTES / recordBytes;
        var batch = batch(recordBytes, records, codec);
        var rules = new RecordValidator.Rules(true, true, 2_000_000, Long.MAX_VALUE, 3_600_000);
        var validator = RecordValidator.ofThread();
        int size = batch.limit();
        int batches = codec == CompressionType.NONE ? BATCHES_A_ROUND : BATCHES_A_ROUND / 20;
        double check = median(batches, () -> validator.validate(batch, 0, size, rules));
        double checksum = median(batches, () -> BatchHeader.computedCrc(batch, 0, size));
        System.out.printf(
                "%-8s %7d %8d %14.1f %17.1f %16.0f%n",
                codec.name, recordBytes, records, check / records, checksum / records, check);
    }

    private interface Work {
        long run();
    }

    /// Nanoseconds of one run.
    private static double median(int runs, Work work) {
        long sum = 0;
        var rounds = new double[ROUNDS];
        for (int round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
            long start = System.nanoTime();
            for (int i = 0; i < runs; i++) {
                sum += work.run();
            }
            if (round >= 0) {
                rounds[round] = (double) (System.nanoTime() - start) / runs;
            }
        }
        if (sum == 42) {
            System.out.println(); // so that nothing is left out
        }
        Arrays.sort(rounds);
        return rounds[ROUNDS / 2];
    }

    /// A batch as the network hands it over: in native memory.
    private static ByteBuffer batch(int recordBytes, int count, CompressionType codec) {
        var random = new Random(1);
        var records = new SimpleRecord[count];
        for (int i = 0; i < count; i++) {
            var key = new byte[8];
            var value = new byte[recordBytes - key.length];
            random.nextBytes(key);
            for (int j = 0; j < value.length; j++) {
                value[j] = (byte) ('a' + random.nextInt(12)); // compresses like text
            }
            records[i] = new SimpleRecord(1_000_000 + i, key, value);
        }
        var bytes = MemoryRecords.withRecords(Compression.of(codec).build(), records).buffer();
        return ByteBuffer.allocateDirect(bytes.remaining()).put(bytes).flip();
    }
}
