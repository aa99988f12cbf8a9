package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.storage.internals.log.OffsetIndex;
import org.apache.kafka.storage.internals.log.ProducerStateManager;
import org.apache.kafka.storage.internals.log.TimeIndex;
import org.apache.kafka.storage.internals.log.TransactionIndex;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// Reads the files of a partition with Kafka's own readers and checks them against each other, as
/// `kafka-dump-log.sh` does with `--index-sanity-check`, `--verify-index-only` and
/// `--deep-iteration`.
final class KafkaFiles {
    private KafkaFiles() {}

    /// Segments by base offset.
    static SortedMap<Long, Path> logs(Path partition) throws IOException {
        var logs = new TreeMap<Long, Path>();
        for (Path path : list(partition, ".log")) {
            logs.put(Long.parseLong(path.getFileName().toString().substring(0, 20)), path);
        }
        return logs;
    }

    /// Fails when a file is not as Kafka would have it.
    static void check(Path partition) throws IOException {
        long next = -1;
        for (var segment : logs(partition).entrySet()) {
            long base = segment.getKey();
            assertThat(base).isGreaterThanOrEqualTo(next);
            next = base;
            try (var records = FileRecords.open(segment.getValue().toFile(), false)) {
                for (RecordBatch batch : records.batches()) {
                    batch.ensureValid();
                    assertThat(batch.baseOffset()).isGreaterThanOrEqualTo(next);
                    checkRecords(batch);
                    next = batch.nextOffset();
                }
                checkOffsets(records, segment.getValue(), base);
                checkTimestamps(records, segment.getValue(), base);
                checkAborted(segment.getValue(), base, next);
            }
        }
        for (Path snapshot : list(partition, ".snapshot")) {
            for (var producer : ProducerStateManager.readSnapshot(snapshot.toFile())) {
                assertThat(producer.lastDataOffset()).isLessThan(next);
            }
        }
    }

    private static void checkRecords(RecordBatch batch) {
        long offset = -1;
        for (Record record : batch) {
            record.ensureValid();
            assertThat(record.offset()).isGreaterThan(offset).isLessThan(batch.nextOffset());
            assertThat(record.timestamp()).isLessThanOrEqualTo(batch.maxTimestamp());
            offset = record.offset();
        }
    }

    private static void checkOffsets(FileRecords records, Path log, long base) throws IOException {
        Path file = sibling(log, ".index");
        if (!Files.exists(file)) {
            return;
        }
        try (var index = new OffsetIndex(file.toFile(), base, -1, false)) {
            index.sanityCheck();
            for (int i = 0; i < index.entries(); i++) {
                var entry = index.entry(i);
                var batch = records.slice(entry.position(), Integer.MAX_VALUE).batches().iterator();
                assertThat(batch.next().lastOffset())
                        .as("entry " + i + " of " + file)
                        .isEqualTo(entry.offset());
            }
        }
    }

    private static void checkTimestamps(FileRecords records, Path log, long base)
            throws IOException {
        Path file = sibling(log, ".timeindex");
        if (!Files.exists(file)) {
            return;
        }
        assertThat(sibling(log, ".index")).as("kafka-dump-log.sh reads both").exists();
        try (var index = new TimeIndex(file.toFile(), base, -1, false)) {
            index.sanityCheck();
            long before = -1;
            for (int i = 0; i < index.entries(); i++) {
                var entry = index.entry(i);
                assertThat(entry.timestamp())
                        .as("entry " + i + " of " + file)
                        .isGreaterThan(before);
                before = entry.timestamp();
                RecordBatch found = null;
                for (RecordBatch batch : records.batches()) {
                    if (batch.lastOffset() == entry.offset()) {
                        found = batch;
                    }
                }
                assertThat(found).as("entry " + i + " of " + file).isNotNull();
                assertThat(found.maxTimestamp()).isEqualTo(entry.timestamp());
            }
            long greatest = -1;
            for (RecordBatch batch : records.batches()) {
                greatest = Math.max(greatest, batch.maxTimestamp());
            }
            assertThat(before).as("the last entry of " + file).isEqualTo(greatest);
        }
    }

    private static void checkAborted(Path log, long base, long end) throws IOException {
        Path file = sibling(log, ".txnindex");
        if (!Files.exists(file)) {
            return;
        }
        var index = new TransactionIndex(base, file.toFile());
        index.sanityCheck();
        for (var aborted : index.allAbortedTxns()) {
            assertThat(aborted.lastOffset()).isBetween(base, end);
            assertThat(aborted.firstOffset()).isLessThan(aborted.lastOffset());
        }
        index.close();
    }

    private static Path sibling(Path log, String suffix) {
        String name = log.getFileName().toString();
        return log.resolveSibling(name.substring(0, 20) + suffix);
    }

    private static List<Path> list(Path directory, String suffix) throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.filter(path -> path.toString().endsWith(suffix)).sorted().toList();
        }
    }
}
